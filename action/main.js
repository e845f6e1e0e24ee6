// Create or update the environment. When the job is cancelled, its deletion is under way before the runner loses patience.
"use strict";
const { spawn } = require("node:child_process");
const { randomBytes } = require("node:crypto");
const { openSync } = require("node:fs");
const path = require("node:path");
const { input, mask, run, saveState, script, variables } = require("./shim.js");

// Jobs of a matrix share all that could tell them apart.
function nameOfJob() {
  const slug = (process.env.GITHUB_JOB || "job").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  return `${/^[a-z]/.test(slug) ? slug : `job-${slug}`}`.slice(0, 30).replace(/-+$/, "") + `-${randomBytes(3).toString("hex")}`;
}

// It must survive us, and the runner's patience of ten seconds: no descriptor of ours, a session of its own.
function removeInBackground(env) {
  const log = openSync(path.join(env.RUNNER_TEMP, "ephemeral-down.log"), "a");
  spawn("bash", [script("down")], { detached: true, env, stdio: ["ignore", log, log] }).unref();
}

const lifetime = input("lifetime") || "job";
if (!["job", "lease"].includes(lifetime)) {
  console.log(`::error::lifetime is ${JSON.stringify(lifetime)}; it must be job or lease.`);
  process.exit(1);
}
mask(input("host-kubeconfig"));
const env = variables();
delete env.EPHEMERAL_ACTION_JOB_STATUS;
if (lifetime === "job") {
  env.EPHEMERAL_NAME ||= nameOfJob();
  saveState("name", env.EPHEMERAL_NAME);
}
run("up", env, (code, signalled) => {
  if (signalled && lifetime === "job") removeInBackground({ ...env, EPHEMERAL_ACTION_JOB_STATUS: "success" });
  process.exit(signalled ? 130 : code);
});

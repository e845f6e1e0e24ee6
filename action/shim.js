// What main and post have in common: inputs as environment variables, and a script that gets our signals.
"use strict";
const { spawn } = require("node:child_process");
const { appendFileSync } = require("node:fs");
const { randomUUID } = require("node:crypto");
const path = require("node:path");

// Input -> the variable that the scripts and ephemeral read. What is left empty leaves the job's own variable alone.
const VARIABLES = {
  name: "EPHEMERAL_NAME",
  file: "EPHEMERAL_FILE",
  provider: "EPHEMERAL_PROVIDER",
  nodes: "EPHEMERAL_NODES",
  "kubernetes-version": "EPHEMERAL_KUBERNETES",
  ttl: "EPHEMERAL_TTL",
  timeout: "EPHEMERAL_TIMEOUT",
  policy: "EPHEMERAL_POLICY",
  report: "EPHEMERAL_REPORT",
  "host-kubeconfig": "EPHEMERAL_HOST_KUBECONFIG",
  "host-context": "EPHEMERAL_HOST_CONTEXT",
  "host-namespace": "EPHEMERAL_HOST_NAMESPACE",
  set: "EPHEMERAL_ACTION_SET",
  images: "EPHEMERAL_ACTION_IMAGES",
  env: "EPHEMERAL_ACTION_ENV",
  "job-status": "EPHEMERAL_ACTION_JOB_STATUS",
};

function input(name) {
  return (process.env[`INPUT_${name.toUpperCase()}`] || "").trim();
}

function variables() {
  const given = Object.entries(VARIABLES).map(([name, variable]) => [variable, input(name)]);
  return { ...process.env, ...Object.fromEntries(given.filter(([, value]) => value)) };
}

// Every line, because the runner looks for secrets line by line.
function mask(text) {
  for (const line of text.split("\n").filter((each) => each.trim().length > 3)) console.log(`::add-mask::${line.trim()}`);
}

function saveState(name, value) {
  const end = randomUUID();
  appendFileSync(process.env.GITHUB_STATE, `${name}<<${end}\n${value}\n${end}\n`);
}

function script(name) {
  return path.join(__dirname, `${name}.sh`);
}

// Run a script in a process group of its own and call `ended(code, wasSignalled)`. Our signals go to the whole group.
function run(name, env, ended) {
  const child = spawn("bash", [script(name)], { detached: true, env, stdio: ["ignore", "inherit", "inherit"] });
  let signalled = false;
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.on(signal, () => {
      signalled = true;
      try {
        process.kill(-child.pid, signal);
      } catch (error) {
        if (error.code !== "ESRCH") throw error; // it has ended already
      }
    });
  }
  child.on("error", (error) => {
    console.log(`::error::bash can't be started: ${error.message}`);
    ended(1, signalled);
  });
  child.on("exit", (code) => ended(code === null ? 1 : code, signalled));
}

module.exports = { input, mask, run, saveState, script, variables };

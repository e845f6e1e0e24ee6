// Remove the environment of a job; one that lives by its lease stays.
"use strict";
const { input, run, variables } = require("./shim.js");

const name = process.env.STATE_name;
if (name) {
  run("down", { ...variables(), EPHEMERAL_NAME: name }, (code) => {
    if (code === 0) return;
    const fails = input("ignore-failed-clean") === "false";
    console.log(`::${fails ? "error" : "warning"}::environment ${name} could not be removed; its lease will end it.`);
    process.exitCode = fails ? code : 0;
  });
}

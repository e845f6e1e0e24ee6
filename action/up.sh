#!/usr/bin/env bash
# `ephemeral up`, and its result as the step's outputs. On a machine that lives longer than a job, what earlier jobs left
# goes first.
here=$(dirname "${BASH_SOURCE[0]}")
source "$here/setup.sh"
source "$here/options.sh"

"$ephemeral" gc || echo '::warning title=ephemeral gc::not all that earlier jobs left could be removed.'
source "$here/named.sh"
export EPHEMERAL_REPORT="${EPHEMERAL_REPORT:-$RUNNER_TEMP/ephemeral-report}"
result=$(mktemp -p "$RUNNER_TEMP")
code=0
"$ephemeral" up --output json "${options[@]}" </dev/null >"$result" || code=$?
"$python" "$root/action/outputs.py" "$code" <"$result"
rm "$result"
exit "$code"

#!/usr/bin/env bash
# `ephemeral preview start` in the environment of the run. The verdict is an output, and a fail fails the step.
here=$(dirname "${BASH_SOURCE[0]}")
source "$here/setup.sh"
source "$here/named.sh"
source "$here/options.sh"
[[ -n ${EPHEMERAL_REPORT:-} ]] || export EPHEMERAL_REPORT="$RUNNER_TEMP/ephemeral-report"

code=0
"$ephemeral" preview start "${options[@]}" || code=$?
spell='import json, sys; print("verdict=" + json.load(sys.stdin)["verdict"])'
"$ephemeral" preview status --name "$EPHEMERAL_NAME" -o json | "$python" -c "$spell" >>"$GITHUB_OUTPUT" || true
if [[ $code == 3 && ${EPHEMERAL_INCONCLUSIVE:-neutral} != fail ]]; then
  echo '::notice title=preview::There is no clear verdict.'
  exit 0
fi
exit "$code"

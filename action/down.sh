#!/usr/bin/env bash
# The end of a job's environment: after a failure, what is to be seen of it; then it goes.
source "$(dirname "${BASH_SOURCE[0]}")/place.sh"
[[ -e $virtualenv/complete ]] || exit 0 # nothing was made before there was a program to make it

if [[ ${EPHEMERAL_ACTION_JOB_STATUS:-} != success ]] && "$ephemeral" status "$EPHEMERAL_NAME" >/dev/null 2>&1; then
  echo "::group::What is to be seen of $EPHEMERAL_NAME"
  "$ephemeral" status "$EPHEMERAL_NAME" || true
  "$ephemeral" events --name "$EPHEMERAL_NAME" --warnings || true
  "$ephemeral" report "$EPHEMERAL_NAME" --report "${EPHEMERAL_REPORT:-$RUNNER_TEMP/ephemeral-report}" || true
  echo '::endgroup::'
fi
exec "$ephemeral" down "$EPHEMERAL_NAME"

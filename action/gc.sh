#!/usr/bin/env bash
# `ephemeral gc`, with the switches that two inputs stand for.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
switches=()
[[ ${EPHEMERAL_REPO:-} != true ]] || switches+=(--repo)
[[ ${EPHEMERAL_DRY_RUN:-} != true ]] || switches+=(--dry-run)
exec "$ephemeral" gc "${switches[@]}"

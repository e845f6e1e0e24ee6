# Sourced: the environment is the one that is named, or that of the run's pull request or branch.
[[ -n ${EPHEMERAL_NAME:-} ]] || EPHEMERAL_NAME=$("$ephemeral" pr name)
export EPHEMERAL_NAME

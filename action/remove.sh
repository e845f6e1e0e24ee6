#!/usr/bin/env bash
# `ephemeral down` for the environment of the run.
here=$(dirname "${BASH_SOURCE[0]}")
source "$here/setup.sh"
source "$here/named.sh"
exec "$ephemeral" down "$EPHEMERAL_NAME"

#!/usr/bin/env bash
# `ephemeral deploy` into the environment of the run.
here=$(dirname "${BASH_SOURCE[0]}")
source "$here/setup.sh"
source "$here/named.sh"
source "$here/options.sh"
exec "$ephemeral" deploy "${options[@]}"

#!/usr/bin/env bash
# One command of ephemeral, installed first if need be. Its settings are environment variables.
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
exec "$ephemeral" "$@"

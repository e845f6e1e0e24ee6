# Sourced: where this checkout (`$root`) is, and where in a job it is installed (`$virtualenv`, `$programs`).
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
# A job may use two versions of the action, and one version may lie in several places.
sources() {
  cd "$root"
  find pyproject.toml ephemeral pytest_plugin -type f ! -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 cat
}
place="${RUNNER_TEMP:?is set by the runner}/ephemeral-$(sources | cksum | cut -d ' ' -f 1)"
virtualenv="$place/venv"
programs="$place/bin"
python="$virtualenv/bin/python"
ephemeral="$virtualenv/bin/ephemeral"
# What is started here is to outlive the job's steps: the runner ends what it finds by this variable.
export RUNNER_TRACKING_ID=

#!/usr/bin/env bash
# Install this very checkout, once a job, into a virtualenv of its own. Steps that follow find
# `ephemeral`, and nothing else of the virtualenv, on their PATH.
source "$(dirname "${BASH_SOURCE[0]}")/place.sh"

fitting_python() {
  local candidate
  for candidate in python3 python "${RUNNER_TOOL_CACHE:-/nonexistent}"/Python/3.*/*/bin/python3; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      "$candidate" -c 'import sys; print(sys.executable)'
      return
    fi
  done
  echo '::error title=no Python::ephemeral needs Python 3.11 or newer: use actions/setup-python before it.'
  return 1
}

install_checkout() {
  local found
  found=$(fitting_python) || { echo "$found"; return 1; }
  echo "::group::Install ephemeral with $found"
  rm -rf "$virtualenv"
  local pip=("$found" -m pip --python "$python")
  if "$found" -m pip --version >/dev/null 2>&1; then
    "$found" -m venv --without-pip "$virtualenv"
  else # as Debian's own Python is without the package python3-pip
    "$found" -m venv "$virtualenv"
    pip=("$python" -m pip)
  fi
  "${pip[@]}" install --quiet --disable-pip-version-check --no-compile --no-input "$root[github]"
  mkdir -p "$programs"
  ln -sf "$virtualenv/bin/ephemeral" "$programs/ephemeral"
  touch "$virtualenv/complete"
  echo '::endgroup::'
}

[[ -e $virtualenv/complete ]] || install_checkout
echo "$programs" >>"$GITHUB_PATH"

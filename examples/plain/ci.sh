#!/bin/sh
# For a CI system of any kind: `ci.sh test COMMAND...` in a pipeline's test step; `ci.sh review BRANCH`, `ci.sh stop BRANCH`
# and a nightly `ci.sh gc` where branches get environments. Linux with Python 3.11; PACKAGE is what pip installs, if anything.
set -eu
file=${EPHEMERAL_FILE:-examples/guestbook/ephemeral.yaml}
package=${PACKAGE-ephemeral-k8s}

if [ -n "$package" ]; then
  python3 -m venv .ephemeral-venv
  PATH="$PWD/.ephemeral-venv/bin:$PATH"
  pip install --quiet --disable-pip-version-check "$package"
fi

# A slug for people and a hash that tells apart what looks alike: the same branch has the same name on every machine.
name_of() {
  slug=$(printf '%s' "$1" | tr 'A-Z' 'a-z' | tr -c 'a-z0-9' '-' | cut -c 1-24 | sed 's/^-*//; s/-*$//')
  printf 'review-%s-%s\n' "${slug:-branch}" "$(printf '%s' "$1" | sha256sum | cut -c 1-6)"
}

case ${1:-} in
  test) # nothing is left, however it ends
    shift
    ephemeral run --file "$file" --junit ephemeral-junit.xml -- "$@"
    ;;
  review) # again after every push: it updates in place and renews the lease
    ephemeral up --file "$file" --name "$(name_of "$2")" --ttl 24h --dotenv ephemeral.env --junit ephemeral-junit.xml
    ;;
  stop) # needs no file of the branch, which may be gone
    ephemeral down "$(name_of "$2")"
    ;;
  gc)
    ephemeral gc
    ;;
  *)
    echo "usage: ci.sh test COMMAND... | review BRANCH | stop BRANCH | gc" >&2
    exit 2
    ;;
esac

# Sourced: `$options` are the options that a list can only be given by; each comes as the lines of a variable.
options=()
add_option() {
  local line
  while IFS= read -r line; do
    [[ -z $line ]] || options+=("$1" "$line")
  done <<<"$2"
}
add_option --set "${EPHEMERAL_ACTION_SET:-}"
add_option --image "${EPHEMERAL_ACTION_IMAGES:-}"
add_option --env "${EPHEMERAL_ACTION_ENV:-}"

# Messages, and commands whose output goes to the log. Needs $log.

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# logged STEP COMMAND...: one line on the terminal, everything else in the log; returns COMMAND's status. errexit holds
# inside COMMAND unless this is called in a condition.
logged() {
  local step=$1 status errexit=$-
  shift
  say "$step ..."
  printf '\n== %s: %s\n' "$step" "$*" >>"$log"
  set +e
  (trap - EXIT; set -e; "$@") >>"$log" 2>&1 </dev/null
  status=$?
  [[ $errexit != *e* ]] || set -e
  return $status
}

# must STEP COMMAND...: logged, and the end of the set-up if it fails. Never call it in a condition.
must() {
  local status
  set +e
  logged "$@"
  status=$?
  set -e
  if ((status)); then
    grep -v '^$' "$log" | tail -n 2 | cut -c1-200 >&2
    die "$1: failed; the whole log is $log
  try again with: $again"
  fi
}

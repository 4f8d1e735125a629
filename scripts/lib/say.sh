# Messages, and commands whose output goes to the log. Needs $log.

say() { printf 'setup: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# logged STEP COMMAND...: one line on the terminal, everything else in the log, which a failure names.
# Never call it in a condition: errexit would be off inside COMMAND.
logged() {
  local step=$1 status
  shift
  say "$step ..."
  printf '\n== %s: %s\n' "$step" "$*" >>"$log"
  set +e
  (set -e; "$@") >>"$log" 2>&1 </dev/null
  status=$?
  set -e
  if ((status)); then
    tail -n 15 "$log" >&2
    die "$step: failed; the whole log is $log"
  fi
}

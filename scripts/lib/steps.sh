# shellcheck shell=bash
# Steps of set-up and of the tests: one line each, their output in a log that is shown when they fail.
# The caller sets the two below to its own.

steps_total=${steps_total:-0}
log_dir=${log_dir:-build/log}
step_number=0

# die MESSAGE: one line on stderr, status 1.
die() {
  printf 'edgepool: %s\n' "$1" >&2
  exit 1
}

# skip_step: counts a step that has nothing to do, so that numbers stay the same.
skip_step() { step_number=$((step_number + 1)); }

# run_step NAME TITLE COMMAND...: runs the command with its output in $log_dir/NAME.log. On a
# terminal the line shows the seconds gone and the log's last line meanwhile.
run_step() {
  local title=$2 log=$log_dir/$1.log started=$SECONDS ticker=
  shift 2
  step_number=$((step_number + 1))
  mkdir -p "$log_dir"
  printf '[%d/%d] %s' "$step_number" "$steps_total" "$title"
  if [ -t 1 ]; then
    : >"$log"
    show_progress "[$step_number/$steps_total] $title" "$log" &
    ticker=$!
  fi
  # In the foreground, so that Ctrl-C reaches it, and with -e, which a `||` here would switch off.
  local status
  set +e
  (set -e; "$@") >"$log" 2>&1 </dev/null
  status=$?
  set -e
  if [ -n "$ticker" ]; then
    kill "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    printf '\r\033[K[%d/%d] %s' "$step_number" "$steps_total" "$title"
  fi
  if [ "$status" -eq 0 ]; then
    printf ' (%d s)\n' $((SECONDS - started))
    return 0
  fi
  printf '\n'
  tail -n 40 "$log" >&2
  die "'$title' failed with status $status; the whole log is ${log#"$PWD"/}"
}

# show_progress PREFIX LOG: redraws one line a second until it is killed.
show_progress() {
  local prefix=$1 log=$2 started=$SECONDS columns line
  columns=$(tput cols 2>/dev/null || echo 80)
  while sleep 1; do
    line="$prefix ($((SECONDS - started)) s) $(tail -n 1 "$log" | tr -d '\r\033' | cut -c 1-200)"
    printf '\r\033[K%s' "${line:0:columns-1}"
  done
}

# stamp_matches FILE KEY: whether the work that KEY stands for was done.
stamp_matches() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# digest_of FILE...: one key for the contents of files and for their names.
digest_of() { sha256sum -- "$@" | sha256sum | cut -d ' ' -f 1; }

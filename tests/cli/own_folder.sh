# For tests that start hubs and sites one by one, in a folder that is also their home; source it
# after setting `intertie`. What is in `pids` is stopped at the end.
# shellcheck shell=bash disable=SC2034,SC2164,SC2317
work=$(mktemp -d)
pids=()
stop_all() {
  for pid in "${pids[@]}"; do
    kill -INT "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap stop_all EXIT
export HOME=$work XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
unset INTERTIE_CONTEXT
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"
cd "$work"

# wait_for FILE TEXT
wait_for() {
  for _ in $(seq 1 600); do
    grep -q "$2" "$1" 2>/dev/null && return 0
    sleep 0.1
  done
  fail "$1 does not say '$2': $(cat "$1")"
}

# start_process NAME WORD...: reads the file named by `input`, if there is one; NAME.out, NAME.err.
start_process() {
  local name=$1
  shift
  set -m
  "$intertie" "$@" >"$name.out" 2>"$name.err" <"${input:-/dev/null}" &
  pids=("$!" "${pids[@]}")
  set +m
}

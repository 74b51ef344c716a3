# A hub and a site of a test's own: source it after setting `intertie` and `work`; stop_dev at exit.
# shellcheck shell=bash disable=SC2154
dev=
export HOME=$work XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
unset INTERTIE_CONTEXT COLUMNS NO_COLOR

# start_dev [OPTION...]: returns when it is ready.
start_dev() {
  # A background job of a script ignores SIGINT unless job control is on.
  set -m
  "$intertie" dev "$@" >"$work/dev.out" 2>"$work/dev.err" &
  dev=$!
  set +m
  for _ in $(seq 1 900); do
    grep -q 'Ctrl-C stops everything' "$work/dev.out" && break
    kill -0 "$dev" 2>/dev/null || break
    sleep 0.1
  done
  grep -q 'status    ready' "$work/dev.out" && return
  echo "dev is not ready: $(cat "$work/dev.out" "$work/dev.err")"
  exit 1
}

stop_dev() {
  if [ -n "$dev" ]; then
    kill -INT "$dev" 2>/dev/null || true
    wait "$dev" 2>/dev/null || true
    dev=
  fi
}

# on_terminal COLUMNS COMMAND: what the command shows on a terminal so wide, carriage returns cut.
on_terminal() {
  script -qec "stty cols $1; $2" /dev/null </dev/null | tr -d '\r'
}

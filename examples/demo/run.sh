#!/usr/bin/env bash
# The demo: three regions with lines between them, five sites, a mixed load, outputs checked.
#   examples/demo/run.sh [--keep]      (./demo builds first and then calls this)
# Needs build/release/intertie and build/release/examples. Everything it makes is in build/demo.
# Ends with one line `demo: ok jobs=N succeeded=N cross_region=N refused=N failed=N cancelled=N
# moved_mb=N ledger_sum=0 mirrors=ok` and exit 0 only if all of it held. --keep leaves it running.
set -euo pipefail
cd "$(dirname "$0")/../.."

keep=no
case ${1:-} in
  '') ;;
  --keep) keep=yes ;;
  *)
    echo "usage: demo [--keep]" >&2
    exit 3
    ;;
esac

root=$PWD
bin=$root/build/release/intertie
programs=$root/build/release/examples
work=$root/build/demo
jobs=$root/examples/jobs
pids=()
problems=0

say() { printf '[%3ds] %s\n' "$SECONDS" "$*"; }

problem() {
  problems=$((problems + 1))
  say "WRONG: $*"
}

stop_all() {
  [ "$keep" = no ] || return 0
  local pid
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
}
trap stop_all EXIT

# wait_for WHAT SECONDS COMMAND...: until the command succeeds.
wait_for() {
  local what=$1 limit=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$limit" ]; then
      say "FAILED: $what did not come about; see $work"
      exit 1
    fi
    sleep 0.2
  done
}

# as HUB USER VERB...: ada is a user of jilin, every hub has its operator.
as() { INTERTIE_CONTEXT=$work/$1/$2.yaml "$bin" "${@:3}"; }
ada() { as jilin ada "$@"; }

# Other people's jobs run in namespaces or not at all, so without them there is nothing to show.
check_machine() {
  local findings
  findings=$("$bin" site doctor -o csv --data "$work" 2>&1) || true
  if grep -q '^sandbox: namespace,BAD' <<<"$findings"; then
    grep '^sandbox: namespace' <<<"$findings"
    say "FAILED: this machine has no user namespaces (a plain chroot never has them)"
    exit 1
  fi
}

# shellcheck source=grid.sh
. examples/demo/grid.sh
# shellcheck source=load.sh
. examples/demo/load.sh
# shellcheck source=report.sh
. examples/demo/report.sh

mkdir -p "$work"
check_machine
start_grid
bring_data
run_load
check_outputs
report
if [ "$keep" = yes ]; then
  trap - EXIT
  disown -a
  say "left running: INTERTIE_CONTEXT=$work/jilin/ada.yaml build/release/intertie sites"
fi

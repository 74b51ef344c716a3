#!/usr/bin/env bash
# Two regions, one of whose hubs is restored from a backup: the channels stop, both operators say so
# and reconcile them, and jobs cross regions again. The money that the backup forgot stays visible.
set -euo pipefail
intertie=$1
work=$(mktemp -d)
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"
# shellcheck source=two_regions.sh
. "$(dirname "$0")/two_regions.sh"
cd "$work"

# wait_until TEXT COMMAND...: until its output has the text.
wait_until() {
  local text=$1
  shift
  for _ in $(seq 1 300); do
    "$@" 2>/dev/null | grep -q "$text" && return
    sleep 0.2
  done
  fail "no '$text': $("$@" 2>&1 || true)"
}

start_regions
expect 0 run -- echo before
at_jilin ledger check --peers >check.out || fail "jilin: $(cat check.out)"

# A backup, a job that it does not know, and the backup put back.
end_process hubei KILL
cp -a hubei hubei.old
start_hub hubei 42 bob
expect 0 run -- echo unknown
end_process hubei KILL
rm -rf hubei
mv hubei.old hubei
start_hub hubei 42 bob
wait_until '"refusal": "channel_diverged' at_jilin -o json hub peer list
wait_until '"refusal": "channel_diverged' at_hubei -o json hub peer list
if at_jilin ledger check --peers >check.out; then fail "a restored hub mirrors"; fi
holds "$(cat check.out)" differs
holds "$(cat check.out)" "hub peer reconcile"

# Nothing is changed without --yes; then both sides, and the site, start anew.
if at_jilin hub peer reconcile 42 >say.out 2>&1; then fail "reconciled without --yes"; fi
holds "$(cat say.out)" "nothing was changed"
at_jilin hub peer reconcile 42 --yes 2>/dev/null
at_hubei hub peer reconcile jilin --yes 2>/dev/null
wait_until channel_diverged at_hubei -o json sites beta
at_hubei site reconcile beta --yes 2>/dev/null
# Their next tries would come within a minute.
end_process jilin KILL
end_process hubei KILL
start_hub hubei 42 bob
start_hub jilin 22 ada
expect 0 run -- echo after
holds "$out" after
finish

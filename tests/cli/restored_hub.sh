#!/usr/bin/env bash
# Two regions, one of whose hubs is restored from a backup: the channels stop, both operators say so
# and reconcile them, and jobs cross regions again. The money that the backup forgot is adjusted:
# one operator proposes it, the other agrees, and the accounts mirror each other. Debts that were
# paid are booked by both.
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
expect 0 run -- sh -c 'sleep 2; echo unknown' # Costs something at any price.
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

# Both hubs count all rows of the other now, and differ by what hubei has forgotten.
# wait_for_check HUB CODE: until its check ends so, with no row on its way.
wait_for_check() {
  local code
  for _ in $(seq 1 300); do
    code=0
    "at_$1" ledger check --peers >check.out 2>&1 || code=$?
    [ "$code" -ne "$2" ] || grep -q "catching up" check.out || return 0
    sleep 0.2
  done
  fail "$1: $(cat check.out)"
}
wait_for_check jilin 1
holds "$(cat check.out)" differs
lacks "$(cat check.out)" "hub peer reconcile"
if at_hubei hub peer adjust jilin --reason x >say.out 2>&1; then fail "proposed without --yes"; fi
holds "$(cat say.out)" "where 0 is meant"
if at_jilin hub peer adjust 42 --agree >say.out 2>&1; then fail "agreed to nothing"; fi
at_hubei hub peer adjust jilin --reason "the old backup" --yes >/dev/null 2>&1 ||
  fail "hubei cannot propose"
wait_until "the old backup" at_jilin -o json hub peer list
at_jilin hub peer list >say.out 2>&1
holds "$(cat say.out)" "hub peer adjust 42 --agree"
wait_for_check jilin 1
at_jilin hub peer adjust 42 --agree >/dev/null 2>&1 || fail "jilin cannot agree"
wait_for_check jilin 0
holds "$(cat check.out)" mirrors
wait_for_check hubei 0
at_hubei ledger accounts >accounts.out
holds "$(cat accounts.out)" losses/peers

# Jilin pays what it owes: who was paid says so.
balance_at() {
  "at_$1" -o json hub peer list | sed -n 's/.*"balance_micros": \(-\{0,1\}[0-9]*\).*/\1/p'
}
owed=$(balance_at jilin)
[ "$owed" -gt 0 ] || fail "nothing is owed: $owed"
amount=$(printf '%d.%06d' "$((owed / 1000000))" "$((owed % 1000000))")
if at_jilin hub peer settle 42 "$amount" >say.out 2>&1; then
  fail "the payer says that it was paid"
fi
holds "$(cat say.out)" denied
if at_hubei hub peer settle jilin 99999 >say.out 2>&1; then fail "more is paid than was owed"; fi
at_hubei hub peer settle jilin "$amount" --memo "by bank" >say.out 2>&1 ||
  fail "not settled: $(cat say.out)"
holds "$(cat say.out)" "Both hubs have booked it"
[ "$(balance_at jilin)" = 0 ] || fail "jilin still owes $(balance_at jilin)"
wait_for_check hubei 0
wait_for_check jilin 0
at_hubei hub peer change jilin --credit 250 >say.out
holds "$(cat say.out)" 250
for hub in jilin hubei; do
  "at_$hub" ledger check >/dev/null || fail "the ledger of $hub is not sound"
done
finish

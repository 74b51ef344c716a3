#!/usr/bin/env bash
# Two regions: a job handed to one hub runs at a site of the other; both settle, and a kill of
# either hub in the middle changes nothing.
set -euo pipefail
intertie=$1
work=$(mktemp -d)
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"
# shellcheck source=two_regions.sh
. "$(dirname "$0")/two_regions.sh"
cd "$work"

start_regions
# A line is registered by the region that sends, and both regions see it and what was measured.
expect 3 line add --to 42
expect 4 line add --to 42 --bandwidth 100mbit
at_jilin -q line add --to 42 --bandwidth 100mbit --latency 20ms --price 0.05 >/dev/null
at_hubei -q line add --to 22 --bandwidth 2.5gbit >/dev/null
for _ in $(seq 1 600); do
  lines=$(at_jilin -o json line list)
  grep -q '"bandwidth_bits_per_second": 2500000000' <<<"$lines" &&
    grep -q '"measured_latency_us"' <<<"$lines" && break
  sleep 0.1
done
expect 0 -o json line list
holds "$out" '"bandwidth_bits_per_second": 2500000000'
holds "$out" '"price_per_gigabyte_micros": 50000'
holds "$out" '"measured_latency_us"'
line=$(at_hubei -o json line list | sed -n 's/.*"id": "\(42T[^"]*\)".*/\1/p')
expect 0 id show "$line"
holds "$out" "42-22"
holds "$out" "record       signed"
# A line that is retired is gone at both, and its identifier says so.
at_hubei -q line rm 22 >/dev/null
for _ in $(seq 1 600); do
  at_jilin -o json line list | grep -q "$line" || break
  sleep 0.1
done
expect 0 -o json line list
lacks "$out" "$line"
expect 0 id show "$line"
holds "$out" "status       retired"
! at_hubei -q line rm 22 2>/dev/null || fail "retired twice"
at_hubei -q line add --to 22 --bandwidth 2.5gbit >/dev/null

expect 0 run -- echo hello from afar
holds "$out" "hello from afar"
expect 0 explain 1
holds "$out" "42/beta"
holds "$out" "region 42 was asked to reserve"
expect 0 bill 1
lacks "$out" DIFFER
holds "$out" "42/beta"
expect 0 -o json bill 1
holds "$out" '"is_verified": true'
holds "$out" '"region": "42"'
expect 0 jobs 1
holds "$out" "region 42"
guests=$(at_hubei jobs --guests)
holds "$guests" ada
holds "$guests" beta
expect 4 jobs --guests

# Everybody sees the whole grid: sites, plans, identifiers, who pays whom.
expect 0 sites
holds "$out" "42/beta"
expect 0 -o json sites 42/beta
holds "$out" '"is_lost": false'
beta=$(printf '%s\n' "$out" | sed -n 's/.*"identifier": "\([^"/]*\)",.*/\1/p' | head -n 1)
cat >job.yaml <<'YAML'
run: [echo, hello]
YAML
expect 0 plan job.yaml
holds "$out" "42/beta"
cat >elsewhere.yaml <<'YAML'
run: [echo, hello]
where:
  not: [42/beta]
YAML
"$intertie" -o json plan elsewhere.yaml >plan.json || true
grep -q '"code": "region_excluded"' plan.json || fail "the plan does not say why: $(cat plan.json)"
expect 0 bill --by region
holds "$out" "42/beta"
expect 0 -o json bill --by region
holds "$out" '"payer_region": "22"'
by_region=$(at_hubei -o json bill --by region)
holds "$by_region" '"payer_region": "22"'
holds "$by_region" '"region": "42"'
lacks "$by_region" '"site": "42/beta"'
expect 0 -o json id show "$beta"
holds "$out" '"is_known": true'
holds "$out" '"is_stale": false'
expect 0 id show "$beta/default"
expect 1 id show "$("$intertie" -q id new --registry 42 --type site --participant 77 --serial 7)"
holds "$out" "has signed that"
expect 0 id show "$("$intertie" -q id new --registry 63 --type site)"
holds "$err" "unknown_registry"
expect 7 run -- sh -c 'exit 7'
expect 0 run --out result.txt --fetch got -- sh -c 'echo outcome > result.txt'
[ "$(cat got/result.txt)" = outcome ] || fail "the output did not come back"

echo input >in.txt
expect 0 run --in in.txt -- cat in.txt
holds "$out" input

# A job that runs while both hubs die and come back ends once, and is paid once.
expect 0 -q run --detach -- sh -c "$held; echo done"
job=$out
wait_for_phase "$job" running
# restart_hub NAME [OPTION...]: after a kill.
restart_hub() {
  end_process "$1" KILL
  if [ "$1" = jilin ]; then
    start_hub jilin 22 ada "${@:2}"
  else
    start_hub hubei 42 bob "${@:2}"
  fi
}
kill -KILL "${pid_of[jilin]}" "${pid_of[hubei]}"
restart_hub hubei
restart_hub jilin
release_tasks
wait_for_phase "$job" ended
expect 0 jobs "$job"
holds "$out" succeeded
expect 0 logs "$job"
holds "$out" "done"
expect 0 bill "$job"
lacks "$out" DIFFER

# Either hub dies on either side of sending a row to the other: the job ends once all the same.
for point in peer_rows_before_send peer_rows_after_send; do
  for name in jilin hubei; do
    restart_hub "$name" --fail-point "$point:1"
    expect 0 -q run --detach -- echo "past $point"
    job=$out
    wait "${pid_of[$name]}" 2>/dev/null || true
    restart_hub "$name"
    wait_for_phase "$job" ended
    expect 0 jobs "$job"
    holds "$out" succeeded
  done
done

# Both say so themselves; a hub that has moved is found again; one that is away is not reached.
at_jilin ledger check --peers >check.out || fail "jilin: $(cat check.out)"
holds "$(cat check.out)" mirrors
at_hubei -o json ledger check --peers >check.json || fail "hubei: $(cat check.json)"
holds "$(cat check.json)" '"is_mirrored": true'
expect 0 id show "$beta"
end_process hubei
if at_jilin ledger check --peers >check.out; then fail "a dead hub mirrors"; fi
holds "$(cat check.out)" unreachable
expect 0 -o json id show "$beta"
holds "$out" '"is_stale": true'
holds "$out" '"is_known": true'
unset 'address_of[hubei]'
restart_hub hubei
at_jilin hub peer change 42 --address "$(sed -n 's/^sites *//p' hubei.out)" >/dev/null
for _ in $(seq 1 600); do
  at_jilin ledger check --peers >check.out && break
  sleep 0.1
done
at_jilin ledger check --peers >check.out || fail "after the move: $(cat check.out)"
expect 0 -o json id show "$beta"
holds "$out" '"is_stale": false'

# What one hub owes, the other is owed; both ledgers are sound.
balance() { sed -n 's/.*"balance_micros": \(-\{0,1\}[0-9]*\).*/\1/p'; }
for _ in $(seq 1 600); do
  owes=$(at_jilin -o json hub peer list | balance)
  owed=$(at_hubei -o json hub peer list | balance)
  [ "$owes" = "$((-owed))" ] && break
  sleep 0.1
done
[ "$owes" -gt 0 ] || fail "nothing is owed: $owes"
[ "$owes" = "$((-owed))" ] || fail "the clearing accounts differ: $owes and $owed"
at_jilin ledger check >/dev/null || fail "the ledger of jilin is not sound"
at_hubei ledger check >/dev/null || fail "the ledger of hubei is not sound"
finish

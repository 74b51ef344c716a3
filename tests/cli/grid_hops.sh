#!/usr/bin/env bash
# Every hop of a job in another region goes through a relay that is cut, closed and delayed at
# random while jobs run: user to hub, hub to hub both ways, site to hub, and the straight way of its
# input from the home hub to the site; processes are killed, too.
#   grid_hops.sh INTERTIE TCP_RELAY [JOBS] [SEED]
# Every acknowledged job succeeds once, under one number; bills agree, clearing accounts mirror.
set -euo pipefail
intertie=$1
relay=$2
jobs=${3:-12}
RANDOM=${4:-7}
work=$(mktemp -d)
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"
# shellcheck source=two_regions.sh
. "$(dirname "$0")/two_regions.sh"
# shellcheck source=relays.sh
. "$(dirname "$0")/relays.sh"
cd "$work"

hops=(user there back site data)
touch join.token
start_hub jilin 22 ada
start_hub hubei 42 bob
jilin_at=${address_of[jilin]} hubei_at=${address_of[hubei]}
user_at=${jilin_at% *}
start_relay user "${user_at##*:}"
start_relay back "${jilin_at##*:}"
start_relay there "${hubei_at##*:}"
start_relay site "${hubei_at##*:}"
data_at=$(find_port)
start_relay data "${data_at##*:}"
restart_hub() {
  end_process "$1" "${2:-KILL}"
  case $1 in
    jilin)
      start_hub jilin 22 ada --site-address "127.0.0.1:${port_of[back]}" \
        --data-listen "$data_at" --data-address "127.0.0.1:${port_of[data]}"
      ;;
    hubei) start_hub hubei 42 bob --site-address "127.0.0.1:${port_of[site]}" ;;
  esac
}
restart_hub jilin INT
restart_hub hubei INT
introduce_hubs
at_jilin -q hub peer change hubei --address "127.0.0.1:${port_of[there]}" >/dev/null
at_hubei -q site token >join.token
start_site
wait_for_pool
sed "s/:${user_at##*:}/:${port_of[user]}/" jilin/ada.yaml >ada.yaml
export INTERTIE_CONTEXT=$work/ada.yaml

# disturb: one of the things that happen to networks and machines.
disturb() {
  local hop=${hops[$((RANDOM % ${#hops[@]}))]}
  case $((RANDOM % 10)) in
    0 | 1 | 2 | 3) tell "$hop" cut ;;
    4 | 5)
      tell "$hop" refuse on
      tell "$hop" cut
      closed+=("$hop")
      ;;
    6) tell "$hop" delay $((RANDOM % 80)) ;;
    7) restart_hub jilin ;;
    8) restart_hub hubei ;;
    9)
      end_process site KILL
      start_site
      ;;
  esac
}
closed=()
reopen() {
  local hop
  for hop in "${closed[@]}"; do tell "$hop" refuse off; done
  closed=()
}

# The input is other bytes for each job and crosses with it; the answer is its digest.
declare -A expected
for number in $(seq 1 "$jobs"); do
  # Every other one is large enough to be asked for straight.
  head -c $((100000 + number % 2 * 2000000)) /dev/urandom >"in.$number"
  for _ in $(seq 1 50); do
    if job=$("$intertie" -q submit --key "job $number" - 2>submit.err <<JOB
run: sleep 0.2; sha256sum <in
data: {in: [{from: "$work/in.$number", to: in}]}
JOB
    ); then
      break
    fi
    reopen
    sleep 0.2
  done
  [ -n "$job" ] || fail "job $number is not taken: $(cat submit.err)"
  [ -z "${expected[$job]:-}" ] || fail "number $job was given twice"
  expected[$job]=$(sha256sum <"in.$number" | cut -d ' ' -f 1)
  disturb
  sleep "0.$((RANDOM % 5))"
  [ $((number % 3)) -ne 0 ] || reopen
done
reopen
for hop in "${hops[@]}"; do tell "$hop" delay 0; done

straight=0
for job in "${!expected[@]}"; do
  wait_for_phase "$job" ended
  expect 0 -o json jobs "$job"
  holds "$out" '"outcome": "succeeded"'
  expect 0 logs "$job"
  holds "$out" "${expected[$job]}"
  expect 0 -o json explain "$job"
  case $out in *'"way": "straight"'*'"size_bytes": 2100000'* | \
    *'"size_bytes": 2100000'*'"way": "straight"'*) straight=$((straight + 1)) ;; esac
done
[ "$straight" -gt 0 ] || fail "no input came straight"
expect 0 -o json jobs -n 1000
[ "$(grep -c '"number"' <<<"$out")" -eq "$jobs" ] || fail "there are other jobs, too"
expect 0 bill
lacks "$out" DIFFER
at_jilin ledger check --peers >/dev/null || fail "jilin: $(at_jilin ledger check --peers 2>&1)"
at_hubei ledger check --peers >/dev/null || fail "hubei: $(at_hubei ledger check --peers 2>&1)"
finish

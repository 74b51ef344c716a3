#!/usr/bin/env bash
# Kills hub and agent with -9 at random while jobs are submitted and run:
#   tests/crash/kill_under_load.sh INTERTIE [KILLS] [JOBS]
# Then: every acknowledged job has ended, as it should and under a number of its own, its log is
# what it must be, the bills agree, the ledger sums to zero and the log verifies. Nobody repairs.
set -euo pipefail

bin=$(realpath "$1")
# shellcheck source=SCRIPTDIR/processes.sh
. "$(dirname "$0")/processes.sh"
kills=${2:-10}
jobs=${3:-60}
work=$(mktemp -d)
hub_pid=
site_pid=
RANDOM=${INTERTIE_SEED:-7}

cleanup() {
  # shellcheck disable=SC2046  # Several process ids.
  kill -9 $hub_pid $site_pid $(list_users "$work") 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work" 2>/dev/null || { sleep 1; rm -rf "$work"; }
}
trap cleanup EXIT

fail() {
  echo "FAILED (seed ${INTERTIE_SEED:-7}): $*" >&2
  tail -n 5 "$work"/*.out >&2 || true
  exit 1
}

as() { INTERTIE_CONTEXT=$work/hub/$1.yaml "$bin" "${@:2}"; }

start_hub() {
  "$bin" hub start --data "$work/hub" --user ada=100000 --listen "${hub_address:-127.0.0.1:0}" \
    --site-listen "${site_address:-127.0.0.1:0}" >"$work/hub.out" 2>&1 &
  hub_pid=$!
}

start_site() {
  "$bin" site start --data "$work/site" --quick >>"$work/site.out" 2>&1 &
  site_pid=$!
}

# until_true SECONDS COMMAND...
until_true() {
  local limit=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$limit" ] || return 1
    sleep 0.1
  done
}

start_hub
until_true 60 as ada sites || fail "the hub does not start"
hub_address=$(sed -n 's/^address *https:\/\///p' "$work/hub.out")
site_address=$(sed -n 's/^sites *//p' "$work/hub.out")
token=$(as operator -q site token --operator operator)
"$bin" site join - --name plant --data "$work/site" --quick <<<"$token" >"$work/site.out" 2>&1 &
site_pid=$!
is_measured() { as operator site list -o json | grep -q '"is_valid": true'; }
until_true 60 is_measured || fail "the site is not measured"

# The load: each job under a key of its own, repeated until it is acknowledged.
(
  for ((i = 1; i <= jobs; i++)); do
    until number=$(as ada -q run -d --key "job-$i" --cpus 0.2 --memory 16MiB --timeout 60s \
      -- sh -c "sleep 0.$((i % 5)); echo done $i" 2>>"$work/submit.err"); do
      sleep 0.2
    done
    echo "$i $number" >>"$work/acknowledged"
  done
) &
load_pid=$!

for ((k = 1; k <= kills; k++)); do
  sleep "0.$((RANDOM % 9))$((RANDOM % 9))"
  case $((RANDOM % 3)) in
    0)
      kill -9 "$hub_pid"
      wait "$hub_pid" 2>/dev/null || true
      start_hub
      ;;
    1)
      kill -9 "$site_pid"
      wait "$site_pid" 2>/dev/null || true
      start_site
      ;;
    2)
      kill -9 "$hub_pid" "$site_pid"
      wait "$hub_pid" "$site_pid" 2>/dev/null || true
      start_hub
      start_site
      ;;
  esac
  until_true 60 as ada sites || fail "the hub does not start after kill $k"
done
wait "$load_pid" || fail "the load"

[ "$(wc -l <"$work/acknowledged")" = "$jobs" ] || fail "not every job was acknowledged"
[ "$(cut -d' ' -f2 "$work/acknowledged" | sort -u | wc -l)" = "$jobs" ] || fail "a number twice"

all_ended() { [ "$(as ada jobs -n 1000 -o json | grep -c '"phase": "ended"')" = "$jobs" ]; }
until_true 180 all_ended || fail "jobs are stuck: $(as ada jobs -n 1000)"
[ "$(as ada jobs -n 1000 -o json | grep -c '"outcome": "succeeded"')" = "$jobs" ] ||
  fail "jobs did not succeed: $(as ada jobs -n 1000)"
# The site may have been the last to die, and be on its way back.
is_log() { [ "$(as ada logs "$1")" = "$2" ]; }
while read -r i number; do
  until_true 60 is_log "$number" "done $i" || fail "the log of job $number"
done < <(shuf -n 10 --random-source=<(yes) "$work/acknowledged")
as operator ledger check -o json | grep -q '"sum_micros": 0' || fail "the ledger"
as ada bill -o json >"$work/bill.json"
! grep -q '"agree": false' "$work/bill.json" || fail "a bill disagrees with the ledger"
kill -TERM "$site_pid" "$hub_pid"
wait "$hub_pid" || fail "the two folds of the log differ, or the hub did not stop"
"$bin" log verify "$work/hub/store" >/dev/null || fail "the log does not verify"
echo "ok: $kills kills, $jobs jobs, each ended once"

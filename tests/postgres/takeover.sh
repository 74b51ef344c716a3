#!/usr/bin/env bash
# Two hub processes on one database, under load, whose leader is killed, cut off from the database,
# or paused, again and again:
#   tests/postgres/takeover.sh INTERTIE TCP_RELAY ROUNDS
# Each time the other one takes over. At the end no acknowledged payment is lost and none was made
# twice, the log is sound, and whoever was paused or cut off has written nothing since. The times
# from the fault to the new leader's address are printed; they depend on the machine.
set -euo pipefail

bin=$(realpath "$1")
relay=$(realpath "$2")
rounds=$3
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
# shellcheck source=SCRIPTDIR/server.sh
. "$here/server.sh"
declare -A pid port relay_pid relay_port
load_pid=

cleanup() {
  kill -CONT "${relay_pid[@]}" "${pid[@]}" 2>/dev/null || true
  # shellcheck disable=SC2086  # None, or one.
  kill -9 "${pid[@]}" "${relay_pid[@]}" $load_pid 2>/dev/null || true
  stop_server QUIT
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

fail() {
  echo "FAILED: $*" >&2
  tail -n 5 "$work"/*.out "$work"/*/hub.log "$work/load.err" >&2 || true
  exit 1
}

# Everything between a hub and the server passes a relay of that hub's own.
start_relay() {
  mkfifo "$work/$1.relay"
  "$relay" "$pg_port" <"$work/$1.relay" >"$work/$1.port" &
  relay_pid[$1]=$!
  # shellcheck disable=SC2034  # Held open, or the relay's input ends.
  exec {hold}>"$work/$1.relay"
  until [ -s "$work/$1.port" ]; do sleep 0.02; done
  relay_port[$1]=$(cat "$work/$1.port")
}

start_hub() {
  : >"$work/$1.out"
  "$bin" hub start --store "postgres://intertie@127.0.0.1:${relay_port[$1]}/hub" \
    --data "$work/$1" --listen "127.0.0.1:${port[$1]}" --plain --user ada \
    >"$work/$1.out" 2>&1 &
  pid[$1]=$!
}

count_leads() { grep -c '^address' "$work/$1.out" || true; }

# wait_lead NAME COUNT: until it has gained the lead for the COUNTth time.
wait_lead() {
  local tries
  for ((tries = 0; tries < 1500; ++tries)); do
    [ "$(count_leads "$1")" -lt "$2" ] || return 0
    kill -0 "${pid[$1]}" 2>/dev/null || fail "$1 ended"
    sleep 0.02
  done
  fail "$1 does not take over"
}

wait_line() {
  local tries
  for ((tries = 0; tries < 1500; ++tries)); do
    ! grep -q "$2" "$work/$1.out" || return 0
    sleep 0.02
  done
  fail "$1 does not say: $2"
}

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

make_server
start_server
sql -d postgres -c 'CREATE DATABASE hub'
for each in a b; do
  port[$each]=$(find_free_port)
  start_relay $each
done
start_hub a
wait_lead a 1
# The processes of one hub have the same keys.
mkdir -m 700 "$work/b"
cp -r "$work/a/keys" "$work/b/"
start_hub b
wait_line b "Waiting:"
python3 "$here/load.py" pay "$work/a/operator.yaml" "$work/acks" "$work/stop" \
  "http://127.0.0.1:${port[a]}" "http://127.0.0.1:${port[b]}" >"$work/load.out" \
  2>"$work/load.err" &
load_pid=$!

leader=a
other=b
faults=(kill cut pause)
for ((round = 0; round < rounds; ++round)); do
  fault=${faults[round % 3]}
  sleep 1
  paid=$(wc -l <"$work/acks")
  before=$(count_leads $other)
  began=$(milliseconds)
  case $fault in
    kill) kill -9 "${pid[$leader]}" ;;
    # The relay stands still: nothing comes through, and nobody is told.
    cut) kill -STOP "${relay_pid[$leader]}" ;;
    pause) kill -STOP "${pid[$leader]}" ;;
  esac
  wait_lead $other $((before + 1))
  echo "$fault: taken over after $(($(milliseconds) - began)) ms, $paid payments before"
  epoch=$(sql -d hub -c 'SELECT epoch FROM intertie.store')
  case $fault in
    kill)
      wait "${pid[$leader]}" 2>/dev/null || true
      start_hub $leader
      ;;
    cut) kill -CONT "${relay_pid[$leader]}" ;;
    pause) kill -CONT "${pid[$leader]}" ;;
  esac
  [ "$fault" = kill ] || wait_line $leader "Another process has taken the lead"
  wait_line $leader "Waiting:"
  now=$(sql -d hub -c 'SELECT epoch FROM intertie.store')
  [ "$epoch" = "$now" ] || fail "the lead changed without a fault: $epoch, $now"
  former=$leader
  leader=$other
  other=$former
  : >"$work/$other.out"
  : >"$work/$leader.out"
done

sleep 1
touch "$work/stop"
wait "$load_pid" || fail "the load"
load_pid=
cat "$work/load.out"
! grep -q "without Retry-After" "$work/load.out" || fail "503 without Retry-After"
python3 "$here/load.py" check "$work/a/operator.yaml" "$work/acks" \
  "http://127.0.0.1:${port[$leader]}" || fail "the balance"
"$bin" log verify "postgres://intertie@127.0.0.1:$pg_port/hub" || fail "the log"
echo "ok: $rounds take-overs"

#!/usr/bin/env bash
# A hub under load whose PostgreSQL is restarted, crashes, stands still, has no connection left, or
# is not there yet when the hub starts:  tests/postgres/outages.sh INTERTIE
# The hub waits, answers 503 with Retry-After, and goes on; no acknowledged payment is lost and none
# is made twice.
set -euo pipefail

bin=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
# shellcheck source=SCRIPTDIR/server.sh
. "$here/server.sh"
hub_pid=
load_pid=

cleanup() {
  # shellcheck disable=SC2086  # None, or one.
  kill -9 $hub_pid $load_pid 2>/dev/null || true
  stop_server QUIT
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

fail() {
  echo "FAILED: $*" >&2
  tail -n 5 "$work/hub.out" "$work/hub/hub.log" "$work/load.err" "$work/server.log" >&2 || true
  exit 1
}

count_paid() { wc -l <"$work/acks"; }

# Until payments are taken again.
wait_paid() {
  local from tries
  from=$(count_paid)
  for ((tries = 0; tries < 1500; ++tries)); do
    [ "$(count_paid)" -le $((from + 5)) ] || return 0
    kill -0 "$hub_pid" 2>/dev/null || fail "the hub ended"
    sleep 0.02
  done
  fail "no payment is taken after: $1"
}

# What the hub says to a question while its store is away, once it has noticed.
expect_503() {
  local token tries
  token=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["token"])' \
    "$work/hub/operator.yaml")
  for ((tries = 0; tries < 300; ++tries)); do
    curl -s -D "$work/headers" -o "$work/answer" -m 20 -H "Authorization: Bearer $token" \
      "$address/v1/accounts/ada" || fail "no answer during $1"
    if grep -q '^HTTP/1.1 503' "$work/headers"; then
      grep -qi '^retry-after:' "$work/headers" || fail "503 without Retry-After during $1"
      return 0
    fi
    sleep 0.02
  done
  fail "no 503 during: $1"
}

make_server
port=$(find_free_port)
"$bin" hub start --store "postgres://hub@127.0.0.1:$pg_port/hub" --data "$work/hub" \
  --listen "127.0.0.1:$port" --plain --user ada >"$work/hub.out" 2>&1 &
hub_pid=$!
until grep -qs "Waiting:" "$work/hub.out"; do
  kill -0 "$hub_pid" || fail "the hub does not wait for the server"
  sleep 0.05
done
start_server
sql -d postgres -c 'CREATE ROLE hub LOGIN' -c 'CREATE DATABASE hub OWNER hub'
until grep -q '^address' "$work/hub.out"; do
  kill -0 "$hub_pid" || fail "the hub does not start"
  sleep 0.05
done
address=http://127.0.0.1:$port
python3 "$here/load.py" pay "$work/hub/operator.yaml" "$work/acks" "$work/stop" "$address" \
  >"$work/load.out" 2>"$work/load.err" &
load_pid=$!
until [ -s "$work/acks" ]; do sleep 0.02; done

for round in 1 2; do
  for how in INT QUIT; do
    stop_server $how
    expect_503 "$how-$round"
    start_server
    wait_paid "a server that ended by SIG$how"
  done
done

sql -d postgres -c 'ALTER ROLE hub CONNECTION LIMIT 0' \
  -c "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'hub'" >/dev/null
expect_503 connections
sql -d postgres -c 'ALTER ROLE hub CONNECTION LIMIT -1'
wait_paid "no connection was left"

# A lock that somebody else holds on the log: each commit stands still.
sql -d hub -c 'BEGIN' -c 'LOCK TABLE intertie.log' -c 'SELECT pg_sleep(3)' -c 'COMMIT' >/dev/null
wait_paid "the log was locked"

touch "$work/stop"
wait "$load_pid" || fail "the load"
load_pid=
cat "$work/load.out"
! grep -q "without Retry-After" "$work/load.out" || fail "503 without Retry-After"
python3 "$here/load.py" check "$work/hub/operator.yaml" "$work/acks" "$address" || fail "balance"
kill "$hub_pid"
wait "$hub_pid" || fail "the hub does not stop in good order"
hub_pid=
"$bin" log verify "postgres://intertie@127.0.0.1:$pg_port/hub" || fail "the log"
echo "ok: outages"

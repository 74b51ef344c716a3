#!/usr/bin/env bash
# A hub moves from its folder to PostgreSQL and back with `log copy`:
#   tests/postgres/copy.sh INTERTIE
# The chain's last hash is the same in all three places, all verify, and the hub goes on in each.
set -euo pipefail

bin=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
# shellcheck source=SCRIPTDIR/server.sh
. "$here/server.sh"
hub_pid=

cleanup() {
  # shellcheck disable=SC2086  # None, or one.
  kill -9 $hub_pid 2>/dev/null || true
  stop_server QUIT
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# Starts the hub, pays 7 to ada, expects the balance, stops it.
pay() {
  local port token balance
  port=$(find_free_port)
  : >"$work/out"
  "$bin" hub start --data "$work/hub" --user ada --plain --listen "127.0.0.1:$port" "${@:2}" \
    >"$work/out" 2>&1 &
  hub_pid=$!
  until grep -q '^address' "$work/out"; do
    kill -0 "$hub_pid" 2>/dev/null || fail "the hub ended: $(cat "$work/out")"
    sleep 0.05
  done
  token=$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["token"])' \
    "$work/hub/operator.yaml")
  balance=$(curl -s -H "Authorization: Bearer $token" -H "Idempotency-Key: $1" \
    -H 'Content-Type: application/json' -d '{"amount_micros":7}' \
    "http://127.0.0.1:$port/v1/accounts/ada:deposit")
  grep -q "\"balance_micros\":\"\?$1[\",]" <<<"$balance" || fail "expected $1: $balance"
  kill "$hub_pid"
  wait "$hub_pid" || fail "the hub does not stop in good order"
  hub_pid=
}

read_chain() {
  "$bin" log verify --output json "$1" | python3 -c '
import json, sys
report = json.load(sys.stdin)
assert report["is_sound"]
print(report["last_index"], report["chain"])'
}

make_server
start_server
sql -d postgres -c 'CREATE DATABASE hub'
store=postgres://intertie@127.0.0.1:$pg_port/hub
pay 7
"$bin" log copy "$work/hub" "$store" >/dev/null
[ "$(read_chain "$work/hub")" = "$(read_chain "$store")" ] || fail "to PostgreSQL: other hashes"
if "$bin" log copy "$work/hub" "$store" 2>"$work/again"; then fail "copied over a store"; fi
grep -q already_exists "$work/again" || fail "no reason: $(cat "$work/again")"
pay 14 --store "$store"
mv "$work/hub/store" "$work/former"
"$bin" log copy "$store" "$work/hub/store" >/dev/null
[ "$(read_chain "$work/hub")" = "$(read_chain "$store")" ] || fail "to SQLite: other hashes"
pay 21
echo "ok: copied to PostgreSQL and back"

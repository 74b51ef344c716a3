#!/usr/bin/env bash
# What an operator does with a hub: contexts that follow its port, load, events, names for the
# shell, doctor, reconciling, and a backup while it runs.
set -euo pipefail
intertie=$1
work=$(mktemp -d)
pids=()
stop_all() {
  for pid in "${pids[@]}"; do
    kill -INT "$pid" 2>/dev/null || true
    wait "$pid" 2>/dev/null || true
  done
  rm -rf "$work"
}
trap stop_all EXIT
export HOME=$work XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
unset INTERTIE_CONTEXT
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"
cd "$work"

# wait_for FILE TEXT
wait_for() {
  for _ in $(seq 1 600); do
    grep -q "$2" "$1" 2>/dev/null && return 0
    sleep 0.1
  done
  fail "$1 does not say '$2': $(cat "$1")"
}

# start_hub WORD...
start_hub() {
  set -m
  "$intertie" hub start --data "$work/hub" --plain "$@" >"$work/hub.out" 2>"$work/hub.err" &
  hub=$!
  set +m
  pids=("$hub" "${pids[@]}")
  wait_for "$work/hub.err" 'Ctrl-C stops'
}
stop_hub() {
  kill "$1" "$hub"
  wait "$hub" || true
}

# Contexts of users follow the hub to another port, also after it was killed.
start_hub --user alice=1000
export INTERTIE_CONTEXT=$work/hub/alice.yaml
expect 0 jobs
old=$(grep address "$work/hub/alice.yaml")
stop_hub -KILL
expect 1 jobs
start_hub
expect 0 jobs
[ "$(grep address "$work/hub/alice.yaml")" != "$old" ] || fail "the context names the old port"
operator=$work/hub/operator.yaml

# Completion: names from the hub, and silence without one.
[ "$("$intertie" __complete accounts)" = alice ] || fail "the account is not offered"
[ -z "$("$intertie" __complete nonsense 2>&1)" ] || fail "an unknown kind is not silent"
[ -z "$(INTERTIE_CONTEXT=$work/none.yaml "$intertie" __complete sites 2>&1)" ] ||
  fail "completion without a hub is not silent"
expect 0 completion bash
holds "$out" "__complete"
# The script itself: a word after "ledger postings" may be an account.
found=$(PATH=$(dirname "$intertie"):$PATH bash -uc '
  . <("$1" completion bash)
  COMP_WORDS=(intertie ledger postings al) COMP_CWORD=3
  _intertie
  printf "%s" "${COMPREPLY[*]}"' bash "$intertie")
[ "$found" = alice ] || fail "bash completes '$found', not alice"

# Load: what is refused is not counted. No site has joined, so everything is.
expect 2 -o json bench submit --bulk 50 --connections 1 --duration 1s
holds "$out" '"jobs": 0,'
holds "$out" '"no_sites": '
holds "$err" '"code":"no_sites"'

# The key that a call really carries is shown.
printf 'run: [echo, hello]\n' >job.yaml
expect 2 --explain-api submit --key once job.yaml
holds "$err" "-H 'Idempotency-Key: once'"

# Disputes: none yet, and who may not decide is told.
expect 0 -o table ledger disputes
expect 3 ledger resolve x accept
holds "$err" "not a dispute's number"
expect 3 ledger resolve 1 maybe
expect 4 ledger resolve 1 accept
expect 1 --context "$operator" ledger resolve 1 accept
holds "$err" "E-not_found"

# A site joins; doctor finds ports, hub, clocks.
"$intertie" --context "$operator" -q site token >"$work/token"
set -m
"$intertie" site join - --name lab --data "$work/site" --quick --stop-tasks \
  <"$work/token" >"$work/site.out" 2>"$work/site.err" &
site=$!
set +m
pids=("$site" "${pids[@]}")
for _ in $(seq 1 600); do
  expect 0 -o json sites
  case $out in *'"is_valid": true'*) break ;; esac
  sleep 0.1
done
holds "$out" '"is_valid": true'
[ "$("$intertie" __complete sites)" = lab ] || fail "the site is not offered"
port=$(sed -n 's/.*"address": *"[a-z]*:\/\/\([^"]*\)".*/\1/p' "$work/hub/alice.yaml")
"$intertie" -o jsonl doctor --listen "$port" >"$work/doctor" 2>/dev/null || true
holds "$(cat "$work/doctor")" "in use"
holds "$(cat "$work/doctor")" '"clock and hub","verdict":"ok"'
"$intertie" -o jsonl doctor --listen 127.0.0.1:0 >"$work/doctor" 2>/dev/null || true
holds "$(cat "$work/doctor")" '"port 127.0.0.1:0","verdict":"ok"'

# Events: a line for each change, across a restart of the hub.
set -m
"$intertie" jobs --watch >"$work/events" 2>"$work/events.err" &
watch=$!
set +m
pids=("$watch" "${pids[@]}")
wait_for "$work/events.err" 'Watching'
expect 0 run --isolation process --timeout 1m -- echo one
job=$("$intertie" -q jobs -n 1)
wait_for "$work/events" "job $job.succeeded"
for state in waiting placed running; do
  [ "$(grep -c "job $job.$state" "$work/events")" = 1 ] || fail "$state is not told once"
done

# Reconciling explains itself, and needs a yes.
expect 3 --context "$operator" site reconcile lab
holds "$err" "restored from a"
holds "$err" "intertie site reconcile lab --yes"
expect 1 site reconcile lab --yes
holds "$err" "an operator's token"

# A backup under load is whole, and goes on as a hub of its own.
load() {
  until [ -e "$work/enough" ]; do
    "$intertie" -q bench submit --connections 2 --duration 1s >"$work/bench" 2>&1 || return 1
    touch "$work/loaded"
  done
}
load &
bench=$!
until [ -e "$work/loaded" ] || ! kill -0 "$bench"; do sleep 0.1; done
expect 0 log backup "$work/hub" "$work/copy"
touch "$work/enough"
wait "$bench" || fail "the load failed: $(cat "$work/bench")"
expect 0 log verify "$work/copy"
holds "$out" "sound"
expect 0 log verify "$work/hub"
expect 1 log backup "$work/hub" "$work/copy"

finish

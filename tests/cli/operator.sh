#!/usr/bin/env bash
# What an operator does with a hub: contexts that follow its port, load, events, names for the
# shell, doctor, reconciling, and a backup while it runs.
set -euo pipefail
intertie=$1
# shellcheck source=own_folder.sh
. "$(dirname "$0")/own_folder.sh"

# start_hub WORD...
start_hub() {
  rm -f "$work/hub.out" "$work/hub.err"  # What an earlier hub said is no sign of this one.
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

# Somebody new: at a later start, or while the hub runs; each context works, and says what it may.
stop_hub -INT
start_hub --user bea=5
INTERTIE_CONTEXT=$work/hub/bea.yaml expect 0 jobs
expect 0 --context "$operator" ledger accounts bea
holds "$out" "5000000"
stop_hub -INT
start_hub --user bea=5
expect 0 --context "$operator" ledger accounts bea
holds "$out" "5000000"
expect 0 --context "$operator" hub user add carl --deposit 2 --jobs-max 3 --save "$work/carl.yaml"
holds "$err" "INTERTIE_CONTEXT=$work/carl.yaml"
lacks "$out$err" "v4.public"
[ "$(stat -c %a "$work/carl.yaml")" = 600 ] || fail "others can read a context"
INTERTIE_CONTEXT=$work/carl.yaml expect 0 ledger accounts
holds "$out" "2000000"
INTERTIE_CONTEXT=$work/carl.yaml expect 4 hub user list
INTERTIE_CONTEXT=$work/carl.yaml expect 4 hub user add dora
expect 1 --context "$operator" hub user add carl --save "$work/other.yaml"
holds "$err" "E-already_exists"
[ ! -e "$work/other.yaml" ] || fail "a context of somebody who could not be added"
expect 1 --context "$operator" hub user token nobody --save "$work/other.yaml"
expect 0 --context "$operator" hub user token carl --lifetime 2s --scope jobs.read \
  --save "$work/short.yaml"
INTERTIE_CONTEXT=$work/short.yaml expect 0 jobs
INTERTIE_CONTEXT=$work/short.yaml expect 4 ledger accounts
expect 0 --context "$operator" -o csv hub user list
holds "$out" "carl,user,0,3"
expect 0 --context "$operator" ledger limit carl 7
holds "$out" "9000000"
sleep 2  # The token's lifetime.
INTERTIE_CONTEXT=$work/short.yaml expect 4 jobs

# A hub that runs for longer than its tokens live gives its contexts new ones.
stop_hub -INT
start_hub --token-lifetime 2s
first=$(cat "$work/hub/alice.yaml")
sleep 3  # Longer than the first token lives.
expect 0 jobs
INTERTIE_CONTEXT=$operator expect 0 hub user list
[ "$(cat "$work/hub/alice.yaml")" != "$first" ] || fail "the context was not renewed"
stop_hub -INT
expect 3 hub start --data "$work/hub" --token-lifetime 1s
start_hub

# Completion: names from the hub, and silence without one.
[ "$("$intertie" __complete accounts | grep -c '^alice$')" = 1 ] || fail "no account is offered"
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

# Keys that others can read, and a certificate that ends soon, are found.
"$intertie" -o jsonl doctor --data "$work/hub" >"$work/doctor" 2>/dev/null || true
holds "$(cat "$work/doctor")" '"what":"keys","verdict":"ok"'
cp -r "$work/hub/keys" "$work"
chmod 644 "$work/keys/token.pem"
"$intertie" -o jsonl doctor --data "$work" >"$work/doctor" 2>/dev/null || true
holds "$(cat "$work/doctor")" '"what":"keys","verdict":"bad"'
holds "$(cat "$work/doctor")" 'token.pem is open to others'
openssl req -x509 -newkey ed25519 -nodes -subj /CN=soon -days 3 -keyout "$work/keys/soon-key.pem" \
  -out "$work/keys/soon-certificate.pem" 2>/dev/null
chmod 600 "$work"/keys/*
"$intertie" -o jsonl doctor --data "$work" >"$work/doctor" 2>/dev/null || true
holds "$(cat "$work/doctor")" 'soon-certificate.pem ends in '
rm -r "$work/keys"

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

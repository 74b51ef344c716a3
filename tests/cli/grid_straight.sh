#!/usr/bin/env bash
# A site pulls its input straight from the hub of the other region that holds it: whole, cut on the
# way, and, when that hub's data listener cannot be reached or is too slow, through its own hub.
set -euo pipefail
intertie=$1
relay=$2
work=$(mktemp -d)
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"
# shellcheck source=two_regions.sh
. "$(dirname "$0")/two_regions.sh"
# shellcheck source=relays.sh
. "$(dirname "$0")/relays.sh"
cd "$work"

# Sites reach the data listener of jilin through the relay alone.
touch join.token
data=$(find_port)
start_relay line "${data##*:}"
start_hub jilin 22 ada --data-listen "$data" --data-address "127.0.0.1:${port_of[line]}"
start_hub hubei 42 bob
join_regions --data-listen "$(find_port)"
grep -q "^data  *127.0.0.1:${port_of[line]}" jilin.out || fail "where is the hub's data?"

# new_data NAME: 20 MB that nobody has yet.
new_data() {
  head -c 20000003 /dev/urandom >"$1.bin"
  expect 0 -q data put "$1.bin" --name "$1"
}
# run_on NAME JOB: the job reads it in the other region, byte for byte.
run_on() {
  expect 0 run --in "data://$1:in.bin" -- sha256sum in.bin
  holds "$out" "$(sha256sum <"$1.bin" | cut -d ' ' -f 1)"
  expect 0 -o json explain "$2"
  rm "$1.bin"
}

# Straight, and the receipt says so at home.
new_data one
run_on one 1
holds "$out" '"way": "straight"'
holds "$out" '"size_bytes": 20000003'
holds "$out" '"straight_bytes": 20000003'
holds "$out" '"cuts": 0'
expect 0 explain 1
holds "$out" "straight from this hub"
# Nobody but the site has seen those bytes: the line is measured by its receipt, at both hubs.
is_measured() {
  "$1" -o json line list | tr -d '\n ' |
    grep -q '"from":"22","to":"42",[^}]*"measured_bits_per_second":[1-9]'
}
for hub in at_hubei at_jilin; do
  for _ in $(seq 1 100); do
    is_measured $hub && break
    sleep 0.1
  done
  is_measured $hub || fail "$hub: the line from 22 to 42 is not measured: $($hub line list)"
done
expect 0 -o table line list
holds "$out" ACHIEVED
# What is there is not moved again.
expect 0 run --in data://one:in.bin -- wc -c in.bin
expect 0 -o json explain 2
holds "$out" '"moves": []'

# Cut twice on the way: no byte of what had come is asked for again.
new_data two
tell line cut_at 4000000 13000000
run_on two 3
holds "$out" '"way": "straight"'
holds "$out" '"straight_bytes": 20000003'
tell line cuts
for _ in $(seq 1 100); do
  [ "$(wc -l <line.relay)" -ge 2 ] && break
  sleep 0.1
done
[ "$(tail -n 1 line.relay)" -eq 2 ] || fail "the line was cut $(tail -n 1 line.relay) times"

# It cannot be reached: all comes through the hub, and log and receipt say why.
tell line cut
tell line refuse on
new_data three
run_on three 4
holds "$out" '"way": "relayed"'
holds "$out" '"straight_bytes": 0'
holds "$out" '"received_bytes": 20000003'
grep -q '"event":"input_not_straight"' site/site.log || fail "the site's log does not say so"
expect 0 explain 4
holds "$out" "through its hub from this hub"

# It is slower than the minimum: it begins straight and goes on through the hub.
tell line refuse off
tell line rate 4000
new_data four
run_on four 5
holds "$out" '"way": "both"'
holds "$out" '"code": "timed_out"'

# The agent dies when an input is whole and nobody was told, and when it has come in part: each
# time its next life tells of all of it.
tell line rate 0
end_process site
start_site --data-listen "$(find_port)" --fail-point receipt_before_report:1
wait_for_pool
new_data five
printf 'run: sha256sum in.bin\ndata: {in: [{from: "data://five", to: in.bin}]}\n' >five.yaml
expect 0 -q submit five.yaml
wait "${pid_of[site]}" 2>/dev/null || true
start_site --data-listen "$(find_port)"
wait_for_phase 6 ended
expect 0 -o json explain 6
holds "$out" '"way": "straight"'
holds "$out" '"straight_bytes": 20000003'
holds "$out" '"is_input": true'
[ -z "$(find site/datasets/drafts -type f)" ] || fail "a draft is left"
tell line rate 5000000
new_data six
printf 'run: sha256sum in.bin\ndata: {in: [{from: "data://six", to: in.bin}]}\n' >six.yaml
expect 0 -q submit six.yaml
for _ in $(seq 1 600); do
  [ -n "$(find site/datasets -name '*.chunks' -size +0 -newer six.bin)" ] &&
    [ -n "$(find site/datasets/drafts -type f)" ] && break
  sleep 0.02
done
end_process site KILL
tell line rate 0
start_site --data-listen "$(find_port)"
wait_for_phase 7 ended
expect 0 -o json jobs 7
holds "$out" '"outcome": "succeeded"'
expect 0 -o json explain 7
holds "$out" '"size_bytes": 20000003'
holds "$out" '"cuts": '
lacks "$out" '"cuts": 0'
[ -z "$(find site/datasets/drafts -type f)" ] || fail "a draft is left"

# Another site of hubei gets what beta has from there: no line between regions, no hub.
beta=$(sed -n 's/.*"site": *"\([^"]*\)".*/\1/p' site/identity.json | head -n 1)
at_hubei -q site token >join.token
start_process gamma site join - --data site-gamma --name gamma --quick
cat >there.yaml <<'JOB'
run: wc -c in.bin
data:
  in:
    - {from: "data://one", to: in.bin}
where:
  regions: ["42"]
  not: ["42/beta"]
JOB
for _ in $(seq 1 600); do
  "$intertie" plan there.yaml >/dev/null 2>&1 && break
  sleep 0.1
done
expect 0 submit --wait there.yaml
holds "$out" 20000003
expect 0 -o json explain 8
holds "$out" '"way": "straight"'
holds "$out" "\"source\": \"$beta\""
finish

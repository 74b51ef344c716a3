#!/usr/bin/env bash
# Data of two regions: jobs read what lies in the other one, through a line that is slow and breaks;
# users keep datasets there; policies and owners are respected.
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

# wait_for COMMAND WHAT
wait_for() {
  for _ in $(seq 1 600); do
    if eval "$1"; then return; fi
    sleep 0.1
  done
  fail "$2"
  finish
}
# Other hubs reach jilin through the relay alone.
touch join.token
start_hub jilin 22 ada --user bob=1000
start_relay line "${address_of[jilin]##*:}"
end_process jilin
start_hub jilin 22 ada --user bob=1000 --site-address "127.0.0.1:${port_of[line]}"
start_hub hubei 42 bob --user ada=1000
join_regions

# A file from home, read byte for byte in the other region.
head -c 300000 /dev/urandom >small.bin
expect 0 run --in small.bin -- sha256sum small.bin
holds "$out" "$(sha256sum <small.bin | cut -d ' ' -f 1)"
expect 0 explain 1
holds "$out" "42/beta"

# A large one, over a line that is slow and is cut three times on the way: it arrives, once.
head -c 40000001 /dev/urandom >big.bin
# Home reserves what it needs of the line with the offer.
expect 0 -q data put big.bin --name big
at_jilin -q line add --to 42 --bandwidth 400mbit >/dev/null
tell line delay 20
tell line cut_at 5000000 17000000 33000000
expect 0 run --in data://big:big.bin -- sha256sum big.bin
holds "$out" "$(sha256sum <big.bin | cut -d ' ' -f 1)"
expect 0 -o json jobs 2
holds "$out" '"attempt": 1'
expect 0 explain 2
holds "$out" "Of the line to region 42 5.33 Mbit/s were reserved"
expect 0 -o json line list
holds "$out" '"reserved_bits_per_second": 0'
tell line cuts
wait_for 'sed -n 2p line.relay | grep -q .' "the relay does not answer"
[ "$(tail -n 1 line.relay)" -ge 2 ] || fail "the line was cut only $(tail -n 1 line.relay) times"
tell line delay 0

# A dataset that is kept in the other region, and a job that reads it there.
expect 0 -q data put big.bin --name far --region 42
expect 0 data ls
holds "$out" "far"
expect 0 -o json data show far --region 42
holds "$out" '"region": "42"'
holds "$out" '"owner": "ada"'
expect 1 data show far --region 22
expect 0 data get far --to copy.bin
cmp big.bin copy.bin || fail "the copy differs"
expect 0 -q data rm -y big
expect 0 run --in data://far:far.bin -- sha256sum far.bin
holds "$out" "$(sha256sum <big.bin | cut -d ' ' -f 1)"
expect 0 data pin far
holds "$out" pinned

# What may not leave its region does not.
expect 2 data put small.bin --region 42 --regions 22
holds "$err" data_policy
expect 0 -q data put small.bin --name stays --regions 22
"$intertie" run --in data://stays:in.bin -- cat in.bin >stays.out 2>stays.err && fail "it left"
grep -q "policy does not allow" stays.err || fail "not refused for the policy: $(cat stays.err)"

# Others see nothing of it, here or there.
id=$("$intertie" -o json data show far | sed -n 's/.*"id": "\(data:[0-9a-f]*\)".*/\1/p')
export INTERTIE_CONTEXT=$work/jilin/bob.yaml
expect 1 data show "$id"
expect 1 data get "$id"
"$intertie" run --in "$id:in.bin" -- cat in.bin >bob.out 2>bob.err && fail "bob has read it"
[ ! -s bob.out ] || fail "bob has seen something"
expect 1 --context hubei/ada.yaml data show "$id"
expect 1 --context hubei/bob.yaml data show "$id"

# A job at home reads what lies in the other region.
export INTERTIE_CONTEXT=$work/jilin/ada.yaml
at_jilin -q site token >join.token
start_process alpha site join - --data site-alpha --name alpha --quick
cat >home.yaml <<'JOB'
run: sha256sum in.bin
data:
  in:
    - {from: "data://far", to: in.bin}
where:
  regions: ["22"]
JOB
wait_for "'$intertie' plan home.yaml >/dev/null 2>&1" "alpha can run nothing"
expect 0 submit --wait home.yaml
holds "$out" "$(sha256sum <big.bin | cut -d ' ' -f 1)"

# While the other region is away it is named.
end_process hubei KILL
expect 0 data ls
holds "$err" "region 42 is not in the list"
at_jilin ledger check >/dev/null || fail "the ledger of jilin is not sound"
finish

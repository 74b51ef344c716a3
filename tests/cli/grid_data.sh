#!/usr/bin/env bash
# Data of two regions: jobs read what lies in the other one, through a line that is slow and breaks;
# users keep datasets there; policies and owners are respected.
set -euo pipefail
intertie=$1
relay=$2
work=$(mktemp -d)
pids=()
declare -A hub_pid
stop_all() {
  local pid
  for pid in "${pids[@]}"; do kill -INT "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap stop_all EXIT
export HOME=$work XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
unset INTERTIE_CONTEXT
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"
cd "$work"

# start_hub NAME REGION LISTEN SITE_LISTEN [OPTION...]: waits until it serves.
start_hub() {
  rm -f "$1.out"
  set -m
  "$intertie" hub start --data "$1" --region "$2" --name "$1" --user ada=1000 --user bob=1000 \
    --listen "$3" --site-listen "$4" "${@:5}" >"$1.out" 2>"$1.err" &
  set +m
  pids+=("$!")
  hub_pid[$1]=$!
  wait_for "grep -qs '^user ' $1.out" "hub $1 does not start"
}
# wait_for COMMAND WHAT
wait_for() {
  for _ in $(seq 1 600); do
    if eval "$1"; then return; fi
    sleep 0.1
  done
  fail "$2"
  finish
}
# join_site HUB NAME
join_site() {
  set -m
  "$intertie" --context "$1/operator.yaml" -q site token |
    "$intertie" site join - --data "site-$2" --name "$2" --quick >"$2.out" 2>"$2.err" &
  set +m
  pids+=("$!")
}

# Other hubs reach jilin through the relay alone.
start_hub jilin 22 127.0.0.1:0 127.0.0.1:0
jilin_user=$(sed -n 's/^address *https:\/\///p' jilin.out)
jilin_site=$(sed -n 's/^sites *//p' jilin.out)
kill -INT "${hub_pid[jilin]}"
wait "${hub_pid[jilin]}" || true
mkfifo relay.in
"$relay" "${jilin_site##*:}" <relay.in >relay.out &
pids+=("$!")
exec 9>relay.in
wait_for '[ -s relay.out ]' "the relay does not start"
start_hub jilin 22 "$jilin_user" "$jilin_site" --site-address "127.0.0.1:$(head -n 1 relay.out)"
start_hub hubei 42 127.0.0.1:0 127.0.0.1:0
at_jilin() { "$intertie" --context jilin/operator.yaml "$@"; }
at_hubei() { "$intertie" --context hubei/operator.yaml "$@"; }
at_hubei hub peer card | at_jilin -q hub peer add - --credit 100 >/dev/null
at_jilin hub peer card | at_hubei -q hub peer add - --credit 100 >/dev/null
join_site hubei beta
wait_for "at_jilin -o json hub peer list | grep -q '\"pools\": 1'" "the pools are not announced"

# A file from home, read byte for byte in the other region.
export INTERTIE_CONTEXT=$work/jilin/ada.yaml
head -c 300000 /dev/urandom >small.bin
expect 0 run --in small.bin -- sha256sum small.bin
holds "$out" "$(sha256sum <small.bin | cut -d ' ' -f 1)"
expect 0 explain 1
holds "$out" "42/beta"

# A large one, over a line that is slow and is cut three times on the way: it arrives, once.
head -c 40000001 /dev/urandom >big.bin
expect 0 -q data put big.bin --name big
echo "delay 20" >&9
echo "cut_at 5000000 17000000 33000000" >&9
expect 0 run --in data://big:big.bin -- sha256sum big.bin
holds "$out" "$(sha256sum <big.bin | cut -d ' ' -f 1)"
expect 0 -o json jobs 2
holds "$out" '"attempt": 1'
echo cuts >&9
wait_for 'sed -n 2p relay.out | grep -q .' "the relay does not answer"
[ "$(tail -n 1 relay.out)" -ge 2 ] || fail "the line was cut only $(tail -n 1 relay.out) times"
echo "delay 0" >&9

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
expect 0 -q data rm big
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
join_site jilin alpha
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
kill -KILL "${hub_pid[hubei]}"
expect 0 data ls
holds "$err" "region 42 is not in the list"
at_jilin ledger check >/dev/null || fail "the ledger of jilin is not sound"
exec 9>&-
finish

#!/usr/bin/env bash
# One GiB on its way to a job in another region, cut 50 times: it arrives once, byte-exact, with at
# most one chunk repeated per cut. Straight from the hub that holds it, then through both hubs.
#   grid_gibibyte.sh INTERTIE RELAY [MIB [CUTS]]
set -euo pipefail
intertie=$1
relay=$2
mib=${3:-1024}
cuts=${4:-50}
work=$(mktemp -d)
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"
# shellcheck source=two_regions.sh
. "$(dirname "$0")/two_regions.sh"
# shellcheck source=relays.sh
. "$(dirname "$0")/relays.sh"
cd "$work"
chunk=$((16 << 20)) # No dataset has larger ones.
size=$((mib << 20))

# Sites and hubs of other regions reach jilin through a relay each.
touch join.token
data=$(find_port)
start_relay straight "${data##*:}"
start_hub jilin 22 ada
start_relay hubs "${address_of[jilin]##*:}"
end_process jilin
start_hub jilin 22 ada --site-address "127.0.0.1:${port_of[hubs]}" \
  --data-listen "$data" --data-address "127.0.0.1:${port_of[straight]}"
start_hub hubei 42 bob
join_regions

# make_content SEED: as many bytes, the same for the same seed.
make_content() {
  openssl enc -aes-128-ctr -K "$(printf '%032x' "$1")" -iv "$(printf '%032x' 0)" -nosalt \
    </dev/zero 2>/dev/null | head -c "$size"
}
# ask_relay NAME WORD: the number that it answers.
ask_relay() {
  local before
  before=$(wc -l <"$1.relay")
  tell "$1" "$2"
  for _ in $(seq 1 100); do
    [ "$(wc -l <"$1.relay")" -gt "$before" ] && break
    sleep 0.1
  done
  tail -n 1 "$1.relay"
}
# move_cut SEED RELAY JOB WAY
move_cut() {
  local sum before after each offsets=()
  make_content "$1" >"d$1.bin" || true # The end of the pipe ends the source.
  expect 0 -q data put "d$1.bin" --name "d$1"
  sum=$(sha256sum <"d$1.bin" | cut -d ' ' -f 1)
  rm "d$1.bin"
  before=$(ask_relay "$2" bytes)
  for each in $(seq 1 "$cuts"); do offsets+=($((size * each / (cuts + 1)))); done
  tell "$2" cut_at "${offsets[@]}"
  expect 0 run --in "data://d$1:in.bin" -- sha256sum in.bin
  holds "$out" "$sum"
  after=$(ask_relay "$2" bytes)
  [ "$(ask_relay "$2" cuts)" -eq "$cuts" ] || fail "cut only $(tail -n 1 "$2.relay") times"
  echo "$4: $((after - before - size)) bytes more than the $size of the dataset over $cuts cuts"
  [ $((after - before)) -ge "$size" ] || fail "less has passed the line than there is"
  # TLS and HTTP add less than one part in a hundred.
  [ $((after - before)) -le $((size + size / 100 + cuts * chunk)) ] || fail "too much was repeated"
  expect 0 -o json jobs "$3"
  holds "$out" '"attempt": 1'
  expect 0 -o json explain "$3"
  holds "$out" "\"way\": \"$4\""
  holds "$out" "\"size_bytes\": $size"
  expect 0 -q data rm -y "d$1"
}
move_cut 1 straight 1 straight
end_process site # What it keeps of the first is not needed again.
rm -rf site/datasets site/tasks
start_site
wait_for_pool
tell straight refuse on
tell straight cut
move_cut 2 hubs 2 relayed
finish

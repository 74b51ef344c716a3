#!/usr/bin/env bash
# An input of another region comes through the site's hub, for nobody can be asked for it straight.
# On its last hop it becomes slower than the minimum: that is noticed within its window, said in the
# site's log and in the receipt, and what came is kept when the hop recovers.
#   grid_slow.sh INTERTIE TCP_RELAY
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

# The site reaches its hub through the relay alone.
touch join.token
start_hub jilin 22 ada
start_hub hubei 42 bob
hubei_at=${address_of[hubei]}
start_relay hop "${hubei_at##*:}"
end_process hubei
start_hub hubei 42 bob --site-address "127.0.0.1:${port_of[hop]}"
join_regions

head -c 20000003 /dev/urandom >one.bin
expect 0 -q data put one.bin --name one
tell hop rate 12000
printf 'run: sha256sum in.bin\ndata: {in: [{from: "data://one", to: in.bin}]}\n' >one.yaml
expect 0 -q submit one.yaml
is_noticed() {
  grep '"event":"input_cut"' site/site.log | grep -q '"reason":"timed_out"'
}
for _ in $(seq 1 900); do
  is_noticed && break
  sleep 0.1
done
is_noticed || fail "the site's log does not say that it is slow: $(tail -n 3 site/site.log)"
expect 0 -o json jobs 1
holds "$out" '"phase": "placed"'
# It recovers, and so does the pull: what had come is not asked for again.
tell hop rate 0
wait_for_phase 1 ended
expect 0 logs 1
holds "$out" "$(sha256sum <one.bin | cut -d ' ' -f 1)"
expect 0 -o json explain 1
holds "$out" '"way": "relayed"'
holds "$out" '"attempt": 1'
lacks "$out" '"cuts": 0'
finish

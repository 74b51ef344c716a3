#!/usr/bin/env bash
# Two regions, each with a hub and a Slurm cluster of its own: a job of the one runs in the other's
# Slurm, its input and output cross, and the two hubs' accounts with each other agree.
set -euo pipefail
intertie=$(realpath "$1")
work=$(mktemp -d)
here=$(dirname "$(realpath "$0")")
# shellcheck source=../cli/checks.sh
. "$here/../cli/checks.sh"
# shellcheck source=world.sh
. "$here/world.sh"
cd "$work"

touch join.token
start_cluster alpha NODES=2 CPUS=2
start_cluster beta NODES=2 CPUS=4
start_hub jilin 22 ada
start_hub hubei 42 bob
# The guest of another region has a Unix user of its own there.
jilin_id=$(sed -n 's/.*"event":"started","id":"\([^"]*\)".*/\1/p' jilin/hub.log | head -n 1)
printf '%s\n' 'ada nobody' 'bob daemon' "$jilin_id:ada games" >users
operate hubei hub peer card | operate jilin -q hub peer add - --credit 100 >/dev/null
operate jilin hub peer card | operate hubei -q hub peer add - --credit 100 >/dev/null
operate jilin -q site token >join.token
start_site north alpha
operate hubei -q site token >join.token
start_site south beta
hears_of_pool() { operate jilin -o json hub peer list | grep -q '"pools": 1'; }
wait_for 60 hears_of_pool

export INTERTIE_CONTEXT=$work/jilin/ada.yaml
head -c 3000000 /dev/urandom >input.bin
wanted=$(sha256sum <input.bin)
cat >job.yaml <<'YAML'
run: [sh, -c, "id -u; sha256sum <input.bin >sum.txt; cat sum.txt"]
where: {regions: ["42"]}
data:
  in: [{from: input.bin, to: input.bin}]
  out: [{path: sum.txt}]
YAML
expect 0 submit --wait --yes --fetch fetched job.yaml
holds "$out" "${wanted%% *}"
holds "$out" "$(id -u games)"
[ "$(sha256sum <input.bin)" = "$(cat fetched/sum.txt)" ] || fail "the output is another"
holds "$(in_slurm beta squeue -h -t all -o '%u %T')" 'games COMPLETED'
[ -z "$(in_slurm alpha squeue -h -t all)" ] || fail "it ran at home"
holds "$(in_slurm beta squeue -h -t all -o %j)" it-

# What jilin owes is what hubei is owed.
balance() {
  operate "$1" -o json hub peer list |
    sed -n 's/.*"balance_micros": \(-\{0,1\}[0-9]*\).*/\1/p'
}
mirrors() {
  local jilin hubei
  jilin=$(balance jilin)
  hubei=$(balance hubei)
  [ -n "$jilin" ] && [ "$jilin" != 0 ] && [ "$jilin" = "$((-hubei))" ]
}
wait_for 30 mirrors || operate jilin -o json hub peer list

finish

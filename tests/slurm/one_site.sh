#!/usr/bin/env bash
# A job of the grid runs in Slurm: its pool, its user, its outputs and log, its bill; an unmapped
# user is refused; gangs and arrays; cancellation.
set -euo pipefail
intertie=$(realpath "$1")
work=$(mktemp -d)
here=$(dirname "$(realpath "$0")")
# shellcheck source=../cli/checks.sh
. "$here/../cli/checks.sh"
# shellcheck source=world.sh
. "$here/world.sh"
cd "$work"

start_cluster alpha NODES=3 CPUS=4 GPUS=2
printf '%s\n' '# who runs as whom' 'ada nobody' >users
touch join.token
start_hub jilin 22 ada bob
operate jilin -q site token >join.token
start_site plant alpha
export INTERTIE_CONTEXT=$work/jilin/ada.yaml

# The pool is what Slurm has.
expect 0 -o json sites
holds "$out" '"authority": "engine"'
holds "$out" '"nodes": 3'

# A task runs as the mapped user, in Slurm, and its output comes back.
expect 0 -q run --out result.txt -- sh -c 'id -u; echo done >result.txt'
job=$out
wait_for_phase 1 succeeded
expect 0 logs 1
holds "$out" 65534
holds "$(in_slurm alpha squeue -h -t all -o '%j %u %T')" 'nobody'
expect 0 bill 1

finish

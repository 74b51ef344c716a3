#!/usr/bin/env bash
# Jobs of the grid in Slurm: the pool, the Unix user, outputs, logs and the bill; a user without a
# line in the table; an array, a pilot, gangs on one node and on several; cancellation.
# shellcheck disable=SC2016  # Variables are for the tasks.
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
start_site plant alpha --slurm-pilot 2m --network outside
export INTERTIE_CONTEXT=$work/jilin/ada.yaml

# The pool is what Slurm has.
expect 0 -o json sites
holds "$out" '"authority": "engine"'
holds "$out" '"nodes": 3'

# A task runs as the mapped user, in Slurm; its output, log and bill come back.
expect 0 run --out result.txt -- sh -c 'id -u; echo done >result.txt'
holds "$out" 65534
holds "$(in_slurm alpha squeue -h -t all -o '%u %T')" 'nobody COMPLETED'
succeeds 1
expect 0 -o json bill 1
holds "$out" '"job": 1'
lacks "$out" '"total": "0.00"'

# The exit code is the task's own.
expect 7 run -- sh -c 'exit 7'

# Who has no line in the table is refused, and told what would help.
export INTERTIE_CONTEXT=$work/jilin/bob.yaml
submit true
fails_with "$job" denied
expect 0 explain "$job"
holds "$out" 'has no Unix user here'
[ "$(in_slurm alpha squeue -h -t all -o %u | sort -u)" = nobody ] || fail "somebody else ran"
export INTERTIE_CONTEXT=$work/jilin/ada.yaml

# Many equal jobs, as arrays and pilots of whatever sizes they come together in: each runs.
printf 'run: [sh, -c, "sleep 0.2"]\ntimeout: 10m\n' >job.yaml
expect 0 -q submit --count 6 job.yaml
arrayed=$(tail -n 1 <<<"$out")
printf 'run: [sh, -c, "sleep 0.2"]\ntimeout: 1m\n' >job.yaml
expect 0 -q submit --count 40 job.yaml
last=$(tail -n 1 <<<"$out")
for ((each = arrayed - 5; each <= last; ++each)); do succeeds "$each"; done

# A gang over several nodes is one allocation; each rank knows itself and where the others are.
submit 'echo rank $INTERTIE_RANK of $INTERTIE_SIZE at $INTERTIE_PEERS' 'tasks: 3' \
  'need: {cpus: 3, network: outside}'
succeeds "$job"
for rank in 0 1 2; do
  expect 0 logs --rank "$rank" "$job"
  holds "$out" "rank $rank of 3 at alpha-n1,alpha-n2,alpha-n3"
done
shape() { in_slurm alpha squeue -h -t all -o '%D %C' | grep -c "^$1$"; }
[ "$(shape '3 9')" = 1 ] || fail "not one allocation"

# One that shares a private network is on one node.
before=$(shape '1 3' || true)
submit 'sleep 0.1; echo rank $INTERTIE_RANK' 'tasks: 3' 'need: {cpus: 1, network: gang}'
succeeds "$job"
[ "$(shape '1 3')" = $((before + 1)) ] || fail "not on one node"

# Devices are Slurm's.
submit 'echo sees $CUDA_VISIBLE_DEVICES' 'need: {devices: {kind: gpu, count: 2}}'
succeeds "$job"
expect 0 logs "$job"
holds "$out" 'sees 0,1'

# A job that runs, and one that waits, are cancelled.
submit 'sleep 300' 'tasks: 3' 'need: {cpus: 4, network: outside}'
running=$job
wait_for_phase "$running" running
expect 0 cancel "$running"
wait_for_phase "$running" ended
wait_for 30 is_empty_in_slurm alpha

finish

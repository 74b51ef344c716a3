#!/usr/bin/env bash
# What goes wrong around a task in Slurm: the agent is killed, slurmctld is killed and comes back,
# a limit is reached, a node dies, Slurm forgets a job. No task is lost, and none runs twice.
set -euo pipefail
intertie=$(realpath "$1")
work=$(mktemp -d)
here=$(dirname "$(realpath "$0")")
# shellcheck source=../cli/checks.sh
. "$here/../cli/checks.sh"
# shellcheck source=world.sh
. "$here/world.sh"
cd "$work"

start_cluster alpha NODES=2 CPUS=4
echo 'ada nobody' >users
touch join.token
start_hub jilin 22 ada
operate jilin -q site token >join.token
start_site plant alpha
export INTERTIE_CONTEXT=$work/jilin/ada.yaml
mkdir -m 777 marks
# A task that says each time it runs, outside of what it could clean up: in its log.
runs_once() {
  expect 0 logs "$1"
  [ "$(grep -c started <<<"$out")" = 1 ] || fail "job $1 did not run exactly once"
}

# The agent is killed while tasks run and wait; they go on, and the next agent finds them.
# (8 CPUs: five tasks of two make one wait at the hub.)
for _ in 1 2 3 4; do submit 'echo started; sleep 6' 'need: {cpus: 2}'; done
wait_for 30 is_running_in_slurm alpha 4
end_process plant KILL
start_site plant alpha
for each in 1 2 3 4; do succeeds "$each"; runs_once "$each"; done
[ "$(in_slurm alpha squeue -h -r -t all -o %i | wc -l)" = 4 ] || fail "submitted more than once"

# slurmctld is killed: what runs ends well and is reported; what comes is submitted when it is back.
submit 'echo started; sleep 4'
through=$job
wait_for 30 is_running_in_slurm alpha 1
"$slurm" kill-ctld alpha
submit 'echo started'
later=$job
succeeds "$through"
runs_once "$through"
"$slurm" start-ctld alpha
succeeds "$later"
runs_once "$later"

# Agent and slurmctld are away at the same time, while the task ends.
submit 'echo started; sleep 2'
wait_for 30 is_running_in_slurm alpha 1
end_process plant KILL
"$slurm" kill-ctld alpha
sleep 3 # The task ends meanwhile, with nobody to tell.
"$slurm" start-ctld alpha
start_site plant alpha
succeeds "$job"
runs_once "$job"

# The job's own limit is the meter's.
submit 'echo started; sleep 100' 'timeout: 2s'
fails_with "$job" time_limit

# Slurm's operator ends a job.
submit 'echo started; sleep 100'
wait_for 30 is_running_in_slurm alpha 1
in_slurm alpha scancel --user=nobody
fails_with "$job" node_lost

# A node dies with all its processes: the task is lost, once nothing can run there any more.
submit 'echo started; sleep 100'
wait_for 30 is_running_in_slurm alpha 1
node=$(in_slurm alpha squeue -h -t R -o %N)
"$slurm" kill-node alpha "$node"
mapfile -t dead < <(pgrep -f "slurm-driver --batch $work/plant-shared")
for each in "${dead[@]}"; do kill -KILL -- "$each"; done
fails_with "$job" node_lost
"$slurm" start-node alpha "$node"

finish

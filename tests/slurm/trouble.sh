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

# Twice the CPUs that are needed: a slurmctld that was killed takes jobs that have ended for running
# ones, until their nodes register again, which may take minutes.
echo SlurmdTimeout=6 >extra.conf # A dead node is seen sooner.
start_cluster alpha NODES=2 CPUS=12 EXTRA="$work/extra.conf"
echo 'ada nobody' >users
touch join.token
start_hub jilin 22 ada
operate jilin -q site token >join.token
start_site plant alpha
export INTERTIE_CONTEXT=$work/jilin/ada.yaml
# A second run would happen in the same folder, and leave its line there, too.
runs_once() { # JOB
  # In whichever attempt: where Slurm ends a job before it starts, the hub gives it another.
  [ "$(cat plant-shared/tasks/"$1".*/0/work/runs | wc -l)" = 1 ] ||
    fail "job $1 did not run exactly once"
}

# The agent is killed while tasks run and wait; they go on, and the next agent finds them.
for _ in 1 2 3 4; do submit 'echo >>runs; sleep 6' 'need: {cpus: 2}'; done
wait_for 30 is_running_in_slurm alpha 4
end_process plant KILL
start_site plant alpha
for each in 1 2 3 4; do succeeds "$each"; runs_once "$each"; done
[ "$(in_slurm alpha squeue -h -r -t all -o %i | wc -l)" = 4 ] || fail "submitted more than once"

# slurmctld is killed: what runs ends well and is reported; what comes is submitted when it is back.
touch mark
submit 'echo >>runs; sleep 8'
through=$job
wait_for 30 is_running_in_slurm alpha 1
# It writes its state down after some seconds; killed before, it would give job numbers again, and
# its nodes refuse those.
wait_for 20 test alpha/state/job_state -nt mark
"$slurm" kill-ctld alpha
submit 'echo >>runs'
later=$job
succeeds "$through"
runs_once "$through"
"$slurm" start-ctld alpha
succeeds "$later"
runs_once "$later"

# Agent and slurmctld are away at the same time, while the task ends.
touch mark
submit 'echo >>runs; sleep 8'
wait_for 30 is_running_in_slurm alpha 1
wait_for 20 test alpha/state/job_state -nt mark
end_process plant KILL
"$slurm" kill-ctld alpha
sleep 8 # The task ends meanwhile, with nobody to tell.
"$slurm" start-ctld alpha
start_site plant alpha
succeeds "$job"
runs_once "$job"

# The job's own limit is the meter's.
submit 'echo >>runs; sleep 100' 'timeout: 2s'
fails_with "$job" time_limit

# Slurm's operator ends a job.
submit 'echo >>runs; sleep 100'
wait_for 30 is_running_in_slurm alpha 1
in_slurm alpha scancel --user=nobody
is_in_attempt() { "$intertie" -o json jobs "$1" | grep -q "\"attempt\": $2"; }
wait_for 40 is_in_attempt "$job" 2 # The hub tries anew.
expect 0 explain "$job"
holds "$out" 'Slurm: job'
expect 0 cancel "$job"
wait_for_phase "$job" ended
wait_for 30 is_empty_in_slurm alpha

# A node dies, and nobody is left there but the meter, which ends the task when its lease is over;
# only then the task is lost.
submit 'echo >>runs; sleep 103'
wait_for 30 is_running_in_slurm alpha 1
# Running is also a job whose driver has not yet taken its task.
wait_for 30 pgrep -f 'sleep 103'
node=$(in_slurm alpha squeue -h -t R -o %N)
"$slurm" kill-node alpha "$node"
mapfile -t dead < <(pgrep -f "slurm-driver --batch $work/plant-shared")
for each in "${dead[@]}"; do kill -KILL -- "$each"; done
wait_for 90 is_in_attempt "$job" 2
expect 0 explain "$job"
holds "$out" node_lost
# The shell and its sleep, of one attempt.
[ "$(pgrep -fc "sleep 103")" -le 2 ] || fail "two attempts run at once"
expect 0 cancel "$job"
"$slurm" start-node alpha "$node"

finish

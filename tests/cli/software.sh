#!/usr/bin/env bash
# Software that a site publishes, from its start to a task that uses it: need.software is met where
# it is offered, the task sees its folders read-only and nobody else does, and a name that nobody
# offers is a refusal that says so.
set -euo pipefail
intertie=$1
# shellcheck source=own_folder.sh
. "$(dirname "$0")/own_folder.sh"
chmod 755 "$work"

mkdir -p solver/bin
printf '#!/bin/sh\necho solved "$@"\n' >solver/bin/solve
chmod 755 solver solver/bin solver/bin/solve
start_process hub hub start --data hub --plain --user ada=1000
wait_for hub.err 'Ctrl-C stops'
for name in plain equipped; do
  "$intertie" --context hub/operator.yaml -q site token >"$name.token"
  offer=()
  [ "$name" = plain ] || offer=(--software "solver-2=$work/solver")
  input=$name.token start_process "$name" site join - --data "$name" --name "$name" --quick \
    --stop-tasks "${offer[@]}"
  wait_for "$name.out" '^status *ready'
done
export INTERTIE_CONTEXT=$work/hub/ada.yaml

# Met where it is offered, whichever site is asked first; the folder is where the site has it.
for _ in 1 2 3; do
  expect 0 run --software solver-2 -- "$work/solver/bin/solve" heat
  [ "$out" = "solved heat" ] || fail "the software did not run"
done
expect 0 jobs 2 -o json
holds "$out" '"site": "equipped"'
cat >job.yaml <<'YAML'
run: [solve]
need: {software: [solver-2]}
YAML
expect 0 plan job.yaml -o json
holds "$out" software_missing # Why the other site lost.

# It cannot be changed from within.
expect 2 run --software solver-2 -- sh -c "echo bad >>$work/solver/bin/solve"
[ "$(wc -l <solver/bin/solve)" = 2 ] || fail "a task changed the site's software"

# Who does not ask does not see it.
printf 'run: [%s/solver/bin/solve]\nwhere: {not: [plain]}\n' "$work" >unasked.yaml
expect 0 -q submit unasked.yaml
job=$out
expect 127 logs -f "$job"
expect 0 jobs "$job" -o json
holds "$out" '"site": "equipped"'
holds "$out" '"exit_code": 127'

# Nobody offers it: said before anything waits, with a way out.
expect 2 run --software solver-3 -- true
holds "$err" unplaceable
holds "$err" 'does not offer the software'
holds "$err" 'fix: Ask for no software'

finish

#!/usr/bin/env bash
# Cards of a site, as people see them: how many are free and how they lie, and what the card engine
# saw when it chose. The devices are rehearsals: files below a folder.
set -euo pipefail
intertie=$1
# shellcheck source=own_folder.sh
. "$(dirname "$0")/own_folder.sh"
chmod 755 "$work"

mkdir -p machine/dev
for number in 0 1 2 3; do
  printf 'model: R1\nmemory: 1 GiB\n' >"machine/dev/intertie-rehearsal$number"
done
start_process hub hub start --data hub --plain --user ada=1000
wait_for hub.err 'Ctrl-C stops'
"$intertie" --context hub/operator.yaml -q site token >site.token
input=site.token start_process site site join - --data site --name cards --quick --stop-tasks \
  --device-root "$work/machine"
wait_for site.out '^status *ready'
export INTERTIE_CONTEXT=$work/hub/ada.yaml

expect 0 -o table sites
holds "$out" "FREE DEVICES"
holds "$out" "4/4"
expect 0 -o json sites cards
for field in fragmentation free_devices largest_devices stranded; do holds "$out" "$field"; done

cat >two.yaml <<'YAML'
run: [sh, -c, "echo $REHEARSAL_VISIBLE_DEVICES"]
need: {cpus: 0.1, devices: {kind: rehearsal, count: 2}}
YAML
expect 0 submit --wait -y two.yaml
holds "$out" "0,1"
expect 0 -o table explain 1
holds "$out" "Chosen: node 0, score "
holds "$out" "regret "
expect 0 -o json explain 1
for field in nodes_evaluated nodes_infeasible best regret_micros; do holds "$out" "\"$field\""; done

# A site without cards is shown without columns of them.
"$intertie" --context hub/operator.yaml -q site token >plain.token
input=plain.token start_process plain site join - --data plain --name plain --quick --stop-tasks
wait_for plain.out '^status *ready'
expect 0 -o table sites plain
lacks "$out" "STRANDED"
expect 0 -o table sites
holds "$out" "STRANDED"

finish

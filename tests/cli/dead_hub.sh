#!/usr/bin/env bash
# A region's hub and its site die for good while they run jobs of another region. Nothing is left
# hanging: what may be restarted runs at home within its bound, and not before the lost task has
# stopped; what waits for the lost site ends with its time limit, or as cancelled; no money stays
# held.
set -euo pipefail
intertie=$1
work=$(mktemp -d)
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"
# shellcheck source=two_regions.sh
. "$(dirname "$0")/two_regions.sh"
# shellcheck source=../crash/processes.sh
. "$(dirname "$0")/../crash/processes.sh"
cd "$work"

# The lost site's launcher waits for an agent that never comes.
stop_for_good() {
  local process
  for process in $(list_users "$work/site"); do kill -KILL "$process" 2>/dev/null || true; done
  clean_up
}
trap stop_for_good EXIT

# wait_until SECONDS TEXT WORD...: until intertie's output has the text.
wait_until() {
  local until=$((SECONDS + $1)) text=$2
  shift 2
  while [ "$SECONDS" -lt "$until" ]; do
    "$intertie" "$@" 2>/dev/null | grep -q "$text" && return
    sleep 0.5
  done
  fail "no '$text' in $*: $("$intertie" "$@" 2>&1 || true)"
}

start_regions
submit() { # NAME YAML: says its number
  cat >"$1.yaml"
  "$intertie" -q submit "$1.yaml"
}
# Its first attempt says that it lives for as long as it does; the second one is let go at once.
restarted=$(submit restarted <<'YAML'
run: [sh, -c, "while [ ! -e go ]; do date +%s >new; mv new alive; sleep 0.2; done; echo at home"]
need: {cpus: 0.2}
on_loss: restart
YAML
)
waiting=$(submit waiting <<'YAML'
run: [sh, -c, "sleep 600"]
need: {cpus: 0.2}
where: {regions: ["42"]}
timeout: 30s
YAML
)
cancelled=$(submit cancelled <<'YAML'
run: [sh, -c, "sleep 600"]
need: {cpus: 0.2}
where: {regions: ["42"]}
timeout: 30s
YAML
)
for job in "$restarted" "$waiting" "$cancelled"; do wait_for_phase "$job" running; done
end_process hubei KILL
end_process site KILL
died=$SECONDS

at_jilin -q site token >join.token
start_process home_site site join - --name alpha --data home_site --quick

# What the user is told meanwhile.
wait_until 60 "has not been heard since" explain "$restarted"
expect 0 -o json explain "$restarted"
holds "$out" '"over_by"'
holds "$out" '"hub_unreachable"'
expect 0 cancel "$cancelled"
holds "$err" "is cancelled at"
expect 0 explain "$cancelled"
holds "$out" "is cancelled then"

# 130 s, and what a slow machine needs.
wait_until 160 '"attempt": 2' -o json jobs "$restarted"
[ $((SECONDS - died)) -ge 115 ] || fail "given up after $((SECONDS - died)) s"
wait_for_phase "$restarted" running
for _ in $(seq 1 100); do  # It runs a moment before it has written.
  compgen -G 'home_site/tasks/*/*/work/alive' >/dev/null && break
  sleep 0.1
done
first=$(cat site/tasks/*/*/work/alive)
second=$(cat home_site/tasks/*/*/work/alive)
[ "$first" -lt "$second" ] || fail "the lost task ran until $first, the next one since $second"
# The lost one's lease: nobody stopped it but its meter.
[ "$first" -le $(($(date +%s) - 60)) ] || fail "the lost task ran until $first"
for at in home_site/tasks/*/*/work; do touch "$at/go"; done
wait_for_phase "$restarted" ended
expect 0 jobs "$restarted"
holds "$out" succeeded
expect 0 explain "$restarted"
holds "$out" lease_lapsed

wait_until 60 '"outcome": "cancelled"' -o json jobs "$cancelled"
wait_until 60 site_lost explain "$waiting"
expect 0 explain "$waiting"
holds "$out" "The job waits."
expect 0 cancel "$waiting"
wait_for_phase "$waiting" ended
at_jilin ledger check >/dev/null || fail "the ledger of jilin is not sound"
out=$(at_jilin -o json ledger accounts)
lacks "$(printf '%s\n' "$out" | grep '"held_micros"' | grep -v '"held_micros": 0')" held
finish

#!/usr/bin/env bash
# Two regions, one of whose hubs is restored from a backup: the channels stop, both operators say so
# and reconcile them, and jobs cross regions again. The money that the backup forgot stays visible.
set -euo pipefail
intertie=$1
work=$(mktemp -d)
pids=()
declare -A hub_pid
stop_all() {
  local pid
  for pid in "${pids[@]}"; do kill -INT "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap stop_all EXIT
export HOME=$work XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
unset INTERTIE_CONTEXT
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"
cd "$work"

# start_hub NAME REGION USER LISTEN SITE_LISTEN: waits until it serves.
start_hub() {
  : >"$1.out" # Else what an earlier start has said may be read.
  set -m
  "$intertie" hub start --data "$1" --region "$2" --name "$1" --user "$3=1000" --listen "$4" \
    --site-listen "$5" >"$1.out" 2>"$1.err" &
  set +m
  pids+=("$!")
  hub_pid[$1]=$!
  for _ in $(seq 1 300); do
    grep -q '^user ' "$1.out" && return
    sleep 0.1
  done
  fail "hub $1 does not start: $(cat "$1.err")"
}
start_hub jilin 22 ada 127.0.0.1:0 127.0.0.1:0
start_hub hubei 42 bob 127.0.0.1:0 127.0.0.1:0
jilin_user=$(sed -n 's/^address *https:\/\///p' jilin.out)
jilin_site=$(sed -n 's/^sites *//p' jilin.out)
hubei_user=$(sed -n 's/^address *https:\/\///p' hubei.out)
hubei_site=$(sed -n 's/^sites *//p' hubei.out)
end_hub() {
  kill -KILL "${hub_pid[$1]}" 2>/dev/null || true
  wait "${hub_pid[$1]}" 2>/dev/null || true
}
start_jilin() { start_hub jilin 22 ada "$jilin_user" "$jilin_site"; }
start_hubei() { start_hub hubei 42 bob "$hubei_user" "$hubei_site"; }
at_jilin() { "$intertie" --context jilin/operator.yaml "$@"; }
at_hubei() { "$intertie" --context hubei/operator.yaml "$@"; }
# wait_until TEXT COMMAND...: until its output has the text.
wait_until() {
  local text=$1
  shift
  for _ in $(seq 1 300); do
    "$@" 2>/dev/null | grep -q "$text" && return
    sleep 0.2
  done
  fail "no '$text': $("$@" 2>&1 || true)"
}

at_hubei hub peer card | at_jilin -q hub peer add - --credit 100 >/dev/null
at_jilin hub peer card | at_hubei -q hub peer add - --credit 100 >/dev/null
set -m
at_hubei -q site token | "$intertie" site join - --data site --name beta --quick \
  >site.out 2>site.err &
set +m
pids+=("$!")
wait_until '"pools": 1' at_jilin -o json hub peer list
export INTERTIE_CONTEXT=$work/jilin/ada.yaml
expect 0 run -- echo before
at_jilin ledger check --peers >check.out || fail "jilin: $(cat check.out)"

# A backup, a job that it does not know, and the backup put back.
end_hub hubei
cp -a hubei hubei.old
start_hubei
expect 0 run -- echo unknown
end_hub hubei
rm -rf hubei
mv hubei.old hubei
start_hubei
wait_until '"refusal": "channel_diverged' at_jilin -o json hub peer list
wait_until '"refusal": "channel_diverged' at_hubei -o json hub peer list
if at_jilin ledger check --peers >check.out; then fail "a restored hub mirrors"; fi
holds "$(cat check.out)" differs
holds "$(cat check.out)" "hub peer reconcile"

# Nothing is changed without --yes; then both sides, and the site, start anew.
if at_jilin hub peer reconcile 42 >say.out 2>&1; then fail "reconciled without --yes"; fi
holds "$(cat say.out)" "nothing was changed"
at_jilin hub peer reconcile 42 --yes 2>/dev/null
at_hubei hub peer reconcile jilin --yes 2>/dev/null
wait_until channel_diverged at_hubei -o json sites beta
at_hubei site reconcile beta --yes 2>/dev/null
# Their next tries would come within a minute.
end_hub jilin
end_hub hubei
start_hubei
start_jilin
expect 0 run -- echo after
holds "$out" after
finish

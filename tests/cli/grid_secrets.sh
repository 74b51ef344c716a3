#!/usr/bin/env bash
# A secret of one region's user in a task at a site of another: only the home hub and that site ever
# open it, and nothing of it stands in a file, a log or an argument of either hub or of the site.
set -euo pipefail
intertie=$1
work=$(mktemp -d)
pids=()
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
export TOKEN="clear-$$-$RANDOM$RANDOM$RANDOM"

# start_hub NAME REGION USER: on free ports; waits until it serves. Nothing but the command line has
# the clear text in its environment.
start_hub() {
  set -m
  env -u TOKEN "$intertie" hub start --data "$1" --region "$2" --name "$1" --user "$3=1000" \
    --listen 127.0.0.1:0 --site-listen 127.0.0.1:0 >"$1.out" 2>"$1.err" &
  set +m
  pids+=("$!")
  for _ in $(seq 1 300); do
    grep -q '^user ' "$1.out" && return
    sleep 0.1
  done
  fail "hub $1 does not start: $(cat "$1.err")"
}
start_hub jilin 22 ada
start_hub hubei 42 bob
at_jilin() { "$intertie" --context jilin/operator.yaml "$@"; }
at_hubei() { "$intertie" --context hubei/operator.yaml "$@"; }
at_hubei hub peer card | at_jilin -q hub peer add - --credit 100 >/dev/null
at_jilin hub peer card | at_hubei -q hub peer add - --credit 100 >/dev/null
at_hubei -q site token >join.token
set -m
env -u TOKEN "$intertie" site join - --data site --name beta --quick <join.token >site.out \
  2>site.err &
set +m
pids+=("$!")
wait_for_pool() {
  for _ in $(seq 1 600); do
    at_jilin -o json hub peer list | grep -q '"pools": 1' && return
    sleep 0.1
  done
  fail "hub jilin hears of no pool: $(cat site.err)"
}
wait_for_pool

# The task reads it; the answer is a digest.
export INTERTIE_CONTEXT=$work/jilin/ada.yaml
wanted=$(printf %s "$TOKEN" | sha256sum | cut -c1-64)
# shellcheck disable=SC2016
digest='printf %s "$TOKEN" | sha256sum | cut -c1-64'
expect 0 run --secret TOKEN -- sh -c "$digest"
holds "$out" "$wanted"
expect 0 explain 1
holds "$out" "42/beta"

# While it runs, too, nothing of it can be seen.
expect 0 -q run --detach --secret TOKEN -- sh -c "$digest; sleep 3"
job=$out
for _ in $(seq 1 100); do
  "$intertie" -o json jobs "$job" | grep -q '"phase": "running"' && break
  sleep 0.1
done
find_clear() {
  if grep -rqF "$TOKEN" .; then fail "clear text in $(grep -rlF "$TOKEN" . | tr '\n' ' ')"; fi
  if cat /proc/[0-9]*/cmdline 2>/dev/null | grep -qaF "$TOKEN"; then fail "clear text in arguments"; fi
}
find_clear
for pid in "${pids[@]}"; do
  if grep -qaF "$TOKEN" "/proc/$pid/environ"; then fail "clear text in the environment of $pid"; fi
done
for _ in $(seq 1 300); do
  "$intertie" -o json jobs "$job" | grep -q '"phase": "ended"' && break
  sleep 0.1
done
expect 0 logs "$job"
holds "$out" "$wanted"
find_clear

# The site changes its keys: the next secret is sealed to the same site, by its new record.
"$intertie" site rotate-keys --data site >rotated.out 2>&1 || fail "no new keys: $(cat rotated.out)"
expect 0 run --secret TOKEN -- sh -c "$digest"
holds "$out" "$wanted"

# Nor after all have stopped and written what they keep.
for pid in "${pids[@]}"; do kill -INT "$pid" 2>/dev/null || true; done
for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
pids=()
unset INTERTIE_CONTEXT
find_clear
grep -rqF "$wanted" . || fail "the search is blind"
finish

#!/usr/bin/env bash
# Walks every fail point of one side (src/service/fail_points.h) with real processes:
#   tests/crash/walk_fail_points.sh INTERTIE hub|site
# One grid lives through the whole walk under a steady load. For each point the process is started
# with `--fail-point NAME:1`, then with `NAME:2`, dies there by SIGKILL, and is started again with
# the next. At the end: every acknowledged job has ended once, as it should and with the right
# output; attempts of one job never overlapped; no process is left; ledger, bills and both logs
# agree. The list comes from the program, so a new point takes part by itself.
set -euo pipefail

bin=$(realpath "$1")
# shellcheck source=SCRIPTDIR/processes.sh
. "$(dirname "$0")/processes.sh"
side=$2
work=$(mktemp -d)
hub_pid=
site_pid=
load_pid=
# In every job's command line: whoever still has it at the end was left behind.
mark=walk-$$-$RANDOM

# A running process passes these only when its operator asks for them (erasing a body, rebuilding
# the index, a backup): storage_sqlite_test walks them.
operators='^(erase|index|backup)_'
# Passed once in a process's life, so there is no second count.
once='^(start_before_create|keys_after_write|measurement_(before|after)_write'
once+='|(join|open)_(before|after)_send|identity_after_write)$'

cleanup() {
  # shellcheck disable=SC2046  # Several process ids.
  kill -9 $hub_pid $site_pid $load_pid $(list_left) 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work" 2>/dev/null || { sleep 1; rm -rf "$work"; }
}
trap cleanup EXIT

# What this test started and that still runs: launcher and tasks, by folder or mark.
list_left() {
  list_users "$work/site"
  pgrep -f "$mark" || true
}

fail() {
  echo "FAILED ($side): $*" >&2
  tail -n 5 "$work"/*.out "$work"/*.err "$work"/*/*.log >&2 || true
  exit 1
}

as() { INTERTIE_CONTEXT=$work/hub/$1.yaml "$bin" "${@:2}"; }

start_hub() {
  rm -f "$work/hub.out"
  "$bin" hub start --data "$work/hub" --user ada=100000 --listen "${hub_address:-127.0.0.1:0}" \
    --site-listen "${site_address:-127.0.0.1:0}" --snapshot-records 30 \
    ${1:+--fail-point "$1"} >"$work/hub.out" 2>&1 &
  hub_pid=$!
}

start_site() {
  local how=(start)
  rm -f "$work/site.out"
  [ -e "$work/site/identity.json" ] || how=(join - --name plant)
  "$bin" site "${how[@]}" --data "$work/site" --quick --snapshot-records 30 \
    ${1:+--fail-point "$1"} <"$work/token" >"$work/site.out" 2>&1 &
  site_pid=$!
}

# until_true SECONDS COMMAND...
until_true() {
  local limit=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$limit" ] || return 1
    sleep 0.05
  done
}

# wait_for_death SECONDS PID: whether it killed itself.
wait_for_death() {
  local code=0
  until_true "$1" dead "$2" || return 1
  wait "$2" 2>/dev/null || code=$?
  [ "$code" = 137 ]
}
dead() { ! kill -0 "$1" || grep -q '^State:.Z' "/proc/$1/status"; }

# ---- The load: kinds of jobs that take every path, each under a key of its own. ----

submit() { # KIND NUMBER OPTION... -- COMMAND...
  local kind=$1 i=$2 number
  shift 2
  until number=$(as ada -q run -d --key "job-$i" --cpus 0.1 --memory 16MiB --timeout 170s "$@" \
    2>>"$work/load.err"); do
    sleep 0.1
    [ -e "$work/give-up" ] && return 1
  done
  echo "$i $kind $number" >>"$work/acknowledged"
}

# Prints the time ten times a second, so that any two attempts that overlap can be seen.
beats() { echo "for i in \$(seq $1); do date +%s%N; sleep 0.1; done; echo done $mark"; }

run_load() {
  local i=0
  submit long 0 -- sh -c "$(beats 150)"
  while [ ! -e "$work/stop" ]; do
    i=$((i + 1))
    echo "$mark $i" >"$work/in.$i"
    case $((i % 4)) in
      0) submit plain $i -- sh -c "echo done $mark $i" ;;
      1)
        submit files $i --in "$work/in.$i:in.txt" --out "out.txt=data://walk-$i" -- \
          sh -c "cp in.txt out.txt; echo copied >>out.txt; : $mark"
        ;;
      2) submit leased $i --on-loss restart -- sh -c "$(beats 60)" ;;
      3)
        submit cancelled $i -- sh -c "sleep 60; echo $mark"
        sleep 0.3
        # Until it is acknowledged: the hub may be dead. One that died after it had recorded the
        # cancellation says so when it is asked again.
        for _ in $(seq 1 100); do
          as ada -q cancel "$(tail -n 1 "$work/acknowledged" | cut -d' ' -f3)" \
            2>"$work/cancel.err" && break
          ! grep -q already_final "$work/cancel.err" || break
          sleep 0.2
        done
        ;;
    esac
    # Logs and outputs are asked for while hub or site may be dead.
    as ada logs "$(shuf -n 1 "$work/acknowledged" | cut -d' ' -f3)" || true
  done >/dev/null 2>>"$work/load.err"
}

# ---- The walk. ----

points=$("$bin" hub start --data "$work/none" --fail-point none 2>&1 || true)
[ "$side" = hub ] || points=$("$bin" site start --data "$work/none" --fail-point none 2>&1 || true)
points=$(sed -n 's/.*there are: *//p' <<<"$points")
# A hub with peers passes more: tests/cli/two_hubs.sh walks them.
points=$(tr ' ' '\n' <<<"$points" | grep -v '^peer_' | tr '\n' ' ')
[ "$(wc -w <<<"$points")" -ge 15 ] || fail "no list of points: $points"
walked=0

walk() { # POINT COUNT
  "start_$side" "$1:$2"
  local pid=$hub_pid
  [ "$side" = hub ] || pid=$site_pid
  wait_for_death 25 "$pid" || fail "$1:$2 was never passed"
  walked=$((walked + 1))
  [ -z "${INTERTIE_VERBOSE:-}" ] || echo "$SECONDS s: $1:$2"
}

touch "$work/acknowledged"
if [ "$side" = hub ]; then
  walk start_before_create 1
fi
start_hub ""
until_true 60 as ada sites || fail "the hub does not start"
hub_address=$(sed -n 's/^address *https:\/\///p' "$work/hub.out")
site_address=$(sed -n 's/^sites *//p' "$work/hub.out")
as operator -q site token --operator operator >"$work/token"
if [ "$side" = site ]; then
  # Those of the first start, in the order in which it passes them.
  for point in keys_after_write measurement_before_write measurement_after_write \
    join_before_send join_after_send identity_after_write; do
    walk $point 1
  done
fi
start_site ""
until_true 60 grep -q '^status *ready' "$work/site.out" || fail "the site is not ready"
run_load &
load_pid=$!
# The next one can only serve the folder when this one is gone.
killed=$site_pid
[ "$side" = site ] || killed=$hub_pid
kill -9 "$killed"
wait "$killed" 2>/dev/null || true
for point in $points; do
  [[ ! $point =~ $operators ]] || continue
  [[ $point =~ ^open_ || ! $point =~ $once ]] || continue
  walk "$point" 1
  [[ $point =~ $once ]] || walk "$point" 2
done
"start_$side"

# ---- What must hold. ----

touch "$work/stop"
until_true 60 as ada sites || fail "the hub does not start"
wait "$load_pid" || fail "the load"
jobs=$(wc -l <"$work/acknowledged")
[ "$(cut -d' ' -f3 "$work/acknowledged" | sort -u | wc -l)" = "$jobs" ] || fail "a number twice"
all_ended() {
  [ "$(as ada jobs -n 1000 -o json | grep -c '"phase": "ended"')" = "$jobs" ]
}
until_true 60 all_ended || fail "jobs are stuck, of $jobs: $(as ada jobs -n 1000)"

outcome_of() { as ada jobs "$1" -o json | sed -n 's/^ *"outcome": "\(.*\)".*/\1/p' | head -n 1; }
while read -r i kind number; do
  outcome=$(outcome_of "$number")
  case $kind in
    cancelled) [[ $outcome =~ ^(cancelled)$ ]] || fail "job $number ($kind): $outcome" ;;
    *) [ "$outcome" = succeeded ] || fail "job $number ($kind): $outcome" ;;
  esac
  case $kind in
    plain) [ "$(as ada logs "$number")" = "done $mark $i" ] || fail "the log of job $number" ;;
    long | leased)
      [ "$(as ada logs "$number" | tail -n 1)" = "done $mark" ] || fail "the log of job $number"
      ;;
    files)
      as ada -q outputs "$number" --to "$work/fetched.$i" >/dev/null ||
        fail "no outputs of job $number"
      { cat "$work/in.$i" && echo copied; } >"$work/wanted.$i"
      cmp -s "$work/wanted.$i" "$work/fetched.$i/out.txt" || fail "the output of job $number"
      as ada -q data get "data://walk-$i" --to "$work/landed.$i" >/dev/null ||
        fail "no dataset of job $number"
      cmp -s "$work/wanted.$i" "$work/landed.$i" || fail "the dataset of job $number"
      ;;
  esac
done <"$work/acknowledged"

# The job that ran over all the deaths ran once, without a pause.
long=$(sed -n 's/^0 long //p' "$work/acknowledged")
[ "$(find "$work/site/tasks" -maxdepth 1 -name "$long.*" | wc -l)" = 1 ] || fail "the long job"
# Each attempt wrote down when it ran; of one job no two overlap.
for folder in "$work"/site/tasks/*.*; do
  [ -s "$folder/0/stdout.log" ] || continue
  times=$({ grep -E '^[0-9]{19}$' "$folder/0/stdout.log" || true; } | sed -n '1p;$p' | tr '\n' ' ')
  [ -z "$times" ] || echo "$(basename "$folder" | tr . ' ') $times"
done | sort -k1,1n -k2,2n >"$work/spans"
awk '$1 == job && $3 <= to {print "job", $1, "attempts overlap"; bad = 1}
  {job = $1; to = $4} END {exit bad}' "$work/spans" || fail "two attempts at once"

as operator ledger check -o json | grep -q '"sum_micros": 0' || fail "the ledger"
as ada bill -o json >"$work/bill.json"
! grep -q '"agree": false' "$work/bill.json" || fail "a bill disagrees with the ledger"
# No process of an ended job runs on; the launcher goes with the site's last agent.
no_task_left() { ! pgrep -f "$mark"; }
until_true 60 no_task_left || fail "left: $(pgrep -af "$mark")"
kill -TERM "$site_pid"
wait "$site_pid" || fail "the site did not stop well"
rm "$work/site.out"
"$bin" site start --data "$work/site" --quick --stop-tasks >"$work/site.out" 2>&1 &
site_pid=$!
until_true 60 grep -q '^status' "$work/site.out" || fail "the site does not start"
kill -TERM "$site_pid" "$hub_pid"
wait "$site_pid" || fail "the site did not stop"
wait "$hub_pid" || fail "the two folds of the log differ, or the hub did not stop"
none_left() { [ -z "$(list_left)" ]; }
until_true 60 none_left || fail "left: $(list_left)"
"$bin" log verify "$work/hub/store" >/dev/null || fail "the hub's log does not verify"
"$bin" log verify "$work/site/journal" >/dev/null || fail "the site's journal does not verify"
echo "ok ($side): $walked deaths, $jobs jobs, $(wc -l <"$work/spans") attempts timed, ${SECONDS} s"

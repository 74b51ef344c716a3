#!/usr/bin/env bash
# A full disk and a disk that turned read-only, under a hub and under a site, with real processes:
#   tests/crash/disk_trouble.sh INTERTIE
# Commands are refused clearly (store_unavailable; 503 with Retry-After), nothing acknowledged is
# lost, and when there is space again everything goes on by itself. A file system that has turned
# itself read-only (ext4 after an error) has to be mounted anew, so there the process is started
# anew too. Needs root for mounts of its own name space; else 77 (skipped).
set -euo pipefail

if [ -z "${INTERTIE_OWN_MOUNTS:-}" ]; then
  if ! unshare -m true 2>/dev/null; then
    echo "skipped: mounts need root (unshare -m refused)"
    exit 77
  fi
  INTERTIE_OWN_MOUNTS=1 exec unshare -m "$0" "$@"
fi

bin=$(realpath "$1")
# shellcheck source=SCRIPTDIR/processes.sh
. "$(dirname "$0")/processes.sh"
work=$(mktemp -d)
hub_pid=
site_pid=

cleanup() {
  # shellcheck disable=SC2046  # Several process ids.
  kill -9 $hub_pid $site_pid $(list_users "$work") 2>/dev/null || true
  wait 2>/dev/null || true
  umount -l "$work/site/datasets" "$work/hub" "$work/site" 2>/dev/null || true
  rm -rf "$work" 2>/dev/null || { sleep 1; rm -rf "$work"; }
}
trap cleanup EXIT

fail() {
  echo "FAILED: $*" >&2
  tail -n 5 "$work"/*.out "$work"/refused "$work"/*/*.log >&2 || true
  exit 1
}

as() { INTERTIE_CONTEXT=$work/hub/$1.yaml "$bin" "${@:2}"; }

start_hub() {
  "$bin" hub start --data "$work/hub" --user ada=100000 --listen "${hub_address:-127.0.0.1:0}" \
    --site-listen "${site_address:-127.0.0.1:0}" >"$work/hub.out" 2>&1 &
  hub_pid=$!
}

start_site() {
  "$bin" site start --data "$work/site" --quick >"$work/site.out" 2>&1 &
  site_pid=$!
}

# until_true SECONDS COMMAND...
until_true() {
  local limit=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$limit" ] || return 1
    sleep 0.1
  done
}

number=0
# Submits jobs until one is refused; those with a number are acknowledged.
submit_until_refused() {
  local job i
  for ((i = 0; i < 2000; i++)); do
    number=$((number + 1))
    if job=$(as ada -q run -d --key "job-$number" --env "FILLER=$(printf 'x%.0s' {1..2000})" \
      --cpus 0.1 --memory 16MiB --timeout 60s -- echo "done $number" 2>"$work/refused"); then
      echo "$number $job" >>"$work/acknowledged"
    else
      return 0
    fi
  done
  return 1
}

submit_one() {
  local job
  job=$(as ada -q run -d --key "job-$number" --env "FILLER=$(printf 'x%.0s' {1..2000})" \
    --cpus 0.1 --memory 16MiB --timeout 60s -- echo "done $number" 2>"$work/refused") || return 1
  echo "$number $job" >>"$work/acknowledged"
}

fill() { dd if=/dev/zero of="$1/filler" bs=64k 2>/dev/null || true; }

# What curl gets for a command while the hub's store refuses: status and Retry-After.
ask_for_principal() {
  curl -sk -D "$work/headers" -o "$work/problem" -X POST "https://$hub_address/v1/principals" \
    -H "Authorization: Bearer $(sed -n 's/.*"token": *"\([^"]*\)".*/\1/p' \
      "$work/hub/operator.yaml")" -d "{\"name\":\"eve-$RANDOM\"}"
}

expect_refusal() {
  grep -q store_unavailable "$work/refused" || fail "$1: refused otherwise"
  # A context file cannot be read from a full disk's page cache loss; it was read before.
  ask_for_principal
  head -n 1 "$work/headers" | grep -q ' 503' || fail "$1: $(head -n 1 "$work/headers")"
  grep -qi '^retry-after: *[1-9]' "$work/headers" || fail "$1: no Retry-After"
  grep -q '"store_unavailable"' "$work/problem" || fail "$1: $(cat "$work/problem")"
  kill -0 "$hub_pid" || fail "$1: the hub is gone"
  expect_told "$1" "$work/hub"
}

# expect_told WHAT FOLDER: who runs the service is told on its standard error, with a way out.
expect_told() {
  until_true 60 grep -q 'E-store_unavailable' "$2.out" || fail "$1: nobody is told"
  grep -q "fix: Free space under $2" "$2.out" || fail "$1: without a way out"
}

# expect_told_of_end WHAT FOLDER
expect_told_of_end() {
  until_true 60 grep -q "^$2 can be written again" "$2.out" || fail "$1: its end is not told"
}

all_ended() {
  local job
  as ada jobs -n 1000 -o csv >"$work/jobs" || return 1
  while read -r _ job; do
    grep -q "^$job,[^,]*,succeeded," "$work/jobs" || return 1
  done <"$work/acknowledged"
}

is_log() { [ "$(as ada logs "$1")" = "$2" ]; }

expect_all_there() {
  until_true 60 all_ended || fail "$1: jobs are missing or stuck: $(as ada jobs -n 1000)"
  while read -r i job; do
    until_true 60 is_log "$job" "done $i" || fail "$1: the log of job $job"
  done < <(tail -n 5 "$work/acknowledged")
  as operator ledger check -o json | grep -q '"sum_micros": 0' || fail "$1: the ledger"
}

# ---- A grid whose hub lives on a small disk, its site on another. ----

mkdir -m 700 "$work/hub" "$work/site"
mount -t tmpfs -o size=12m,mode=700 tmpfs "$work/hub" || { echo "skipped: no tmpfs"; exit 77; }
mount -t tmpfs -o size=24m,mode=700 tmpfs "$work/site"
mkdir -m 700 "$work/site/datasets"
mount -t tmpfs -o size=1m,mode=700 tmpfs "$work/site/datasets"
touch "$work/acknowledged"
start_hub
until_true 60 as ada sites || fail "the hub does not start"
hub_address=$(sed -n 's/^address *https:\/\///p' "$work/hub.out")
site_address=$(sed -n 's/^sites *//p' "$work/hub.out")
token=$(as operator -q site token --operator operator)
# What it says of its disk space is for jobs that need none.
"$bin" site join - --name plant --data "$work/site" --quick --scratch 10GiB \
  <<<"$token" >"$work/site.out" 2>&1 &
site_pid=$!
until_true 60 grep -q '^status *ready' "$work/site.out" || fail "the site is not ready"
submit_one || fail "the first job"

fill "$work/hub"
submit_until_refused || fail "a full disk refuses nothing"
expect_refusal "full hub"
# Content that does not fit is refused and leaves nothing behind.
head -c 1000000 /dev/urandom >"$work/big"
! as ada data put "$work/big" >/dev/null 2>"$work/refused" || fail "content on a full disk"
grep -q store_unavailable "$work/refused" || fail "content on a full disk"
rm "$work/hub/filler"
until_true 60 submit_one || fail "full hub: it does not go on by itself"
as ada data put "$work/big" >/dev/null || fail "content when there is space"
expect_all_there "full hub"
expect_told_of_end "full hub" "$work/hub"
echo "ok: full disk of a hub, $(wc -l <"$work/acknowledged") jobs"

# ---- The site's disk is full: what is ordered waits, the agent lives, then goes on. ----

# held_job SCRIPT: runs until its file `hold` has gone, then ends as the script says.
held_job() {
  as ada -q run -d --cpus 0.1 --memory 16MiB --timeout 300s -- \
    sh -c ": $work; touch hold; while [ -e hold ]; do sleep 0.1; done; $1"
}

# is_held JOB ATTEMPT
is_held() { [ -e "$work/site/tasks/$1.$2/0/work/hold" ]; }

no_held_job_runs() { ! pgrep -f ": $work; touch hold" >/dev/null; }

# is_state JOB STATE: what explain says of it; the whole of it stays in $work/explained.
is_state() {
  as ada explain "$1" >"$work/explained" && grep -q "^job $1: $2\$" "$work/explained"
}

# expect_first_attempt WHAT JOB STATE
expect_first_attempt() {
  until_true 60 is_state "$2" "$3" || fail "$1: $(cat "$work/explained")"
  ! grep -q 'Attempt 2' "$work/explained" || fail "$1: ran twice: $(cat "$work/explained")"
}

ends_well=$(held_job "echo well")
ends_badly=$(held_job "exit 3")
until_true 60 is_held "$ends_well" 1 || fail "full site: the first task does not start"
until_true 60 is_held "$ends_badly" 1 || fail "full site: the second task does not start"
fill "$work/site"
before=$(wc -l <"$work/acknowledged")
for _ in $(seq 15); do
  number=$((number + 1))
  submit_one || fail "the hub refuses because its site's disk is full"
done
expect_told "full site" "$work/site"
# A task that ends now cannot write its result: it is told all the same, and once.
rm "$work/site/tasks/$ends_well.1/0/work/hold" "$work/site/tasks/$ends_badly.1/0/work/hold"
until_true 60 no_held_job_runs || fail "full site: the tasks do not end"
kill -0 "$site_pid" || fail "full site: the agent is gone"
"$bin" site doctor --data "$work/site" >"$work/doctor" 2>&1 && fail "doctor likes a full disk"
grep -q "cannot be written: No space left" "$work/doctor" || fail "doctor: $(cat "$work/doctor")"
rm "$work/site/filler"
expect_all_there "full site"
expect_told_of_end "full site" "$work/site"
expect_first_attempt "full site" "$ends_well" succeeded
expect_first_attempt "full site" "$ends_badly" "failed (exited_nonzero)"
echo "ok: full disk of a site, $(($(wc -l <"$work/acknowledged") - before)) jobs"

# Only the disk of its content is full: what a job has made waits for space.
made=$(as ada -q run -d --cpus 0.1 --memory 16MiB --timeout 60s --out made -- \
  sh -c 'head -c 3000000 /dev/zero >made')
until_true 60 grep -q outputs_not_stored "$work/site/site.log" || fail "too much content fits"
mount -o remount,size=8m "$work/site/datasets"
expect_first_attempt "full content" "$made" succeeded
echo "ok: full disk of a site's content"

# ---- The same hub and site on file systems that turn themselves read-only. ----

stop_all() {
  kill -TERM "$site_pid" "$hub_pid"
  wait "$site_pid" "$hub_pid" || true
}

# move_to_ext4 FOLDER: puts the folder's content on an ext4 of its own; false: not possible here.
move_to_ext4() {
  truncate -s 48M "$1.image" && mkfs.ext4 -q "$1.image" && mkdir "$1.new" &&
    mount -o loop "$1.image" "$1.new" 2>/dev/null || return 1
  cp -a "$1/." "$1.new/" && rm -rf "$1.new/lost+found"
  chmod 700 "$1.new"
  umount "$1.new"
  umount -l "$1"
  mount -o loop "$1.image" "$1"
}

# after_reboot FOLDER: mounts it anew; whoever has files there open is ended, as by a reboot.
after_reboot() {
  # shellcheck disable=SC2046  # Several process ids.
  kill -9 $(list_users "$1") 2>/dev/null || true
  until_true 60 umount "$1" || fail "$1 is busy: $(list_users "$1")"
  mount -o loop "$1.image" "$1"
}

stop_all
umount "$work/site/datasets"
# shellcheck disable=SC2046  # Several process ids.
kill -9 $(list_users "$work/site") 2>/dev/null || true
if ! move_to_ext4 "$work/hub" || ! move_to_ext4 "$work/site"; then
  echo "ok: read-only disks left out: no loop device or no ext4 here"
  exit 0
fi
start_hub
start_site
until_true 60 as ada sites || fail "the hub does not start on ext4"
number=$((number + 1))
until_true 60 submit_one || fail "no job on ext4"
expect_all_there "ext4"

# The site first. A task runs there, a job comes when nothing can be written any more.
running=$(held_job "echo again")
until_true 60 is_held "$running" 1 || fail "no task on ext4"
sync -f "$work/site" # Logs are the one thing that a site does not bring to the disk at once.
mount -o remount,abort "$work/site" # What the kernel does after a disk error.
number=$((number + 1))
submit_one || fail "the hub refuses because its site's disk is read-only"
expect_told "read-only site" "$work/site"
kill -0 "$site_pid" || fail "read-only site: the agent is gone"
is_lost() { as ada sites -o csv >"$work/sites" && grep -q '^plant,.*,lost,' "$work/sites"; }
until_true 60 is_lost || fail "read-only site: the hub trusts it: $(cat "$work/sites")"
"$bin" site doctor --data "$work/site" >"$work/doctor" 2>&1 && fail "doctor finds it good"
grep -q "cannot be written: Read-only file system" "$work/doctor" ||
  fail "doctor: $(cat "$work/doctor")"
kill -TERM "$site_pid"
wait "$site_pid" || fail "read-only site: the agent does not stop well"
"$bin" site start --data "$work/site" --quick >"$work/site.out" 2>&1 &&
  fail "it starts on a read-only disk"
grep -q 'Read-only file system' "$work/site.out" || fail "an unclear refusal"
after_reboot "$work/site"
start_site
expect_all_there "read-only site"
# The task that the reboot ended runs once more, whole.
until_true 60 is_held "$running" 2 || fail "read-only site: the ended task does not run again"
rm "$work/site/tasks/$running.2/0/work/hold"
until_true 60 is_state "$running" succeeded || fail "read-only site: $(cat "$work/explained")"
until_true 60 is_log "$running" again || fail "read-only site: the log of the second attempt"
echo "ok: read-only disk of a site"

cp "$work/hub/ada.yaml" "$work/hub/operator.yaml" "$work/"
mount -o remount,abort "$work/hub" # What the kernel does after a disk error.
submit_until_refused || fail "a read-only disk refuses nothing"
expect_refusal "read-only hub"
kill -9 "$hub_pid"
wait "$hub_pid" 2>/dev/null || true
"$bin" hub start --data "$work/hub" >"$work/hub.out" 2>&1 && fail "it starts on a read-only disk"
grep -q 'store_unavailable\|Read-only file system' "$work/hub.out" || fail "an unclear refusal"
after_reboot "$work/hub"
start_hub
until_true 60 submit_one || fail "the hub does not start again"
expect_all_there "read-only hub"
kill -TERM "$site_pid" "$hub_pid"
wait "$hub_pid" || fail "the two folds of the log differ, or the hub did not stop"
"$bin" log verify "$work/hub/store" >/dev/null || fail "the log does not verify"
echo "ok: read-only disk of a hub, $(wc -l <"$work/acknowledged") jobs"

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
work=$(mktemp -d)
hub_pid=
site_pid=

cleanup() {
  # shellcheck disable=SC2046  # Several process ids.
  kill -9 $hub_pid $site_pid $(pgrep -f "launcher --folder $work" || true) 2>/dev/null || true
  wait 2>/dev/null || true
  umount -l "$work/hub" "$work/site" 2>/dev/null || true
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
}

all_ended() {
  local count
  count=$(wc -l <"$work/acknowledged")
  [ "$(as ada jobs -n 1000 --all -o json 2>/dev/null | grep -c '"outcome": "succeeded"')" \
    -ge "$count" ] && return 0
  [ "$(as ada jobs -n 1000 -o json | grep -c '"outcome": "succeeded"')" -ge "$count" ]
}

expect_all_there() {
  until_true 60 all_ended || fail "$1: jobs are missing or stuck: $(as ada jobs -n 1000)"
  while read -r i job; do
    [ "$(as ada logs "$job")" = "done $i" ] || fail "$1: the log of job $job"
  done < <(tail -n 5 "$work/acknowledged")
  as operator ledger check -o json | grep -q '"sum_micros": 0' || fail "$1: the ledger"
}

# ---- A grid whose hub lives on a small disk, its site on another. ----

mkdir -m 700 "$work/hub" "$work/site"
mount -t tmpfs -o size=12m,mode=700 tmpfs "$work/hub" || { echo "skipped: no tmpfs"; exit 77; }
mount -t tmpfs -o size=24m,mode=700 tmpfs "$work/site"
touch "$work/acknowledged"
start_hub
until_true 30 as ada sites || fail "the hub does not start"
hub_address=$(sed -n 's/^address *https:\/\///p' "$work/hub.out")
site_address=$(sed -n 's/^sites *//p' "$work/hub.out")
token=$(as operator -q site token --operator operator)
"$bin" site join - --name plant --data "$work/site" --quick <<<"$token" >"$work/site.out" 2>&1 &
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
until_true 20 submit_one || fail "full hub: it does not go on by itself"
as ada data put "$work/big" >/dev/null || fail "content when there is space"
expect_all_there "full hub"
echo "ok: full disk of a hub, $(wc -l <"$work/acknowledged") jobs"

# The site's journal has no space: what is ordered waits, the agent lives, then goes on.
fill "$work/site"
before=$(wc -l <"$work/acknowledged")
for _ in $(seq 15); do
  number=$((number + 1))
  submit_one || fail "the hub refuses because its site's disk is full"
done
sleep 3
kill -0 "$site_pid" || fail "full site: the agent is gone"
rm "$work/site/filler"
expect_all_there "full site"
echo "ok: full disk of a site, $(($(wc -l <"$work/acknowledged") - before)) jobs"

# ---- The same hub on a file system that turns itself read-only. ----

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

stop_all
if ! move_to_ext4 "$work/hub"; then
  echo "ok: read-only disks left out: no loop device or no ext4 here"
  exit 0
fi
start_hub
start_site
until_true 30 as ada sites || fail "the hub does not start on ext4"
number=$((number + 1))
until_true 20 submit_one || fail "no job on ext4"
cp "$work/hub/ada.yaml" "$work/hub/operator.yaml" "$work/"
mount -o remount,abort "$work/hub" # What the kernel does after a disk error.
submit_until_refused || fail "a read-only disk refuses nothing"
expect_refusal "read-only hub"
kill -9 "$hub_pid"
wait "$hub_pid" 2>/dev/null || true
"$bin" hub start --data "$work/hub" >"$work/hub.out" 2>&1 && fail "it starts on a read-only disk"
grep -q 'store_unavailable\|Read-only file system' "$work/hub.out" || fail "an unclear refusal"
umount -l "$work/hub"
mount -o loop "$work/hub.image" "$work/hub"
start_hub
until_true 20 submit_one || fail "the hub does not start again"
expect_all_there "read-only hub"
kill -TERM "$site_pid" "$hub_pid"
wait "$hub_pid" || fail "the two folds of the log differ, or the hub did not stop"
"$bin" log verify "$work/hub/store" >/dev/null || fail "the log does not verify"
echo "ok: read-only disk of a hub, $(wc -l <"$work/acknowledged") jobs"

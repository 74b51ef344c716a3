#!/usr/bin/env bash
# A newcomer's first minutes: intertie dev, run, explain, bill, and how it all stops.
set -euo pipefail
intertie=$1
work=$(mktemp -d)
dev=
stop_all() {
  if [ -n "$dev" ]; then
    kill -INT "$dev" 2>/dev/null || true
    wait "$dev" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap stop_all EXIT
export HOME=$work XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
unset INTERTIE_CONTEXT
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"
cd "$work"

# A background job of a script ignores SIGINT unless job control is on.
set -m
"$intertie" dev >"$work/dev.out" 2>"$work/dev.err" &
dev=$!
set +m
for _ in $(seq 1 900); do
  grep -q 'Ctrl-C stops everything' "$work/dev.out" && break
  kill -0 "$dev" 2>/dev/null || break
  sleep 0.1
done
grep -q 'ready' "$work/dev.out" || fail "dev is not ready: $(cat "$work/dev.out" "$work/dev.err")"
grep -q 'intertie run -- echo hello' "$work/dev.out" || fail "dev does not say what to try"

# A second one on the same folder is refused.
expect 1 dev
holds "$err" "E-already_exists"

# Run: output, exit code, stderr, environment, own program, inputs and outputs.
expect 0 run -- echo hello
[ "$out" = hello ] || fail "run printed '$out'"
expect 7 run -- sh -c 'echo oops >&2; exit 7'
holds "$err" oops
# shellcheck disable=SC2016
expect 0 run --env GREETING=hi -- sh -c 'echo $GREETING'
[ "$out" = hi ] || fail "the environment did not arrive"
printf '#!/bin/sh\nwc -c < data.txt > result.txt\n' >prog
chmod +x prog
printf 'twelve bytes' >data.txt
expect 0 run --in data.txt --out result.txt --fetch fetched -- ./prog
[ "$(cat fetched/result.txt 2>/dev/null)" = 12 ] || fail "the output did not come back"

# Look: explain, bill, jobs, logs.
expect 0 explain 1
holds "$out" "succeeded"
expect 0 -o json explain 1
printf '%s' "$out" |
  python3 -c 'import json,sys; assert json.load(sys.stdin)["job"]["number"] == 1' ||
  fail "explain -o json is no JSON"
expect 0 -o table bill
holds "$out" "they agree"
expect 0 bill 1
expect 0 -o json jobs
printf '%s' "$out" | python3 -c 'import json,sys; assert len(json.load(sys.stdin)) >= 4' ||
  fail "jobs -o json is no JSON"
expect 0 -o jsonl jobs
expect 0 -o csv jobs
holds "$out" "number,name,state"
expect 0 -q jobs -n 1
expect 0 logs 1
[ "$out" = hello ] || fail "logs printed '$out'"
expect 0 -o table sites
holds "$out" "here"
expect 1 explain 4711
holds "$err" "intertie jobs lists yours"

# Cancel, and a job that nothing here can run.
expect 0 run --detach -- sleep 600
long=$out
expect 0 cancel "$long"
for _ in $(seq 1 200); do
  expect 0 -o json jobs "$long"
  case $out in *'"cancelled"'*) break ;; esac
  sleep 0.1
done
holds "$out" '"cancelled"'
expect 2 run --cpus 4096 -- true
holds "$err" "E-unplaceable"

# Plans spend nothing; calls can be shown; the token is never printed.
printf 'run: [echo, hello]\n' >job.yaml
expect 0 -o table plan job.yaml
holds "$out" "chosen"
expect 0 submit --wait job.yaml
[ "$out" = hello ] || fail "submit --wait printed '$out'"
expect 0 --explain-api jobs
# shellcheck disable=SC2016
holds "$err" 'Bearer $INTERTIE_TOKEN'
lacks "$err" "v4.public."

# The same key is the same job.
expect 0 run --detach --key once -- true
first=$out
expect 0 run --detach --key once -- true
[ "$out" = "$first" ] || fail "the same key made another job"

# Content by digest.
expect 0 -q data put data.txt
digest=$out
expect 0 data get "$digest"
[ "$out" = "twelve bytes" ] || fail "data get gave '$out'"

# A user is no operator; an operator is.
expect 4 ledger deposit me 5
expect 0 --context "$work/data/intertie/dev/operator.yaml" ledger deposit me 5
expect 0 --context "$work/data/intertie/dev/operator.yaml" ledger check
holds "$out" "sound"

# Ctrl-C while a job runs: everything stops and no process stays.
expect 0 run --detach -- sleep 4711
sleep 1
kill -INT "$dev"
for _ in $(seq 1 300); do
  kill -0 "$dev" 2>/dev/null || break
  sleep 0.1
done
if kill -0 "$dev" 2>/dev/null; then fail "dev did not stop"; fi
wait "$dev" || fail "dev ended with $?"
dev=
left=
for process in /proc/[0-9]*; do
  [ "$process" = "/proc/$$" ] && continue
  # The launcher shows no command line; its open files tell whose it is.
  if { tr '\0' ' ' <"$process/cmdline"; readlink "$process"/fd/*; } 2>/dev/null |
    grep -qF -e "$work/data" -e 'sleep 4711'; then
    left="$left $(basename "$process")"
  fi
done
[ -z "$left" ] || fail "processes are left:$left"
expect 0 log verify "$work/data/intertie/dev/hub/store"
holds "$out" "sound"
expect 4 jobs

finish

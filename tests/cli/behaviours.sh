#!/usr/bin/env bash
# What people expect of a command line, with a hub and a site at work: streams, formats, terminals,
# exit codes, Ctrl-C, contexts, explanations.
set -euo pipefail
intertie=$1
work=$(mktemp -d)
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"
# shellcheck source=dev_process.sh
. "$(dirname "$0")/dev_process.sh"
trap 'stop_dev; rm -rf "$work"' EXIT
cd "$work"
start_dev
operator=$work/data/intertie/dev/operator.yaml

# Exit codes: the program's own, of a signal, of what is not there, of time that is up.
expect 0 run -- echo one
expect 127 run -- no-such-program-anywhere
holds "$err" "no-such-program-anywhere"
expect 126 run -- /etc
expect 139 run -- sh -c 'kill -SEGV $$'
expect 124 run --timeout 1s -- sleep 60
expect 3 run ''
expect 3 run --memory 0 -- true
expect 2 run --tasks 500 -- true
holds "$err" "1 pool: "
# None of these mistakes was taken for the site's: it still takes jobs at once.
expect 0 run -- echo still
expect 0 -o json sites
holds "$out" '"status": "active"'

# Every listing in every format.
parses() {
  python3 - "$1" "$work/stdout" <<'P' || fail "$2 is no $1"
import csv, json, sys
kind, path = sys.argv[1:]
text = open(path, encoding="utf-8", newline="").read()
if kind == "json":
    json.loads(text)
elif kind == "jsonl":
    lines = text.splitlines()
    assert lines and all(isinstance(json.loads(line), dict) for line in lines)
else:
    rows = list(csv.reader(text.splitlines()))
    assert len(rows) > 1 and len({len(row) for row in rows}) == 1 and all(rows[0])
P
}
printf 'out' >result.txt
printf 'run: [echo, hello]\n' >job.yaml
expect 0 -q run -d --in result.txt:in.txt --out deep/a.txt -- cp in.txt deep/a.txt
with_output=$out
expect 0 logs -f "$with_output"
for format in json jsonl csv; do
  for line in "jobs" "jobs 1" "sites" "sites here" "bill" "bill 1" "explain 1" "plan job.yaml" \
    "ledger accounts" "ledger postings" "doctor" "site doctor" "id new" "run -d -- true" \
    "outputs $with_output --to fetched" "simulate --seed 3" "log verify data/intertie/dev" \
    "log show data/intertie/dev" "bench submit --duration 20ms" "bench run -n 2" \
    "bench placement-scale --cards 7000 --types" "bench placement-scale --cards 20000 --gangs" \
    "bench placement-scale --cards 7000 --churn --decisions 2000" \
    "--context $operator ledger check" "--context $operator site token" \
    "hub init --data init.$format"; do
    read -ra words <<<"$line"
    expect 0 -o "$format" "${words[@]}"
    parses "$format" "$line"
  done
done
[ "$(cat fetched/a.txt)" = out ] || fail "the output is not at its place"
expect 0 log backup data/intertie/dev backup
expect 0 log verify backup

# Tables line up on a terminal; a pipe gets exact values between tabs and no titles.
expect 0 jobs 1 -o table
expect 0 -q run --name '上海 é' -- true
holds "$(on_terminal 100 "$intertie jobs -n 1")" "SUBMITTED"
expect 0 jobs -n 1
lacks "$out" "SUBMITTED"
[ "$(awk -F '\t' '{print NF}' "$work/stdout")" -eq 8 ] || fail "a row has not 8 fields"
expect 0 jobs -n 1000
[ "$(wc -l <"$work/stdout")" -ge 10 ] || fail "jobs -n 1000 does not list all"
lines_at() { on_terminal "$1" "$intertie site doctor 2>/dev/null" | wc -l; }
[ "$(lines_at 50)" -gt "$(lines_at 300)" ] || fail "a table is wider than its terminal"

# Colours on a terminal alone, unless they are not wanted there.
escape=$(printf '\033[')
holds "$(on_terminal 80 "$intertie explain 1")" "$escape"
lacks "$(on_terminal 80 "NO_COLOR=1 $intertie explain 1")" "$escape"
lacks "$(on_terminal 80 "TERM=dumb $intertie explain 1")" "$escape"
lacks "$(on_terminal 80 "$intertie --color never explain 1")" "$escape"
expect 0 explain 1
lacks "$out" "$escape"

# Before money is spent it is said where and how much at most; what is charged stays below.
holds "$(on_terminal 80 "$intertie run -- true")" "at most"
expect 0 -o json bill
expect 0 run --dry-run -- true
holds "$out" "chosen"
expect 0 --context "$operator" site drain --dry-run here
expect 0 --context "$operator" ledger deposit --dry-run me 5
expect 1 cancel --dry-run 1
holds "$err" "already_final"

# What is lost is said; a pipe that is closed is no error to talk of.
"$intertie" jobs >/dev/full 2>"$work/stderr" && fail "a full disk is no error"
holds "$(cat "$work/stderr")" "standard output"
"$intertie" run -- echo x >/dev/full 2>"$work/stderr" && fail "lost output is no error"
"$intertie" jobs -n 100 2>"$work/stderr" | head -n 1 >/dev/null || true
[ ! -s "$work/stderr" ] || fail "a closed pipe is talked of: $(cat "$work/stderr")"

# Names that are nearly right.
expect 1 sites hre
holds "$err" "Did you mean 'here'?"
expect 1 --context "$operator" site drain her
holds "$err" "Did you mean 'here'?"
expect 1 ledger accounts mee
holds "$err" "Did you mean 'me'?"
id=$("$intertie" -o json sites here | sed -n 's/.*"identifier": "\(.*\)".*/\1/p')
expect 0 sites "$id"

# Ctrl-C once: the job goes on, and it is said how to come back. Twice: it is cancelled.
interrupt() {
  set -m
  "$intertie" run -- sleep "$2" >/dev/null 2>"$work/stderr" &
  local run=$! code=0
  set +m
  # Only once the command runs are there two things to tell apart.
  for _ in $(seq 1 600); do
    "$intertie" jobs -n 1 -o csv | grep -q running && break
    sleep 0.05
  done
  kill -INT "$run"
  if [ "$1" -eq 2 ]; then
    sleep 0.3
    kill -INT "$run"
  fi
  wait "$run" || code=$?
  [ "$code" -eq 130 ] || fail "Ctrl-C ends with $code"
  number=$("$intertie" -q jobs -n 1)
}
interrupt 1 600
holds "$(cat "$work/stderr")" "intertie logs -f $number"
expect 0 -o csv jobs -n 1
holds "$out" running
expect 0 cancel "$number"
interrupt 2 600
holds "$(cat "$work/stderr")" "cancelled"

# Which context counts: the option, then the variable, then the user's file, then intertie dev.
printf 'address: https://127.0.0.1:1\ntoken: none\n' >option.yaml
printf 'address: https://127.0.0.1:2\ntoken: none\n' >variable.yaml
mkdir -p config/intertie
expect 0 jobs
printf 'address: https://127.0.0.1:3\ntoken: none\n' >config/intertie/context.yaml
expect 1 jobs
holds "$err" "127.0.0.1:3 from"
INTERTIE_CONTEXT=variable.yaml expect 1 jobs
holds "$err" "127.0.0.1:2 from variable.yaml (\$INTERTIE_CONTEXT)"
INTERTIE_CONTEXT=variable.yaml expect 1 --context option.yaml jobs
holds "$err" "127.0.0.1:1 from option.yaml (--context)"
rm config/intertie/context.yaml

# Why a job waits, and what would help.
expect 0 --context "$operator" site drain here
expect 0 run -d -- true
waiting=$out
expect 0 explain "$waiting"
holds "$out" "site_drained"
"$intertie" logs -f "$waiting" >/dev/null 2>"$work/stderr" &
follower=$!
for _ in $(seq 1 600); do
  grep -q "waits: " "$work/stderr" && break
  sleep 0.1
done
holds "$(cat "$work/stderr")" "job $waiting waits: The site takes no new jobs."
expect 0 --context "$operator" site resume here
wait "$follower" || fail "the job that waited ended with $?"

# A port in use, options that cannot be: said at once, and nothing is made.
port=$(sed -n 's/^ *address *https:\/\///p' "$work/dev.out")
expect 1 dev --data other --listen "$port"
holds "$err" "--listen 127.0.0.1:0"
for line in "--listen nonsense" "--listen 127.0.0.1:99999" "--region zzz"; do
  read -ra words <<<"$line"
  expect 3 dev --data never "${words[@]}"
done
expect 3 hub start --data never --user ../x=3
expect 3 hub start --data never --currency yuan
expect 3 hub start --data never --fee-per-mille 2000
[ ! -e never ] || fail "a refused start has made its folder"

finish

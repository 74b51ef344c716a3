#!/usr/bin/env bash
# What `-o json` prints keeps its fields: scripts count on their names and types. Fields may be
# added; json_keys.golden then gets them, too:  json_keys.sh INTERTIE --update
set -euo pipefail
intertie=$1
golden=$(cd "$(dirname "$0")" && pwd)/json_keys.golden
work=$(mktemp -d)
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"
# shellcheck source=dev_process.sh
. "$(dirname "$0")/dev_process.sh"
trap 'stop_dev; rm -rf "$work"' EXIT
cd "$work"
start_dev
operator=$work/data/intertie/dev/operator.yaml

# keys_of TITLE: the paths and types of what was printed, a line each.
keys_of() {
  python3 - "$1" "$work/stdout" >>"$work/keys" <<'P' || fail "$1 has printed no JSON"
import json, sys
title, path = sys.argv[1:]
# Their keys are data.
maps = ("tags", "env", "refusals", "facts")
found = set()
def walk(at, value):
    kind = {dict: "object", list: "list", str: "text", bool: "flag", int: "number",
            float: "number", type(None): "null"}[type(value)]
    found.add(f"{title}: {at or '.'} {kind}")
    if isinstance(value, dict):
        if at.rsplit(".", 1)[-1] in maps:
            return
        for key, each in value.items():
            walk(f"{at}.{key}" if at else key, each)
    if isinstance(value, list):
        for each in value:
            walk(at + "[]", each)
walk("", json.load(open(path, encoding="utf-8")))
print("\n".join(sorted(found)))
P
}
# note CODE WORD...: runs it with -o json; its title is the words, as far as they are no names.
note() {
  local code=$1
  shift
  expect "$code" -o json "$@"
  keys_of "${title:-$*}"
}

printf 'out' >result.txt
printf 'run: [echo, hello]\ntags: {a: b}\nneed: {rate: "1 GFLOPS fp64"}\n' >job.yaml
printf 'run: [echo, hello]\nneed: {cpus: 4096}\n' >big.yaml
expect 0 -q run --in result.txt:in.txt --out a.txt --tag a=b --fetch fetched -- cp in.txt a.txt
expect 7 run -- sh -c 'exit 7'
note 0 --version
note 0 jobs
note 0 jobs 1
title='jobs FAILED' note 0 jobs 2
note 0 explain 1
note 0 bill
note 0 bill 1
note 0 plan job.yaml
note 2 plan big.yaml
note 0 sites
note 0 sites here
note 0 submit job.yaml
note 0 submit --count 2 job.yaml
title='run -d' note 0 run -d -- true
note 0 outputs 1 --to fetched
note 0 data put result.txt --name some
note 0 data ls
note 0 data show some
note 0 ledger accounts
note 0 ledger postings
note 0 doctor
note 0 id new
note 0 context show
note 0 config show
note 0 measure --quick
note 0 simulate --seed 3
note 0 log verify data/intertie/dev
title='site token' note 0 --context "$operator" site token
title='hub user list' note 0 --context "$operator" hub user list
title='hub user add' note 0 --context "$operator" hub user add ada --save ada.yaml
title='hub peer card' note 0 --context "$operator" hub peer card
title='line add' note 0 --context "$operator" line add --to 52 --bandwidth 10mbit
title='line list' note 0 line list
title='ledger check' note 0 --context "$operator" ledger check
# An error goes to stderr, in the same fields.
expect 3 -o json jobs --phase nonsense
cp stderr stdout
keys_of error

if [ "${2:-}" = --update ]; then
  cp keys "$golden"
  echo "$golden is as the program is now"
elif ! diff -u "$golden" keys >differences; then
  if grep -q '^-[^-]' differences; then
    fail "fields are gone or have changed: $(grep '^-[^-]' differences)"
  else
    fail "fields are new: write them down with --update: $(grep '^+[^+]' differences)"
  fi
fi
finish

#!/usr/bin/env bash
# Before something costs or is gone: plans that say why, questions, rehearsals, refusals for money;
# contexts by name, settings and where they come from; progress; the log of what nobody expected.
set -euo pipefail
intertie=$1
work=$(mktemp -d)
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"
# shellcheck source=dev_process.sh
. "$(dirname "$0")/dev_process.sh"
# What is running on the side.
extra=
trap '[ -z "$extra" ] || kill "$extra" 2>/dev/null || true; stop_dev; rm -rf "$work"' EXIT
cd "$work"
began=$SECONDS
start_dev
took=$((SECONDS - began))
operator=$work/data/intertie/dev/operator.yaml
unset INTERTIE_OUTPUT INTERTIE_COLOR INTERTIE_ASK

# answer TEXT COMMAND: on a terminal, with the text typed there.
answer() {
  local code=0
  out=$({ sleep 1; printf '%b' "$1"; sleep 1; } |
    script -qec "stty -echo; $2; echo code=\$?" /dev/null | tr -d '\r') || code=$?
  err=
}

# A plan names the rate that was measured though the job asks for none, and what an hour costs.
printf 'run: [echo, hello]\n' >job.yaml
expect 0 -o table plan job.yaml
holds "$out" "RATE"
holds "$out" "DATA"
holds "$out" "MOVE"
holds "$out" "AN HOUR"
holds "$out" "op/s FP64"
expect 0 -o json plan job.yaml
for field in task_rate moved_bytes per_hour_micros; do holds "$out" "\"$field\""; done
printf 'run: [echo, hello]\nneed: {cpus: 2, rate: "1 GFLOPS fp32"}\n' >rate.yaml
expect 0 -o table plan rate.yaml
holds "$out" "op/s FP32"
printf 'run: [echo, hello]\nclass: super\n' >super.yaml
expect 2 -o table plan super.yaml
holds "$out" "The pool is of another compute class."
holds "$out" "op/s FP64"

# Who cannot pay is told so by exit code 5, however the job is submitted.
expect 0 --context "$operator" hub user add poor --save poor.yaml
export INTERTIE_CONTEXT=$work/poor.yaml
for line in "run -- true" "run -d -- true" "submit job.yaml" "submit --wait job.yaml" \
  "submit --count 3 job.yaml"; do
  read -ra words <<<"$line"
  expect 5 "${words[@]}"
  holds "$err" "E-budget_exceeded"
done
unset INTERTIE_CONTEXT

# Money is asked for on a terminal, and nowhere else.
answer 'y\n' "$intertie run -- echo ran"
holds "$out" "at most"
holds "$out" "starts at once"
holds "$out" "Run it? [Y/n]"
holds "$out" "ran"
holds "$out" "code=0"
before=$("$intertie" -q jobs -n 100 | wc -l)
answer 'n\n' "$intertie run -- echo ran"
holds "$out" "nothing was submitted"
holds "$out" "code=1"
answer '' "$intertie submit job.yaml" # The end of the input is no yes.
holds "$out" "code=1"
answer 'n\n' "$intertie submit --count 3 job.yaml"
holds "$out" " each, "
holds "$out" " for all 3"
holds "$out" "Run all 3? [Y/n]"
holds "$out" "code=1"
[ "$("$intertie" -q jobs -n 100 | wc -l)" = "$before" ] || fail "a no has submitted a job"
answer 'y\n' "$intertie submit --count 3 job.yaml"
holds "$out" "code=0"
[ "$("$intertie" -q jobs -n 100 | wc -l)" = "$((before + 3))" ] || fail "not three jobs"
for line in "$intertie run -y -- echo ran" "INTERTIE_ASK=never $intertie run -- echo ran" \
  "$intertie submit -y --wait job.yaml"; do
  answer '' "$line"
  lacks "$out" "Run it?"
  holds "$out" "code=0"
done
expect 0 run -- true

# What is gone is asked for, and a script must say that it means it.
printf 'some' >some.txt
printf 'other' >other.txt
expect 0 -q data put some.txt --name some
expect 0 -q data put other.txt --name other
expect 3 data rm some
holds "$err" "--yes"
holds "$err" "data://some"
expect 0 data rm --dry-run some other
holds "$err" "Would remove"
holds "$err" "data://other"
expect 1 data rm -y some nonsense
expect 0 data show some
answer 'n\n' "$intertie data rm some"
holds "$out" "[y/N]"
expect 0 data show some
answer '\n' "$intertie data rm some"
expect 0 data show some
answer 'y\n' "$intertie data rm some"
holds "$out" "code=0"
expect 1 data show some
expect 0 data rm -y other
expect 1 data show other

# Rehearsals: they find mistakes and change nothing.
expect 0 data put --dry-run some.txt --name some
holds "$err" "Would send some.txt, 4 B in 1 chunks"
expect 1 data show some
expect 0 -q data put some.txt --name some
expect 0 data put --dry-run some.txt
holds "$err" "the hub has it"
expect 0 data pin --dry-run some
expect 0 -o json data show some
holds "$out" '"is_pinned": false'
export INTERTIE_CONTEXT=$operator
rehearse() {
  expect 0 "$@" --dry-run
  holds "$err" "Would "
}
rehearse hub user add bob
rehearse hub user token me
rehearse ledger limit me 7
rehearse line add --to 52 --bandwidth 10mbit
rehearse site token
rehearse log reindex data/intertie/dev/hub
rehearse log backup data/intertie/dev copy
if [ -e copy ] || [ -e bob.yaml ]; then fail "a rehearsal has made a file"; fi
expect 1 hub user add me --dry-run
expect 1 hub user token bob --dry-run
expect 1 line rm 52 --dry-run
expect 1 ledger limit bob 7 --dry-run
expect 1 ledger resolve 5 accept --dry-run
expect 0 -o csv hub user list
lacks "$out" "bob"
expect 0 -o json line list
[ "$(echo "$out" | tr -d ' \n')" = '[]' ] || fail "a rehearsal has registered a line"
expect 0 -o json ledger accounts me
holds "$out" '"credit_limit_micros": 0'
unset INTERTIE_CONTEXT

# Contexts by name.
expect 0 context list
expect 0 context add root "$operator" --link
expect 0 context add me data/intertie/dev/context.yaml
expect 3 context add ../x "$operator"
expect 1 context add me "$operator"
holds "$err" "E-already_exists"
expect 4 hub user list
expect 0 --context root hub user list
INTERTIE_CONTEXT=root expect 0 hub user list
expect 1 --context rot hub user list
holds "$err" "Did you mean 'root'?"
expect 0 context use root --dry-run
expect 4 hub user list
expect 0 context use root
expect 0 hub user list
expect 0 -o csv context list
holds "$out" "root,true"
holds "$out" "me,false"
expect 0 context show
holds "$out" "name        root"
holds "$out" "from        the user's file"
lacks "$out" "v4.public"
expect 0 -o json context show me
lacks "$out" "v4.public"
expect 1 context use mee
holds "$err" "Did you mean 'me'?"
[ "$("$intertie" __complete contexts)" = "me
root" ] || fail "contexts are not completed"
# A project's file names one, and no file: its folder may come from anywhere.
mkdir -p project/deep
printf 'context: me\noutput: csv\n' >project/.intertie.yaml
cd project/deep
expect 4 hub user list
expect 0 jobs -n 1
holds "$out" "number,name,state"
expect 0 --output json jobs -n 1
expect 0 config show --origin
holds "$out" "context,$work/config/intertie/contexts/me.yaml,$work/project/.intertie.yaml"
holds "$out" "output,csv,$work/project/.intertie.yaml"
holds "$out" "color,auto,built in"
INTERTIE_OUTPUT=jsonl NO_COLOR=1 expect 0 config show --origin
# shellcheck disable=SC2016  # The name of the variable is meant, in both.
holds "$out" '"value":"jsonl","origin":"$INTERTIE_OUTPUT"'
# shellcheck disable=SC2016
holds "$out" '"value":"never","origin":"$NO_COLOR"'
INTERTIE_OUTPUT=jsonl expect 0 -o csv config show --origin
holds "$out" "output,csv,an option"
printf 'output: json\nask: never\n' >"$work/config/intertie/config.yaml"
mkdir -p "$work/system/intertie"
printf 'ask: auto\ncolor: never\n' >"$work/system/intertie/config.yaml"
XDG_CONFIG_DIRS=$work/system expect 0 config show --origin
holds "$out" "ask,never,$work/config/intertie/config.yaml"
holds "$out" "color,never,$work/system/intertie/config.yaml"
holds "$out" "output,csv,$work/project/.intertie.yaml"
printf 'context: %s\n' "$operator" >"$work/project/.intertie.yaml"
expect 3 hub user list
holds "$err" "is no name"
printf 'outptu: csv\n' >"$work/project/.intertie.yaml"
expect 3 jobs
holds "$err" "did you mean 'output'?"
cd "$work"
rm -r project config/intertie/config.yaml
expect 3 context rm root
expect 0 context rm root --yes
expect 4 hub user list
expect 0 --context "$operator" hub user list
printf 'address: https://127.0.0.1:1\ntoken: none\n' >config/intertie/context.yaml
expect 1 context use me
holds "$err" "is a file of its own"
rm config/intertie/context.yaml

# Progress of what takes over two seconds: lines on a pipe, bars on a terminal, silence if asked.
expect 0 bench submit --duration 3s --connections 1
holds "$err" "submitting "
holds "$err" "% "
expect 0 -q bench submit --duration 3s --connections 1
[ -z "$err" ] || fail "-q is not quiet: $err"
expect 0 -o json bench submit --duration 3s --connections 1
[ -z "$err" ] || fail "progress beside JSON: $err"
holds "$(on_terminal 80 "$intertie bench submit --duration 3s --connections 1")" "[="
stop_dev
# By its own clock it began within those seconds, so it may have been quicker than two.
if [ "$took" -ge 4 ]; then
  grep -q "^measuring " dev.err || fail "dev measures without a word: $(cat dev.err)"
fi

# What nobody expects: short, with the log and what to do; no value of an option is written down.
code=0
(ulimit -v 150000 && "$intertie" bench placement-scale --cards 100000000 --policy fgd) \
  >stdout 2>stderr || code=$?
[ "$code" -eq 1 ] || fail "without memory: exit $code"
err=$(cat stderr)
holds "$err" "E-internal"
holds "$err" "$work/data/intertie/errors.log"
holds "$err" "intertie doctor -o json"
[ "$(wc -l <stderr)" -le 4 ] || fail "an unexpected error is long"
holds "$(cat data/intertie/errors.log)" '"verb":"bench placement-scale","options":["cards","policy"'
lacks "$(cat data/intertie/errors.log)" "100000000"
[ "$(stat -c %a data/intertie/errors.log)" = 600 ] || fail "others can read the log"

finish

#!/usr/bin/env bash
# What the program does without any hub: help, mistakes, identifiers, checks of files, completion.
set -euo pipefail
intertie=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export HOME=$work XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
unset INTERTIE_CONTEXT
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"

expect 0 --version
holds "$out" "intertie "

# Help: short without words, and everywhere.
expect 0
[ "$(wc -l <"$work/stdout")" -le 25 ] || fail "the overview has more than 25 lines"
holds "$out" "intertie run -- echo hello"
[ "$(grep -c '^  intertie ' "$work/stdout")" -eq 3 ] || fail "the overview shows not three examples"
holds "$out" "docs/"
expect 0 help --man
mapfile -t verbs < <(sed -n -e 's/\\-/-/g' \
  -e 's/^\.SS \([a-z][a-z-]*\( [a-z][a-z-]*\)*\).*/\1/p' "$work/stdout")
[ "${#verbs[@]}" -ge 40 ] || fail "the manual has only ${#verbs[@]} verbs"
for verb in "${verbs[@]}"; do
  [ "$verb" = help ] && continue  # Its operands are verbs.
  read -ra words <<<"$verb"
  expect 0 "${words[@]}" --help
  holds "$out" "intertie $verb"
  expect 0 help "${words[@]}"
  expect 0 "${words[@]}" --nonsense -h
  # Without a function the answer is an internal error.
  expect 3 "${words[@]}" --nonsense
  holds "$err" "There is no option --nonsense"
done

# Mistakes: what, why, fix, code; the way out last.
expect 3 explian 1
holds "$err" "Did you mean 'explain'?"
[ "$(tail -n 1 "$work/stderr" | cut -c 1-6)" = "  fix:" ] || fail "the fix is not the last line"
expect 3 -o json run --memory 4gx true
holds "$err" '"code":"bad_argument"'
[ -z "$out" ] || fail "an error wrote to stdout"

# The command line and the file are checked before anything is contacted.
printf 'address: https://127.0.0.1:1\ntoken: none\n' >"$work/nowhere.yaml"
expect 3 --context "$work/nowhere.yaml" jobs --phase runing
holds "$err" "--phase running"
expect 3 --context "$work/nowhere.yaml" explain x
holds "$err" "not a job's number"
expect 1 --context "$work/nowhere.yaml" jobs
holds "$err" "E-unreachable"
expect 4 jobs
holds "$err" "intertie dev"

# submit --check: offline, with line numbers.
printf 'name: a\nrun: [true]\nneed:\n  cpus: many\n' >"$work/bad.yaml"
expect 3 submit --check "$work/bad.yaml"
holds "$err" "line 4"
printf 'name: a\nrun: [true]\ncpu: 3\n' >"$work/bad.yaml"
expect 3 submit --check "$work/bad.yaml"
holds "$err" "line 3"
printf 'run: [true]\ndata:\n  in:\n    - {from: not-here, to: x}\n' >"$work/bad.yaml"
expect 3 submit --check "$work/bad.yaml"
holds "$err" "line 4"
printf 'run: [echo, hello]\n' >"$work/good.yaml"
expect 0 submit --check "$work/good.yaml"

# Odd files and places: a device, a pipe's end, nothing, too much, no home at all.
: >"$work/empty"
head -c 5000000 /dev/zero >"$work/zeros"
expect 3 submit --check "$work/empty"
expect 3 submit --check "$work/zeros"
expect 1 submit --check "$work"
expect 1 submit --check "$work/not-there"
holds "$err" "not-there"
expect 3 run --in /dev/null -- true
holds "$err" "a device or pipe"
expect 3 --context "$work/empty" jobs
holds "$err" "address and token"
code=0
(unset HOME XDG_DATA_HOME && "$intertie" --context "$work/nowhere.yaml" jobs 2>/dev/null) || code=$?
[ "$code" -eq 1 ] || fail "without HOME: exit $code"
"$intertie" --version >/dev/full 2>"$work/stderr" && fail "a full disk is no error"
holds "$(cat "$work/stderr")" "standard output"

# Mistakes in values are seen before anything is contacted or made.
for line in "jobs --tag x" "jobs -n 0" "cancel x" "run --devices 1 -- true" "help jbos" \
  "site join x --region zzz" "ledger deposit me -5" "ledger deposit me x" "simulate --seeds 5" \
  "bill --from yesterday"; do
  read -ra words <<<"$line"
  expect 3 --context "$work/nowhere.yaml" "${words[@]}"
done

# Identifiers: one wrong character is named, never corrected.
expect 0 -q id new --type site --participant 12 --serial 3
id=$out
expect 0 id check "$id"
holds "$out" "$(printf 'participant  12')"
case $id in
  90S0*) wrong=90S1${id#90S0} ;;
  *) fail "the identifier begins with another text: $id"; wrong=$id ;;
esac
expect 3 id check "$wrong"
holds "$err" "did you mean"

# Colours only where they are wanted.
expect 3 --color always expalin
NO_COLOR=1 expect 3 expalin
lacks "$err" $'\033'

# Completion scripts are scripts.
expect 0 completion bash
printf '%s\n' "$out" >"$work/completion.bash"
bash -n "$work/completion.bash" || fail "the completion for bash does not parse"
COMP_WORDS=(intertie ru) COMP_CWORD=1
# shellcheck disable=SC1091
. "$work/completion.bash"
COMPREPLY=()
_intertie
[ "${COMPREPLY[*]}" = run ] || fail "bash completes 'ru' to '${COMPREPLY[*]}'"
expect 0 completion zsh
expect 0 completion fish
expect 3 completion tcsh

finish

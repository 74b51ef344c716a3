#!/usr/bin/env bash
# Secrets on the command line: where values come from, what is refused, and that the task reads them
# while nothing else of hub, site and terminal does.
set -euo pipefail
intertie=$1
work=$(mktemp -d)
stop_all() {
  stop_dev
  rm -rf "$work"
}
trap stop_all EXIT
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"
# shellcheck source=dev_process.sh
. "$(dirname "$0")/dev_process.sh"
cd "$work"
export CLEAR="clear-$$-$RANDOM$RANDOM$RANDOM"

# Without a hub: mistakes are found before anything is contacted, and no value is repeated.
printf 'address: https://127.0.0.1:1\ntoken: none\n' >nowhere.yaml
expect 3 --context nowhere.yaml run --secret "TOKEN=$CLEAR" -- true
holds "$err" "NAME=@FILE"
lacks "$err" "$CLEAR"
expect 3 --context nowhere.yaml run --secret UNSET_HERE -- true
holds "$err" "UNSET_HERE is not set"
expect 3 --context nowhere.yaml run --secret TOKEN=- -- true
holds "$err" "empty"
expect 3 --context nowhere.yaml run --secret A=- --secret B=- -- true
holds "$err" "standard input"
expect 3 --context nowhere.yaml run --secret CLEAR --env CLEAR=1 -- true
expect 3 --context nowhere.yaml run --secret CLEAR --secret CLEAR=- -- true
expect 1 --context nowhere.yaml run --secret TOKEN=@missing -- true
holds "$err" "missing"
printf 'run: [true]\nsecrets:\n  T: {from_env: CLEAR}\n' >job.yaml
expect 0 submit --check job.yaml
expect 0 submit --check job.yaml --secret OTHER
printf 'run: [true]\nsecrets:\n  T: {}\n' >bad.yaml
expect 3 submit --check bad.yaml
holds "$err" "from_env"
printf 'run: [true]\nsecrets:\n  T: %s\n' "$CLEAR" >bad.yaml
expect 3 submit --check bad.yaml
lacks "$err" "$CLEAR"

start_dev
grep -q 'ready' dev.out || fail "dev is not ready: $(cat dev.out dev.err)"

# Each source reaches the task; the answer is a digest, never the value.
wanted=$(printf %s "$CLEAR" | sha256sum | cut -c1-64)
# shellcheck disable=SC2016
digest='printf %s "$T" | sha256sum | cut -c1-64'
printf '%s\n' "$CLEAR" >secret.txt
expect 0 run --secret T=@secret.txt -- sh -c "$digest"
holds "$out" "$wanted"
code=0
printf '%s\n' "$CLEAR" | "$intertie" run --secret T=- -- sh -c "$digest" >stdout 2>stderr || code=$?
[ "$code $(cat stdout)" = "0 $wanted" ] || fail "stdin: $code $(cat stdout stderr)"
T=$CLEAR expect 0 run --secret T -- sh -c "$digest"
holds "$out" "$wanted"
# shellcheck disable=SC2016
printf 'run: ["sh", "-c", %s]\nsecrets:\n  T: {from_env: CLEAR}\n' \
  "'printf %s \"\$T\" | sha256sum | cut -c1-64'" >job.yaml
expect 0 submit --wait job.yaml
holds "$out" "$wanted"
expect 0 submit --wait --explain-api --count 2 job.yaml
lacks "$out$err" "$CLEAR"

# Nothing of it lies anywhere below the folder of hub and site, logs included.
rm secret.txt bad.yaml
if grep -rqF "$CLEAR" .; then fail "clear text in $(grep -rlF "$CLEAR" . | tr '\n' ' ')"; fi
grep -rqF "$wanted" . || fail "the search is blind"

finish

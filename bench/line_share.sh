#!/usr/bin/env bash
# What a reserved share of a line is worth: a job's input crosses a line that many others crowd.
#
#   line_share.sh INTERTIE [MEGABITS_PER_SECOND] [MEGABYTES] [OTHERS]
#
# The job's home, region 22, holds the input and reserves a rate at which it crosses in a minute;
# others of region 42 fetch from there all the time. Prints how long the input took, and alone.
set -euo pipefail
intertie=$1 megabits=${2:-8} megabytes=${3:-12} others=${4:-10}
tests=$(cd "$(dirname "$0")/../tests/cli" && pwd)
work=$(mktemp -d)
# shellcheck source=../tests/cli/checks.sh
. "$tests/checks.sh"
# shellcheck source=../tests/cli/two_regions.sh
. "$tests/two_regions.sh"
cd "$work"

start_regions
head -c "$((megabytes * 1000000))" /dev/urandom >in.bin
head -c "$((megabytes * 1000000))" /dev/urandom >crowd.bin
for input in alone crowded; do
  "$intertie" -q data put in.bin --name "$input" >/dev/null
  printf '%s' "$input" >>in.bin # Another file each time: sites keep what they have.
done
as_bob() { "$intertie" --context hubei/bob.yaml "$@"; }
as_bob -q data put crowd.bin --name crowd --region 22 >/dev/null
at_jilin -q line add --to 42 --bandwidth "${megabits}mbit" >/dev/null

# run_job INPUT: seconds until the job has read it.
run_job() {
  local began=$SECONDS
  "$intertie" -q run --in "data://$1:in.bin" -- sha256sum in.bin >/dev/null
  echo "$((SECONDS - began))"
}
printf '%s MB over a line of %s Mbit/s\n' "$megabytes" "$megabits"
printf '  alone: %s s\n' "$(run_job alone)"
for other in $(seq "$others"); do
  (while as_bob -q data get crowd --region 22 --to "copy$other"; do :; done) >/dev/null 2>&1 &
  pids+=("$!")
done
sleep 5 # Until the line is crowded.
printf '  with %s others: %s s\n' "$others" "$(run_job crowded)"
"$intertie" explain 2 | grep 'Of the line' || true

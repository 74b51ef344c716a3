#!/usr/bin/env bash
# Submit -> running for jobs of one region that run in another, one at a time on the idle loopback.
#
#   bench/cross_region.sh INTERTIE [JOBS]
#
# The times are the hubs' own: when the home hub took the job, and when the command ran.
set -euo pipefail
intertie=$1
jobs=${2:-100}
work=$(mktemp -d)
here=$(cd "$(dirname "$0")/../tests/cli" && pwd)
# shellcheck source=../tests/cli/checks.sh
. "$here/checks.sh"
# shellcheck source=../tests/cli/two_regions.sh
. "$here/two_regions.sh"
cd "$work"
start_regions
"$intertie" bench run -n "$jobs" -c 1
"$intertie" -o jsonl jobs -n "$jobs" |
  sed -E 's/.*"submitted": ?"[^T]*T([0-9]+):([0-9]+):([0-9.]+)Z".*"started": ?"[^T]*T([0-9]+):([0-9]+):([0-9.]+)Z".*/\1 \2 \3 \4 \5 \6/' |
  awk '{print (($4 - $1) * 3600 + ($5 - $2) * 60 + $6 - $3) * 1000}' | sort -n |
  awk '{t[NR] = $1} END {printf "submit -> running in the other region: p50 %.1f ms, p99 %.1f ms, %d jobs\n",
    t[int((NR + 1) / 2)], t[int(NR * 0.99)], NR}'
stop_all

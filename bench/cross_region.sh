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
# "T01:02:03.456Z" of both times, in seconds of the day.
"$intertie" -o jsonl jobs -n "$jobs" |
  sed -E 's/.*"submitted": ?"[^T]*T([^Z]*)Z".*"started": ?"[^T]*T([^Z]*)Z".*/\1 \2/' |
  awk '{split($1, a, ":"); split($2, b, ":")
    print ((b[1] - a[1]) * 3600 + (b[2] - a[2]) * 60 + b[3] - a[3]) * 1000}' | sort -n |
  awk '{t[NR] = $1}
    END {printf "submit -> running in the other region: p50 %.1f ms, p99 %.1f ms, %d jobs\n",
      t[int((NR + 1) / 2)], t[int(NR * 0.99)], NR}'
stop_all

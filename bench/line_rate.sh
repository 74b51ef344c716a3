#!/usr/bin/env bash
# What a registered line lets through between two real hubs.
#
#   line_rate.sh INTERTIE [MEGABITS_PER_SECOND] [MEGABYTES]
#
# A file lies in region 42; its owner in region 22 fetches it. Prints the rate beside the line's,
# and what the receiving hub has measured.
set -euo pipefail
intertie=$1 megabits=${2:-100} megabytes=${3:-64}
work=$(mktemp -d)
pids=()
stop_all() {
  local pid
  for pid in "${pids[@]}"; do kill -INT "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap stop_all EXIT
export HOME=$work XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
cd "$work"
# start_hub NAME REGION
start_hub() {
  "$intertie" hub start --data "$1" --region "$2" --name "$1" --user ada=1000 \
    --listen 127.0.0.1:0 --site-listen 127.0.0.1:0 >"$1.out" 2>"$1.err" &
  pids+=("$!")
  until grep -qs '^user ' "$1.out"; do sleep 0.1; done
}
start_hub jilin 22
start_hub hubei 42
at_jilin() { "$intertie" --context jilin/operator.yaml "$@"; }
at_hubei() { "$intertie" --context hubei/operator.yaml "$@"; }
at_hubei hub peer card | at_jilin -q hub peer add - --credit 100 >/dev/null
at_jilin hub peer card | at_hubei -q hub peer add - --credit 100 >/dev/null
head -c "$((megabytes * 1000000))" /dev/urandom >file.bin
export INTERTIE_CONTEXT=$work/jilin/ada.yaml
name=$("$intertie" -q data put file.bin --region 42)
at_hubei -q line add --to 22 --bandwidth "${megabits}mbit" >/dev/null
began=$(date +%s%N)
"$intertie" -q data get "$name" --region 42 --to back.bin >/dev/null
took=$(($(date +%s%N) - began))
cmp file.bin back.bin
tenths=$((megabytes * 8 * 10000000000 / took))
echo "line $megabits Mbit/s, achieved $((tenths / 10)).$((tenths % 10)) Mbit/s"
sleep 7 # The receiver tells of what it measured every five seconds.
at_jilin line list

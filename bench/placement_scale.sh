#!/usr/bin/env bash
# How the card engine's cost grows with the number of cards, as JSON lines and as a picture.
#   bench/placement_scale.sh INTERTIE FOLDER [NODES.csv PODS.csv [TYPED_PODS.csv]]
# Writes FOLDER/placement-scale.jsonl and FOLDER/placement-scale.svg. Without lists of nodes and
# requests the built-in mix is placed. SIZES="10000 100000 1000000 4000000".
set -euo pipefail
intertie=$1
folder=$2
nodes=${3:-}
pods=${4:-}
typed=${5:-$pods}
sizes=${SIZES:-10000 100000 1000000 4000000}
here=$(cd "$(dirname "$0")" && pwd)

mkdir -p "$folder"
out=$folder/placement-scale.jsonl
: >"$out"
measure() { # CARDS WORDS...
  local cards=$1
  shift
  "$intertie" -o jsonl bench placement-scale --cards "$cards" "$@" >>"$out"
}
for cards in $sizes; do
  if [ -n "$nodes" ]; then
    measure "$cards" --nodes "$nodes" --pods "$pods"
    measure "$cards" --churn --nodes "$nodes" --pods "$typed"  # The list names the models.
  else
    measure "$cards"
    measure "$cards" --churn --types
  fi
  measure "$cards" --gangs
done
python3 "$here/placement_scale_plot.py" "$out" >"$folder/placement-scale.svg"

#!/usr/bin/env bash
# Runs the fuzz targets, each for so many seconds:  tests/fuzz/run.sh SECONDS [NAME...]
# Builds them in build/fuzz (INTERTIE_FUZZ_BUILD: elsewhere). The corpus grows there, outside the
# tree. Exit 1 when a target found something: the input lies in the folder that is named.
set -euo pipefail
cd "$(dirname "$0")/../.."

seconds=$1
shift
build=${INTERTIE_FUZZ_BUILD:-build/fuzz}
if [ $# -gt 0 ]; then names=("$@"); else
  mapfile -t names < <(sed -n 's/^fuzz_target(\([a-z_]*\) .*/\1/p' tests/fuzz/CMakeLists.txt)
fi
[ -e "$build/build.ninja" ] || cmake --preset fuzz -B "$build" >/dev/null
cmake --build "$build" -j "${INTERTIE_JOBS:-2}" --target "${names[@]/#/fuzz_}" \
  "${names[@]/#/fuzz_seeds_}"

found=0
for name in "${names[@]}"; do
  corpus=$build/corpus/$name
  mkdir -p "$corpus"
  "$build/tests/fuzz/fuzz_seeds_$name" --write-seeds "$corpus"
  inputs=()
  [ ! -d "tests/fuzz/inputs/$name" ] || inputs=("tests/fuzz/inputs/$name")
  log=$build/fuzz-$name.log
  if "$build/tests/fuzz/fuzz_$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
    -max_len=65536 -artifact_prefix="$corpus.found-" "$corpus" "${inputs[@]}" >"$log" 2>&1; then
    echo "ok     $name: $(sed -n 's/^Done \(.*\)/\1/p' "$log")"
  else
    echo "FOUND  $name: see $log and $corpus.found-*"
    grep -m 3 -E 'broken promise|ERROR|runtime error|terminate' "$log" || true
    found=1
  fi
done
exit "$found"

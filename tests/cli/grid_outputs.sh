#!/usr/bin/env bash
# Outputs of a job at a site of another region land where their owner says, also if the site, its
# hub or the home hub dies while they are on their way; nobody sees half of one.
set -euo pipefail
intertie=$1
work=$(mktemp -d)
here=$(realpath "$(dirname "$0")")
cd "$work"
# shellcheck source=checks.sh
. "$here/checks.sh"
# shellcheck source=two_regions.sh
. "$here/two_regions.sh"
start_regions

expect 0 run --out small.txt=data://small --out kept.txt -- sh -c 'echo one >small.txt; >kept.txt'
expect 0 explain 1
holds "$out" "42/beta"
expect 0 -q data ls
[ "$(printf '%s\n' "$out" | grep -c .)" -eq 1 ] || fail "data ls printed '$out'"
expect 0 data get data://small --to small.txt
[ "$(cat small.txt)" = one ] || fail "the dataset is $(cat small.txt)"
# Nothing is left at the hub between.
expect 0 --context hubei/bob.yaml -q data ls
[ -z "$out" ] || fail "hubei has $out"
[ -z "$(find hubei/datasets/chunks -type f)" ] || fail "hubei keeps chunks"
expect 3 run --out x=data://bob/x -- true

# What comes with a request measures the line, too: at home, by its own clock.
expect 0 -q run --out big.bin=data://measured -- sh -c 'head -c 3000000 /dev/urandom >big.bin'
is_measured() {
  at_jilin -o json line list | tr -d '\n ' |
    grep -q '"from":"42","to":"22",[^}]*"measured_bits_per_second":[1-9]'
}
for _ in $(seq 1 100); do
  is_measured && break
  sleep 0.1
done
is_measured || fail "the line from 42 to 22 is not measured: $(at_jilin line list)"

# Three chunks; who dies on the way between them, and what is started again.
# shellcheck disable=SC2016
script='head -c 20000001 /dev/zero | tr "\0" "$1" >big.bin'
for who in site:chunk_before_push:2 site:name_before_push:1 site:name_after_push:1 jilin hubei; do
  mark=$(printf '%s' "$who" | md5sum | cut -c1)
  case $who in
    site:*)
      end_process site
      start_site --fail-point "${who#site:}"
      wait_for_pool
      ;;
    *)
      end_process site
      start_site
      wait_for_pool
      ;;
  esac
  expect 0 -q run --detach --out big.bin=data://big -- sh -c "$script" - "$mark"
  job=$out
  case $who in
    site:*)
      wait "${pid_of[site]}" 2>/dev/null || true
      if [ "$who" != site:name_after_push:1 ]; then
        "$intertie" -q data get data://big --to "seen.$mark" >/dev/null 2>&1 &&
          [ "$(head -c 1 "seen.$mark")" = "$mark" ] && fail "$who: seen too early"
      fi
      start_site
      ;;
    *)
      # As soon as something of it is on its way, if the moment can be met.
      for _ in $(seq 1 200); do
        [ -n "$(find jilin/datasets/owners -name '*.chunks')" ] && break
        sleep 0.02
      done
      end_process "$who" KILL
      if [ "$who" = jilin ]; then start_hub jilin 22 ada; else start_hub hubei 42 bob; fi
      ;;
  esac
  wait_for_phase "$job" ended
  expect 0 jobs "$job"
  holds "$out" succeeded
  expect 0 data get data://big --to "big.$mark"
  head -c 20000001 /dev/zero | tr '\0' "$mark" | cmp - "big.$mark" || fail "$who: it differs"
done
finish

#!/bin/sh
# Four ranks agree on the sum; with one missing, or lying about its rank, the others fail in time.
. "$(dirname "$0")/checks.sh"
ring=$1/ring_allreduce

# A base port that no other test uses at this moment: ranks that find a port taken end with
# "cannot listen", and the caller tries other ports.
choose_peers() {
  base=$((20000 + ($$ * 7 + $1 * 4001) % 12000))
  peers=127.0.0.1:$base,127.0.0.1:$((base + 1)),127.0.0.1:$((base + 2)),127.0.0.1:$((base + 3))
}

# run_ranks TIMEOUT RANK... : runs them at once, leaves codes and outputs in the folder.
run_ranks() {
  limit=$1
  shift
  for rank in "$@"; do
    (
      code=0
      INTERTIE_RANK=$rank INTERTIE_SIZE=4 INTERTIE_PEERS=$peers \
        "$ring" --elements 10007 --rounds 2 --timeout-s "$limit" >"$folder/out.$rank" 2>&1 ||
        code=$?
      echo "$code" >"$folder/code.$rank"
    ) &
  done
  wait
}

run_on_free_ports() {
  for try in 1 2 3 4 5; do
    choose_peers "$try"
    rm -f "$folder"/out.* "$folder"/code.*
    run_ranks "$@"
    grep -q 'cannot listen' "$folder"/out.* || return 0
  done
  fail "no free ports"
}

run_on_free_ports 20 0 1 2 3
for rank in 0 1 2 3; do
  [ "$(cat "$folder/code.$rank")" -eq 0 ] || fail "rank $rank: $(cat "$folder/out.$rank")"
  [ "$(cat "$folder/out.$rank")" = "rank $rank of 4 sum 50151060" ] ||
    fail "$(cat "$folder/out.$rank")"
done

run_on_free_ports 1 0 1 3
for rank in 0 1 3; do
  [ "$(cat "$folder/code.$rank")" -eq 1 ] || fail "rank $rank did not notice the missing rank"
done

choose_peers 6
expect_exit 3 env INTERTIE_RANK=4 INTERTIE_SIZE=4 INTERTIE_PEERS="$peers" "$ring"
expect_exit 3 env INTERTIE_RANK=0 INTERTIE_SIZE=3 INTERTIE_PEERS="$peers" "$ring"
expect_exit 3 env INTERTIE_RANK=0 INTERTIE_SIZE=1 INTERTIE_PEERS=127.0.0.1:1 "$ring"
expect_exit 3 env -u INTERTIE_RANK INTERTIE_SIZE=4 INTERTIE_PEERS="$peers" "$ring"

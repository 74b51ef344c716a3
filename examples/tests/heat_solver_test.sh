#!/bin/sh
# The solver converges to a file with a known hash, and says so when it does not converge.
. "$(dirname "$0")/checks.sh"
solver=$1/heat_solver

expect_exit 0 "$solver" --size 48 --out "$folder/heat.bin"
expect_hash "$folder/heat.bin" ecb37cbc196fc619ffbadcc9cd8880c7781e4166e73b75ee109fb10daf66da3e
[ "$(wc -c <"$folder/heat.bin")" -eq $((8 + 50 * 50 * 8)) ] || fail "the file has a wrong size"

# The answer does not depend on the tolerance by more than the tolerance: the hottest point of a
# finer solution agrees to five digits.
expect_exit 0 "$solver" --size 48 --tolerance-nano 1 --out "$folder/finer.bin"
fine=$(sed -n 's/.*hottest //p' "$folder/output")
expect_exit 0 "$solver" --size 48 --out "$folder/heat.bin"
[ "$(sed -n 's/.*hottest //p' "$folder/output" | cut -c1-6)" = "$(echo "$fine" | cut -c1-6)" ] ||
  fail "the hottest point moved with the tolerance"

expect_exit 1 "$solver" --size 48 --sweeps-max 3 --out "$folder/heat.bin"
expect_exit 1 "$solver" --size 48 --out "$folder/no/such/folder"
expect_exit 3 "$solver" --size 4
expect_exit 3 "$solver" --length 48

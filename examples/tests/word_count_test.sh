#!/bin/sh
# The log has a known hash, and its counts agree with those of sort and uniq.
. "$(dirname "$0")/checks.sh"

expect_exit 0 "$1/make_log" --seed 5 --bytes 300000 --out "$folder/access.log"
expect_hash "$folder/access.log" 3d73f13a81e32c84f5f1ad070d0bf9d17d8fe8ad9d7e9112e7d183fd53bff943
expect_exit 0 "$1/word_count" --in "$folder/access.log" --top 1000000 --out "$folder/counts.txt"

tr -s ' ' '\n' <"$folder/access.log" | LC_ALL=C sort | uniq -c |
  LC_ALL=C sort -k1,1nr -k2,2 | awk '{print $1, $2}' >"$folder/oracle.txt"
sed '$d' "$folder/counts.txt" | cmp - "$folder/oracle.txt" || fail "sort and uniq count otherwise"
words=$(awk '{sum += $1} END {print sum}' "$folder/oracle.txt")
[ "$(tail -n 1 "$folder/counts.txt")" = "words $words distinct $(wc -l <"$folder/oracle.txt")" ] ||
  fail "the totals differ"

expect_exit 0 "$1/word_count" --in "$folder/access.log" --top 3 --out "$folder/three.txt"
head -n 3 "$folder/oracle.txt" | cmp - "$folder/three.txt" 2>/dev/null && fail "no totals"
[ "$(wc -l <"$folder/three.txt")" -eq 4 ] || fail "--top 3 gives three words and the totals"
printf 'b a\tb\r\n\nc' >"$folder/small"
expect_exit 0 "$1/word_count" --in "$folder/small" --out "$folder/small.txt"
[ "$(tr '\n' ' ' <"$folder/small.txt")" = "2 b 1 a 1 c words 4 distinct 3 " ] || fail "small file"
expect_exit 3 "$1/word_count" --in "$folder/none"

#!/bin/sh
# Alarms of a known stream have a known hash; spikes do not ring, a lasting rise does, once.
. "$(dirname "$0")/checks.sh"
filter=$1/sensor_filter

expect_exit 0 "$filter" --seed 3 --samples 100000 --out "$folder/alarms.txt"
expect_hash "$folder/alarms.txt" 61ddbbbc9eb79dc1855a2557b427dee51be48e0b94f21c502980bf6ffbd76fcf
[ "$(grep -c ^begin "$folder/alarms.txt")" -eq 5 ] || fail "five cycles make five alarms"

# Two spikes in five readings are less than a median: silence.
for _ in 1 2 3 4 5 6 7 8 9 10; do printf '2000\n90000\n2000\n90000\n2000\n'; done >"$folder/spikes"
expect_exit 0 "$filter" --in "$folder/spikes" --out "$folder/none.txt"
[ ! -s "$folder/none.txt" ] || fail "a spike rang the bell"

# From standard input: 20 low, 200 high, 200 low readings.
{
  i=0
  while [ $i -lt 420 ]; do
    if [ $i -ge 20 ] && [ $i -lt 220 ]; then echo 9000; else echo 2000; fi
    i=$((i + 1))
  done
} | "$filter" --in - --out "$folder/step.txt" >/dev/null
[ "$(cut -d' ' -f1 "$folder/step.txt" | tr '\n' ' ')" = "begin end " ] || fail "one alarm"
# Mean m(n) = 9000 - 7000 (15/16)^n passes 7000 after 20 readings; the median lags two more.
sample=$(sed -n 's/begin \([0-9]*\) .*/\1/p' "$folder/step.txt")
case $sample in 40 | 41 | 42 | 43) ;; *) fail "the alarm began at $sample" ;; esac

echo twelve >"$folder/bad"
expect_exit 3 "$filter" --in "$folder/bad" --out "$folder/none.txt"

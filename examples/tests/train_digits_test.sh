#!/bin/sh
# A run that is stopped, or killed, and resumed ends with the same bits as one that runs through.
. "$(dirname "$0")/checks.sh"
train() {
  "$binary" --epochs 8 --examples 1500 --checkpoint-every 2 --loss-max-micro 900000 "$@"
}
binary=$1/train_digits

train --out "$folder/through" >"$folder/through.txt" || fail "did not reach the loss"
expect_hash "$folder/through" 43b38416df9b3925e40ca8d47db9a5aa6f04521beb97d3950dade9eb91e5fac9

# Stopped between two checkpoints: it writes one and says that it is not done.
code=0
train --stop-after 3 --out "$folder/stopped" >/dev/null || code=$?
[ "$code" -eq 75 ] || fail "a stopped run ended with $code"
train --resume "$folder/stopped" --out "$folder/resumed" >"$folder/resumed.txt"
grep -q '^resumed after epoch 3$' "$folder/resumed.txt" || fail "it did not resume"
cmp "$folder/through" "$folder/resumed" || fail "the resumed model differs"
[ "$(tail -n 1 "$folder/through.txt")" = "$(tail -n 1 "$folder/resumed.txt")" ] || fail "loss"

# Killed without warning once a checkpoint stands: what it left can be resumed.
train --out "$folder/killed" >/dev/null &
process=$!
while [ ! -e "$folder/killed" ] && kill -0 "$process" 2>/dev/null; do :; done
kill -9 "$process" 2>/dev/null || true
wait "$process" 2>/dev/null || true
train --resume "$folder/killed" --out "$folder/killed" >/dev/null
cmp "$folder/through" "$folder/killed" || fail "the model differs after a kill"

# A damaged or foreign checkpoint is refused; a missing one means a start from nothing.
printf 'x' | dd of="$folder/stopped" bs=1 seek=500 conv=notrunc 2>/dev/null
expect_exit 3 train --resume "$folder/stopped" --out "$folder/other"
expect_exit 3 train --resume "$folder/through" --seed 8 --out "$folder/other"
expect_exit 0 train --resume "$folder/none" --out "$folder/other"
cmp "$folder/through" "$folder/other" || fail "a fresh start differs"
expect_exit 1 "$binary" --epochs 1 --examples 10 --out "$folder/other"

#!/usr/bin/env bash
# Datasets from the command line: sent in chunks, named, used by a job, fetched again, removed.
set -euo pipefail
intertie=$1
work=$(mktemp -d)
stop_all() {
  stop_dev
  rm -rf "$work"
}
trap stop_all EXIT
# shellcheck source=checks.sh
. "$(dirname "$0")/checks.sh"
# shellcheck source=dev_process.sh
. "$(dirname "$0")/dev_process.sh"
cd "$work"

start_dev

# Of three chunks, the last one short.
head -c 20000001 /dev/urandom >big.bin
expect 0 -q data put big.bin --name big --pin
[ "$out" = "sha256:$(sha256sum big.bin | cut -d ' ' -f 1)" ] || fail "data put printed '$out'"
expect 0 -o json data show big
holds "$out" '"chunks_here": 3'
holds "$out" '"is_pinned": true'
expect 0 -q data ls
[ "$(printf '%s\n' "$out" | wc -l)" -eq 1 ] || fail "data ls printed '$out'"
expect 1 data ls none
expect 1 data show none

# A job reads it by its name, and what it sees is all of it.
cat >job.yaml <<'JOB'
run: sha256sum in.bin
data:
  in:
    - {from: "data://big", to: in.bin}
JOB
expect 0 run --in data://big:other.bin -- wc -c other.bin
holds "$out" 20000001
expect 0 submit --wait job.yaml
holds "$out" "$(sha256sum big.bin | cut -d ' ' -f 1)"

# Fetched whole, also over the rest of an earlier try.
head -c 12000000 big.bin >copy.bin.part
printf 'damaged' | dd of=copy.bin.part conv=notrunc status=none
expect 0 data get data://big --to copy.bin
cmp big.bin copy.bin || fail "the copy differs"
[ ! -e copy.bin.part ] || fail "the part was left"

# Sent again it is there already; a folder is not a file; policies are checked.
expect 0 data put big.bin
expect 3 data put .
expect 3 data put big.bin --classification loud
expect 0 data unpin big
expect 0 data rm -y big
expect 0 data ls
lacks "$out" big
finish

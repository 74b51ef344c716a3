#!/usr/bin/env bash
# A secret of one region's user in a task at a site of another: only the home hub and that site ever
# open it, and nothing of it stands in a file, a log or an argument of either hub or of the site.
set -euo pipefail
intertie=$1
work=$(mktemp -d)
here=$(realpath "$(dirname "$0")")
cd "$work"
# shellcheck source=checks.sh
. "$here/checks.sh"
# shellcheck source=two_regions.sh
. "$here/two_regions.sh"
export TOKEN="clear-$$-$RANDOM$RANDOM$RANDOM"
hidden=(TOKEN)
start_regions

# The task reads it; the answer is a digest.
wanted=$(printf %s "$TOKEN" | sha256sum | cut -c1-64)
# shellcheck disable=SC2016
digest='printf %s "$TOKEN" | sha256sum | cut -c1-64'
expect 0 run --secret TOKEN -- sh -c "$digest"
holds "$out" "$wanted"
expect 0 explain 1
holds "$out" "42/beta"

# While it runs, too, nothing of it can be seen.
expect 0 -q run --detach --secret TOKEN -- sh -c "$digest; $held"
job=$out
wait_for_phase "$job" running
find_clear() {
  if grep -rqF "$TOKEN" .; then fail "clear text in $(grep -rlF "$TOKEN" . | tr '\n' ' ')"; fi
  # Without a process that has it in its own arguments.
  lacks "$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' ' ')" "$TOKEN"
}
find_clear
for pid in "${pids[@]}"; do
  if grep -qaF "$TOKEN" "/proc/$pid/environ"; then fail "clear text in the environment of $pid"; fi
done
release_tasks
wait_for_phase "$job" ended
expect 0 logs "$job"
holds "$out" "$wanted"
find_clear

# The site changes its keys: the next secret is sealed to the same site, by its new record.
end_process site
"$intertie" site rotate-keys --data site >rotated.out 2>&1 || fail "no new keys: $(cat rotated.out)"
# shellcheck disable=SC2119
start_site
expect 0 run --secret TOKEN -- sh -c "$digest"
holds "$out" "$wanted"

# Nor after all have stopped and written what they keep.
stop_all
find_clear
grep -rqF "$wanted" . || fail "the search is blind"
finish

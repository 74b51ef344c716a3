#!/usr/bin/env bash
# What must not be seen, planted in a run of two regions and looked for everywhere: in arguments and
# environments of all processes all the time, in every log, journal, database and snapshot, as it is
# and as hexadecimal or base64 text. Planted: a job's secret, tokens of users and of the joining
# site, and every private key.
set -euo pipefail
intertie=$1
work=$(mktemp -d)
here=$(realpath "$(dirname "$0")")
cd "$work"
# shellcheck source=checks.sh
. "$here/checks.sh"
# shellcheck source=two_regions.sh
. "$here/two_regions.sh"
export PLANTED="planted-$$-$RANDOM$RANDOM$RANDOM-planted"
hidden=(PLANTED)

# All that is watched lies outside the folders that are searched.
watched=$(mktemp -d)
watcher=
end_watch() {
  [ -z "$watcher" ] || kill "$watcher" 2>/dev/null || true
  clean_up
  rm -rf "$watched"
}
trap end_watch EXIT
watch_processes() {
  while :; do
    if [ -e "$watched/look-away" ]; then
      : >"$watched/looks-away"
      sleep 0.01
      continue
    fi
    cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' >>"$watched/arguments" || true
    # Of hubs and sites: the user's own command line and the task have the secret by right.
    for pid in $(pgrep -f "^$intertie (hub start|site (start|join)) " || true); do
      { tr '\0' '\n' <"/proc/$pid/environ" >>"$watched/environments"; } 2>/dev/null || true
    done
    sleep 0.05
  done
}
# unwatched COMMAND: one whose arguments this test itself has filled with what must not be there.
unwatched() {
  rm -f "$watched/looks-away"
  : >"$watched/look-away"
  until [ -e "$watched/looks-away" ]; do sleep 0.01; done
  "$@"
  rm "$watched/look-away"
}
intertie=$(realpath "$intertie")
# read_field NAME FILE -- of a context.
read_field() { sed -n "s/^[ \"]*$1\"*: *\"*\([^\",]*\).*/\1/p" "$2" | head -n 1; }
watch_processes &
watcher=$!

start_regions
# shellcheck disable=SC2016
digest='printf %s "$PLANTED" | sha256sum | cut -c1-64'
wanted=$(printf %s "$PLANTED" | sha256sum | cut -c1-64)
expect 0 run --secret PLANTED -- sh -c "$digest"
holds "$out" "$wanted"
# A mistake, a refusal and a job that fails leave traces too.
unwatched expect 3 run --secret "PLANTED=$PLANTED" -- true
"$intertie" run --secret PLANTED -- sh -c 'exit 3' >/dev/null 2>&1 || true
"$intertie" -q run --detach --secret PLANTED --cpus 9999 -- true >/dev/null 2>&1 || true
at_jilin -o json jobs --owner '*' >/dev/null 2>&1 || true
unwatched curl -sk -H "Authorization: Bearer $(read_field token jilin/ada.yaml)x" \
  "$(read_field address jilin/ada.yaml)/v1/jobs" >/dev/null
end_process site
"$intertie" site rotate-keys --data site >rotated.out 2>&1 || fail "no new keys: $(cat rotated.out)"
# shellcheck disable=SC2119
start_site
expect 0 run --secret PLANTED -- sh -c "$digest"
stop_all
kill "$watcher" 2>/dev/null || true
wait "$watcher" 2>/dev/null || true
watcher=

# forms VALUE -- the value, its hexadecimal and the parts of its base64 that do not depend on where
# it stands.
forms() {
  printf '%s\n' "$1"
  printf %s "$1" | od -An -tx1 | tr -d ' \n'
  echo
  local skip
  for skip in 0 1 2; do
    printf %s "${1:$skip}" | head -c $(((${#1} - skip) / 3 * 3)) | base64 -w 0 | tr '+/' '-_' |
      tr -d '='
    echo
  done
}

# search WHAT VALUE ALLOWED... -- in all files below here but those named.
search() {
  local what=$1 value=$2 form each
  shift 2
  local but=()
  for each in "$@"; do but+=(--exclude="$each"); done
  while read -r form; do
    [ "${#form}" -ge 16 ] || continue
    if grep -rqaF "${but[@]}" -- "$form" .; then
      fail "$what in $(grep -rlaF "${but[@]}" -- "$form" . | tr '\n' ' ')"
    fi
    for each in arguments environments; do
      if grep -qaF -- "$form" "$watched/$each"; then fail "$what in the $each of a process"; fi
    done
  done < <(forms "$value")
}

search "the secret" "$PLANTED"
# Tokens lie in their owners' contexts, the join token where the operator put it.
for context in jilin/operator.yaml jilin/ada.yaml hubei/operator.yaml hubei/bob.yaml; do
  token=$(read_field token "$context")
  [ -n "$token" ] || fail "$context has no token"
  search "the token of $context" "$token" "${context##*/}"
done
search "the join token" "$(tail -n 1 join.token)" join.token
# The middle line of a key is the key; it stands in its own file alone.
keys=0
while read -r file; do
  line=$(grep -v -- '-----' "$file" | head -n 1)
  search "the key $file" "$line" "${file##*/}"
  keys=$((keys + 1))
  [ "$(stat -c %a "$file")" = 600 ] || fail "$file is open to others"
done < <(grep -rlI 'PRIVATE KEY' . | sort)
[ "$keys" -ge 8 ] || fail "only $keys keys were found"

# The search sees: what is public stands in logs, databases and arguments.
grep -rqaF "$wanted" . || fail "the search of files is blind"
grep -qF "site-listen" "$watched/arguments" || fail "the search of arguments is blind"
grep -qF "XDG_DATA_HOME" "$watched/environments" || fail "the search of environments is blind"
for kind in '*.db' '*.out' '*.log'; do
  [ -n "$(find . -name "$kind" -size +0)" ] || fail "no $kind was searched"
done
finish

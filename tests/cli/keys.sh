#!/usr/bin/env bash
# A site's record over its life, and keys that change: of the site, and of the hub's tokens and
# secrets. Real processes; everything is stopped and started as an operator would.
set -euo pipefail
intertie=$1
# shellcheck source=own_folder.sh
. "$(dirname "$0")/own_folder.sh"

# The site listener keeps its port: the site dials it again.
site_port=
start_hub() {
  : >"$work/hub.out" # Else what an earlier start has said may be read.
  : >"$work/hub.err"
  set -m
  "$intertie" hub start --data "$work/hub" --plain --site-listen "127.0.0.1:${site_port:-0}" "$@" \
    >"$work/hub.out" 2>"$work/hub.err" &
  hub=$!
  set +m
  pids+=("$hub")
  wait_for "$work/hub.err" 'Ctrl-C stops'
  site_port=$(sed -n 's/^sites .*:\([0-9]*\)$/\1/p' "$work/hub.out")
  [ -n "$site_port" ] || fail "the hub does not say where sites dial: $(cat "$work/hub.out")"
}
stop_hub() {
  kill -INT "$hub"
  wait "$hub" || fail "the hub did not stop well"
}
# start_site WORD...: join with the token, or start.
start_site() {
  : >"$work/site.out"
  set -m
  "$intertie" site "$@" --data "$work/site" --quick --stop-tasks \
    >"$work/site.out" 2>"$work/site.err" &
  site=$!
  set +m
  pids+=("$site")
}
stop_site() {
  kill -INT "$site"
  wait "$site" || fail "the site did not stop well"
}
# wait_status WORD: until the record of the site says so; $out is the site.
wait_status() {
  for _ in $(seq 1 300); do
    out=$("$intertie" -o json sites lab 2>/dev/null || true)
    case $out in *"\"record_status\": \"$1\""*) return ;; esac
    sleep 0.2
  done
  fail "the record is not $1: $(cat "$work/site.err")"
}

# A secret reaches its task.
run_with_secret() {
  # shellcheck disable=SC2016
  SECRET=s3cret expect 0 run --isolation process --secret SECRET -- sh -c 'echo "got $SECRET"'
  holds "$out" "got s3cret"
}

start_hub --user alice=1000
operator=$work/hub/operator.yaml
export INTERTIE_CONTEXT=$work/hub/alice.yaml

# A site says of itself what its record will say; then its record follows what happens.
"$intertie" --context "$operator" -q site token >"$work/token"
expect 3 site join x --name lab --data "$work/site" --commissioned yesterday
holds "$err" "--commissioned"
start_site join - --name lab --place 440300 --commissioned 2021-06-01 --aka handle=20.500/1 \
  --claim '1 MFLOPS fp64' <"$work/token"
wait_status active
id=$(printf '%s' "$out" | sed -n 's/.*"identifier": "\([^"]*\)".*/\1/p' | head -n 1)
expect 0 -o json id show "$id"
holds "$out" '"status": "active"'
# The payload of the record's envelope, which both have signed.
record=$(printf '%s\n' "$out" | sed -n 's/.*"record": "\(.*\)",*$/\1/p' |
  sed -n 's/.*payload\\":\\"\([^\\]*\).*/\1/p' | tr '_-' '/+')
record=$(base64 -di <<<"$record" 2>/dev/null || true)
holds "$record" '"place":"440300"'
holds "$record" '"value":"20.500/1"'
holds "$record" '"commissioned":"2021-06-01T00:00:00Z"'
expect 0 run --isolation process -- echo one

# A claim above the peak: nothing is sold until it is taken back.
expect 1 site amend --data "$work/site" --claim '900 TFLOPS fp64'
holds "$err" "Stop the agent first"
stop_site
expect 0 site amend --data "$work/site" --claim '900 TFLOPS fp64'
holds "$out" stale
start_site start
wait_for "$work/site.out" ready
expect 2 run --dry-run --isolation process -- echo two
holds "$out$err" unmeasured
stop_site
expect 0 site amend --data "$work/site" --claim '1 MFLOPS fp64' --place 440304
start_site start
wait_status active
expect 0 run --isolation process -- echo three

# The operator of the hub suspends and reinstates; a user may not.
expect 4 site suspend lab
expect 0 --context "$operator" site suspend lab
wait_status suspended
expect 0 --context "$operator" site reinstate lab
wait_status active
expect 0 run --isolation process -- echo four

# The site's keys change, with the sealing key.
cp "$work/site/seal.key" "$work/old-seal"
stop_site
expect 0 site rotate-keys --data "$work/site"
cmp -s "$work/site/seal.key" "$work/old-seal" && fail "the sealing key stayed"
start_site start
wait_status active
run_with_secret

# Tokens of the hub's old key count, until they are ended at once.
expect 1 hub rotate-keys token --data "$work/hub"
holds "$err" "Stop the hub first"
cp "$work/hub/alice.yaml" "$work/old.yaml"
# old_token_answers CODE: with the old token, at the hub's address of today.
old_token_answers() {
  local now
  now=$(grep -o 'http://[0-9.:]*' "$work/hub/alice.yaml")
  sed "s|http://[0-9.:]*|$now|" "$work/old.yaml" >"$work/now.yaml"
  chmod 600 "$work/now.yaml"
  expect "$1" --context "$work/now.yaml" jobs
}
stop_hub
expect 3 hub rotate-keys tls --data "$work/hub"
expect 0 hub rotate-keys token --data "$work/hub"
expect 0 hub rotate-keys seal --data "$work/hub"
start_hub
cmp -s "$work/old.yaml" "$work/hub/alice.yaml" && fail "the context has the old token"
old_token_answers 0
expect 0 jobs
run_with_secret
stop_hub
expect 0 hub rotate-keys token --at-once --data "$work/hub"
start_hub
old_token_answers 4
expect 0 jobs

# The site retires, and everybody can see that and verify how it came there.
wait_status active
expect 0 --context "$operator" site drain lab
stop_site
expect 3 site retire --data "$work/site"
holds "$err" "for ever"
expect 0 site retire --data "$work/site" --yes
holds "$out" retired
expect 0 -o json id show "$id"
holds "$out" '"status": "retired"'
expect 4 site retire --data "$work/site" --yes
holds "$err" "retired before"
expect 0 log public verify
stop_hub
expect 0 log verify "$work/hub"
finish

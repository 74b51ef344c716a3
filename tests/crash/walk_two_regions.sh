#!/usr/bin/env bash
# Walks every fail point of one side of a job that crosses regions (src/service/fail_points.h):
#   tests/crash/walk_two_regions.sh INTERTIE home|owner|guest_site
# A user's jobs go from the hub jilin (home) to the only site, at the hub hubei (owner), with
# their input straight from jilin and their output back to it, while the side is started with
# `--fail-point NAME:1`, dies there by SIGKILL, and is started again with the next. At the end:
# every acknowledged job has ended once, as it should, with the right output; it is paid once; the
# two hubs' accounts mirror; all three logs verify. The list comes from the program.
set -euo pipefail
intertie=$(realpath "$1")
side=$2
here=$(realpath "$(dirname "$0")")
work=$(mktemp -d)
# shellcheck source=../cli/checks.sh
. "$here/../cli/checks.sh"
# shellcheck source=../cli/two_regions.sh
. "$here/../cli/two_regions.sh"
cd "$work"

# A running process passes these only when its operator asks for them: storage_sqlite_test walks
# them.
operators='^(erase|index|backup)_'
# What a side of such a job never passes: home has no site to send rows to, and the owner's hub
# keeps nothing of what it hands on.
case $side in
  home) never='^rows_' ;;
  owner) never='^content_' ;;
  guest_site) never='^$' ;;
  *)
    echo "usage: walk_two_regions.sh INTERTIE home|owner|guest_site" >&2
    exit 3
    ;;
esac
# Those of a first start, in the order in which it passes them.
hub_first=(start_before_create)
site_first=(keys_after_write measurement_before_write measurement_after_write join_before_send
  join_after_send identity_after_write)
load=
end_load() {
  [ -z "$load" ] || kill "$load" 2>/dev/null || true
  clean_up
}
trap end_load EXIT
die() {
  touch give-up stop
  fail "$*"
  tail -n 3 ./*.err site/site.log load.err >&2 || true
  exit 1
}

# until_true SECONDS COMMAND...
until_true() {
  local limit=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$limit" ] || return 1
    sleep 0.05
  done
}
dead() { ! kill -0 "$1" || grep -q '^State:.Z' "/proc/$1/status"; }

jilin_at=("$(find_port)" "$(find_port)" "$(find_port)")
hubei_at=("$(find_port)" "$(find_port)")
serve() { # WHO [POINT]
  local point=() how=(start)
  [ -z "${2:-}" ] || point=(--fail-point "$2:1")
  case $1 in
    home)
      start_process jilin hub start --data jilin --region 22 --name jilin --user ada=100000 \
        --listen "${jilin_at[0]}" --site-listen "${jilin_at[1]}" --data-listen "${jilin_at[2]}" \
        --snapshot-records 30 "${point[@]}"
      ;;
    owner)
      start_process hubei hub start --data hubei --region 42 --name hubei --user bob=1000 \
        --listen "${hubei_at[0]}" --site-listen "${hubei_at[1]}" --snapshot-records 30 \
        "${point[@]}"
      ;;
    guest_site)
      [ -e site/identity.json ] || how=(join - --name beta)
      start_process site site "${how[@]}" --data site --quick --snapshot-records 30 "${point[@]}"
      ;;
  esac
}
get_pid() {
  case $side in
    home) echo "${pid_of[jilin]}" ;;
    owner) echo "${pid_of[hubei]}" ;;
    *) echo "${pid_of[site]}" ;;
  esac
}
walked=0
walk() { # POINT
  local pid code=0
  serve "$side" "$1"
  pid=$(get_pid)
  until_true 60 dead "$pid" || die "$1 was never passed"
  wait "$pid" 2>/dev/null || code=$?
  [ "$code" = 137 ] || die "$1: it ended with $code"
  walked=$((walked + 1))
  [ -z "${INTERTIE_VERBOSE:-}" ] || echo "$SECONDS s: $1"
}

# ---- The load ----

submit() { # KIND NUMBER OPTION... -- COMMAND...
  local kind=$1 i=$2 number
  shift 2
  until number=$("$intertie" --context jilin/ada.yaml -q run -d --key "job-$i" --cpus 0.1 \
    --memory 16MiB --timeout 170s "$@" 2>>load.err); do
    sleep 0.1
    [ ! -e give-up ] || return 1
  done
  echo "$i $kind $number" >>acknowledged
}
# More than a mebibyte, so that it is asked for straight.
make_input() { head -c 1200000 /dev/urandom >"in.$1"; }
run_load() {
  local i=0
  while [ ! -e stop ]; do
    i=$((i + 1))
    case $((i % 4)) in
      0 | 1)
        make_input $i
        submit data $i --in "$work/in.$i:in.bin" --out "out.txt=data://walk-$i" -- \
          sh -c 'sha256sum <in.bin | tee out.txt'
        ;;
      2)
        submit cancelled $i --on-loss restart -- sh -c 'sleep 100'
        sleep 1
        for _ in $(seq 1 100); do
          "$intertie" --context jilin/ada.yaml -q cancel \
            "$(tail -n 1 acknowledged | cut -d' ' -f3)" 2>cancel.err && break
          # The answer to one that was recorded got lost.
          ! grep -q already_final cancel.err || break
          sleep 0.2
        done
        ;;
    esac
    [ $((i % 4)) -ne 3 ] || submit leased $i --on-loss restart -- sh -c 'sleep 6; echo done'
    # Asked for over both hubs while one of the three may be dead.
    "$intertie" --context jilin/ada.yaml logs "$(shuf -n 1 acknowledged | cut -d' ' -f3)" || true
  done >/dev/null 2>>load.err
}

# ---- The walk ----

touch join.token acknowledged
points=$("$intertie" hub start --data none --fail-point none 2>&1 || true)
[ "$side" != guest_site ] ||
  points=$("$intertie" site start --data none --fail-point none 2>&1 || true)
points=$(sed -n 's/.*there are: *//p' <<<"$points")
[ "$(wc -w <<<"$points")" -ge 15 ] || die "no list of points: $points"

first=()
[ "$side" = guest_site ] || {
  first=("${hub_first[@]}")
  for point in "${first[@]}"; do walk "$point"; done
}
serve home
serve owner
# shellcheck disable=SC2317
both_serve() { at_jilin sites && at_hubei sites; }
until_true 60 both_serve || die "the hubs do not start"
introduce_hubs
at_hubei -q site token >join.token
if [ "$side" = guest_site ]; then
  first=("${site_first[@]}")
  for point in "${first[@]}"; do walk "$point"; done
fi
serve guest_site
wait_for_pool
run_load &
load=$!
pid=$(get_pid)
kill -KILL "$pid"
wait "$pid" 2>/dev/null || true
for point in $points; do
  [[ ! $point =~ $operators ]] || continue
  [[ ! $point =~ $never ]] || continue
  [[ ! " ${first[*]} " == *" $point "* ]] || continue
  walk "$point"
done
serve "$side"

# ---- What must hold ----

touch stop
until_true 60 both_serve || die "a hub does not start"
wait "$load" || die "the load"
load=
jobs=$(wc -l <acknowledged)
[ "$(cut -d' ' -f3 acknowledged | sort -u | wc -l)" = "$jobs" ] || die "a number twice"
export INTERTIE_CONTEXT=$work/jilin/ada.yaml
# shellcheck disable=SC2317
all_ended() {
  [ "$("$intertie" jobs -n 1000 -o json | grep -c '"phase": "ended"')" = "$jobs" ]
}
until_true 120 all_ended || die "jobs are stuck, of $jobs: $("$intertie" jobs -n 1000)"
while read -r i kind number; do
  outcome=$("$intertie" jobs "$number" -o json | sed -n 's/^ *"outcome": "\(.*\)".*/\1/p' |
    head -n 1)
  if [ "$kind" = cancelled ]; then
    [ "$outcome" = cancelled ] || fail "job $number is $outcome"
    continue
  fi
  [ "$outcome" = succeeded ] || fail "job $number: $outcome"
  [ "$kind" = data ] || continue
  wanted=$(sha256sum <"in.$i")
  [ "$("$intertie" logs "$number")" = "$wanted" ] || fail "the log of job $number"
  "$intertie" -q data get "data://walk-$i" --to "landed.$i" >/dev/null ||
    fail "no dataset of job $number"
  [ "$(cat "landed.$i")" = "$wanted" ] || fail "the dataset of job $number"
done <acknowledged
# The last input came straight.
"$intertie" explain "$(grep ' data ' acknowledged | tail -n 1 | cut -d' ' -f3)" |
  grep -q 'The site received' || fail "no receipt of the last input"
"$intertie" bill -o json >bill.json
! grep -q '"agree": false' bill.json || fail "a bill disagrees with the ledger"
mirrors() { "$1" ledger check --peers; }
for hub in at_jilin at_hubei; do
  until_true 60 mirrors $hub || fail "$hub: $($hub ledger check --peers 2>&1)"
done
stop_all
for store in jilin/store hubei/store site/journal; do
  "$intertie" log verify $store >/dev/null || fail "$store does not verify"
done
[ "$failures" -eq 0 ] || exit 1
echo "ok ($side): $walked deaths, $jobs jobs, ${SECONDS} s"

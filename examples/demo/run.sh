#!/usr/bin/env bash
# The demo: one hub, three sites in processes of their own, a mixed load, outputs checked.
#   examples/demo/run.sh [--keep]      (./demo builds first and then calls this)
# Needs build/release/intertie and build/release/examples. Everything it makes is in build/demo.
# Ends with one line `demo: ok jobs=N succeeded=N refused=N failed=N cancelled=N ledger_sum=0` and
# exit 0 only if all of it held. --keep leaves hub and sites running.
set -euo pipefail
cd "$(dirname "$0")/../.."

keep=no
case ${1:-} in
  '') ;;
  --keep) keep=yes ;;
  *)
    echo "usage: demo [--keep]" >&2
    exit 3
    ;;
esac

root=$PWD
bin=$root/build/release/intertie
programs=$root/build/release/examples
work=$root/build/demo
jobs=$root/examples/jobs
pids=()
problems=0

say() { printf '[%3ds] %s\n' "$SECONDS" "$*"; }

problem() {
  problems=$((problems + 1))
  say "WRONG: $*"
}

stop_all() {
  [ "$keep" = no ] || return 0
  local pid
  for pid in "${pids[@]}"; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
}
trap stop_all EXIT

# wait_for WHAT SECONDS COMMAND...: until the command succeeds.
wait_for() {
  local what=$1 limit=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ "$SECONDS" -ge "$limit" ]; then
      say "FAILED: $what did not come about; see $work"
      exit 1
    fi
    sleep 0.2
  done
}

as() { INTERTIE_CONTEXT=$work/hub/$1.yaml "$bin" "${@:2}"; }

# Each site is its own user where that is possible, so that no site can open another's folder.
site_prefix() {
  local uid=$1
  if [ "$(id -u)" = 0 ] && setpriv --reuid "$uid" --regid "$uid" --clear-groups test -x "$bin"; then
    printf '%s\0' setpriv --reuid "$uid" --regid "$uid" --clear-groups
  fi
}

start_site() {
  local name=$1 class=$2 price=$3 uid=$4 token prefix=()
  token=$(as operator -q site token --operator operator)
  mkdir -p "$work/sites/$name"
  chmod 700 "$work/sites/$name"
  mapfile -d '' prefix < <(site_prefix "$uid")
  [ ${#prefix[@]} -eq 0 ] || chown "$uid:$uid" "$work/sites/$name"
  "${prefix[@]}" "$bin" site join - --name "$name" --region 22 --class "$class" \
    --price "$price" --data "$work/sites/$name" --quick <<<"$token" >"$work/$name.out" 2>&1 &
  pids+=($!)
}

# Whether so many pools have a valid measurement.
are_measured() {
  [ "$(as operator site list -o json | grep -c '"is_valid": true')" -ge "$1" ]
}

start_grid() {
  rm -rf "$work/hub" "$work/sites" "$work/outputs"
  mkdir -p "$work/sites" "$work/outputs"
  chmod 711 "$work" "$work/sites"
  "$bin" hub start --data "$work/hub" --region 22 --name jilin --user ada=500 \
    >"$work/hub.out" 2>&1 &
  pids+=($!)
  wait_for "the hub" 20 as ada sites
  say "hub jilin is up: $(sed -n 's/^address *//p' "$work/hub.out")"
  local site count=0
  # One after another: measuring three sites at once on one machine would disturb all three.
  for site in "harbor basic 0.20 61101" "lights intelligent 0.60 61102" \
    "summit super 0.40 61103"; do
    # shellcheck disable=SC2086
    start_site $site
    count=$((count + 1))
    wait_for "site ${site%% *}" 60 are_measured "$count"
    say "site ${site%% *} has joined and is measured"
  done
  as ada sites
}

declare -A number

submit() {
  local name=$1 file=$2
  number[$name]=$(as ada -q submit "$file")
  say "submitted $name as job ${number[$name]}"
}

phase_of() { as ada jobs "$1" -o json | sed -n 's/.*"phase": *"\([a-z]*\)".*/\1/p' | head -n 1; }
has_ended() { [ "$(phase_of "${number[$1]}")" = ended ]; }
is_running() { [ "$(phase_of "${number[$1]}")" = running ]; }

fetch_and_check() {
  local name=$1 file=$2
  as ada -q outputs "${number[$name]}" --to "$work/outputs/$name" >/dev/null
  if (cd "$work/outputs/$name" &&
    grep " $file\$" "$jobs/expected.sha256" | sha256sum -c --quiet); then
    say "$name: $file is what it must be"
  else
    problem "$name: $file differs"
  fi
}

run_load() {
  [ -s "$work/access.log" ] || "$programs/make_log" --seed 1 --out "$work/access.log"
  say "the plan for a scientific job, before anything runs:"
  as ada plan "$jobs/solve_heat.yaml"
  submit solve-heat "$jobs/solve_heat.yaml"
  submit count-words "$jobs/count_words.yaml"
  submit filter-sensor "$jobs/filter_sensor.yaml"
  submit stop-digits "$jobs/stop_digits.yaml"
  submit ring-allreduce "$jobs/ring_allreduce.yaml"
  submit failing "$jobs/failing.yaml"
  submit cancelled "$jobs/cancelled.yaml"
  if as ada submit "$jobs/unplaceable.yaml" >"$work/unplaceable.out" 2>&1; then
    problem "the job that fits nowhere was accepted"
  else
    say "unplaceable: refused, as it should be:"
    sed 's/^/        /' "$work/unplaceable.out"
  fi
  wait_for "the job to be cancelled" 60 is_running cancelled
  as ada -q cancel "${number[cancelled]}" >/dev/null

  wait_for stop-digits 120 has_ended stop-digits
  as ada -q outputs "${number[stop-digits]}" --to "$work/outputs/stop-digits" >/dev/null
  cp "$work/outputs/stop-digits/digits.checkpoint" "$work/digits.checkpoint"
  say "training was killed after 60 epochs; it goes on elsewhere from its checkpoint"
  submit resume-digits "$jobs/resume_digits.yaml"
  submit train-digits "$jobs/train_digits.yaml"
  local name
  for name in solve-heat count-words filter-sensor ring-allreduce failing cancelled resume-digits \
    train-digits; do
    wait_for "$name" 180 has_ended "$name"
    say "$name has ended"
  done
}

check_outputs() {
  fetch_and_check solve-heat heat.bin
  fetch_and_check count-words counts.txt
  fetch_and_check filter-sensor alarms.txt
  fetch_and_check stop-digits digits.checkpoint
  fetch_and_check resume-digits digits.model
  fetch_and_check train-digits digits.model
  as ada logs "${number[ring-allreduce]}" >"$work/ring.log"
  grep -q . "$work/ring.log" || problem "ring-allreduce has printed nothing"
}

count_outcome() { as ada jobs -n 100 -o json | grep -o "\"outcome\": *\"$1\"" | wc -l; }

report() {
  as ada jobs
  say "why solve-heat ran where it did:"
  as ada explain "${number[solve-heat]}"
  as ada bill
  as operator ledger check
  local total succeeded failed cancelled sum refused=1
  succeeded=$(count_outcome succeeded)
  failed=$(count_outcome failed)
  cancelled=$(count_outcome cancelled)
  total=$((succeeded + failed + cancelled + refused))
  sum=$(as operator ledger check -o json | sed -n 's/.*"sum_micros": *\(-\{0,1\}[0-9]*\).*/\1/p' |
    head -n 1)
  [ "$succeeded" = 6 ] || problem "$succeeded jobs succeeded, expected 6"
  [ "$failed" = 2 ] || problem "$failed jobs failed, expected 2 (failing, and the killed training)"
  [ "$cancelled" = 1 ] || problem "$cancelled jobs were cancelled, expected 1"
  [ "$sum" = 0 ] || problem "the ledger sums to $sum"
  if [ "$problems" -gt 0 ]; then
    echo "demo: FAILED, $problems problems; everything is in $work"
    return 1
  fi
  echo "demo: ok jobs=$total succeeded=$succeeded refused=$refused failed=$failed" \
    "cancelled=$cancelled ledger_sum=$sum"
}

# Other people's jobs run in namespaces or not at all, so without them there is nothing to show.
check_machine() {
  local findings
  findings=$("$bin" site doctor -o csv --data "$work" 2>&1) || true
  if grep -q '^sandbox: namespace,BAD' <<<"$findings"; then
    grep '^sandbox: namespace' <<<"$findings"
    say "FAILED: this machine has no user namespaces (a plain chroot never has them)"
    exit 1
  fi
}

mkdir -p "$work"
check_machine
start_grid
run_load
check_outputs
report
if [ "$keep" = yes ]; then
  trap - EXIT
  disown -a
  say "left running: INTERTIE_CONTEXT=$work/hub/ada.yaml build/release/intertie sites"
fi

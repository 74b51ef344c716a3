# A real Slurm cluster, a hub and a site whose tasks run in it; source it after checks.sh.
# shellcheck shell=bash disable=SC2154,SC2034
tools=$(cd "$(dirname "${BASH_SOURCE[0]}")/../tools" && pwd)
slurm=$tools/slurm-cluster
if ! command -v slurmctld >/dev/null && ! PATH=$PATH:/usr/sbin command -v slurmctld >/dev/null; then
  echo "skipped: Slurm is not installed (tools/install-packages slurm)"
  exit 77
fi
if [ "$(id -u)" != 0 ]; then
  echo "skipped: the cluster of these tests needs root (its daemons switch between users)"
  exit 77
fi
# Other users' tasks must get to their folders below it.
chmod 755 "$work"
export HOME=$work/home XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
mkdir -p "$HOME"
unset INTERTIE_CONTEXT SLURM_CONF
pids=() clusters=()
declare -A pid_of address_of

end_process() { # NAME [SIGNAL]
  kill "-${2:-INT}" "${pid_of[$1]}" 2>/dev/null || true
  wait "${pid_of[$1]}" 2>/dev/null || true
}
clean_up() {
  local each
  for each in "${pids[@]}"; do kill -INT "$each" 2>/dev/null || true; done
  for each in "${pids[@]}"; do wait "$each" 2>/dev/null || true; done
  for each in "${clusters[@]}"; do "$slurm" clean "$each" >/dev/null 2>&1 || true; done
  # Launchers and meters end when their folders have gone.
  [ -n "${KEEP:-}" ] || rm -rf "$work"
}
trap clean_up EXIT

start_process() { # NAME WORD...
  local name=$1
  shift
  set -m
  "$intertie" "$@" <"$work/join.token" >"$work/$name.out" 2>"$work/$name.err" &
  set +m
  pids+=("$!")
  pid_of[$name]=$!
}

# wait_for SECONDS COMMAND...
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    if ((SECONDS >= end)); then
      fail "waited in vain for: $*"
      return 1
    fi
    sleep 0.1
  done
}
has_line() { grep -q -- "$2" "$1"; }

start_cluster() { # NAME [SETTING...]
  local name=$1
  shift
  clusters+=("$work/$name")
  "$slurm" start "$work/$name" CLUSTER="$name" REST=0 "$@" >"$work/$name.start" 2>&1 ||
    { cat "$work/$name.start"; exit 1; }
}
in_slurm() { # CLUSTER COMMAND...
  local name=$1
  shift
  SLURM_CONF=$work/$name/slurm.conf "$@"
}

find_port() {
  local port
  while port=$((15000 + RANDOM % 15000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "127.0.0.1:$port"
}
start_hub() { # NAME REGION USER...
  local name=$1 region=$2 users=() each
  shift 2
  for each; do users+=(--user "$each=1000"); done
  start_process "$name" hub start --data "$work/$name" --region "$region" --name "$name" \
    "${users[@]}" --listen "$(find_port)" --site-listen "$(find_port)"
  wait_for 30 has_line "$work/$name.out" '^user '
}
operate() { # HUB WORD...
  local hub=$1
  shift
  "$intertie" --context "$work/$hub/operator.yaml" "$@"
}

# start_site NAME CLUSTER [OPTION...]: joins with join.token, or starts again.
start_site() {
  local name=$1 cluster=$2 how
  shift 2
  how=(start)
  [ -e "$work/$name/identity.json" ] || how=(join - --name "$name")
  start_process "$name" site "${how[@]}" --data "$work/$name" --quick --engine slurm \
    --slurm-conf "$work/$cluster/slurm.conf" --slurm-shared "$work/$name-shared" \
    --slurm-users "$work/users" --slurm-poll 1s --slurm-silence 6s "$@"
  wait_for 60 has_line "$work/$name.out" '^status *ready'
}
wait_for_phase() { # JOB PHASE
  wait_for 60 is_phase "$1" "$2"
}
is_phase() { "$intertie" -o json jobs "$1" 2>/dev/null | grep -q "\"phase\": \"$2\""; }
# succeeds JOB: it ends, and well.
succeeds() {
  wait_for_phase "$1" ended || true
  expect 0 -o json jobs "$1"
  holds "$out" '"outcome": "succeeded"'
}
# fails_with JOB REASON
fails_with() {
  wait_for_phase "$1" ended || true
  expect 0 -o json jobs "$1"
  holds "$out" "\"$2\""
}
# submit COMMAND [LINE...]: a job file of a shell command and further lines; $job is its number.
submit() {
  printf 'run: [sh, -c, "%s"]\n' "$1" >job.yaml
  shift
  [ $# = 0 ] || printf '%s\n' "$@" >>job.yaml
  expect 0 -q submit job.yaml
  # shellcheck disable=SC2034  # Used by the tests.
  job=$out
}
count_in_slurm() { # CLUSTER STATES
  in_slurm "$1" squeue -h -r -t "$2" -o %i | wc -l
}
is_running_in_slurm() { [ "$(count_in_slurm "$1" R)" -ge "${2:-1}" ]; }
is_empty_in_slurm() { [ "$(count_in_slurm "$1" PD,R,CG)" = 0 ]; }

# Two hubs that are peers, jilin (22, user ada) and hubei (42, user bob), and a site of hubei;
# source it in the test's folder, after checks.sh.
# shellcheck shell=bash disable=SC2154,SC2119,SC2120
pids=()
declare -A pid_of address_of
stop_all() {
  local pid
  for pid in "${pids[@]}"; do kill -INT "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  pids=()
}
clean_up() {
  stop_all
  rm -rf "$work"
}
trap clean_up EXIT
export HOME=$work XDG_DATA_HOME=$work/data XDG_CONFIG_HOME=$work/config
unset INTERTIE_CONTEXT

# Names of variables that only the command line is to have.
hidden=()
start_process() { # NAME WORD...
  local name=$1 each hide=()
  shift
  for each in "${hidden[@]}"; do hide+=(-u "$each"); done
  set -m
  env "${hide[@]}" "$intertie" "$@" <join.token >"$name.out" 2>"$name.err" &
  set +m
  pids+=("$!")
  pid_of[$name]=$!
}

# Below the ports that the kernel gives to outgoing connections: while a hub is dead nobody may
# get its port by chance.
find_port() {
  local port
  while port=$((15000 + RANDOM % 15000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "127.0.0.1:$port"
}

# start_hub NAME REGION USER [OPTION...]: waits until it serves; again where it served before.
start_hub() {
  local at=${address_of[$1]:-$(find_port) $(find_port)}
  : >"$1.out" # Else what an earlier start has said may be read.
  start_process "$1" hub start --data "$1" --region "$2" --name "$1" --user "$3=1000" \
    --listen "${at% *}" --site-listen "${at#* }" "${@:4}"
  for _ in $(seq 1 300); do
    if grep -q '^user ' "$1.out"; then
      [ -z "${address_of[$1]:-}" ] || return 0
      at=$(sed -n 's/^address *https:\/\///p' "$1.out")
      address_of[$1]="$at $(sed -n 's/^sites *//p' "$1.out")"
      return
    fi
    sleep 0.1
  done
  fail "hub $1 does not start: $(cat "$1.err")"
}
start_site() { # [OPTION...]
  local how=(start)
  [ -e site/identity.json ] || how=(join - --name beta)
  start_process site site "${how[@]}" --data site --quick "$@"
}
wait_for_pool() {
  for _ in $(seq 1 600); do
    at_jilin -o json hub peer list | grep -q '"pools": 1' && return
    sleep 0.1
  done
  fail "hub jilin hears of no pool: $(cat site.err)"
}
# wait_for_phase JOB PHASE
wait_for_phase() {
  for _ in $(seq 1 600); do
    "$intertie" -o json jobs "$1" 2>/dev/null | grep -q "\"phase\": \"$2\"" && return
    sleep 0.1
  done
  fail "job $1 is not $2"
}
# What a task says that runs until release_tasks: seen running however slow the machine is.
# shellcheck disable=SC2034  # Used by the tests.
held='while [ ! -e go ]; do sleep 0.1; done'
release_tasks() {
  local work
  for work in site/tasks/*/*/work; do touch "$work/go"; done
}
# end_process NAME [SIGNAL]
end_process() {
  kill "-${2:-INT}" "${pid_of[$1]}" 2>/dev/null || true
  wait "${pid_of[$1]}" 2>/dev/null || true
}

at_jilin() { "$intertie" --context jilin/operator.yaml "$@"; }
at_hubei() { "$intertie" --context hubei/operator.yaml "$@"; }

introduce_hubs() {
  at_hubei hub peer card | at_jilin -q hub peer add - --credit 100 >/dev/null
  at_jilin hub peer card | at_hubei -q hub peer add - --credit 100 >/dev/null
}

# join_regions [SITE_OPTION...]: the hubs run; makes them peers, and hubei's site their only one.
join_regions() {
  introduce_hubs
  at_hubei -q site token >join.token
  start_site "$@"
  wait_for_pool
  export INTERTIE_CONTEXT=$work/jilin/ada.yaml
}

start_regions() {
  touch join.token
  start_hub jilin 22 ada
  start_hub hubei 42 bob
  join_regions
}

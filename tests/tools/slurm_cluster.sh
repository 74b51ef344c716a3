#!/usr/bin/env bash
# slurm-cluster: a real, throw-away Slurm cluster on the loopback interface.
#
#   slurm_cluster.sh start  DIR [NAME=VALUE ...]   bring a cluster up, wait until it takes jobs
#   slurm_cluster.sh status DIR                    one line; exit 0 when it takes jobs
#   slurm_cluster.sh env    DIR                    shell 'export' lines for the clients (eval it)
#   slurm_cluster.sh run    DIR COMMAND [ARG ...]  run COMMAND with that environment
#   slurm_cluster.sh token  DIR [USER [SECONDS]]   print a JWT for the REST interface
#   slurm_cluster.sh kill-node  DIR NODE           kill -9 one slurmd (a failure test)
#   slurm_cluster.sh start-node DIR NODE           bring it back
#   slurm_cluster.sh kill-ctld  DIR                kill -9 slurmctld
#   slurm_cluster.sh start-ctld DIR                bring it back on the same ports, with its jobs
#   slurm_cluster.sh stop   DIR                    end the jobs and every daemon; DIR stays for its logs
#   slurm_cluster.sh clean  DIR                    stop, then remove DIR
#
# Settings for start (arguments, or variables of the environment):
#   CLUSTER=name     cluster name                        (default: intertie)
#   NODES=n          number of slurmd daemons            (default: 3)
#   CPUS=n           CPUs each node pretends to have     (default: 4)
#   MEM=mib          memory each node pretends to have   (default: 4000)
#   GPUS=n           GPUs each node pretends to have     (default: 0; null devices under DIR/dev stand for them)
#   GPUTYPE=name     the type they are given             (default: fake)
#   PORT=n           first of a block of 64 ports, taken if it is free
#                                                        (default: the first free block from 26000)
#   REST=0|1         start slurmrestd: TCP with JWT, and a unix socket (default: 1)
#   DBD=0|1          keep accounts: slurmdbd on a MariaDB of its own, so that sacct and the
#                    REST interface's slurmdb calls work (default: 0; +5 s; needs Debian's
#                    slurmdbd slurm-wlm-mysql-plugin mariadb-server)
#   EXTRA=file       lines appended to slurm.conf        (topology, partitions, limits)
#   TIMEOUT=s        how long start may take             (default: 60)
#
# DIR holds everything: keys, configuration, logs, state, and DIR/jobcomp.txt (one line for each
# finished job; no CPU seconds, which only DBD=1 keeps). A second start keeps the first one's
# settings (arguments win) and jobs.
# Two clusters with two DIRs run side by side. Needs root and Debian's packages:
#   slurmctld slurmd slurm-client slurmrestd slurm-wlm-basic-plugins slurm-wlm-jwt-plugin munge curl
set -euo pipefail
export PATH="$PATH:/usr/sbin:/sbin"

die() { echo "slurm-cluster: $*" >&2; exit 1; }
usage() { sed -n '2,/^set -euo/{/^set -euo/d;s/^# \{0,1\}//;p}' "$0"; exit "${1:-2}"; }

# --- small helpers ------------------------------------------------------------------------

# A pid read from FILE that is still the daemon it was written for: its command line names DIR,
# or (slurmdbd, which takes no such option) its environment does.
live_pid() { # FILE
  local pid
  pid=$(cat "$1" 2>/dev/null) || return 1
  [[ $pid =~ ^[0-9]+$ ]] || return 1
  { tr '\0' ' ' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qF -- "$DIR/" ||
    { tr '\0' '\n' <"/proc/$pid/environ"; } 2>/dev/null | grep -qxF "SLURM_CONF=$DIR/slurm.conf" || return 1
  echo "$pid"
}

# Ends daemons: TERM to all, up to 5 s for all together, then KILL to those left.
end_pids() { # PID...
  local pid left i
  for pid; do kill -TERM "$pid" 2>/dev/null || true; done
  for ((i = 0; i < 100; i++)); do
    left=()
    for pid; do kill -0 "$pid" 2>/dev/null && left+=("$pid"); done
    ((${#left[@]})) || return 0
    sleep 0.05
  done
  for pid in "${left[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
}

# Processes of this cluster's job steps: slurmstepd keeps DIR in its environment.
our_stepds() {
  local p
  for p in /proc/[0-9]*; do
    [[ $(cat "$p/comm" 2>/dev/null) == slurmstepd* ]] || continue
    { tr '\0' '\n' <"$p/environ"; } 2>/dev/null | grep -qxF "SLURM_CONF=$DIR/slurm.conf" && echo "${p#/proc/}"
  done
  return 0
}

wait_for() { # SECONDS COMMAND...
  local end=$((SECONDS + $1)); shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < end)) || return 1
    sleep 0.1
  done
}

port_used() { # PORT: something listens there (any address)
  local hex; hex=$(printf ':%04X' "$1")
  awk -v h="$hex" '$4 == "0A" && substr($2, length($2)-4) == h { found = 1 } END { exit !found }' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null
}

# Prints the first port of a free block of 64 and marks it as DIR's; WANTED is tried first.
free_block() { # [WANTED]
  local base p owner mark
  mkdir -p /run/lock/slurm-cluster
  exec 9>/run/lock/slurm-cluster/lock
  flock -w 20 9 || die "cannot lock /run/lock/slurm-cluster"
  for base in ${1:+"$1"} $(seq 26000 64 31936); do
    mark=/run/lock/slurm-cluster/$base
    owner=$(cat "$mark" 2>/dev/null || true)
    # another's, and that cluster is up or starting
    [[ -n $owner && $owner != "$DIR" ]] &&
      kill -0 "$(cat "$owner/starting-or-up" 2>/dev/null)" 2>/dev/null && continue
    for ((p = base; p < base + 64; p++)); do port_used "$p" && continue 2; done
    echo "$DIR" >"$mark"
    echo "$base"
    return 0
  done
  die "no free block of 64 ports"
}

# shellcheck source=/dev/null
load_settings() { [[ -r $DIR/settings ]] || die "$DIR is no slurm_cluster directory"; . "$DIR/settings"; }
node_name() { printf '%s-n%d' "$CLUSTER" "$1"; }

# --- configuration ------------------------------------------------------------------------

write_config() {
  local host; host=$(hostname -s)
  umask 022
  mkdir -p "$DIR"/{state,log,run,spool,dev}
  chmod 755 "$DIR" "$DIR/run" "$DIR/log"

  # keys: one for munge, one for JSON Web Tokens
  mkdir -p "$DIR/keys"
  chmod 700 "$DIR/keys"
  [[ -s $DIR/keys/munge.key ]] || head -c 1024 /dev/urandom >"$DIR/keys/munge.key"
  [[ -s $DIR/keys/jwt.key ]] || head -c 32 /dev/urandom >"$DIR/keys/jwt.key"
  chmod 600 "$DIR"/keys/*

  local gres_types="" node_gres="" i g accounting="AccountingStorageType=accounting_storage/none"
  if ((DBD)); then
    accounting="AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=$((PORT + 32))
AccountingStoragePass=$DIR/run/munge.socket
AccountingStorageTRES=gres/gpu"
    (umask 077; cat >"$DIR/slurmdbd.conf" <<CONF
AuthType=auth/munge
AuthInfo=socket=$DIR/run/munge.socket
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key=$DIR/keys/jwt.key
DbdHost=$(hostname -s)
DbdAddr=127.0.0.1
DbdPort=$((PORT + 32))
SlurmUser=root
CommunicationParameters=NoInAddrAny
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=$((PORT + 33))
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
LogFile=$DIR/log/slurmdbd.log
PidFile=$DIR/run/slurmdbd.pid
DebugLevel=info
CONF
    )
  fi
  : >"$DIR/gres.conf"
  if ((GPUS > 0)); then
    gres_types=GresTypes=gpu
    node_gres="Gres=gpu:$GPUTYPE:$GPUS"
    # Slurm wants device files: these are twins of /dev/null
    for ((g = 0; g < GPUS; g++)); do [[ -c $DIR/dev/gpu$g ]] || { rm -f "$DIR/dev/gpu$g"; mknod -m 666 "$DIR/dev/gpu$g" c 1 3; }; done
    local range="gpu[0-$((GPUS - 1))]"; ((GPUS == 1)) && range=gpu0
    for ((i = 1; i <= NODES; i++)); do
      echo "NodeName=$(node_name "$i") Name=gpu Type=$GPUTYPE File=$DIR/dev/$range" >>"$DIR/gres.conf"
    done
  fi
  printf 'CgroupAutomount=no\nConstrainCores=no\nConstrainRAMSpace=no\nConstrainDevices=no\n' >"$DIR/cgroup.conf"

  {
    cat <<CONF
ClusterName=$CLUSTER
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$PORT
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$DIR/run/munge.socket
CredType=cred/munge
AuthAltTypes=auth/jwt
AuthAltParameters=jwt_key=$DIR/keys/jwt.key
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SrunPortRange=$((PORT + 34))-$((PORT + 63))
StateSaveLocation=$DIR/state
SlurmdSpoolDir=$DIR/spool/%n
SlurmctldPidFile=$DIR/run/slurmctld.pid
SlurmdPidFile=$DIR/run/slurmd-%n.pid
SlurmctldLogFile=$DIR/log/slurmctld.log
SlurmdLogFile=$DIR/log/slurmd-%n.log
SlurmctldDebug=info
SlurmdDebug=info
# no cgroups, no affinity, no MPI plug-in: the nodes share one small machine
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmdParameters=config_overrides
SlurmdTimeout=15
SlurmctldTimeout=15
KillWait=2
UnkillableStepTimeout=20
InactiveLimit=0
MinJobAge=600
MaxJobCount=20000
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,sched_interval=5,batch_sched_delay=0,max_rpc_cnt=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU=64
PriorityType=priority/basic
$accounting
JobCompType=jobcomp/filetxt
JobCompLoc=$DIR/jobcomp.txt
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
$gres_types
CONF
    for ((i = 1; i <= NODES; i++)); do
      echo "NodeName=$(node_name "$i") NodeHostname=$host NodeAddr=127.0.0.1 Port=$((PORT + 1 + i)) CPUs=$CPUS RealMemory=$MEM $node_gres State=UNKNOWN"
    done
    echo "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP"
    [[ -z ${EXTRA:-} ]] || cat "$EXTRA"
  } >"$DIR/slurm.conf"

  {
    printf '%s=%q\n' CLUSTER "$CLUSTER" NODES "$NODES" CPUS "$CPUS" MEM "$MEM" GPUS "$GPUS" \
      GPUTYPE "$GPUTYPE" PORT "$PORT" REST "$REST" DBD "$DBD"
  } >"$DIR/settings"
}

# --- daemons ------------------------------------------------------------------------------

start_munged() {
  live_pid "$DIR/run/munged.pid" >/dev/null && return 0
  rm -f "$DIR"/run/munge.socket*
  # --force: a DIR under a 0700 directory (mktemp -d) is fine, as long as all jobs are root's
  munged --force --num-threads=2 --key-file="$DIR/keys/munge.key" --socket="$DIR/run/munge.socket" \
    --pid-file="$DIR/run/munged.pid" --log-file="$DIR/log/munged.log" \
    --seed-file="$DIR/keys/munge.seed" --group-update-time=-1 >>"$DIR/log/start.log" 2>&1 ||
    die "munged did not start; see $DIR/log/munged.log"
}

start_dbd() {
  if ! live_pid "$DIR/run/mariadb.pid" >/dev/null; then
    if [[ ! -d $DIR/mariadb/mysql ]]; then
      mariadb-install-db --no-defaults --datadir="$DIR/mariadb" --user=root --auth-root-authentication-method=socket \
        --skip-test-db >>"$DIR/log/mariadb.log" 2>&1 || die "no database; see $DIR/log/mariadb.log"
    fi
    # small, and quick rather than safe: this is for tests
    setsid mariadbd --no-defaults --user=root --datadir="$DIR/mariadb" --socket="$DIR/run/mariadb.sock" \
      --bind-address=127.0.0.1 --port=$((PORT + 33)) --pid-file="$DIR/run/mariadb.pid" --skip-name-resolve \
      --innodb-buffer-pool-size=64M --innodb-log-file-size=16M --innodb-flush-log-at-trx-commit=0 \
      --innodb-lock-wait-timeout=900 </dev/null >>"$DIR/log/mariadb.log" 2>&1 &
    wait_for 30 mariadb --no-defaults --socket="$DIR/run/mariadb.sock" -u root -e 'select 1' ||
      die "mariadbd did not start; see $DIR/log/mariadb.log"
    mariadb --no-defaults --socket="$DIR/run/mariadb.sock" -u root -e "create database if not exists slurm_acct_db;
      create user if not exists slurm@'127.0.0.1' identified by 'slurm'; grant all on slurm_acct_db.* to slurm@'127.0.0.1'"
  fi
  live_pid "$DIR/run/slurmdbd.pid" >/dev/null && return 0
  # slurmdbd finds its configuration beside the slurm.conf that SLURM_CONF names
  SLURM_CONF=$DIR/slurm.conf setsid slurmdbd </dev/null >>"$DIR/log/start.log" 2>&1 ||
    die "slurmdbd did not start; see $DIR/log/slurmdbd.log"
  wait_for 30 port_used $((PORT + 32)) || die "slurmdbd does not listen; see $DIR/log/slurmdbd.log"
  wait_for 20 sh -c "sacctmgr -n -P list cluster | grep -q '^$CLUSTER|' || sacctmgr -i add cluster $CLUSTER" ||
    die "the cluster cannot be added to slurmdbd"
}

start_ctld() {
  setsid slurmctld -i -f "$DIR/slurm.conf" </dev/null >>"$DIR/log/start.log" 2>&1 ||
    die "slurmctld did not start; see $DIR/log/slurmctld.log"
  wait_for 10 live_pid "$DIR/run/slurmctld.pid" || die "no slurmctld; see $DIR/log/slurmctld.log"
  live_pid "$DIR/run/slurmctld.pid" >"$DIR/starting-or-up"
}

start_node() { # NAME
  live_pid "$DIR/run/slurmd-$1.pid" >/dev/null && return 0
  mkdir -p "$DIR/spool/$1"
  # its own session and no inherited descriptors: the caller's pipe must not stay open
  SLURM_CONF=$DIR/slurm.conf setsid slurmd -N "$1" -f "$DIR/slurm.conf" </dev/null >>"$DIR/log/start.log" 2>&1 ||
    die "slurmd $1 did not start; see $DIR/log/slurmd-$1.log"
}

# Two of them, because slurmrestd has one authentication towards slurmctld for all its callers:
# the one on TCP passes each caller's JWT on (SLURM_JWT=daemon asks for that), the one on the
# socket speaks, through munge, as the user it runs as. In production neither runs as root.
start_rest() {
  local kind address
  for kind in jwt local; do
    live_pid "$DIR/run/slurmrestd-$kind.pid" >/dev/null && continue
    address=127.0.0.1:$((PORT + 1))
    [[ $kind == jwt ]] || { address=unix:$DIR/run/slurmrestd.sock; rm -f "$DIR/run/slurmrestd.sock"; }
    (
      export SLURM_CONF=$DIR/slurm.conf SLURMRESTD_SECURITY=disable_user_check
      [[ $kind == local ]] || export SLURM_JWT=daemon
      local api=openapi/v0.0.38
      ((DBD == 0)) || api+=,openapi/dbv0.0.38
      exec setsid slurmrestd -f "$DIR/slurm.conf" -s "$api" -a "rest_auth/$kind" "$address" \
        </dev/null >>"$DIR/log/slurmrestd-$kind.log" 2>&1
    ) &
    echo $! >"$DIR/run/slurmrestd-$kind.pid"
  done
}

rest_ready() {
  [[ $(curl -s -m 5 -H "X-SLURM-USER-NAME: root" -H "X-SLURM-USER-TOKEN: $(cmd_token root 60)" -o /dev/null -w '%{http_code}' \
    "http://127.0.0.1:$((PORT + 1))/slurm/v0.0.38/ping") == 200 ]] && [[ -S $DIR/run/slurmrestd.sock ]]
}

nodes_ready() {
  [[ $(sinfo -h -N -o '%t' 2>/dev/null | grep -cxE 'idle|mix|alloc') -ge $NODES ]]
}

cmd_start() {
  local kv i before="" t0=$SECONDS
  # shellcheck source=/dev/null
  [[ ! -r $DIR/settings ]] || { . "$DIR/settings"; before=$CLUSTER; } # what the first start was told
  CLUSTER=${CLUSTER:-intertie} NODES=${NODES:-3} CPUS=${CPUS:-4} MEM=${MEM:-4000} GPUS=${GPUS:-0}
  GPUTYPE=${GPUTYPE:-fake} PORT=${PORT:-} REST=${REST:-1} DBD=${DBD:-0} EXTRA=${EXTRA:-} TIMEOUT=${TIMEOUT:-60}
  for kv in "$@"; do
    [[ $kv =~ ^(CLUSTER|NODES|CPUS|MEM|GPUS|GPUTYPE|PORT|REST|DBD|EXTRA|TIMEOUT)=(.*)$ ]] || die "unknown setting: $kv"
    printf -v "${BASH_REMATCH[1]}" '%s' "${BASH_REMATCH[2]}"
  done
  [[ $(id -u) == 0 ]] || die "must run as root"
  [[ $CLUSTER =~ ^[a-z][a-z0-9]{0,20}$ ]] || die "CLUSTER: small letters and digits only"
  [[ -z $before || $before == "$CLUSTER" ]] || die "$DIR holds cluster $before; clean it first"
  for kv in NODES CPUS MEM GPUS REST DBD; do [[ ${!kv} =~ ^[0-9]+$ ]] || die "$kv: a number"; done
  ((NODES >= 1 && NODES <= 30)) || die "NODES: 1 to 30"
  for kv in munged slurmctld slurmd sinfo curl; do command -v "$kv" >/dev/null || die "$kv is not installed"; done
  ((${#DIR} <= 80)) || die "DIR is too long for a unix socket under it: $DIR"

  if live_pid "$DIR/run/slurmctld.pid" >/dev/null; then
    load_settings
  else
    mkdir -p "$DIR"
    echo $$ >"$DIR/starting-or-up"
    PORT=$(free_block "$PORT")
    write_config
  fi
  export SLURM_CONF=$DIR/slurm.conf
  start_munged
  ((DBD == 0)) || start_dbd
  live_pid "$DIR/run/slurmctld.pid" >/dev/null || start_ctld
  for ((i = 1; i <= NODES; i++)); do start_node "$(node_name "$i")"; done
  ((REST == 0)) || start_rest
  wait_for "$TIMEOUT" nodes_ready || die "not all nodes are up after $TIMEOUT s: $(sinfo -h -N -o '%N=%t' 2>&1 | tr '\n' ' ')"
  if ((REST)); then
    wait_for 15 rest_ready || die "slurmrestd does not answer; see $DIR/log/slurmrestd-*.log"
  fi
  echo "up: cluster $CLUSTER, $NODES nodes of $CPUS CPUs and $GPUS GPUs, ctld 127.0.0.1:$PORT$( ((REST)) && echo ", REST 127.0.0.1:$((PORT + 1))"), $((SECONDS - t0)) s"
}

cmd_status() {
  [[ -r $DIR/settings ]] || { echo "down: never started"; return 1; }
  load_settings
  export SLURM_CONF=$DIR/slurm.conf
  live_pid "$DIR/run/slurmctld.pid" >/dev/null || { echo "down"; return 1; }
  echo "up: $(sinfo -h -N -o '%N=%t' | sort | tr '\n' ' ')jobs=$(squeue -h -t all -o %t | sort | uniq -c | awk '{printf "%s%s:%s", sep, $2, $1; sep=","}')"
  nodes_ready
}

cmd_env() {
  load_settings
  printf 'export SLURM_CONF=%q\n' "$DIR/slurm.conf"
  printf 'export SLURM_REST_URL=%q\n' "http://127.0.0.1:$((PORT + 1))"
  printf 'export SLURM_REST_SOCKET=%q\n' "$DIR/run/slurmrestd.sock"
}

cmd_token() { # [USER [SECONDS]]
  load_settings
  SLURM_CONF=$DIR/slurm.conf scontrol token username="${1:-root}" lifespan="${2:-3600}" | sed -n 's/^SLURM_JWT=//p'
}

cmd_stop() {
  [[ -r $DIR/settings ]] || { echo "down: never started"; return 0; }
  load_settings
  export SLURM_CONF=$DIR/slurm.conf
  local pid f
  if live_pid "$DIR/run/slurmctld.pid" >/dev/null; then
    timeout 10 squeue -h -t PD,R,S,CF -o %A 2>/dev/null | xargs -r timeout 20 scancel 2>/dev/null || true
    wait_for 8 sh -c '[ -z "$(timeout 5 squeue -h)" ]' || true
  fi
  for f in "$DIR"/run/slurmrestd-*.pid; do # keeps nothing, and is slow to end by itself
    pid=$(live_pid "$f") && kill -KILL "$pid" 2>/dev/null || true
  done
  local pids=()
  for f in "$DIR"/run/slurmctld.pid "$DIR"/run/slurmd-*.pid; do
    pid=$(live_pid "$f") && pids+=("$pid")
  done
  end_pids "${pids[@]}"
  pids=()
  for f in slurmdbd mariadb; do # after slurmctld, which still has records to hand over
    pid=$(live_pid "$DIR/run/$f.pid") && pids+=("$pid")
  done
  end_pids "${pids[@]}"
  for pid in $(our_stepds); do kill -KILL "$pid" 2>/dev/null || true; done
  pid=$(live_pid "$DIR/run/munged.pid") && end_pids "$pid"
  rm -f "$DIR/starting-or-up" "$DIR"/run/*.pid
  grep -lxF -- "$DIR" /run/lock/slurm-cluster/[0-9]* 2>/dev/null | xargs -r rm -f || true
  echo "down"
}

[[ $# -ge 1 ]] || usage
case $1 in -h | --help | help) usage 0 ;; esac
[[ $# -ge 2 ]] || usage
action=$1 DIR=$(realpath -m -- "$2"); shift 2
[[ $DIR != / ]] || die "DIR must not be /"
case $action in
start) cmd_start "$@" ;;
status) cmd_status ;;
env) cmd_env ;;
run) eval "$(cmd_env)"; [[ $# -ge 1 ]] || usage; exec "$@" ;;
token) cmd_token "$@" ;;
stop) cmd_stop ;;
clean) cmd_stop; [[ ! -r $DIR/settings ]] || rm -rf -- "$DIR" ;;
kill-node)
  load_settings
  pid=$(live_pid "$DIR/run/slurmd-${1:?NODE}.pid") || die "no slurmd $1"
  kill -KILL "$pid"; rm -f "$DIR/run/slurmd-$1.pid" ;;
kill-ctld)
  load_settings
  pid=$(live_pid "$DIR/run/slurmctld.pid") || die "no slurmctld"
  kill -KILL "$pid"; rm -f "$DIR/run/slurmctld.pid" ;;
start-ctld)
  load_settings; export SLURM_CONF=$DIR/slurm.conf
  live_pid "$DIR/run/slurmctld.pid" >/dev/null && die "slurmctld runs"
  start_ctld
  # What it had not saved before it was killed it learns when the nodes register, which is soon
  # only if they are asked.
  wait_for 10 scontrol ping && wait_for 20 scontrol reconfigure ;;
start-node) load_settings; export SLURM_CONF=$DIR/slurm.conf; start_node "${1:?NODE}" ;;
*) usage ;;
esac

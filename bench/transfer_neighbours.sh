#!/usr/bin/env bash
# What moving bytes over TLS 1.3 on the loopback costs, ours beside others, one after another in one
# run: nginx + curl, nginx + rclone, each plain and with a check of what arrived, and ours, which
# always checks, syncs and journals.
#
#   transfer_neighbours.sh BENCH_TRANSFER [MIB] [ROUNDS] [FOLDER]    default 512 3 /tmp
#
# CPU is user and system time of client and server together; rates are by wall clock. Needs nginx,
# curl, rclone, openssl (Debian packages of these names).
set -euo pipefail
bench=$(realpath "$1") mib=${2:-512} rounds=${3:-3} parent=${4:-/tmp}
export PATH=$PATH:/usr/sbin
for tool in nginx curl rclone openssl; do
  command -v "$tool" >/dev/null || { echo "missing: $tool" >&2; exit 77; }
done
work=$(mktemp -d "$parent/transfer-neighbours-XXXXXX")
server=
stop_all() {
  [ -z "$server" ] || { kill "$server"; wait "$server"; } 2>/dev/null || true
  rm -rf "$work"
}
trap stop_all EXIT
cd "$work"
mkdir -p served arrived logs

head -c "$((mib << 20))" /dev/urandom >served/data
digest=$(openssl dgst -sha256 -r served/data | cut -d' ' -f1)
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=localhost \
  -addext subjectAltName=IP:127.0.0.1 -days 2 -keyout key.pem -out certificate.pem 2>/dev/null
port=$(python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])')
cat >nginx.conf <<CONFIG
daemon off;
worker_processes 1;
user $(id -un) $(id -gn);
pid $work/nginx.pid;
error_log $work/logs/error.log;
events {}
http {
  access_log off;
  sendfile on;
  client_body_temp_path $work/logs/body;
  proxy_temp_path $work/logs/proxy;
  fastcgi_temp_path $work/logs/fastcgi;
  uwsgi_temp_path $work/logs/uwsgi;
  scgi_temp_path $work/logs/scgi;
  server {
    listen 127.0.0.1:$port ssl;
    ssl_certificate $work/certificate.pem;
    ssl_certificate_key $work/key.pem;
    ssl_protocols TLSv1.3;
    root $work/served;
  }
}
CONFIG
nginx -c "$work/nginx.conf" -p "$work" -e "$work/logs/error.log" &
server=$!
for _ in $(seq 1 100); do
  curl -s --cacert certificate.pem -o /dev/null -r 0-0 "https://127.0.0.1:$port/data" && break
  sleep 0.1
done
worker=$(pgrep -P "$server" | head -n 1)
tick=$(getconf CLK_TCK)

# Seconds of CPU that the server's worker has used.
server_cpu() { awk -v t="$tick" '{printf "%.2f", ($14 + $15) / t}' "/proc/$worker/stat"; }

# measure NAME COMMAND...: the file must have arrived whole.
measure() {
  local name=$1 before after
  shift
  rm -f arrived/data
  before=$(server_cpu)
  { TIMEFORMAT='%U %S %R'; time "$@" >logs/out 2>&1; } 2>logs/time
  after=$(server_cpu)
  [ "$(openssl dgst -sha256 -r arrived/data | cut -d' ' -f1)" = "$digest" ] || {
    echo "$name: what arrived differs" >&2
    exit 1
  }
  awk -v name="$name" -v mib="$mib" -v before="$before" -v after="$after" '
    {cpu = $1 + $2 + after - before
     printf "%-28s %6.2f s CPU/GiB  %7.1f MiB/s\n", name, cpu * 1024 / mib, mib / $3}' logs/time
}
with_curl() { curl -s --cacert certificate.pem -o arrived/data "https://127.0.0.1:$port/data"; }
with_rclone() {
  rclone --config /dev/null --ca-cert certificate.pem copyurl "https://127.0.0.1:$port/data" \
    arrived/data
}
checked() {
  "$1"
  sync arrived/data
  openssl dgst -sha256 -r arrived/data >logs/digest
}
for round in $(seq 1 "$rounds"); do
  echo "round $round"
  measure "nginx + curl" with_curl
  measure "nginx + curl, checked" checked with_curl
  measure "nginx + rclone" with_rclone
  measure "nginx + rclone, checked" checked with_rclone
  "$bench" "$mib" 4 "$work" | grep pull
done

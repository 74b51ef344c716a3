# A PostgreSQL server of the test's own: source it. It needs $work, a folder of the test.
# shellcheck shell=bash disable=SC2154

pg_bin=$(dirname "$(compgen -G '/usr/lib/postgresql/*/bin/postgres' | tail -n 1)")
pg_pid=

# As root the server runs as `nobody`: it refuses to be root. It ends with this shell.
as_server=(setpriv --pdeathsig QUIT)
[ "$(id -u)" -ne 0 ] ||
  as_server=(setpriv --reuid=65534 --regid=65534 --clear-groups --pdeathsig QUIT)

find_free_port() {
  python3 -c '
import socket
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
print(listener.getsockname()[1])'
}

make_server() {
  pg_folder=$work/postgres
  mkdir -p "$pg_folder"
  [ "$(id -u)" -ne 0 ] || chown 65534:65534 "$pg_folder"
  chmod 711 "$work"
  "${as_server[@]}" "$pg_bin/initdb" -D "$pg_folder/data" -U intertie -A trust -E UTF8 --locale=C \
    --no-sync >"$work/initdb.log" 2>&1
  pg_port=$(find_free_port)
}

start_server() {
  "${as_server[@]}" "$pg_bin/postgres" -D "$pg_folder/data" -k "$pg_folder" -h 127.0.0.1 \
    -p "$pg_port" >>"$work/server.log" 2>&1 &
  pg_pid=$!
  until "$pg_bin/pg_isready" -q -h 127.0.0.1 -p "$pg_port"; do sleep 0.05; done
}

# stop_server INT: connections are ended. QUIT: as after a crash.
stop_server() {
  [ -n "$pg_pid" ] || return 0
  kill -"$1" "$pg_pid" 2>/dev/null || true
  wait "$pg_pid" 2>/dev/null || true
  pg_pid=
}

sql() { "$pg_bin/psql" -h 127.0.0.1 -p "$pg_port" -U intertie -qAt "$@"; }

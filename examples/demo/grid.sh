# shellcheck shell=bash
# The grid of the demo: hubs, the lines between them, and sites. Read by run.sh.
# shellcheck disable=SC2154  # Its names are set there.

declare -A region=([jilin]=22 [hubei]=42 [guizhou]=52)

start_hub() {
  local name=$1
  "$bin" hub start --data "$work/$name" --region "${region[$name]}" --name "$name" \
    --listen 127.0.0.1:0 --site-listen 127.0.0.1:0 "${@:2}" >"$work/$name.out" 2>&1 &
  pids+=($!)
  wait_for "hub $name" 20 as "$name" operator sites
  say "hub $name (region ${region[$name]}) is up: $(sed -n 's/^address *//p' "$work/$name.out")"
}

# start_relay NAME PORT MEGABITS DELAY_MS: a relay to the port, through which bytes come at that
# pace and so much later, each way; its own port is then in $relay.
start_relay() {
  rm -f "$work/$1.relay" # An earlier demo's would be read for it.
  "$programs/demo_line" 0 "$2" "$3" "$4" <&"$held_open" >"$work/$1.relay" &
  pids+=($!)
  wait_for "relay $1" 10 test -s "$work/$1.relay"
  relay=$(cat "$work/$1.relay")
}

# A free port below those that the kernel gives to outgoing connections.
find_port() {
  local port
  while port=$((15000 + RANDOM % 15000)); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
  done
  echo "$port"
}

# introduce A B MEGABITS DELAY_MS: each knows the other's card, and how much the other may owe; each
# reaches the other through a relay of its own.
introduce() {
  as "$1" operator hub peer card | as "$2" operator -q hub peer add - --credit 1000 >/dev/null
  as "$2" operator hub peer card | as "$1" operator -q hub peer add - --credit 1000 >/dev/null
  relay_to "$1" "$2" "$3" "$4"
  relay_to "$2" "$1" "$3" "$4"
}
relay_to() {
  local port
  port=$(sed -n 's/^sites .*://p' "$work/$2.out")
  start_relay "$1-$2" "$port" "$3" "$4"
  as "$1" operator -q hub peer change "${region[$2]}" --address "127.0.0.1:$relay" >/dev/null
}

# start_open_hub NAME MEGABITS DELAY_MS [OPTION...]: it also gives data out to whoever has a pass,
# over a line.
start_open_hub() {
  local port
  port=$(find_port)
  start_relay "$1-data" "$port" "$2" "$3"
  start_hub "$1" --data-listen "127.0.0.1:$port" --data-address "127.0.0.1:$relay" "${@:4}"
}

# connect FROM TO BANDWIDTH LATENCY PRICE: the line by which FROM sends.
connect() {
  as "$1" operator -q line add --to "${region[$2]}" --bandwidth "$3" --latency "$4" \
    --price "$5" >/dev/null
}

# Each site is its own user where that is possible, so that no site can open another's folder.
site_prefix() {
  local uid=$1
  if [ "$(id -u)" = 0 ] && setpriv --reuid "$uid" --regid "$uid" --clear-groups test -x "$bin"; then
    printf '%s\0' setpriv --reuid "$uid" --regid "$uid" --clear-groups
  fi
}

# start_site HUB NAME CLASS PRICE LATENCY_MS UID [OPTION...]
start_site() {
  local hub=$1 name=$2 token prefix=()
  token=$(as "$hub" operator -q site token --operator operator)
  mkdir -p "$work/sites/$name"
  chmod 700 "$work/sites/$name"
  mapfile -d '' prefix < <(site_prefix "$6")
  [ ${#prefix[@]} -eq 0 ] || chown "$6:$6" "$work/sites/$name"
  "${prefix[@]}" "$bin" site join - --name "$name" --region "${region[$hub]}" --class "$3" \
    --price "$4" --latency "$5" --data "$work/sites/$name" --quick "${@:7}" <<<"$token" \
    >"$work/$name.out" 2>&1 &
  pids+=($!)
  wait_for "site $name" 60 is_measured "$hub" "$name"
  say "site $name has joined hub $hub and is measured"
}

is_measured() {
  as "$1" operator site list -o jsonl | grep "\"$2\"" | grep -qE '"is_valid": ?true'
}
knows_all_sites() { [ "$(ada sites -o json | grep -c '"is_valid": true')" -ge 5 ]; }

start_grid() {
  rm -rf "$work/jilin" "$work/hubei" "$work/guizhou" "$work/sites" "$work/outputs" "$work/held_open"
  mkdir -p "$work/sites" "$work/outputs"
  chmod 711 "$work" "$work/sites"
  # Two hubs and four sites give data out to whoever has a pass. Jilin's hub listens to its own
  # sites and to other hubs alone: what lies there comes to other regions through their hubs.
  local reached=(--data-listen 127.0.0.1:0)
  start_hub jilin --user ada=500
  # One machine has no distances: relays between the hubs make them, as the lines below say.
  mkfifo "$work/held_open"
  exec {held_open}<>"$work/held_open"
  start_open_hub hubei 400 8
  start_open_hub guizhou 300 25
  introduce jilin hubei 400 8
  introduce jilin guizhou 300 25
  introduce hubei guizhou 300 18
  connect jilin hubei 400mbit 8ms 0.02
  connect hubei jilin 400mbit 8ms 0.02
  connect jilin guizhou 300mbit 25ms 0.05
  connect guizhou jilin 100mbit 25ms 0.05
  connect hubei guizhou 300mbit 18ms 0.03
  connect guizhou hubei 300mbit 18ms 0.03
  # One after another: measuring all at once on one machine would disturb all of them. Valve stands
  # at the edge, beside its users; cellar cannot be reached from outside: it has no open port and
  # dials out to its hub alone.
  start_site jilin harbor basic 0.20 10 61101 "${reached[@]}"
  start_site jilin valve basic 0.35 1 61102 "${reached[@]}"
  start_site hubei lights intelligent 0.60 10 61103 "${reached[@]}"
  start_site guizhou summit super 0.40 10 61104 "${reached[@]}"
  start_site guizhou cellar basic 0.25 30 61105
  wait_for "news of all sites at jilin" 20 knows_all_sites
  say "the whole grid, as ada sees it from jilin:"
  ada sites
  ada line list
}

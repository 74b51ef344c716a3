# Relays that cut, close and delay connections (tests/tools/tcp_relay.cc); source it after
# two_regions.sh, with the program in $relay.
# shellcheck shell=bash disable=SC2154,SC2034
declare -A input_of port_of
# start_relay NAME PORT: to there; waits until it listens at ${port_of[NAME]}.
start_relay() {
  local input
  mkfifo "$1.in"
  "$relay" "$2" <"$1.in" >"$1.relay" &
  pids+=("$!")
  exec {input}>"$1.in"
  input_of[$1]=$input
  for _ in $(seq 1 600); do
    [ -s "$1.relay" ] && break
    sleep 0.1
  done
  port_of[$1]=$(head -n 1 "$1.relay")
}
# tell NAME WORD...: what it is to do.
tell() { echo "${*:2}" >&"${input_of[$1]}"; }
# A relay ends with its input.
end_relays() {
  local input
  for input in "${input_of[@]}"; do exec {input}>&-; done
}
trap 'end_relays; clean_up' EXIT

#!/usr/bin/env bash
# The two commands of the README on a bare Debian 12:  tests/release/bare_debian.sh [COMMAND...]
# Makes a minimal system with debootstrap in a folder of its own, gives it what git has of this
# tree, and runs COMMAND (default: ./demo) there, which has to install, build and do the rest.
# Needs root, debootstrap and the network; exit 77 without them. About 15 minutes on two cores.
# INTERTIE_BARE keeps the folder named there: a second run then finds its packages installed.
set -euo pipefail
tree=$(cd "$(dirname "$0")/../.." && pwd)
[ $# -gt 0 ] || set -- ./demo

if [ "$(id -u)" != 0 ] || ! command -v debootstrap >/dev/null; then
  echo "skipped: needs root and debootstrap"
  exit 77
fi
root=${INTERTIE_BARE:-$(mktemp -d)}
mounts=()
# shellcheck disable=SC2317  # Called by the trap.
cleanup() {
  local at
  for at in "${mounts[@]}"; do umount -l "$at" || true; done
  # Never into something that is mounted still.
  [ -n "${INTERTIE_BARE:-}" ] || rm -rf --one-file-system "$root"
}
trap cleanup EXIT

if [ ! -e "$root/etc/debian_version" ]; then
  debootstrap --variant=minbase bookworm "$root" >"$root.log" 2>&1 || {
    tail -n 20 "$root.log"
    rm -f "$root.log"
    echo "skipped: no bare system could be made here"
    exit 77
  }
  rm -f "$root.log"
fi
cp /etc/resolv.conf "$root/etc/resolv.conf"
for at in proc sys dev; do
  mkdir -p "$root/$at"
  mount --rbind "/$at" "$root/$at"
  mount --make-rslave "$root/$at"
  mounts+=("$root/$at")
done
rm -rf "$root/tree"
git clone -q --no-hardlinks "$tree" "$root/tree"

# A login of somebody who has just installed the system.
code=0
env -i HOME=/root TERM=dumb PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  ${http_proxy:+http_proxy="$http_proxy"} \
  chroot "$root" sh -c 'cd /tree && exec "$@"' sh "$@" </dev/null || code=$?
[ "$code" = 0 ] || echo "FAILED: $* ended with $code on a bare Debian 12"
exit "$code"

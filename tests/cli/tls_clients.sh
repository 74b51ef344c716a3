#!/usr/bin/env bash
# Ordinary clients over TLS: curl, and a headless Chromium where there is one, load /livez of a hub.
set -euo pipefail
intertie=$1
work=$(mktemp -d)
hub=
stop_all() {
  if [ -n "$hub" ]; then
    kill -TERM "$hub" 2>/dev/null || true
    wait "$hub" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap stop_all EXIT

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

"$intertie" hub start --data "$work/hub" >"$work/hub.out" 2>&1 &
hub=$!
for _ in $(seq 1 600); do
  grep -q '^address' "$work/hub.out" && break
  sleep 0.1
done
address=$(sed -n 's/^address *//p' "$work/hub.out")
[ -n "$address" ] || fail "the hub does not start: $(cat "$work/hub.out")"

# The certificate is self-signed: refused by default, taken when it is named as the authority.
if curl -sf "$address/livez" >/dev/null; then fail "curl trusts a stranger"; fi
openssl s_client -connect "${address#https://}" </dev/null 2>/dev/null |
  openssl x509 >"$work/hub.pem"
curl -sf --cacert "$work/hub.pem" "$address/livez" >"$work/livez.json" || fail "curl: /livez"
grep -q . "$work/livez.json" || fail "/livez is empty"

browser=$(command -v chromium || true)
if [ -z "$browser" ]; then
  echo "no chromium here: only curl was tried"
  exit 0
fi
timeout 60 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
  --disable-background-networking --disable-component-update --disable-sync \
  --ignore-certificate-errors --user-data-dir="$work/profile" --dump-dom "$address/livez" \
  >"$work/dom.html" 2>"$work/browser.err" || fail "chromium: $(tail -n 3 "$work/browser.err")"
grep -qF "$(tr -d '{}' <"$work/livez.json" | head -n 1 | cut -c 1-12)" "$work/dom.html" ||
  fail "chromium shows something else: $(cat "$work/dom.html")"
echo "curl and chromium: ok"

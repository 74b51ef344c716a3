# What the example tests share: a temporary folder that goes away, and checks that stop the test.
# shellcheck shell=sh
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

fail() {
  echo "failed: $*" >&2
  exit 1
}

# expect_hash FILE SHA256
expect_hash() {
  found=$(sha256sum <"$1" | cut -d' ' -f1)
  [ "$found" = "$2" ] || fail "$1 has the SHA-256 $found, not $2"
}

# expect_exit CODE COMMAND...
expect_exit() {
  expected=$1
  shift
  code=0
  "$@" >"$folder/output" 2>&1 || code=$?
  [ "$code" -eq "$expected" ] || {
    cat "$folder/output" >&2
    fail "'$*' ended with $code, not $expected"
  }
}

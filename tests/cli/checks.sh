# What the tests of the command line share; source it after setting `intertie` and `work`.
# shellcheck shell=bash disable=SC2154
failures=0

# expect CODE WORD... -- runs intertie with the words; stdout and stderr go to $out and $err.
expect() {
  local wanted=$1 code=0
  shift
  "$intertie" "$@" >"$work/stdout" 2>"$work/stderr" </dev/null || code=$?
  out=$(cat "$work/stdout")
  err=$(cat "$work/stderr")
  if [ "$code" -ne "$wanted" ]; then
    fail "intertie $*: exit $code, not $wanted"
  fi
}

fail() {
  failures=$((failures + 1))
  printf 'FAILED: %s\n' "$1"
  printf -- '--- stdout: %s\n--- stderr: %s\n' "${out:-}" "${err:-}"
}

# holds TEXT PART
holds() {
  case $1 in
    *"$2"*) ;;
    *) fail "'$2' is missing" ;;
  esac
}

lacks() {
  case $1 in
    *"$2"*) fail "'$2' should not be there" ;;
    *) ;;
  esac
}

finish() {
  if [ "$failures" -eq 0 ]; then
    echo "all checks hold"
  else
    echo "$failures checks failed"
    exit 1
  fi
}

#!/usr/bin/env bash
# How the released program is hardened, read from its file:  hardening.sh BINARY
# Position-independent, RELRO with all symbols bound at the start, no stack or segment that is both
# writable and executable, stack protector and checked libc calls in use, no path of its own for
# libraries. Control-flow enforcement: the note of the linker if the system's start files have it;
# the compiler's part (endbr64) in any case.
set -euo pipefail
binary=$1
failures=0
fail() {
  echo "FAILED: $1"
  failures=$((failures + 1))
}
header=$(readelf -hW "$binary")
segments=$(readelf -lW "$binary")
dynamic=$(readelf -dW "$binary")
symbols=$(readelf --dyn-syms -W "$binary")

# has TEXT PATTERN WHAT
has() { grep -qE "$2" <<<"$1" || fail "$3"; }
lacks() { if grep -qE "$2" <<<"$1"; then fail "$3"; fi; }

has "$header" 'Type: +DYN' "not position-independent"
has "$dynamic" 'FLAGS_1.*PIE' "not linked as a position-independent executable"
has "$segments" 'GNU_RELRO' "no RELRO"
has "$dynamic" 'BIND_NOW|FLAGS_1.*NOW' "symbols are bound late, so RELRO is partial"
has "$segments" 'GNU_STACK.* RW ' "the stack may be executable"
lacks "$segments" '^ +(LOAD|GNU_STACK) .* RWE' "a segment is writable and executable"
lacks "$dynamic" '\((RPATH|RUNPATH)\)' "libraries are looked for in a path of the program's own"
lacks "$dynamic" '\(TEXTREL\)' "code is relocated"
has "$symbols" '__stack_chk_fail' "no stack protector"
has "$symbols" '__[a-z]+_chk(@| |$)' "no checked calls of the C library (_FORTIFY_SOURCE)"
if [ "$(uname -m)" = x86_64 ]; then
  # The first instructions of main: endbr64, which -fcf-protection puts where calls may land.
  code=$(objdump -d --no-show-raw-insn --disassemble=main "$binary")
  entry=$(grep -m 1 -A 1 '<main>:' <<<"$code" | tail -n 1)
  has "$entry" 'endbr64' "main does not begin with endbr64 (-fcf-protection)"
  if grep -q 'IBT' <<<"$(readelf -nW "$binary")"; then
    echo "the linker's note: IBT and SHSTK as the loader needs them"
  else
    echo "no note of control-flow enforcement: the system's start files were built without it"
  fi
fi
# As a library that is loaded with the program could undo the above.
while read -r library; do
  lacks "$(readelf -lW "$library")" '^ +GNU_STACK .* RWE' "$library wants an executable stack"
done < <(ldd "$binary" | sed -n 's/.*=> \(\/[^ ]*\) .*/\1/p')

[ "$failures" -eq 0 ] || exit 1
echo "hardened as asked"

#!/bin/sh
# Every shell script of the project passes shellcheck.
set -eu
cd "$(dirname "$0")/.."
find . -path ./build -prune -o -path ./.git -prune -o -type f -print | while read -r file; do
  case ${file##*/} in
    *.sh) echo "$file" ;;
    *.*) ;;
    *) if head -n 1 "$file" | grep -qE '^#!.*/(env )?(ba|da)?sh$'; then echo "$file"; fi ;;
  esac
done | sort | xargs shellcheck -x -P SCRIPTDIR

# Who uses a folder: source it.
# shellcheck shell=bash

# list_users FOLDER: the processes that have files beneath it open. A launcher shows no command
# line; its open files tell whose it is. Whoever kills them must have made the folder.
list_users() {
  local process
  [ -n "$1" ] && [ -d "$1" ] || return 0
  for process in /proc/[0-9]*; do
    if readlink "$process"/fd/* 2>/dev/null | grep -qF -e "$1/"; then
      basename "$process"
    fi
  done
}

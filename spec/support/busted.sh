#!/bin/sh
# Runs spec files, each in a process of its own: what one leaves behind is not in the next one's way, nor in its memory,
# and one that hangs is ended after $FILE_TIMEOUT seconds.
#   sh spec/support/busted.sh "FILE..." [WRAPPER...] LUA      ends badly when one of them does
# SPDX-License-Identifier: MIT
files=$1
shift
busted=$(command -v busted) || { echo "busted is not installed" >&2; exit 127; }
limit=$(command -v timeout >/dev/null && echo "timeout --foreground --kill-after=5 ${FILE_TIMEOUT:-240}")
worst=0
for file in $files; do
  $limit "$@" "$busted" -o plainTerminal "$file" && continue
  status=$?
  echo "$file ended with status $status"
  [ "$status" -gt "$worst" ] && worst=$status
done
exit "$worst"

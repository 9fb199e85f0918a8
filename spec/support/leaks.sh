#!/bin/sh
# Runs a command under LeakSanitizer, and repeats it if the sanitizer itself crashed at the exit, which it sometimes does in
# programs with threads ("Tracer caught signal 11": https://github.com/google/sanitizers/issues/1353). A leak, or any other
# failure, is not repeated. Shows the output of the last run.
#   sh spec/support/leaks.sh COMMAND...
# SPDX-License-Identifier: MIT
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT
trap 'kill "$pid"; cat "$log"; exit 143' TERM
for _ in 1 2 3; do
  "$@" >"$log" 2>&1 &
  pid=$!
  wait "$pid"
  status=$?
  if [ "$status" -eq 0 ] || ! grep -q "LeakSanitizer has encountered a fatal error" "$log"; then
    break
  fi
  echo "-- LeakSanitizer itself broke off: once more"
done
cat "$log"
exit "$status"

#!/bin/sh
# Prints the path of a Lua interpreter: interpreter.sh 5.1|5.2|5.3|5.4|jit. Exits with 1 if there is none.
# SPDX-License-Identifier: MIT

# Distributions name them differently, so each candidate is asked for its version.
case $1 in
  jit) candidates="luajit luajit2" ;;
  *) candidates="lua$1 lua-$1 lua$(echo "$1" | tr -d .) lua" ;;
esac
for name in $candidates; do
  if [ "$("$name" -e 'io.write(jit and "jit" or _VERSION:match("%d%.%d"))' 2>/dev/null)" = "$1" ]; then
    command -v "$name"
    exit 0
  fi
done
exit 1

#!/bin/sh
# Prints the path of the interpreter of one Lua: interpreter.sh 5.1|5.2|5.3|5.4|jit; status 1 where there is none.
# SPDX-License-Identifier: MIT

# Distributions name them differently, so the candidate itself says which Lua it is.
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

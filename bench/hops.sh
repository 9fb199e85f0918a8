#!/bin/sh
# Counts the C functions that a warm client.sites:list() enters, with share = "user". The server answers after 2 ms, so that
# each call waits. SPDX-License-Identifier: MIT
#
# Built without optimization, which keeps every function. Exits with 1 if the count exceeds the bound.
# Environment: BUILD=build; TREE=1 prints the functions as a tree.
set -eu
cd "$(dirname "$0")/.."
bound=180
build=${BUILD:-build}/hops
mkdir -p "$build"
make -s LUA=5.4 BUILD="$build" CFLAGS="-O0 -g -finstrument-functions" all >"$build/make.log" 2>&1 || { cat "$build/make.log"; exit 1; }
cc -O1 -g -D_GNU_SOURCE -fPIC -shared $(pkg-config --cflags lua5.4) -o "$build/hops.so" bench/hops.c
cc -O2 -D_GNU_SOURCE -o "$build/server" bench/server.c -pthread

work=$(mktemp -d)
trap 'exec 3>&-; wait; rm -rf "$work"' EXIT
printf '[]' >"$work/answer"
mkfifo "$work/stdin"
"$build/server" "$work/answer" 2 <"$work/stdin" >"$work/port" 3>&- &
exec 3>"$work/stdin"
until [ -s "$work/port" ]; do sleep 0.02; done

count=$(LD_PRELOAD="$build/hops.so" LUA_PATH="lua/?.lua;lua/?/init.lua;;" LUA_CPATH="$build/5.4/?.so;$build/?.so;;" \
  lua5.4 bench/hops.lua "http://127.0.0.1:$(cat "$work/port")" "$work" "$work/tree")
if [ -n "${TREE:-}" ]; then
  cut -d ' ' -f 2 "$work/tree.fewest" | addr2line -f -e "$build/5.4/lseranking.so" | sed -n '1~2p' >"$work/names"
  cut -d ' ' -f 1 "$work/tree.fewest" | paste -d ' ' - "$work/names" | awk '{ printf "%*s%s\n", 2 * $1, "", $2 }'
fi
printf 'C functions entered by a warm call: %s (bound %s)\n' "$count" "$bound"
[ "$count" -le "$bound" ]

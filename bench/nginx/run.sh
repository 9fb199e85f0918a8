#!/bin/sh
# The cost of a call in an nginx worker: see run.lua and stall.lua. SPDX-License-Identifier: MIT
# Environment: LUA=5.4 (of the measuring programs) BUILD=build ROUNDS CALLS TLS_CALLS SECONDS.
set -eu
cd "$(dirname "$0")/../.."
version=${LUA:-5.4}
build=${BUILD:-build}
lua=$(sh spec/support/interpreter.sh "$version")
mkdir -p "$build/bench"
cc -O2 -D_GNU_SOURCE -o "$build/bench/ping" bench/ping.c
LUA_PATH="./?.lua;lua/?.lua;lua/?/init.lua;fake/lua/?.lua;fake/lua/?/init.lua;;" LUA_CPATH="$build/$version/?.so;;"
export LUA_PATH LUA_CPATH
status=0
"$lua" bench/nginx/run.lua || status=1
"$lua" bench/nginx/stall.lua "$build/bench/ping" || status=1
exit "$status"

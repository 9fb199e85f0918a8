#!/bin/sh
# The cost of a call in an nginx worker: see run.lua. SPDX-License-Identifier: MIT
# Environment: LUA=5.4 (of the measuring program) BUILD=build ROUNDS CALLS TLS_CALLS.
set -eu
cd "$(dirname "$0")/../.."
version=${LUA:-5.4}
LUA_PATH="./?.lua;lua/?.lua;lua/?/init.lua;fake/lua/?.lua;fake/lua/?/init.lua;;" LUA_CPATH="${BUILD:-build}/$version/?.so;;" \
  exec "$(sh spec/support/interpreter.sh "$version")" bench/nginx/run.lua

#!/bin/sh
# From a clone: runs each Lua script with "seranking fake run", against a fake API with a demo account: demo.sh [SCRIPT...]
# Without a script it runs the examples of the API's own page, and the quick start.
# Needs a built module ("make"). Environment: LUA=5.4 (5.1 5.2 5.3 5.4 jit), BUILD=build, KEY=v4 (or v1: the new kind of key).
# SPDX-License-Identifier: MIT
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
version=${LUA:-5.4}
build=${BUILD:-build}
case $build in /*) ;; *) build=$root/$build ;; esac
if [ $# = 0 ]; then
  set -- "$root/examples/balance.lua" "$root/examples/no_key.lua" "$root/examples/create_site.lua" \
    "$root/examples/create_site_or_explain.lua" "$root/examples/quickstart.lua"
fi
lua=$(sh "$root/spec/support/interpreter.sh" "$version") || { echo "demo: Lua $version is not installed" >&2; exit 1; }
LUA_PATH="$root/lua/?.lua;$root/lua/?/init.lua;$root/fake/lua/?.lua;$root/fake/lua/?/init.lua;;"
LUA_CPATH="$build/$version/?.so;;"
export LUA_PATH LUA_CPATH
unset LUA_PATH_5_2 LUA_PATH_5_3 LUA_PATH_5_4 LUA_CPATH_5_2 LUA_CPATH_5_3 LUA_CPATH_5_4

several=$(($# - 1))
for script in "$@"; do
  [ "$several" = 0 ] || echo "== ${script##*/}"
  "$lua" "$root/bin/seranking" fake run --api "${KEY:-v4}" "$script"
done

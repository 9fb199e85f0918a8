#!/bin/sh
# Runs Lua scripts against the fake API on a free loopback port: demo.sh [SCRIPT...]; by default the examples of the API's own
# page (balance, no key, a new site, a new site or why not), and then the quick start on the account that they leave.
# Needs a built module ("make"). Environment: LUA=5.4 (5.1 5.2 5.3 5.4 jit), BUILD=build, KEY=v4 (or v1: the new kind of key).
# SPDX-License-Identifier: MIT
set -eu

# Paths are those of the caller.
for script in "$@"; do
  shift
  case $script in /*) ;; *) script=$PWD/$script ;; esac
  set -- "$@" "$script"
done
cd "$(dirname "$0")/.."
version=${LUA:-5.4}
build=${BUILD:-build}
[ $# -gt 0 ] || set -- examples/balance.lua examples/no_key.lua examples/create_site.lua \
  examples/create_site_or_explain.lua examples/quickstart.lua
lua=$(sh spec/support/interpreter.sh "$version") || { echo "demo: Lua $version is not installed" >&2; exit 1; }
LUA_PATH="lua/?.lua;lua/?/init.lua;fake/lua/?.lua;fake/lua/?/init.lua;;"
LUA_CPATH="$build/$version/?.so;;"
export LUA_PATH LUA_CPATH
unset LUA_PATH_5_2 LUA_PATH_5_3 LUA_PATH_5_4 LUA_CPATH_5_2 LUA_CPATH_5_3 LUA_CPATH_5_4

# The server ends when its standard input does. This shell holds the other end of it, so the server can't outlive the demo,
# whichever way that ends; nobody else may hold it, hence the 3>&-.
work=$(mktemp -d)
server=
finish() {
  status=$?
  trap - EXIT INT TERM
  exec 3>&-
  [ -z "$server" ] || wait "$server" || true
  case $status in 0 | 130 | 143) ;; *) cat "$work/log" >&2 ;; esac
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

: >"$work/log"
mkfifo "$work/stdin"
"$lua" bin/seranking-fake --port 0 --port-file "$work/url" --stop-with-stdin --quiet <"$work/stdin" >"$work/log" 2>&1 &
server=$!
exec 3>"$work/stdin"
tries=0
until [ -s "$work/url" ]; do
  tries=$((tries + 1))
  if [ "$tries" -gt 200 ] || ! kill -0 "$server" 2>/dev/null; then
    echo "demo: the fake API did not start" >&2
    exit 1
  fi
  sleep 0.05
done

SERANKING_BASE_URL=$(cat "$work/url")
SERANKING_DATA_TOKEN=0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6
case ${KEY:-v4} in
  v1) SERANKING_TOKEN=$SERANKING_DATA_TOKEN ;;
  *) SERANKING_TOKEN=be2165b7d065e278e7305c1c7ef791f283f5d14b ;; # from the API's own documentation page
esac
export SERANKING_BASE_URL SERANKING_TOKEN SERANKING_DATA_TOKEN
several=$(($# - 1))
for script in "$@"; do
  [ "$several" = 0 ] || echo "== ${script##*/}"
  "$lua" "$script" 3>&-
done

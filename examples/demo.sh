#!/bin/sh
# Runs Lua scripts against a fake API on a free port of this machine: demo.sh [SCRIPT...]
# Your own scripts find two projects with keywords, positions and audits (examples/demo_account.lua). Without a script it runs
# the examples of the API's own page, and then the quick start on the account that they leave.
# Needs a built module ("make"). Environment: LUA=5.4 (5.1 5.2 5.3 5.4 jit), BUILD=build, KEY=v4 (or v1: the new kind of key).
# SPDX-License-Identifier: MIT
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
version=${LUA:-5.4}
build=${BUILD:-build}
case $build in /*) ;; *) build=$root/$build ;; esac
limit=1000 # the client keeps the real one: only the account below is made faster
seed=$root/examples/demo_account.lua
if [ $# = 0 ]; then
  limit=5 seed=
  set -- "$root/examples/balance.lua" "$root/examples/no_key.lua" "$root/examples/create_site.lua" \
    "$root/examples/create_site_or_explain.lua" "$root/examples/quickstart.lua"
fi
lua=$(sh "$root/spec/support/interpreter.sh" "$version") || { echo "demo: Lua $version is not installed" >&2; exit 1; }
LUA_PATH="$root/lua/?.lua;$root/lua/?/init.lua;$root/fake/lua/?.lua;$root/fake/lua/?/init.lua;;"
LUA_CPATH="$build/$version/?.so;;"
export LUA_PATH LUA_CPATH
unset LUA_PATH_5_2 LUA_PATH_5_3 LUA_PATH_5_4 LUA_CPATH_5_2 LUA_CPATH_5_3 LUA_CPATH_5_4

# The server ends when its standard input does. This shell alone holds the other end (hence the 3>&-), so the server can't outlive
# the demo.
work=$(mktemp -d)
server=
finish() {
  status=$?
  trap - EXIT INT TERM
  exec 3>&-
  [ -z "$server" ] || wait "$server" || true
  case $status in 0 | 130 | 143) ;; *) grep -v "^seranking-fake: listening" "$work/log" >&2 || true ;; esac
  rm -rf "$work"
  exit "$status"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

: >"$work/log"
mkfifo "$work/stdin"
"$lua" "$root/bin/seranking-fake" --port 0 --port-file "$work/url" --limit "$limit" --stop-with-stdin --quiet <"$work/stdin" >"$work/log" 2>&1 &
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
[ -z "$seed" ] || "$lua" "$seed" 3>&-
several=$(($# - 1))
for script in "$@"; do
  [ "$several" = 0 ] || echo "== ${script##*/}"
  "$lua" "$script" 3>&-
done

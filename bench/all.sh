#!/bin/sh
# Runs every benchmark and writes bench/RESULTS.md. SPDX-License-Identifier: MIT
#
# Exits with 1 if one of them failed. Environment: LUA=5.4 BUILD=build RESULTS=bench/RESULTS.md, and what the benchmarks take.
set -eu
cd "$(dirname "$0")/.."
version=${LUA:-5.4}
build=${BUILD:-build}
results=${RESULTS:-bench/RESULTS.md}
lua=$(sh spec/support/interpreter.sh "$version")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
status=0

version_of() { "$@" 2>&1 | head -n 1; }

# What every figure depends on.
machine() {
  echo "* $(date -u +%Y-%m-%d), seranking $(git describe --always --dirty 2>/dev/null || echo "of a release")"
  echo "* $(sed -n 's/^model name[^:]*: *//p' /proc/cpuinfo | sort | uniq -c | sed 's/^ *\([0-9]*\) /\1 × /'), $(awk '/MemTotal/ { printf "%d GiB", $2 / 1048576 }' /proc/meminfo)," \
    "load before the run $(cut -d ' ' -f 1 /proc/loadavg)"
  echo "* Linux $(uname -r), $(version_of cc --version)"
  echo "* $(version_of "$lua" -v), $(version_of "$(sh spec/support/interpreter.sh jit)" -v | cut -d ' ' -f 1-2)"
  echo "* libcurl: $(version_of curl --version)"
  for program in nginx redis-server wrk; do
    command -v "$program" >/dev/null || echo "* $program is missing: its figures are left out"
  done
}

# section TITLE ABOUT COMMAND…: runs a benchmark, shows its output, and adds it to the page.
section() {
  title=$1 about=$2
  shift 2
  echo "== $title"
  { "$@" 2>&1 || echo "FAILED: $title"; } | tee "$work/output"
  ! grep -q '^FAILED: ' "$work/output" || status=1
  { printf '\n## %s\n\n%s\n\n```\n' "$title" "$about"; sed '/ successes \/ /d; s/ *$//' "$work/output"; echo '```'; } >>"$work/page"
}

run_lua() {
  LUA_PATH="./?.lua;lua/?.lua;lua/?/init.lua;fake/lua/?.lua;fake/lua/?/init.lua;;" \
    LUA_CPATH="$build/$1/?.so;${LUA_CPATH:-;}" "$(sh spec/support/interpreter.sh "$1")" "$2"
}

{
  echo "# Results of the benchmarks"
  echo
  echo "Written by \`make bench\`. Figures depend on the machine; ratios are of programs that took turns within one run, so they depend on it"
  echo "less. A ratio below 1 means that seranking took less. \"stated\" is what a figure should be at most, and the run fails beyond twice that."
  echo
  machine
} >"$work/page"

section "Calls, beside the floor in C" "The floors use libcurl in C, and lua-cjson for the answers: \`bench/floor.c\`, \`bench/multi.c\`, \`bench/big_floor.lua\`." \
  sh bench/run.sh
section "C functions of a call" "What one warm \`client.sites:list()\` enters." sh bench/hops.sh
section "Beside other clients, Lua $version" "\`bench/others.lua\` says what each does. Lua-cURLv3 keeps its connection, and reuses an easy handle even where libcurl can
then crash (7.83 to 8.0.1). luasocket, luasec, lua-http and the command connect for each call; luasec's 40 ms are those of Nagle's
algorithm and delayed acknowledgements, as luasocket does not set \`TCP_NODELAY\`." run_lua "$version" bench/others.lua
[ "$version" = jit ] || section "Beside other clients, LuaJIT" "The same on LuaJIT." run_lua jit bench/others.lua
section "The fake API" "Processor time for answers, medians of nine." run_lua "$version" bench/fake.lua
section "In nginx" "Beside a GET written by hand on a cosocket." sh bench/nginx/run.sh
section "The limit" "Processes that share a key call a server that counts requests in a rolling window." sh bench/limiter.sh
section "One limit on many machines" "A simulation of 300 s, the same on every machine: the script for Redis on a virtual clock, shared by up to 8,000 processes that call
now and then, or always have a call that waits. Ideal: slots / (window + latency)." run_lua jit bench/scale.lua

mv "$work/page" "$results"
echo "$results is written"
exit "$status"

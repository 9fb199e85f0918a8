#!/bin/sh
# The cost of a call, compared with the floor: plain libcurl and cjson. SPDX-License-Identifier: MIT
#
# Prints one table. Each figure is a ratio within one run, to cancel noise: the median (and quartiles) over rounds in which both programs
# take turns, on a core of their own. A ratio above the stated one is marked; one above twice the stated ratio fails.
# Environment: LUA=5.4 BUILD=build ROUNDS=15 CALLS=3000.
set -eu
cd "$(dirname "$0")/.."
version=${LUA:-5.4}
build=${BUILD:-build}
rounds=${ROUNDS:-15}
calls=${CALLS:-3000}
lua=$(sh spec/support/interpreter.sh "$version")
bench=$build/bench/$version
mkdir -p "$bench"
package=$(for p in lua"$version" luajit; do pkg-config --exists $p && echo $p && break; done)
[ "$version" != jit ] || package=luajit
cc -O2 -D_GNU_SOURCE -o "$bench/server" bench/server.c -pthread
for floor in floor multi; do
  cc -O2 -D_GNU_SOURCE -Isrc $(pkg-config --cflags "$package" libcurl) -o "$bench/$floor" bench/$floor.c $(pkg-config --libs "$package" libcurl)
done

LUA_PATH="lua/?.lua;lua/?/init.lua;fake/lua/?.lua;fake/lua/?/init.lua;;"
LUA_CPATH="$build/$version/?.so;;"
export LUA_PATH LUA_CPATH

work=$(mktemp -d)
servers=
finish() {
  exec 3>&-
  for pid in $servers; do wait "$pid" || true; done
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

server_core= client_core=
if command -v taskset >/dev/null && taskset -c 0,1 true 2>/dev/null; then
  server_core="taskset -c 0" client_core="taskset -c 1"
fi

# start FILE [MILLISECONDS]: starts a server, and sets $port. The server exits when its standard input closes: only this shell
# holds the other end, hence the 3>&-.
mkfifo "$work/stdin"
start() {
  : >"$work/port"
  $server_core "$bench/server" "$@" <"$work/stdin" >"$work/port" 3>&- &
  servers="$servers $!"
  [ -e "$work/open" ] || { exec 3>"$work/stdin"; : >"$work/open"; }
  until [ -s "$work/port" ]; do sleep 0.02; done
  port=$(cat "$work/port")
}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# column FILE AWK: the median of an expression over the pairs in a file.
column() { awk "{ print $2 }" "$1" | median; }

# ratio FILE-OF-PAIRS: median and quartiles of the ratio.
ratio() {
  awk '{ print $2 / $1 }' "$1" | sort -n | awk '{ v[NR] = $1 }
    function at(q, i) { i = 1 + q * (NR - 1); return v[int(i)] + (i - int(i)) * (v[int(i) + (i > int(i))] - v[int(i)]) }
    END { printf "%.3f (%.3f to %.3f)", at(0.5), at(0.25), at(0.75) }'
}

# row NAME UNIT STATED FILE-OF-PAIRS: a line of the table; STATED may be "-".
rows=0 failures=0
row() {
  name=$1 unit=$2 stated=$3 pairs=$4
  verdict=
  if [ ! -s "$pairs" ]; then
    verdict="FAILED: no figures"
  elif [ "$stated" != - ]; then
    verdict=$(column "$pairs" '$2 / $1' | awk -v s="$stated" '{ print ($1 > 2 * s ? "FAILED" : $1 > s ? "above" : "ok") }')
  fi
  rows=$((rows + 1))
  case $verdict in FAILED*) failures=$((failures + 1)) ;; esac
  printf '%-38s %11s %11s  %-24s %6s %s\n' "$name" "$(column "$pairs" '$1') $unit" "$(column "$pairs" '$2') $unit" \
    "$(ratio "$pairs")" "$stated" "$verdict"
}

# turns ROUNDS CALLS FLOOR PROGRAM [HOW-THE-FLOOR [HOW-BOTH]]: the output of both, a line per round.
turns() {
  i=0
  while [ "$i" -lt "$1" ]; do
    # shellcheck disable=SC2086
    echo "$($client_core "$bench/$3" "http://127.0.0.1:$port/account/balance" "$2" ${5:-} ${6:-})" \
      "$($client_core "$lua" "bench/$4" "http://127.0.0.1:$port" "$2" ${6:-})"
    i=$((i + 1))
  done
}

printf '{"currency":"rur","value":2296380.85}' >"$work/small.json"
start "$work/small.json"
turns $((3 * rounds)) $((calls / 3)) floor small_get.lua >"$work/small"

# Both print "CPU wall".
turns "$rounds" "$calls" multi map.lua | awk '{ print $1, $3 }' >"$work/map_cpu"
turns "$rounds" "$calls" multi map.lua fresh | awk '{ print $1, $3 }' >"$work/map_fresh"
start "$work/small.json" 20
turns 5 1000 multi map.lua | awk '{ print $2, $4 }' >"$work/map"
printf '{"site_id":1}' >"$work/created.json"
start "$work/created.json"
turns 5 10000 multi map.lua fresh post | awk '{ print $1 / 100, $3 / 100 }' >"$work/creates"

"$lua" -e 'local rows = {}
  for i = 1, 170000 do rows[i] = ("{\"name\":\"Place number %d, Some Region, Country\",\"region_id\":%d}"):format(i, i) end
  io.write("[", table.concat(rows, ","), "]")' >"$work/big.json"
start "$work/big.json"
for i in 1 2 3; do
  echo "$("$lua" bench/big_floor.lua "$work/big.json") $("$lua" bench/big_get.lua "http://127.0.0.1:$port")"
done >"$work/big"
awk '{ print $1, $3 }' "$work/big" >"$work/memory"

"$lua" -e 'local rows = {}
  for i = 1, 228800 do rows[i] = ("{\"name\":\"Place number %d, Some Region, Country\",\"region_id\":%d}"):format(i, i) end
  io.write("[", table.concat(rows, ","), "]")' >"$work/regions.json"
start "$work/regions.json"
$client_core "$lua" bench/walk.lua "http://127.0.0.1:$port" 228800 >"$work/walk"

"$lua" bench/command.lua page >"$work/page.json"
start "$work/page.json"
$client_core "$lua" bench/command.lua "http://127.0.0.1:$port" 1000000 3 >"$work/csv" 2>"$work/csv_memory"

printf '%-38s %11s %11s  %-24s %6s\n' "Lua $version" floor seranking "ratio (quartiles)" stated
row "one small GET" us 1.05 "$work/small"
row "one of 50 GETs at once, 20 ms each" us 1.10 "$work/map"
row "its CPU where answers come at once" us 1.10 "$work/map_cpu"
row "beside a new handle for each call" us 1.10 "$work/map_fresh"
row "CPU of 10,000 creates, new handles too" s - "$work/creates"
row "walk of 228,800 rows" s 1.05 "$work/walk"
row "1,000,000 rows to CSV, walk alone" s 1.25 "$work/csv"
awk '{ print 40960, $1 }' "$work/csv_memory" >"$work/csv_kib"
row "its peak memory, 40 MiB" KiB 1 "$work/csv_kib"
row "peak memory, $(($(wc -c <"$work/big.json") / 1000000)) MB answer" KiB 1.15 "$work/memory"
i=0
while [ "$i" -lt 9 ]; do
  "$lua" bench/start.lua
  i=$((i + 1))
done >"$work/start"
printf '%-38s %23s  stated: 2 ms\n' "require and new, median of 9" "$(median <"$work/start") ms"
# command NAME STATED ARGUMENTS…: the milliseconds that the command takes.
command() {
  name=$1 stated=$2
  shift 2
  printf '%-38s %23s  stated: %s ms\n' "$name, median of 9" "$("$lua" bench/command_start.lua "$lua" "$@" | median) ms" "$stated"
}
command "seranking --help" 30 --help
command "completion of a word" 50 __complete sites li
printf '{}' >"$work/empty.json"
start "$work/empty.json" 200
"$lua" bench/loops.lua "http://127.0.0.1:$port" 1000 | while read -r loop seconds; do
  printf '%-38s %23s  0.2 s where all wait together\n' "1,000 calls of 0.2 s in $loop" "$seconds s"
done
LUA_PATH="lua/?.lua;lua/?/init.lua;fake/lua/?.lua;fake/lua/?/init.lua;spec/?.lua;;" "$lua" bench/walk_faults.lua || failures=$((failures + 1))
"$lua" bench/late.lua | while read -r late promised name; do
  printf '%-68s %4s ms late (stated: %s)\n' "$name" "$late" "$promised"
done
"$lua" bench/decoder.lua
BUILD=$build sh bench/redis.sh
echo "$((rows + 1 - failures)) successes / $failures failures / 0 errors / 0 pending"
[ "$failures" -eq 0 ]

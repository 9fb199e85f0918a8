#!/bin/sh
# Checks that processes sharing a key never get a 429, and measures the cost of the limit. SPDX-License-Identifier: MIT
#
#   sh bench/limiter.sh [short]
# Eight processes (four on Redis, if it is installed) call a server that counts in a rolling window and answers after a random
# delay. In a second run some are killed with -9 and restarted; in a third the server refuses one request for no reason. Prints a
# table. Exits with 1
#   * if the server had to refuse a request, or saw more than the limit in any window;
#   * if nobody was killed and the rate is below 0.97 of LIMIT / (WINDOW + mean latency) (not with `short`);
#   * if a process sent more than one request after that refusal (one may have been in flight);
#   * if a slot of the file costs 1 µs or more;
#   * if the server, stopped for ten windows and continued, sees more than 9 requests in a window (5 are allowed).
# `short` takes seconds and checks only counts, which do not depend on the machine's load. It is too short to measure a rate.
# Environment: LUA=5.4 BUILD=build CALLS=2000 LIMIT=50 WINDOW=1000 LATENCY=400 (ms) KILLS=8. LIMIT=5 takes 16 minutes.
set -eu
cd "$(dirname "$0")/.."
version=${LUA:-5.4}
build=${BUILD:-build}
form=${1:-long}
case $form in
  short) calls=${CALLS:-80} limit=${LIMIT:-20} window=${WINDOW:-500} latency=${LATENCY:-200} kills=${KILLS:-2} ;;
  *) calls=${CALLS:-2000} limit=${LIMIT:-50} window=${WINDOW:-1000} latency=${LATENCY:-400} kills=${KILLS:-8} ;;
esac
per=$(awk -v w="$window" 'BEGIN { print w / 1000 }')
lua=$(sh spec/support/interpreter.sh "$version")
bench=$build/bench/$version
mkdir -p "$bench"
cc -O2 -D_GNU_SOURCE -o "$bench/limiter_server" bench/limiter_server.c -pthread
cc -O2 -D_GNU_SOURCE -std=c11 -Isrc -o "$bench/limiter_cost" bench/limiter_cost.c src/limit/sr_local.c src/limit/sr_share.c src/limit/sr_limit.c src/base/sr_base.c src/base/sr_fd.c

LUA_PATH="lua/?.lua;lua/?/init.lua;fake/lua/?.lua;fake/lua/?/init.lua;;"
LUA_CPATH="$build/$version/?.so;;"
export LUA_PATH LUA_CPATH

work=$(mktemp -d)
processes=
finish() {
  exec 3>&- || true
  for pid in $processes; do kill "$pid" 2>/dev/null || true; done
  wait
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

passed=0 failed=0
# judge CONDITION-IN-AWK: prints "ok" or "FAILED", and counts.
judge() {
  if awk "BEGIN { exit !($1) }"; then
    verdict=ok passed=$((passed + 1))
  else
    verdict=FAILED failed=$((failed + 1))
  fi
}

made() { cat "$work"/progress.* 2>/dev/null | wc -c; }

# client NUMBER SHARE: starts a process that makes the remaining calls of its share.
client() {
  left=$(($2 - $(wc -c <"$work/progress.$1")))
  eval "pid$1="
  [ "$left" -gt 0 ] || return 0
  "$lua" bench/limiter_client.lua "http://127.0.0.1:$port" "$left" "$at_once" "$limit" "$per" "$work/progress.$1" $redis \
    2>>"$work/errors" &
  eval "pid$1=\$!"
  processes="$processes $!"
}

# run NAME PROCESSES KILLS REDIS-ADDRESS [REFUSE]: one line of the table. The server exits when its stdin is closed.
run() {
  name=$1 count=$2 deaths=$3 redis=$4 refuse=${5:-0}
  rm -rf "$work/state" "$work"/progress.* "$work/stdin"
  mkdir -m 700 "$work/state"
  : >"$work/errors"
  : >"$work/seen"
  export SERANKING_STATE_DIR="$work/state"
  mkfifo "$work/stdin"
  "$bench/limiter_server" "$limit" "$window" "$latency" "$refuse" <"$work/stdin" >"$work/seen" 3>&- &
  server=$!
  exec 3>"$work/stdin"
  until [ -s "$work/seen" ]; do sleep 0.02; done
  port=$(sed -n 1p "$work/seen")
  # Enough in flight to have a call waiting for the next slot at all times.
  at_once=$(awk -v l="$limit" -v n="$count" 'BEGIN { a = int(1.2 * l / n) + 1; print a < 3 ? 3 : a }')
  share=$((calls / count))
  i=0
  while [ "$i" -lt "$count" ]; do
    : >"$work/progress.$i"
    client "$i" "$share"
    i=$((i + 1))
  done
  killed=0
  while [ "$killed" -lt "$deaths" ]; do
    tries=0 # a minute, in case they have all failed
    until [ "$(made)" -ge $(((killed + 1) * share * count / (deaths + 1))) ] || [ "$tries" -ge 3000 ]; do
      sleep 0.02
      tries=$((tries + 1))
    done
    i=0
    while [ "$i" -lt "$count" ]; do # the next one that is still running
      victim=$(((killed + i) % count))
      eval "pid=\$pid$victim"
      if [ -n "$pid" ] && [ "$(wc -c <"$work/progress.$victim")" -lt "$share" ] && kill -9 "$pid" 2>/dev/null; then
        wait "$pid" 2>/dev/null || true
        client "$victim" "$share"
        break
      fi
      i=$((i + 1))
    done
    killed=$((killed + 1))
  done
  i=0
  while [ "$i" -lt "$count" ]; do
    eval "pid=\$pid$i"
    [ -z "$pid" ] || wait "$pid" || echo "process $i ended badly" >>"$work/errors"
    i=$((i + 1))
  done
  exec 3>&-
  wait "$server"
  # shellcheck disable=SC2046
  set -- $(sed -n 2p "$work/seen") # requests, refused, most, rate, bound, after the refusal
  judge "$2 == ($refuse > 0) && $6 <= $count && $3 <= $limit && $(made) == $share * $count && $1 >= $share * $count"
  if [ "$form" != short ] && [ "$deaths" -eq 0 ] && [ "$refuse" -eq 0 ] && [ "$verdict" = ok ]; then
    passed=$((passed - 1))
    judge "$4 >= 0.97 * $5"
  fi
  printf '%-36s %8d %8d %8d %8d %9.2f %9.2f %7.3f  %s\n' "$name" "$1" "$2" "$3" "$killed" "$4" "$5" \
    "$(awk -v r="$4" -v b="$5" 'BEGIN { print r / b }')" "$verdict"
  [ "$refuse" -eq 0 ] || echo "  (in the window after the 429 the server had $6 requests of $count processes)"
  sort "$work/errors" | uniq -c | head -n 5 >&2
}

# outage WINDOW: the server is stopped for ten windows and continued, while calls are retried. LIMIT 5, attempts of a window.
outage() {
  rm -rf "$work/state" "$work/stdin"
  mkdir -m 700 "$work/state"
  : >"$work/seen"
  export SERANKING_STATE_DIR="$work/state"
  mkfifo "$work/stdin"
  "$bench/limiter_server" 5 "$1" 0 0 <"$work/stdin" >"$work/seen" 3>&- &
  server=$!
  exec 3>"$work/stdin"
  until [ -s "$work/seen" ]; do sleep 0.02; done
  "$lua" bench/limiter_outage.lua "http://127.0.0.1:$(sed -n 1p "$work/seen")" 5 "$(awk -v w="$1" 'BEGIN { print w / 1000 }')" 3>&- &
  caller=$!
  processes="$processes $caller"
  pause() { sleep "$(awk -v w="$1" -v n="$2" 'BEGIN { print w * n / 1000 }')"; }
  pause "$1" 2.5
  kill -STOP "$server"
  pause "$1" 10
  kill -CONT "$server"
  pause "$1" 6
  kill "$caller"
  wait "$caller" 2>/dev/null || true
  exec 3>&-
  wait "$server"
  # shellcheck disable=SC2046
  set -- $(sed -n 2p "$work/seen")
  judge "$3 <= 9 && $1 > 20"
  printf '%-36s %8d %8d %8d  %s (bound 9)\n' "stopped for ten windows, limit 5" "$1" "$2" "$3" "$verdict"
}

printf '%-36s %8s %8s %8s %8s %9s %9s %7s\n' "limit $limit in $per s, 0-$latency ms" requests refused "most/$per s" killed rate/s bound/s ratio
run "8 processes, one file" 8 0 ""
run "8 processes, one file, kill -9" 8 "$kills" ""
run "8 processes, one file, one 429" 8 0 "" $((calls / 2))

if command -v redis-server >/dev/null && [ -e "$build/$version/lseranking_redis.so" ]; then
  redis-server --port 0 --unixsocket "$work/redis.sock" --save "" --appendonly no --dir "$work" >"$work/redis.log" 2>&1 3>&- &
  processes="$processes $!"
  until [ -S "$work/redis.sock" ]; do sleep 0.02; done
  run "4 processes, one Redis" 4 0 "unix:$work/redis.sock"
  run "4 processes, one Redis, kill -9" 4 "$kills" "unix:$work/redis.sock"
  run "4 processes, one Redis, one 429" 4 0 "unix:$work/redis.sock" $((calls / 2))
else
  echo "(no redis-server, or built without hiredis: the limit on Redis is left out)"
fi

outage "$([ "$form" = short ] && echo 500 || echo 1000)"

if [ "$form" != short ]; then
  mkdir -m 700 "$work/cost"
  cost=$("$bench/limiter_cost" "$work/cost")
  judge "$cost < 1000"
  printf '%-36s %8s ns  (bound 1000)  %s\n' "a slot of the file, taken and back" "$cost" "$verdict"
fi

echo "$passed successes / $failed failures / 0 errors / 0 pending"
[ "$failed" -eq 0 ]

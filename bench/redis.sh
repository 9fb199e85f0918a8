#!/bin/sh
# The cost of a take and give back on Redis, compared with one round trip (PING) to the same server. SPDX-License-Identifier: MIT
#
# Prints one line, or nothing if hiredis or redis-server is missing. Environment: BUILD=build ROUNDS=5 CALLS=3000.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
if ! pkg-config --exists hiredis || ! command -v redis-server >/dev/null || [ ! -e "$build/core/limit/redis/sr_redis.o" ]; then
  exit 0
fi
mkdir -p "$build/bench"
cc -O2 -D_GNU_SOURCE -Isrc $(pkg-config --cflags hiredis libcurl) -o "$build/bench/redis" bench/redis.c "$build"/core/limit/redis/*.o \
  "$build"/core/base/*.o $(pkg-config --libs hiredis libcurl) -pthread

work=$(mktemp -d)
server=
finish() {
  [ -z "$server" ] || { kill "$server"; wait "$server" || true; }
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
redis-server --port 0 --unixsocket "$work/s" --dir "$work" --save '' --logfile log &
server=$!
until [ -S "$work/s" ]; do kill -0 "$server"; sleep 0.02; done

i=0
while [ "$i" -lt "${ROUNDS:-5}" ]; do
  "$build/bench/redis" "$work/s" "${CALLS:-3000}"
  i=$((i + 1))
done | sort -n | awk '{ floor[NR] = $1; ours[NR] = $2 }
  END { m = int((NR + 1) / 2); printf "%-34s %9s us %9s us   one answer is waited for\n", "take and give back, Redis", floor[m], ours[m] }'

#!/bin/sh
# Runs test suites and adds up what they report. The last line is "N passed, N failed".
#   sh spec/support/run.sh SUITE...
# Expects everything to be built: "make test" and "make test-deep" do that and call this.
# Environment: JOBS=2           processes at a time, and one more: many tests wait
#              SPECS, C_TESTS   only these spec files; only these C tests, by name without "test_sr_"
#              RESULT=NAME      keep the results in build/results/NAME, for spec/support/total.sh
#              FILE_TIMEOUT     seconds after which a process counts as hanging
#              CI=true          a missing Lua is a failure
# SPDX-License-Identifier: MIT
set -u
cd "$(dirname "$0")/../.." || exit 2

# The API keys of the tests, in pieces, so that this line does not match. No test may print them.
KEYS="be2165b7d065e278""e7305c1c7ef791f283f5d14b|0a6c1f2e-3b4d-""4c5e-8f90-a1b2c3d4e5f6"

# --- Suites -----------------------------------------------------------------------------------------------------

# Specs that do not depend on the Lua, by the beginnings of their names: they run on 5.4 and LuaJIT only.
SAME_EVERYWHERE='(api|catalogue|cli_(arguments|chart|completion|console|docs|limits|login|report|requests|run|table|walk)|data_fake|examples|fake|project|readback|record|reference|security|suggest|unshared|version|walks)'

# Of these, specs of programs and pages around the library: they run on 5.4 only.
ONCE='(api_new|cli_console|cli_report_browser)'

# More that run on 5.4 and LuaJIT only, but under AddressSanitizer, too.
TWO_LUAS='(cli_process|faults)'

# Specs that run under valgrind, which finds reads of uninitialised memory that AddressSanitizer does not.
VALGRIND='(binding|bodies|data_download|garbage|http_answer|http_request|json_spec)'

# Tests of code that depends on libcurl's version or on Linux.
PORTABLE='(limiter|loop_spec|map|retry)'
C_PORTABLE='test_sr_(engine|job|limit|listener|memory|worker$)'

# pick [-v] PATTERN: the spec files whose names match (-v: do not match), except those with suites of their own.
pick() {
  printf '%s\n' spec/*_spec.lua fake/spec/*_spec.lua | grep -Ev '/(nginx|torture|peers)' | grep -E "$@"
}

# targets SUITE: its spec files or C tests, one for each process.
targets() {
  case $1 in
    c | c-*)
      if [ -n "${C_TESTS:-}" ]; then
        printf 'test_sr_%s\n' $C_TESTS
      else
        ls spec/c/test_*.c | sed 's|.*/||; s|\.c$||' | grep -E "$([ "$1" = c-portable ] && echo "$C_PORTABLE" || echo .)"
      fi ;;
    install | limiter | package) echo "$1" ;;
    fuzz) ls fuzz/*.c | sed 's|.*/||; s|\.c$||' | grep -v '^driver$' ;;
    *)
      if [ -n "${SPECS:-}" ]; then
        printf '%s\n' $SPECS
      else
        case $1 in
          lua5.4) pick . ;;
          luajit) pick -v "/$ONCE" ;;
          lua5.*) pick -v "/($SAME_EVERYWHERE|$TWO_LUAS)" ;;
          coverage) { pick -v "/$SAME_EVERYWHERE"; pick "/cli_(limits|login)"; } ;;
          asan) pick -v "/($SAME_EVERYWHERE|cli_process)" ;; # curl may hang in setlocale with the sanitizer preloaded
          valgrind) pick "/$VALGRIND" ;;
          portable) pick "/$PORTABLE" ;;
          nginx | nginx-*) ls spec/nginx*_spec.lua ;;
          torture | torture-*) ls spec/torture*_spec.lua ;;
          peers*) ls spec/peers_*_spec.lua ;;
        esac
      fi ;;
  esac
}

# Patterns of the longest targets, which start first, in this order.
LONGEST="valgrind limiter nginx asan package install cli_console api_new test_sr_ http loop tls catalogue"

# --- One process -------------------------------------------------------------------------------------------------------

# spec VERSION BUILD-DIRECTORY FILE [WRAPPER...]: a spec file on one Lua.
spec() {
  lua=$(sh spec/support/interpreter.sh "$1") || { echo "Lua $1 is not installed"; return 127; }
  export LUA_PATH="lua/?.lua;lua/?/init.lua;fake/lua/?.lua;fake/lua/?/init.lua;;" LUA_CPATH="$2/$1/?.so;;"
  file=$3
  shift 3
  $TIMEOUT "$@" "$lua" "$(command -v busted)" -o spec/support/report.lua "$file"
}

# Leaks are AddressSanitizer's: a child of a fork, which lacks its parent's threads, has lost what these held.
MEMCHECK="valgrind --quiet --leak-check=no --error-exitcode=9 --suppressions=spec/support/valgrind.supp"

# How many generated cases of a fuzz target are run. Those of the worker have a thread, sockets and forks.
cases() {
  [ "$1" = worker ] && echo 10000 || echo 50000
}

# Runs a target of a suite.
run() {
  case $1 in
    lua5.*) spec "${1#lua}" build "$2" ;;
    luajit) spec jit build "$2" ;;
    peers5.4 | peersjit) spec "${1#peers}" build "$2" ;;
    asan | peers-asan) spec 5.4 build/asan "$2" sh spec/support/leaks.sh env "LD_PRELOAD=$(gcc -print-file-name=libasan.so)" ;;
    nginx) spec 5.4 build "$2" ;;
    nginx-asan)
      export SERANKING_NGINX_BUILD=build/asan/jit SERANKING_NGINX_SANITIZER="$(gcc -print-file-name=libasan.so)"
      spec 5.4 build "$2" ;;
    valgrind) spec 5.4 build "$2" $MEMCHECK ;;
    portable) spec 5.4 build/portable "$2" ;;
    c) $TIMEOUT "build/c/$2" ;;
    torture) LD_PRELOAD=$PWD/build/5.4/failing_malloc.so spec 5.4 build "$2" ;;
    coverage) spec 5.4 build/coverage "$2" ;;
    torture-coverage) LD_PRELOAD=$PWD/build/coverage/5.4/failing_malloc.so spec 5.4 build/coverage "$2" ;;
    nginx-coverage) SERANKING_NGINX_BUILD=build/coverage/jit spec 5.4 build/coverage "$2" ;;
    c-portable) $TIMEOUT "build/portable/c/$2" ;;
    c-coverage) $TIMEOUT "build/coverage/c/$2" ;;
    c-asan) $TIMEOUT sh spec/support/leaks.sh "build/asan/c/$2" ;;
    c-valgrind) $TIMEOUT env TEST_DIVISOR=20 $MEMCHECK "build/c/$2" ;; # of rounds, see spec/c/support.h
    c-tsan) $TIMEOUT env TEST_DIVISOR=5 TSAN_OPTIONS="die_after_fork=0 halt_on_error=0 exitcode=66" "build/tsan/c/$2" ;;
    fuzz) $TIMEOUT "build/asan/$2" "$(cases "$2")" 1 "fuzz/cases/$2" && printf "ok: %s\n1 success / 0 failures / 0 errors / 0 pending\n" "$2" ;;
    install) $TIMEOUT sh spec/install_test.sh ;;
    package) $TIMEOUT sh spec/package_test.sh ;;
    limiter) CALLS=600 LIMIT=50 WINDOW=1000 LATENCY=400 KILLS=8 $TIMEOUT sh bench/limiter.sh short ;;
    *) echo "no such suite: $1"; return 2 ;;
  esac
}

# The names of the tests in the output of cmocka or a script, as spec/support/report.lua writes those of busted's.
names() {
  sed -n -e "s/^\[ *\(OK\|  FAILED\) *\] \([A-Za-z_0-9]*\)$/$1\t\2/p" \
    -e "s/^\(ok\|FAILED\): \(5\.[0-9]: \|jit: \)\{0,1\}\(.*\)/$1\t\3/p" \
    -e "s/^\(.\{36\}\) .*  *\(ok\|FAILED\)\( .*\)\{0,1\}$/$1\t\1/p" "$2"
}

# one SUITE TARGET: runs it, and adds "passed failed skipped seconds suite target" to $WORK/results.
# Reads busted's last line ("12 successes / 0 failures / 0 errors / 1 pending") and cmocka's ("[  PASSED  ] 3 test(s).").
# A process without a summary, without a test, or with a bad exit status after a clean summary counts as one failure.
one() {
  suite=$1 target=$2
  log=$WORK/$suite.$(echo "$target" | tr / .)
  began=$(date +%s)
  export TESTS="$log.tests"
  run "$suite" "$target" >"$log" 2>&1 </dev/null
  status=$?
  case $suite in c | c-* | fuzz | install | limiter | package) names "$target" "$log" >"$TESTS" ;; esac
  counts=$(sed 's/\x1b\[[0-9;]*m//g' "$log" | awk '
    / success(es)? \/ [0-9]+ failures? \/ / {
      passed += $1; failed += $4; found = 1
      for (i = 1; i < NF; i++) {
        if ($(i + 1) ~ /^errors?$/) failed += $i
        if ($(i + 1) == "pending") skipped += $i
      }
    }
    /^\[ +PASSED +\] [0-9]+ test/  { match($0, /\] [0-9]+/); passed += substr($0, RSTART + 2, RLENGTH - 2); found = 1 }
    /^\[ +FAILED +\] [0-9]+ test/  { match($0, /\] [0-9]+/); failed += substr($0, RSTART + 2, RLENGTH - 2); found = 1 }
    /^\[ +SKIPPED +\] [0-9]+ test/ { match($0, /\] [0-9]+/); skipped += substr($0, RSTART + 2, RLENGTH - 2) }
    END { if (found) print passed + 0, failed + 0, skipped + 0 }')
  case "$status:$counts" in
    *:) problem="no summary, status $status: counted as one failure"; counts="0 1 0" ;;
    *:"0 0 0") problem="ran no test: counted as one failure"; counts="0 1 0" ;;
    0:*) problem= ;;
    *:*" 0 "*)
      problem="status $status though no test failed: counted as one failure"
      counts="${counts%% *} 1 ${counts##* }" ;;
    *) problem="status $status" ;;
  esac
  if grep -qE "$KEYS" "$log"; then
    problem="$problem; an API key shows in its output: counted as one failure"
    counts=$(echo "$counts" | awk '{ print $1, $2 + 1, $3 }')
  fi
  echo "$counts $(($(date +%s) - began)) $suite $target" >>"$WORK/results"
  if [ -n "$problem" ]; then
    echo "-- $problem" >>"$log"
    { echo "== $suite $target"; sed "s/^/   /" "$log"; } >"$log.shown" # in one piece: others may print at the same time
    cat "$log.shown"
  fi
}

# A hanging process is a failure. In the foreground, so that Ctrl-C reaches it.
TIMEOUT=$(command -v timeout >/dev/null && echo "timeout --foreground --kill-after=5 ${FILE_TIMEOUT:-600}")
# malloc returns NULL when memory runs out, as it does without the sanitizer.
export ASAN_OPTIONS=allocator_may_return_null=1

# How this script calls itself, once for each process.
if [ "${1:-}" = --one ]; then
  one "$2" "$3"
  exit 0
fi

# --- All of them -------------------------------------------------------------------------------------------------------

# Tests must not see the user's own key and settings.
unset LUA_INIT LUA_INIT_5_2 LUA_INIT_5_3 LUA_INIT_5_4 LUA_PATH_5_2 LUA_PATH_5_3 LUA_PATH_5_4 LUA_CPATH_5_2 LUA_CPATH_5_3 LUA_CPATH_5_4
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
for variable in $(env | sed -n 's/^\(SERANKING_[A-Z0-9_]*\)=.*/\1/p'); do
  [ "$variable" = SERANKING_FUZZ ] || unset "$variable"
done

WORK=$(mktemp -d)
export WORK
: >"$WORK/results"
: >"$WORK/none.tests"
export SERANKING_STATE_DIR="$WORK/state" # the tests' own limits
trap 'rm -rf "$WORK"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

for suite in "$@"; do
  version=${suite#lua}
  if [ "$version" != "$suite" ] && [ "${CI:-}" != true ] && ! sh spec/support/interpreter.sh "$version" >/dev/null; then
    echo "$suite: skipped, this Lua is not installed" >&2
    continue
  fi
  for target in $(targets "$suite" | grep . || echo nothing); do
    echo "$suite $target"
  done
done | awk -v longest="$LONGEST" '
  { rank = split(longest, patterns, " ") + 1; for (i = rank - 1; i; i--) if ($0 ~ patterns[i]) rank = i; print rank, $0 }' |
  sort -s -n -k 1,1 | cut -d " " -f 2- >"$WORK/queue"
xargs -P $((${JOBS:-2} + 1)) -n 2 sh spec/support/run.sh --one <"$WORK/queue"
while read -r target; do # one without a result has crashed
  grep -qE " $target\$" "$WORK/results" || echo "0 1 0 0 $target" >>"$WORK/results"
done <"$WORK/queue"
cat "$WORK"/*.tests >"$WORK/tests"

if [ -n "${RESULT:-}" ]; then
  mkdir -p "build/results/$RESULT"
  cp "$WORK/results" "$WORK/tests" "build/results/$RESULT/"
fi
sh spec/support/total.sh "$WORK"

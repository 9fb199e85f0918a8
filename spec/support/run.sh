#!/bin/sh
# Runs the test suites named, or all, and adds up what they report; the last line is "N passed, N failed".
#   sh spec/support/run.sh [SUITE...]      JOBS=2 suites at a time; with CI=true a missing Lua is a failure
# Expects everything to be built; "make test" does that and calls this.
# SPDX-License-Identifier: MIT
set -u
cd "$(dirname "$0")/../.." || exit 2

# The longest first, so that two at a time end together.
ALL="valgrind asan nginx nginx-asan lua5.1 lua5.2 lua5.3 lua5.4 luajit old-curl c c-asan c-tsan c-valgrind install limiter"

# The API keys that the tests use, in pieces, so that this line is not what is found. None may show in what a test prints.
KEYS="be2165b7d065e278""e7305c1c7ef791f283f5d14b|0a6c1f2e-3b4d-""4c5e-8f90-a1b2c3d4e5f6"

# --- A unit: one command with one summary ------------------------------------------------------------------------------

# unit NAME COMMAND...: runs the command, shows its output, adds to $RESULTS "passed failed skipped NAME seconds".
# Knows busted's last line ("12 successes / 0 failures / 0 errors / 1 pending") and cmocka's ("[  PASSED  ] 3 test(s).");
# of several, the sum.
# A command that breaks off, prints no summary, ran no test or ends badly after a clean summary counts as one failure.
unit() {
  name=$1
  shift
  echo "== $name"
  log="$WORK/$name.log"
  began=$(date +%s)
  { $TIMEOUT "$@" 2>&1 </dev/null; echo $? >"$log.status"; } | tee "$log"
  status=$(cat "$log.status")
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
    *:) echo "-- $name: no summary, status $status: counted as one failure"; counts="0 1 0" ;;
    *:"0 0 0") echo "-- $name: ran no test: counted as one failure"; counts="0 1 0" ;;
    0:*) ;;
    *:*" 0 "*)
      echo "-- $name: status $status though no test failed: counted as one failure"
      counts="${counts%% *} 1 ${counts##* }" ;;
  esac
  if grep -qE "$KEYS" "$log"; then
    echo "-- $name: an API key shows in its output: counted as one failure"
    counts=$(echo "$counts" | awk '{ print $1, $2 + 1, $3 }')
  fi
  echo "$counts $name $(($(date +%s) - began))" >>"$RESULTS"
}

# --- The suites --------------------------------------------------------------------------------------------------------

# The specs on one Lua: specs NAME VERSION BUILD-DIRECTORY [WRAPPER...]. $SPECS: which files; else all but those of nginx,
# which has the same Lua whoever starts it.
specs() {
  name=$1 version=$2 directory=$3
  shift 3
  if ! lua=$(sh spec/support/interpreter.sh "$version"); then
    if [ "${CI:-}" = true ]; then
      unit "$name" echo "Lua $version is not installed"
    else
      echo "== $name: skipped, Lua $version is not installed"
      echo "0 0 1 $name 0" >>"$RESULTS"
    fi
    return
  fi
  LUA_PATH="lua/?.lua;lua/?/init.lua;fake/lua/?.lua;fake/lua/?/init.lua;;" LUA_CPATH="$directory/$version/?.so;;" \
    unit "$name" sh spec/support/busted.sh "${SPECS:-$(printf '%s\n' spec/*_spec.lua fake/spec/*_spec.lua | grep -v /nginx_)}" "$@" "$lua"
}

# The C tests: c_tests NAME BUILD-DIRECTORY [WRAPPER...]. $C_TESTS: which; else all.
c_tests() {
  family=$1 directory=$2
  shift 2
  for source in $([ -n "${C_TESTS:-}" ] && printf 'spec/c/test_sr_%s.c\n' $C_TESTS || ls spec/c/test_*.c); do
    test=${source##*/}
    test=${test%.c}
    unit "$family:$test" "$@" "$directory/c/$test"
  done
}

# Specs that call nothing which differs between one Lua and the next, as a pattern: they run on the newest and on LuaJIT.
SAME_EVERYWHERE='(api|catalogue|data_fake|examples|project|readback|reference|walks|fake)(_[a-z_]+)?'

# The others: those that use the C module, or what differs between Luas.
not_the_same() {
  printf '%s\n' spec/*_spec.lua fake/spec/*_spec.lua | grep -vE "/($SAME_EVERYWHERE|nginx(_[a-z_]+)?)_spec"
}

# Specs of the C module that run under valgrind, some thirty times slower: the beginnings of their names.
VALGRIND_SPECS="binding bodies client data fork garbage host http json limiter map redis retry secrets tls"

# The spec files whose names begin so.
files_of() {
  for begin in "$@"; do
    ls spec/"${begin}"*_spec.lua
  done
}

suite() {
  case $1 in
    lua5.4) specs lua5.4 5.4 build ;;
    lua5.*) SPECS=$(not_the_same) specs "$1" "${1#lua}" build ;;
    luajit) specs luajit jit build ;;
    asan) SPECS=$(not_the_same) specs asan 5.4 build/asan sh spec/support/leaks.sh env "LD_PRELOAD=$(gcc -print-file-name=libasan.so)" ;;
    nginx) SPECS=$(files_of nginx) specs nginx 5.4 build ;;
    nginx-asan)
      SERANKING_NGINX_BUILD=build/asan/jit SERANKING_NGINX_SANITIZER=$(gcc -print-file-name=libasan.so) \
        SPECS=$(files_of nginx) specs nginx-asan 5.4 build ;;
    valgrind) SPECS=$(files_of $VALGRIND_SPECS) specs valgrind 5.4 build $VALGRIND ;;
    c) c_tests c build ;;
    c-asan) c_tests c-asan build/asan sh spec/support/leaks.sh ;;
    c-valgrind) c_tests c-valgrind build env TEST_DIVISOR=20 $VALGRIND ;; # of rounds, see spec/c/support.h
    c-tsan) c_tests c-tsan build/tsan env TEST_DIVISOR=5 TSAN_OPTIONS="die_after_fork=0 halt_on_error=0 exitcode=66" ;;
    old-curl) # the C tests and specs that send something, as with libcurl before 7.80
      SPECS=$(files_of limiter retry) specs old-curl 5.4 build/old-curl
      C_TESTS="engine engine_limit limit memory" c_tests old-curl build/old-curl ;;
    install) unit install sh spec/install_test.sh ;;
    limiter) unit limiter sh bench/limiter.sh short ;;
    *) unit "$1" echo "no such suite: $1; there are: $ALL" ;;
  esac
}

VALGRIND="valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect --errors-for-leak-kinds=definite,indirect
  --error-exitcode=9 --suppressions=spec/support/valgrind.supp"
# Where memory can't be had, malloc says so, as it does without the sanitizer.
export ASAN_OPTIONS=allocator_may_return_null=1
# A suite that hangs is a failure too. In the foreground, so that Ctrl-C reaches it.
TIMEOUT=$(command -v timeout >/dev/null && echo "timeout --foreground --kill-after=5 ${SUITE_TIMEOUT:-1200}")

# The mode in which this script calls itself, a process a suite. Of several, each shows its output when done, in one piece.
if [ "${1:-}" = --suite ]; then
  if [ "$ALONE" ]; then
    suite "$2"
    exit 0
  fi
  suite "$2" >"$WORK/$2.out" 2>&1
  until mkdir "$WORK/printing" 2>/dev/null; do sleep 0.1; done
  cat "$WORK/$2.out"
  rmdir "$WORK/printing"
  exit 0
fi

# --- All of them -------------------------------------------------------------------------------------------------------

# The user's own key and settings must not get into a test.
unset LUA_INIT LUA_INIT_5_2 LUA_INIT_5_3 LUA_INIT_5_4 LUA_PATH_5_2 LUA_PATH_5_3 LUA_PATH_5_4 LUA_CPATH_5_2 LUA_CPATH_5_3 LUA_CPATH_5_4
unset http_proxy https_proxy HTTPS_PROXY all_proxy ALL_PROXY no_proxy NO_PROXY
for variable in $(env | sed -n 's/^\(SERANKING_[A-Z0-9_]*\)=.*/\1/p'); do unset "$variable"; done

WORK=$(mktemp -d)
RESULTS=$WORK/results
: >"$RESULTS"
export WORK RESULTS
export SERANKING_STATE_DIR="$WORK/state" # the limits of the tests are nobody else's
trap 'rm -rf "$WORK"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

[ $# -gt 0 ] || set -- $ALL
ALONE=$([ $# -gt 1 ] || echo yes)
export ALONE
printf '%s\n' "$@" | xargs -P "${JOBS:-2}" -n 1 sh spec/support/run.sh --suite
for suite in "$@"; do # one that left no count behind broke off
  grep -q " $suite[: ]" "$RESULTS" || echo "0 1 0 $suite 0" >>"$RESULTS"
done

echo
awk '{ printf "%-26s %4d s %5d passed %3d failed", $4, $5, $1, $2; if ($3) printf " %3d skipped", $3; print "" }' "$RESULTS" | sort
# What failed, once more, for who sees only the end.
awk '$2 { print $4 }' "$RESULTS" | while read -r name; do
  grep -A3 -E '^(Failure|Error) ->|FAILED|ERROR|ended with status|^-- ' "$WORK/$name.log" 2>/dev/null |
    head -n 12 | cut -c1-300 | sed "s|^|$name: |"
done
awk '{ passed += $1; failed += $2 } END { printf "%d passed, %d failed\n", passed, failed; exit failed > 0 || passed == 0 }' "$RESULTS"

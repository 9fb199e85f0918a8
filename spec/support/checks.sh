# For tests written in shell: source this at the top of the repository. It makes the folder $work and removes it at the end.
# SPDX-License-Identifier: MIT
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Neither the options of a calling make nor the user's settings may affect the tests.
unset MAKEFLAGS MFLAGS MAKELEVEL LUA LUA_CFLAGS DESTDIR PREFIX CMOD LMOD BINDIR LUA_BIN LUA_PATH LUA_CPATH LUA_INIT

successes=0
failures=0

# check WHAT COMMAND...: one test, which passes if the command succeeds. Its output is shown only if it fails.
check() {
  what=$1
  shift
  if "$@" >"$work/output" 2>&1; then
    successes=$((successes + 1))
    echo "ok: $what"
  else
    failures=$((failures + 1))
    echo "FAILED: $what"
    sed 's/^/  /' "$work/output"
  fi
}

# Prints a summary like busted's. Fails if a check failed.
summary() {
  echo "$successes successes / $failures failures / 0 errors / 0 pending"
  [ "$failures" = 0 ]
}

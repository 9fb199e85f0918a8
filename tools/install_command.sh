#!/bin/sh
# Installs the command for one Lua, then loads the library with that Lua, or says what to set. "make install" runs it, with
# LUA_BIN, BINDIR, LMOD, CMOD and DESTDIR set. TRY=no: load nothing.
# SPDX-License-Identifier: MIT
set -eu

# Looks where the library was installed first, so the command needs no LUA_PATH.
paths="package.path, package.cpath = \"$LMOD/?.lua;$LMOD/?/init.lua;\" .. package.path, \"$CMOD/?.so;\" .. package.cpath"
command=$DESTDIR$BINDIR/seranking
try=$([ -n "$DESTDIR" ] || [ "${TRY:-}" = no ] || echo yes)

# A second Lua does not take the command from the first.
other=$(sed -n '1s/^#!//p' "$command" 2>/dev/null || :)
if [ -n "$try" ] && [ -n "$other" ] && [ "$other" != "$LUA_BIN" ] && "$command" --version >/dev/null 2>&1; then
  echo "$command still runs with $other: to change that, remove it and install again"
else
  { echo "#!$LUA_BIN"; echo "$paths"; sed 1d bin/seranking; } >"$command.new"
  chmod 755 "$command.new"
  mv "$command.new" "$command"
fi
[ -n "$try" ] || exit 0

# "loads", "not found", or the problem.
state=$($LUA_BIN -e '
  local loaded, problem = pcall(require, "seranking")
  problem = tostring(problem):match "[^\n]*"
  print(loaded and "loads" or problem:find("module .seranking. not found") and "not found" or problem)')
case $state in
  loads) echo "$LUA_BIN loads seranking" ;;
  "not found")
    echo "$LUA_BIN does not look in $LMOD. The command finds the library there; for your own programs, set"
    echo "  export LUA_PATH='$LMOD/?.lua;$LMOD/?/init.lua;;' LUA_CPATH='$CMOD/?.so;;'"
    echo "or install below another PREFIX, such as /usr." ;;
  *) echo "$LUA_BIN can't load seranking: $state" ;;
esac
missing=$($LUA_BIN -e '
  for _, name in ipairs { "cjson", "argparse", "luv" } do
    io.write(pcall(require, name) and "" or " " .. name)
  end')
[ -z "$missing" ] || echo "The command also needs these Lua modules:$missing (on Debian lua-cjson, lua-argparse, lua-luv; or by luarocks)"

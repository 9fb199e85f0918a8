#!/bin/sh
# Tests "make install", "luarocks make", and what happens when a module built for one Lua is loaded into another.
# SPDX-License-Identifier: MIT
set -u
cd "$(dirname "$0")/.." || exit 2
. spec/support/checks.sh

# --- Checks ---------------------------------------------------------------------------------------------------

# The default paths come last, for lua-cjson; loads_from checks that the library did not come from them.
with_paths() {
  share=$1 lib=$2
  shift 2
  (cd / && LUA_PATH="$share/?.lua;$share/?/init.lua;;" LUA_CPATH="$lib/?.so;;" "$@")
}

loads_from() {
  with_paths "$2" "$3" env DIRECTORY="$2" "$1" -e '
    local directory = os.getenv "DIRECTORY"
    local source = debug.getinfo(require("seranking").new, "S").source
    assert(source:sub(1, #directory + 1) == "@" .. directory, source)'
}

# The Redis limiter is built only if hiredis is found.
redis_loads() {
  [ ! -e "build/$4/lseranking_redis.so" ] || with_paths "$2" "$3" "$1" -e 'assert(require("seranking.redis").driver())'
}

# The server ends when its standard input does.
server_starts() {
  rm -f "$work/url"
  with_paths "$1" "$2" "$3" fake --port 0 --port-file "$work/url" --stop-with-stdin --quiet </dev/null && [ -s "$work/url" ]
}

every_file() { # each file below $1 is below $2 as well
  (cd "$1" && find . -type f) | while read -r file; do [ -f "$2/$file" ] || { echo "$2/$file is missing"; exit 1; }; done
}

command_starts() { # the command $2 names the interpreter $1
  if [ ! -x "$2" ] || [ "$(head -n 1 "$2")" != "#!$1" ]; then
    ls -l "$2"
    head -n 1 "$2"
    return 1
  fi
}

# The command runs without LUA_PATH from any folder, but has no fake.
command_runs() {
  (cd / && "$1" --version | grep -q '^seranking [0-9]' && ! "$1" fake 2>"$work/no-fake") || return 1
  grep -q '^seranking: the fake API is not installed: ' "$work/no-fake" || { cat "$work/no-fake"; return 1; }
}

# `seranking fake run` of the command $1 runs a script that requires the library, without LUA_PATH.
script_runs() {
  mkdir -p -m 700 "$work/state"
  echo 'print(#require("seranking").new({ raise = true }).sites:list())' >"$work/count.lua"
  said=$(cd / && SERANKING_STATE_DIR=$work/state "$1" fake run "$work/count.lua" 2>&1)
  [ "$said" = 3 ] || { echo "$said"; return 1; }
}

# make install with the arguments from $2 on says $1.
install_says() {
  expected=$1
  shift
  make install "$@" >"$work/said" 2>&1 || { cat "$work/said"; return 1; }
  grep -qF "$expected" "$work/said" || { tail -n 5 "$work/said"; return 1; }
}

nothing_of_the_fake() {
  found=$(find "$1" -path '*seranking/fake*')
  echo "$found"
  [ -z "$found" ]
}

nothing_left() {
  left=$(find "$1" -name '*seranking*')
  echo "$left"
  [ -z "$left" ]
}

# Loading must fail with one line that names both Luas.
refused_by() {
  LUA_CPATH="build/$2/?.so" BUILT_FOR=$(abi "$2") THIS=$(abi "$3") "$1" -e '
    local loaded, problem = pcall(require, "lseranking")
    print(problem)
    local function names(version) -- LuaJIT may be called by either of its names
      return problem:find("Lua " .. version, 1, true) or version == "5.1" and problem:find("LuaJIT", 1, true)
    end
    os.exit(not loaded and not problem:find("\n") and names(os.getenv "BUILT_FOR") and names(os.getenv "THIS") and 0 or 1)'
}

# --- For every Lua -----------------------------------------------------------------------------------------------------

abi() { case $1 in jit) echo 5.1 ;; *) echo "$1" ;; esac; }

installation() {
  version=$1 lua=$2
  to=$work/install-$version
  share=$to/opt/share/lua/$(abi "$version")
  lib=$to/opt/lib/lua/$(abi "$version")
  check "$version: make install" make install LUA="$version" DESTDIR="$to" PREFIX=/opt
  check "$version: every Lua file is installed" every_file lua "$share"
  check "$version: the types for editors are installed" every_file library "$share/seranking/library"
  check "$version: the command is installed and starts this Lua" command_starts "$lua" "$to/opt/bin/seranking"
  check "$version: the manual page is installed" test -s "$to/opt/share/man/man1/seranking.1"
  check "$version: nothing of the fake is installed" nothing_of_the_fake "$to/opt"
  check "$version: the installed module loads" loads_from "$lua" "$share" "$lib"
  check "$version: the installed limiter on Redis loads" redis_loads "$lua" "$share" "$lib" "$version"
  check "$version: make install-fake" make install-fake LUA="$version" DESTDIR="$to" PREFIX=/opt
  check "$version: every file of the fake is installed" every_file fake/lua "$share"
  check "$version: the fake's types for editors are installed" every_file fake/library "$share/seranking/library"
  check "$version: the installed server starts" server_starts "$share" "$lib" "$to/opt/bin/seranking"
  : >"$share/neighbour.lua"
  check "$version: make uninstall" make uninstall LUA="$version" DESTDIR="$to" PREFIX=/opt
  check "$version: make uninstall removes all of it" nothing_left "$to/opt"
  check "$version: make uninstall removes nothing else" test -f "$share/neighbour.lua"
}

# Below a PREFIX where this Lua does not look.
elsewhere() {
  version=$1 lua=$2
  to=$work/elsewhere-$version
  check "$version: make install says what to set" install_says "export LUA_PATH='$to/share/lua/$(abi "$version")/?.lua;" \
    LUA="$version" PREFIX="$to"
  check "$version: the command finds its library" command_runs "$to/bin/seranking"
  check "$version: make install-fake there" make install-fake LUA="$version" PREFIX="$to"
  check "$version: the command's scripts find the library" script_runs "$to/bin/seranking"
  share=$to/share/lua/$(abi "$version") lib=$to/lib/lua/$(abi "$version")
  export LUA_PATH="$share/?.lua;$share/?/init.lua;;" LUA_CPATH="$lib/?.so;;"
  check "$version: make install says that this Lua loads the library" install_says "$lua loads seranking" \
    LUA="$version" PREFIX="$to"
  unset LUA_PATH LUA_CPATH
}

# A second Lua at the same PREFIX leaves the command to the first.
two_luas() {
  to=$work/elsewhere-5.4
  check "make install for a second Lua leaves the command" install_says "$to/bin/seranking still runs with $2" \
    LUA="$1" PREFIX="$to"
  check "the command runs with the first Lua" command_starts "$2" "$to/bin/seranking"
}

wrong_lua() {
  version=$1 lua=$2
  for built_for in 5.1 5.2 5.3 5.4 jit; do
    [ -e "build/$built_for/lseranking.so" ] || continue
    if [ "$(abi "$built_for")" = "$(abi "$version")" ]; then
      check "$version: the module built for $built_for loads" env LUA_CPATH="build/$built_for/?.so" "$lua" -e 'require "lseranking"'
    else
      check "$version: the module built for $built_for is refused in one sentence" refused_by "$lua" "$built_for" "$version"
    fi
  done
}

luarocks_make() {
  (cd "$1" && HOME=$work luarocks --lua-version="$2" make --deps-mode=none --tree "$3" "$4")
}

# The files that git tracks, or all but what was built, where this is an unpacked tarball.
sources() {
  git ls-files -z --cached --others --exclude-standard 2>/dev/null | grep -z . || find . -path ./build -prune -o -type f -print0
}

# Built from a copy of the sources, without the network.
rock() {
  version=$1 lua=$2
  tree=$work/rock-$version
  from=$work/clone-$version
  mkdir "$from"
  sources | xargs -0 tar -cf - | tar -xf - -C "$from"
  check "$version: luarocks make" luarocks_make "$from" "$version" "$tree" seranking-scm-1.rockspec
  check "$version: the rock's module loads" loads_from "$lua" "$tree/share/lua/$version" "$tree/lib/lua/$version"
  check "$version: the production rock contains nothing of the fake" nothing_of_the_fake "$tree"
  check "$version: luarocks make of the fake" luarocks_make "$from" "$version" "$tree" seranking-fake-scm-1.rockspec
  check "$version: the fake's rock has every file of it" every_file fake/lua "$tree/share/lua/$version"
  check "$version: the rock's server starts" \
    server_starts "$tree/share/lua/$version" "$tree/lib/lua/$version" "$tree/bin/seranking"
}

for version in 5.1 5.2 5.3 5.4 jit; do
  lua=$(sh spec/support/interpreter.sh "$version") || continue
  installation "$version" "$lua"
  wrong_lua "$version" "$lua"
  case $version in 5.1 | 5.4) rock "$version" "$lua" && elsewhere "$version" "$lua" ;; esac
done
[ ! -x "$work/elsewhere-5.4/bin/seranking" ] || two_luas 5.1 "$(sh spec/support/interpreter.sh 5.4)"

summary

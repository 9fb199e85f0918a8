#!/bin/sh
# Tests what a release consists of, made from the last commit: the tarball, the rockspecs, the Debian packages.
# SPDX-License-Identifier: MIT
set -u
cd "$(dirname "$0")/.." || exit 2
. spec/support/checks.sh

lua=$(sh spec/support/interpreter.sh 5.4) || { echo "Lua 5.4 is not installed"; exit 2; }
version=$(sed -n 's/^#define SR_VERSION "\(.*\)"/\1/p' src/base/sr_base.h)
tarball=$work/seranking-$version.tar.gz
packages=$work/deb

same_bytes() {
  make dist BUILD="$work" && mv "$tarball" "$work/first" &&
    (umask 077 && make dist BUILD="$work") && cmp "$work/first" "$tarball"
}

# Every file of the commit, and no other.
all_files() {
  tar -tzf "$tarball" | sed -n "s|^seranking-$version/\(.*[^/]\)\$|\1|p" | sort >"$work/packed"
  git ls-tree -r --name-only HEAD | sort | diff - "$work/packed"
}

installs() {
  tar -xzf "$tarball" -C "$work" && make -C "$work/seranking-$version" install install-fake LUA=5.4 PREFIX="$work/tree" >"$work/advice" 2>&1
  status=$?
  cat "$work/advice"
  return $status
}

# The command $1 runs the quick start on the fake API.
quickstart() {
  (cd / && HOME=$work "$1" fake run "$work/seranking-$version/examples/quickstart.lua") >"$work/said" || return 1
  cat "$work/said"
  grep -q 'Anchor shop' "$work/said"
}

# With what "make install" said to set.
installed_quickstart() {
  (eval "$(grep '^  export LUA_PATH=' "$work/advice")" && quickstart "$work/tree/bin/seranking")
}

builds_packages() {
  DEB_BUILD_OPTIONS=noautodbgsym make deb BUILD="$work" DEPS=skip
}

# The package is not in Debian, so no bug asks for it.
lintian_accepts() {
  lintian --allow-root --fail-on warning --suppress-tags initial-upload-closes-no-bugs "$packages"/*.changes
}

unpacked() {
  for package in "$packages"/*.deb; do dpkg -x "$package" "$work/root" || return 1; done
}

# with_packages VERSION COMMAND...: runs it where Lua looks into the unpacked packages.
with_packages() {
  share=$work/root/usr/share/lua/$1 lib=$(echo "$work"/root/usr/lib/*/lua/"$1")
  shift
  (cd / && export LUA_PATH="$share/?.lua;$share/?/init.lua;;" LUA_CPATH="$lib/?.so;;" && "$@")
}

loads() {
  with_packages "$2" env ROOT="$work/root" "$1" -e '
      local source = debug.getinfo(require("seranking").new, "S").source
      assert(source:find(os.getenv "ROOT", 1, true), source)
      assert(require("seranking.redis").driver())'
}

check "make dist makes the same bytes twice" same_bytes
check "the tarball has every file of the commit" all_files
check "it installs into an empty tree" installs
check "the installed command runs the quick start" installed_quickstart
for rockspec in *.rockspec; do
  check "luarocks accepts $rockspec" luarocks lint "$rockspec"
done
check "the Debian packages are built" builds_packages
check "lintian accepts them" lintian_accepts
check "they are unpacked" unpacked
for of in 5.1 5.2 5.3 5.4 jit; do
  other=$(sh spec/support/interpreter.sh "$of") || continue
  case $of in jit) abi=5.1 ;; *) abi=$of ;; esac
  check "$of: the package's library loads" loads "$other" "$abi"
done
check "the package's command runs the quick start" with_packages 5.4 quickstart "$work/root/usr/bin/seranking"
for suite in spec/suites/*/; do
  check "the Debian copyright file names $suite" grep -qxF "Files: $suite*" packaging/debian/copyright
done
summary

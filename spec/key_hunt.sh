#!/bin/sh
# Runs specs with keys made for this run, under strace, and lists each place other than a connection where a piece of a key came by.
# Searched: what is written to terminals, pipes, files and logs; what is sent on unix sockets; arguments of processes, and their
# environments except variables named SERANKING_...; their titles; names of files opened, made, renamed, linked or
# removed. Not searched: stores into mapped files, and io_uring.
# "make key-hunt" runs it on Lua 5.4 and in nginx.
#   sh spec/key_hunt.sh SUITE...        Environment: SPECS="spec/a_spec.lua": only these
# Fails if there is a place that `inputs` does not explain, if a core file was left, or if no key was seen on a connection. strace
# slows the specs down, so failures of specs are shown and do not count.
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
top=$PWD
hunt=$top/build/hunt
case $(cat /proc/sys/kernel/core_pattern 2>/dev/null) in
  '|'* | */*) echo "Core files would be missed: core_pattern must be a plain name (sysctl kernel.core_pattern=core)" >&2; exit 2 ;;
esac
rm -rf "$hunt"
mkdir -p "$hunt/tmp" "$hunt/home" "$hunt/tree"

# A copy of the tree in which the keys of the tests are others. Beginnings and ends stay, because tests expect to see them.
random() { od -An -N20 -tx1 /dev/urandom | tr -d ' \n'; }
v4=be2165b7d065e278e7305c1c7ef791f283f5d14b
v1=0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6
new_v4=be$(random | cut -c1-34)d14b
new_v1=$(random | sed 's/^..\(.\{6\}\)\(.\{4\}\).\(.\{3\}\).\(.\{3\}\)\(.\{8\}\).*/0a\1-\2-4\3-8\4-\5e5f6/')
find . -path ./build -prune -o -path ./.git -prune -o -type f -print0 | xargs -0 tar -cf - | tar -xf - -C "$hunt/tree"
grep -rlEZ "$v4|$v1" "$hunt/tree" --include='*.lua' --include='*.sh' | xargs -0 sed -i "s/$v4/$new_v4/g; s/$v1/$new_v1/g"
ln -s "$top/build" "$hunt/tree/build"

# Twelve characters are no part of a word and no accident.
for key in "$new_v4" "$new_v1"; do
  printf '%s\n' "$key" | awk '{ for (i = 1; i <= length($0) - 11; i++) print substr($0, i, 12) }'
done >"$hunt/pieces"

# Where tests put a key in, and where it belongs. Extended regular expressions on strace's lines.
inputs() {
  sed '/^ *#/d; /^$/d; s/^ *//' <<'END'
    # a command of a test. The library starts no program but stty and secret-tool
    ^[0-9]+ +execve\("[^"]*/(sh|bash|env|script)",
    ^[0-9]+ +execve\("[^"]*/lua[0-9.jit]*", \["[^"]*", "-e",
    # the keys of a fake, which open nothing else
    ^[0-9]+ +execve\("[^"]*/lua[0-9.jit]*", \["[^"]*", "bin/seranking", "fake",
    # a key where the name of a file belongs: nothing is there to read, and nothing is made
    ^[0-9]+ +open(at)?\(.*, O_RDONLY(\|O_NOCTTY|\|O_CLOEXEC)*( <unfinished|\) = -1 ENOENT)
    # the key that `login` refuses to take from its arguments
    ^[0-9]+ +execve\("[^"]*/lua[0-9.jit]*", \["[^"]*", "bin/seranking", "login", "[^"]*"\]
    # the program that a test writes and starts, and what a test gives to it
    ^[0-9]+ +write\([0-9]+<[^>]*/(lua_[A-Za-z0-9]+|tmp\.[A-Za-z0-9]+/[a-z_.]+\.(lua|sh|line))>
    ^[0-9]+ +write\([0-9]+<[^>]*/tmp\.[A-Za-z0-9]+/(stdin|key|long|pipe|keyring|nginx\.conf)>
    # the file of `seranking login`, and files of that kind that tests write
    ^[0-9]+ +write\([0-9]+<[^>]*/seranking/(config\.json|config\.json\.new|real\.new)>
    # a key and nothing else: typed at a terminal, piped to `login`, on its way to the keyring and back; for curl, with its header
    ^[0-9]+ +[a-z]+\([0-9]+<(pipe|UNIX-STREAM|/dev/ptmx)[^"]*"(Authorization: Token )?[^" ]{36,44}"
    # what a server of the tests logs of the connection
    ^[0-9]+ +write\([0-9]+<[^>]*/log>, "\[id=[0-9]+\] \[ *[0-9.]+\] recv \(stream_id=
END
}

WRITES=write,writev,pwrite64,pwritev,pwritev2,sendto,sendmsg,sendmmsg
NAMES="?open,openat,?openat2,?creat,?rename,?renameat,renameat2,?link,linkat,?symlink,symlinkat,?unlink,unlinkat,?mkdir,mkdirat"
export TMPDIR="$hunt/tmp" HOME="$hunt/home" FILE_TIMEOUT="${FILE_TIMEOUT:-1800}"
unset XDG_CONFIG_HOME XDG_RUNTIME_DIR XDG_STATE_HOME XDG_CACHE_HOME
ulimit -c unlimited 2>/dev/null || ulimit -c "$(ulimit -H -c)"
[ "$(ulimit -c)" != 0 ] || echo "The hard limit on core files is 0: none can be found" >&2
cd "$hunt/tree"
strace -f --seccomp-bpf -qq -yy -s 1048576 -e signal=none \
  -v -e trace="$WRITES,execve,execveat,prctl,$NAMES" -o "|grep -aFf $hunt/pieces >$hunt/written" \
  sh spec/support/run.sh "$@" || true

# Tests give keys to programs in these variables, some of them misspelt, and the programs' children inherit them.
sed -E 's/"SERANKING_[A-Z_]+=[^"]*"//g' "$hunt/written" | grep -aFf "$hunt/pieces" >"$hunt/found" || true

wire='^[0-9]+ +[a-z0-9]+\([0-9]+<TCP'
on_the_wire=$(grep -acE "$wire" "$hunt/found") || true
inputs >"$hunt/inputs"
grep -avE "$wire" "$hunt/found" | grep -avEf "$hunt/inputs" >"$hunt/hits" || true
hits=$(wc -l <"$hunt/hits")
cores=$(find "$hunt" -name core -o -name 'core.[0-9]*' | grep -c .) || true
echo
cut -c1-400 "$hunt/hits" | head -n 40
echo "A key was written $on_the_wire times to connections, $(($(wc -l <"$hunt/found") - on_the_wire - hits)) times as an input of a test" \
  "or by its login, and $hits times elsewhere; $cores core files"
[ "$hits" = 0 ] && [ "$cores" = 0 ] && [ "$on_the_wire" -gt 0 ]

#!/bin/sh
# Runs the specs on Lua 5.4 and in nginx with keys made for this run, under strace, and shows where a piece of a key was written to
# anything but a connection: terminals, pipes, files, logs, arguments and titles of processes, core files.
#   sh spec/key_hunt.sh [SUITE...]      SPECS="spec/a_spec.lua": only these
# SPDX-License-Identifier: MIT
set -eu
cd "$(dirname "$0")/.."
top=$PWD
hunt=$top/build/hunt
rm -rf "$hunt"
mkdir -p "$hunt/tmp" "$hunt/home" "$hunt/tree"

# A copy of the tree in which the keys of the tests are others, with the same end, which tests expect to see.
random() { od -An -N20 -tx1 /dev/urandom | tr -d ' \n'; }
v4=be2165b7d065e278e7305c1c7ef791f283f5d14b
v1=0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6
new_v4=$(random | cut -c1-36)d14b
new_v1=$(random | sed 's/^\(.\{8\}\)\(.\{4\}\).\(.\{3\}\).\(.\{3\}\)\(.\{8\}\).*/\1-\2-4\3-8\4-\5e5f6/')
find . -path ./build -prune -o -path ./.git -prune -o -type f -print0 | xargs -0 tar -cf - | tar -xf - -C "$hunt/tree"
grep -rlEZ "$v4|$v1" "$hunt/tree" --include='*.lua' --include='*.sh' | xargs -0 sed -i "s/$v4/$new_v4/g; s/$v1/$new_v1/g"
ln -s "$top/build" "$hunt/tree/build"

# Twelve characters are no part of a word and no accident.
for key in "$new_v4" "$new_v1"; do
  printf '%s\n' "$key" | awk '{ for (i = 1; i <= length($0) - 11; i++) print substr($0, i, 12) }'
done >"$hunt/pieces"

export TMPDIR="$hunt/tmp" HOME="$hunt/home" FILE_TIMEOUT="${FILE_TIMEOUT:-1800}"
unset XDG_CONFIG_HOME XDG_RUNTIME_DIR XDG_STATE_HOME XDG_CACHE_HOME
ulimit -c unlimited
cd "$hunt/tree"
strace -f --seccomp-bpf -qq -yy -s 1048576 -e signal=none \
  -e trace=write,writev,pwrite64,pwritev,sendto,sendmsg,sendmmsg,execve,prctl,msync -o "|grep -aFf $hunt/pieces >$hunt/written" \
  sh spec/support/run.sh "${@:-lua5.4}" || true

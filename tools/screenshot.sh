#!/bin/sh
# Makes docs/report.png, README's picture: the beginning of a report on the demo account, in a headless Chromium.
#   sh tools/screenshot.sh      in the top folder, after "make"; needs chromium (Debian's package)
# Environment: LUA=5.4, BUILD=build
# SPDX-License-Identifier: MIT
set -eu

version=${LUA:-5.4}
lua=$(sh spec/support/interpreter.sh "$version")
LUA_PATH="lua/?.lua;lua/?/init.lua;fake/lua/?.lua;fake/lua/?/init.lua;;"
LUA_CPATH="${BUILD:-build}/$version/?.so;;"
export LUA_PATH LUA_CPATH
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

SERANKING_STATE_DIR=$folder "$lua" bin/seranking fake run --seed 7 bin/seranking report 147696 -o "$folder/report.html"
chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update \
  --disable-sync --user-data-dir="$folder/chromium" --hide-scrollbars --window-size=1200,706 \
  --screenshot="$folder/report.png" "file://$folder/report.html" >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
mv "$folder/report.png" docs/report.png
echo "docs/report.png"

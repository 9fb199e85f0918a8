--- How long the command takes, from its start as a process to its end. SPDX-License-Identifier: MIT
-- lua bench/command_start.lua LUA ARGUMENTS…: runs it nine times and prints milliseconds, a line each.

local core = require "lseranking"

local words = {}
for i, word in ipairs(arg) do
  words[i] = "'" .. word .. "'"
end
local command = words[1] .. " bin/seranking " .. table.concat(words, " ", 2) .. " >/dev/null"
for _ = 1, 9 do
  local start = core.monotonic()
  local status = os.execute(command)
  assert(status == true or status == 0, command)
  print(("%.1f"):format((core.monotonic() - start) * 1000))
end

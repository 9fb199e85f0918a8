--- Puts the table of spec/support/faults.lua into docs/internals/faults.md. --check reports whether it is up to date.
-- SPDX-License-Identifier: MIT
--
--   lua tools/faults.lua [--check]      in the top folder

local faults = require "spec.support.faults"

local PAGE = "docs/internals/faults.md"
local BEGIN, END = "<!-- Made by `make reference` from spec/support/faults.lua. -->\n", "<!-- The end of what is made. -->\n"

local RETRIED = { yes = "yes", safe = "if repeating does no harm", no = "no" }

local function row(fault)
  local kind, code = (fault.error or fault.older):match "^(%S+) (%S+)$"
  local time = fault.timeout and "`timeout`" or fault.connect_timeout and "`connect_timeout`" or "at once"
  return ("| %s | `%s` | `%s`%s | %s | %s | %s |"):format(fault.name, kind, code,
    fault.error and "" or "; accepted by newer versions of libcurl", fault.sent and "yes" or "no",
    RETRIED[fault.retried], time)
end

local lines = {}
for _, group in ipairs(faults.groups) do
  lines[#lines + 1] = "\n## " .. group.name .. "\n\n| fault | kind | code | sent | retried | time |\n|---|---|---|---|---|---|"
  for _, fault in ipairs(group.list) do
    lines[#lines + 1] = row(fault)
  end
end

local file = assert(io.open(PAGE, "rb"))
local page = file:read "*a"
file:close()
local _, from = page:find(BEGIN, 1, true)
local to = page:find(END, 1, true)
assert(from and to, PAGE .. " has no place for the table")
local made = page:sub(1, from) .. table.concat(lines, "\n") .. "\n\n" .. page:sub(to)

if arg[1] == "--check" then
  if made ~= page then
    io.stderr:write(PAGE, ": is not what spec/support/faults.lua says: run `make reference`\n")
    os.exit(1)
  end
else
  file = assert(io.open(PAGE, "wb"))
  assert(file:write(made))
  assert(file:close())
end

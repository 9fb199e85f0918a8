--- docs/errors.md and the types of kinds and codes, made from seranking.answer.codes and seranking.api.messages.
-- SPDX-License-Identifier: MIT

local kinds = require "seranking.answer.codes"
local messages = require "seranking.api.messages"
local text = require "reference.text"

local errors = {}

local RETRY = {
  yes = "yes", no = "no", safe = "if the call may be sent twice, or was not sent",
}

local HEAD = [[
# Errors

<!-- Made by tools/reference.lua from lua/seranking/answer/codes.lua and lua/seranking/api/messages.lua. To change it,
edit these, then run `make reference`. -->

Failures outside your program are returned as `nil, err`. `err.kind` says what your program can do about it; `err.code` says
exactly what went wrong. Kinds and codes are part of the interface and keep their names. `err.message` and `err.hint` are for
people and may change. [getting-started.md](getting-started.md#errors) has the other fields of an error.

Two fields tell you whether to retry. The tables give them for each code:

- `err.retryable`: repeating the call is harmless and may succeed. The library has already retried as often as the option
  `retries` allows.
- `err.sent`: the server may have received the request. If the call changes something, check
  whether it did before you repeat it.

| kind | meaning | what to do |
|---|---|---|
]]

-- A hint as a sentence. Names of options and fields keep their case.
local function as_sentence(hint)
  return text.sentence((hint:gsub("^%l[%l']*%f[^%l'_]", text.capital)))
end

-- A code's line. Its kind supplies what the code leaves out.
local function line_of(kind, code)
  local action = code.action or code.hint and as_sentence(code.hint) or kind.action
  local retry = code.retry or kind.retry
  local anchor = kind[1] .. "-" .. code[1]:gsub("_<.*", "")
  return ("| <a id=\"%s\"></a>`%s` | %s | %s | %s | %s |"):format(anchor, code[1], text.cell(code[2]), text.cell(action),
    RETRY[retry] or retry, code.sent or kind.sent)
end

-- The codes of a kind: those of codes.lua, then those of messages.lua.
local function codes_of(kind)
  local list, by_name = {}, {}
  for i = 2, #kind do
    list[#list + 1] = kind[i]
  end
  for _, row in ipairs(messages) do
    if row[3] == kind[1] then
      local code = by_name[row[4]]
      local said = ("HTTP %d “%s”"):format(row[1], row[2])
      if code then
        code.said[#code.said + 1] = said
      else
        code = { row[4], row.meaning, hint = row.hint, said = { said } }
        by_name[row[4]] = code
        list[#list + 1] = code
      end
    end
  end
  for _, code in pairs(by_name) do
    code[2] = code[2] .. " (" .. table.concat(code.said, ", ") .. ")"
  end
  return list
end

local codes = {} -- by kind
for _, kind in ipairs(kinds) do
  codes[kind] = codes_of(kind)
end

--- The text of docs/errors.md.
---@return string
function errors.page()
  local lines = {}
  for _, kind in ipairs(kinds) do
    lines[#lines + 1] = ("| [`%s`](#%s) | %s | %s |"):format(kind[1], kind[1], text.cell(kind.meaning), text.cell(kind.action))
  end
  for _, kind in ipairs(kinds) do
    lines[#lines + 1] = ("\n## %s\n\n%s\n\n| code | meaning | what to do | retryable | sent |"):format(kind[1], kind.meaning)
    lines[#lines + 1] = "|---|---|---|---|---|"
    for _, code in ipairs(codes[kind]) do
      lines[#lines + 1] = line_of(kind, code)
    end
  end
  return HEAD .. table.concat(lines, "\n") .. "\n"
end

--- The types seranking.Kind and seranking.Code.
---@return string
function errors.types()
  local lines, names, seen = { "---@alias seranking.Kind" }, {}, {}
  for _, kind in ipairs(kinds) do
    lines[#lines + 1] = ('---| "%s" # %s'):format(kind[1], kind.meaning)
    for _, code in ipairs(codes[kind]) do
      if not seen[code[1]] then
        seen[code[1]] = true
        names[#names + 1] = code[1]:find "<" and "---| string # and " .. code[1]
          or ('---| "%s" # %s: %s'):format(code[1], kind[1], code[2])
      end
    end
  end
  table.sort(names)
  lines[#lines + 1] = "\n--- See docs/errors.md.\n---@alias seranking.Code\n" .. table.concat(names, "\n") .. "\n"
  return table.concat(lines, "\n")
end

return errors

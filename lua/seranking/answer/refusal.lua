--- The meaning of the API's messages when it refuses a request.
-- SPDX-License-Identifier: MIT

local errors = require "seranking.answer.errors"
local messages = require "seranking.api.messages"

local refusal = {}

local NO_KEY_SENT = "no key was sent: set the option `token` or SERANKING_TOKEN"
local hints_of_status = {
  [451] = "a law forbids it where you are, or a firewall or proxy claims so: check which server answers",
}

-- A text without what does not count: case, white space at its ends, and how much stands between words.
local function plain(text)
  return (text:lower():gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

local known = {}
for _, row in ipairs(messages) do
  known[row[1]] = known[row[1]] or {}
  known[row[1]][plain(row[2])] = row
end

-- Statuses whose answers may say what is wrong by parameter.
local BY_FIELD = { [400] = true, [422] = true }

-- What is wrong by parameter, {"errors":{"name":["…"]}}; nil if the answer does not say.
local function fields_of(call)
  local data = call:decode(false)
  local errors_of, fields = type(data) == "table" and data.errors, nil
  for name, said in pairs(type(errors_of) == "table" and errors_of or {}) do
    local list = {}
    for _, text in ipairs(type(said) == "table" and said or { said }) do
      list[#list + 1] = type(text) == "string" and text or nil
    end
    if type(name) == "string" and list[1] then
      fields = fields or {}
      fields[name] = list
    end
  end
  return fields
end

--- Reads what the server said, and gives the error its kind, code, hint and fields.
---@param err table of the core, with its status
---@param texts string[] of the answer's body
---@param client table whose call it was
---@param call userdata
function refusal.read(err, texts, client, call)
  err.fields = BY_FIELD[err.status] and fields_of(call) or nil
  local of_status = known[err.status] or {}
  for _, text in ipairs(texts[1] and texts or { err.message }) do
    local row = of_status[plain(text)]
    if row then
      err.kind, err.code, err.hint = row[3], row[4], row.hint or err.hint
      return
    end
  end
  if err.kind == "auth" and client._key == "none" then
    err.hint = NO_KEY_SENT
  elseif err.code == "no_token" and client.api == "v1" then
    err.hint = errors.hint("auth", "incorrect_token")
  end
  err.hint = err.hint or hints_of_status[err.status]
end

return refusal

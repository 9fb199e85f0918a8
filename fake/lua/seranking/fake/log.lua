--- The fake's log of requests.
-- SPDX-License-Identifier: MIT

local mask = require "seranking.fake.mask"

local log = {}

---@class seranking.fake.LogEntry a request as it came, keys masked
---@field at number
---@field method string
---@field path string
---@field query? string
---@field body? string
---@field headers table<string, string>
---@field status integer
---@field fault? string

--- How many entries a log keeps.
---@param option boolean|integer|nil as fake.new takes it
---@param level integer whose line is named, as for `error`, counted from the caller
---@return number
function log.room(option, level)
  if type(option) == "number" and (option < 1 or option % 1 ~= 0) then
    error("log must be true, false, or a whole number of requests to keep, at least 1", level + 1)
  end
  return option == false and 0 or type(option) == "number" and option or math.huge
end

--- Adds an entry, and drops the oldest if there is no room for it.
---@param entries seranking.fake.LogEntry[]
---@param entry seranking.fake.LogEntry
---@param room number
function log.add(entries, entry, room)
  if room == 0 then
    return
  end
  while #entries >= room do
    table.remove(entries, 1)
  end
  entries[#entries + 1] = entry
end

--- Removes every entry.
---@param entries seranking.fake.LogEntry[]
function log.clear(entries)
  for i = #entries, 1, -1 do
    entries[i] = nil
  end
end

--- The texts to hide: the good keys and the one that was sent, unless too short to be a key.
---@param tokens table<string, boolean>
---@param found seranking.fake.Credential
---@return string[]
function log.secrets(tokens, found)
  local secrets = {}
  for key in pairs(tokens) do
    secrets[#secrets + 1] = #key >= 8 and key or nil
  end
  if found.key and #found.key >= 8 and not tokens[found.key] then
    secrets[#secrets + 1] = found.key -- a mistyped key is nearly the key
  end
  return secrets
end

--- The log's entry for a request, with all secrets masked.
---@param request seranking.fake.Request
---@param answer seranking.fake.Answer
---@param at number seconds
---@param secrets string[]
---@return seranking.fake.LogEntry
function log.entry(request, answer, at, secrets)
  local headers = {}
  for name, value in pairs(request.headers) do
    headers[name] = name == "authorization" and mask.authorization(value) or mask.text(value, secrets)
  end
  return {
    at = at,
    method = request.method,
    path = mask.encoded(request.path, secrets),
    query = mask.encoded(mask.query(request.query), secrets),
    body = mask.text(request.body, secrets),
    headers = headers,
    status = answer.status,
    fault = answer.fault,
  }
end

return log

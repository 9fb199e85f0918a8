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

--- Responses: status, headers and timing of an answer.
-- SPDX-License-Identifier: MIT

local headers = require "seranking.answer.headers"

---@class seranking.Response
---@field status integer HTTP status
---@field headers table<string, string> names in lower case; reading is case-insensitive; repeated headers joined by ", "
---@field attempts integer requests that were sent
---@field elapsed number seconds from the call to the answer
---@field waited number seconds of these spent waiting for a slot of the rate limit
---@field reused boolean it came over an existing connection
---@field http_version string "1.1", "2" …
---@field size? integer of a download to a file: bytes in it
---@field job? table<string, any> of `wait`: { name of the parameter = id of the job }

-- Header lines by response, until they are parsed. Kept outside the response, so that printing or encoding it shows fields
-- only.
local heads = setmetatable({}, { __mode = "k" })

local NAME = "seranking.answer.response"

-- Parses a status line and header lines. A line that begins with a blank continues the one before.
local function parse(head)
  local list = {}
  for name, value in head:gsub("^HTTP/[^\n]*", ""):gsub("\r?\n[ \t]+", " "):gmatch "([^:\r\n]+):[ \t]*([^\r\n]*)" do
    name = name:lower()
    list[name] = list[name] and list[name] .. ", " .. value or value
  end
  return headers.new(list)
end

--- Status and type.
local function to_string(self)
  return ("seranking response (HTTP %d, %s)"):format(self.status, self.headers["content-type"] or "no content type")
end

-- The metatable of a client's responses.
local function metatable(client)
  local mask = client._mask -- not the client itself: a response that is kept must not keep it
  return {
    __name = NAME,
    __tostring = to_string,
    __index = function(self, name)
      if name == "headers" then
        local head = heads[self]
        -- The server may have sent the key back. It is hidden here, since most callers never look at headers.
        local parsed = parse(head and mask:redact(head) or "")
        self.headers, heads[self] = parsed, nil
        return parsed
      end
    end,
  }
end

local response = {}

--- Makes a response of what call:result returns; nil of a call that failed.
---@param client table
---@param status? integer
---@param head string its header lines
---@param size? integer
---@return seranking.Response?
function response.new(client, status, attempts, elapsed, waited, reused, http_version, head, size)
  if not status then
    return nil
  end
  local mt = client._responses
  if not mt then
    mt = metatable(client)
    client._responses = mt
  end
  local made = setmetatable({
    status = status, attempts = attempts, elapsed = elapsed, waited = waited, reused = reused, http_version = http_version,
    size = size,
  }, mt)
  heads[made] = head
  return made
end

return response

--- Responses: status, headers and timing of an answer.
-- SPDX-License-Identifier: MIT
--
-- The core makes these tables: call:result() in lseranking_call.c.

local core = require "lseranking"
local headers = require "seranking.answer.headers"

---@class seranking.Response
---@field status integer HTTP status
---@field headers table<string, string> names in lower case; reading is case-insensitive; repeated headers joined by ", "
---@field attempts integer requests that were sent
---@field elapsed number seconds from the call to the answer
---@field waited number seconds of these spent waiting for a slot of the rate limit
---@field reused boolean it came over an existing connection
---@field http_version string "1.1", "2" …
---@field job? table<string, any> of `wait`: { name of the parameter = id of the job }

-- Header lines by response, until they are parsed. Kept outside the response, so that printing or encoding it shows fields
-- only.
local heads = core.heads

-- Parses a status line and header lines. A line that begins with a blank continues the one before.
local function parse(head)
  local list = {}
  for name, value in head:gsub("^HTTP/[^\n]*", ""):gsub("\r?\n[ \t]+", " "):gmatch "([^:\r\n]+):[ \t]*([^\r\n]*)" do
    name = name:lower()
    list[name] = list[name] and list[name] .. ", " .. value or value
  end
  return headers.new(list)
end

local response_mt = core.responses

response_mt.__name = "seranking.answer.response"

-- Headers are parsed on first use: most callers never look.
function response_mt.__index(response, name)
  if name == "headers" then
    local parsed = parse(heads[response] or "")
    response.headers = parsed
    heads[response] = nil
    return parsed
  end
end

function response_mt:__tostring()
  return ("seranking response (HTTP %d, %s)"):format(self.status, self.headers["content-type"] or "no content type")
end

return response_mt

--- What is known of an answer besides its data.
-- SPDX-License-Identifier: MIT
--
-- The core makes these tables, see call:result() in lseranking_call.c.

local core = require "lseranking"
local headers = require "seranking.answer.headers"

---@class seranking.Response
---@field status integer HTTP status
---@field headers table<string, string> names in lower case; reading is case-insensitive; repeated headers joined by ", "
---@field attempts integer requests that were sent for it
---@field elapsed number seconds, all in all
---@field waited number seconds of these spent waiting for the rate limiter
---@field reused boolean no new connection was needed
---@field http_version string "1.1", "2" …
---@field job? table<string, any> of `wait`: the parameter that names the job, and its id

-- Header lines by the response, until somebody looks at them; what a program prints or encodes holds no more than the fields.
local heads = core.heads

-- Header lines with their status line as a table. A line that begins with a blank goes on with the one before.
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

-- Headers are parsed when somebody looks at them: most callers never do.
function response_mt.__index(response, name)
  if name == "headers" then
    local parsed = parse(heads[response] or "")
    response.headers = parsed
    heads[response] = nil
    return parsed
  end
end

--- Status and type.
function response_mt:__tostring()
  return ("seranking response (HTTP %d, %s)"):format(self.status, self.headers["content-type"] or "no content type")
end

return response_mt

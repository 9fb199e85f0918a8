--- What is known of an answer besides its data.
-- SPDX-License-Identifier: MIT
--
-- The core makes these tables, see call:result() in lseranking_call.c.

local core = require "lseranking"

---@class seranking.Response
---@field status integer HTTP status
---@field headers table<string, string> names in lower case; reading is case-insensitive; repeated headers joined by ", "
---@field attempts integer requests that were sent for it
---@field elapsed number seconds, all in all
---@field waited number seconds of these spent waiting for the rate limiter
---@field reused boolean no new connection was needed
---@field http_version string "1.1", "2" …
---@field job? table<string, any> of `wait`: the parameter that names the job, and its id

local headers_mt = {
  __index = function(headers, name)
    return type(name) == "string" and rawget(headers, name:lower()) or nil
  end,
}

-- Header lines, with or without a status line, as a table.
local function parse(head)
  local headers = {}
  for name, value in head:gmatch "([^:\r\n]+):[ \t]*([^\r\n]*)" do
    name = name:lower()
    headers[name] = headers[name] and headers[name] .. ", " .. value or value
  end
  return setmetatable(headers, headers_mt)
end

local response_mt = core.responses

response_mt.__name = "seranking.response"

-- Headers are parsed when somebody looks at them: most callers never do.
function response_mt.__index(response, name)
  if name == "headers" then
    local headers = parse(response._head)
    response.headers = headers
    response._head = nil
    return headers
  end
end

return response_mt

--- Answers of the fake API: values and refusals as HTTP answers.
-- SPDX-License-Identifier: MIT

local files = require "seranking.fake.files"
local json = require "seranking.fake.json"

local replies = {}

-- What a scripted status says where no message is given.
replies.messages = {
  [400] = "Bad Request", [401] = "Unauthorized", [403] = "Access denied", [404] = "Not Found",
  [405] = "Method Not Allowed", [429] = "Too Many Requests", [500] = "Server error",
}

--- The error body of a generation or a product, as JSON.
---@param voice "v4"|"v1"|"visible"
---@param status integer
---@param message string
---@param description? string v1 only; the message when left out
---@param fields? table<string, string[]> what is wrong, by parameter; not in v1
---@return string
function replies.error_body(voice, status, message, description, fields)
  if voice ~= "v1" then
    return json.encode { message = message, errors = fields }
  end
  return json.encode { error = { code = status, message = message, description = description or message } }
end

-- Text that may stand in a header: one line of ASCII, not too long.
local function header_text(text)
  return (text:gsub("[%c\128-\255]", "?"):sub(1, 200))
end

--- The answer that a refusal becomes.
---@param voice "v4"|"v1"|"visible"
---@param refusal seranking.fake.Refusal
---@return seranking.fake.Answer
function replies.refused(voice, refusal)
  local reason = header_text(refusal.reason)
  local headers = { { "Content-Type", "application/json" }, { "X-Fake-Reason", reason } }
  if refusal.allow then
    headers[#headers + 1] = { "Allow", refusal.allow }
  end
  return {
    status = refusal.status, headers = headers,
    body = replies.error_body(voice, refusal.status, refusal.message, refusal.reason ~= refusal.message and reason or nil,
      refusal.fields),
  }
end

--- The answer that carries a value: JSON, a file of seranking.fake.files, or nil for an empty body.
---@param status integer
---@param value any
---@return seranking.fake.Answer
function replies.answered(status, value)
  if files.is(value) then
    return { status = status, headers = { { "Content-Type", value.content_type } }, body = value.data }
  end
  local headers = {}
  if status ~= 204 then
    headers[1] = { "Content-Type", "application/json" }
  end
  return { status = status, headers = headers, body = value ~= nil and json.encode(value) or "" }
end

return replies

--- Hiding keys in what the fake API writes down.
-- SPDX-License-Identifier: MIT

local url = require "seranking.fake.url"

local mask = {}

--- What a key is shown as: its last four characters, or nothing of one that is too short to be a real key.
---@param key string
---@return string
function mask.hint(key)
  return "\226\128\166" .. (#key >= 16 and key:sub(-4) or "")
end

--- Replaces secrets in a text, wherever they stand.
---@param text string?
---@param secrets string[]
---@return string?
function mask.text(text, secrets)
  for _, secret in ipairs(secrets) do
    if text and text:find(secret, 1, true) then
      text = text:gsub(secret:gsub("%W", "%%%0"), (mask.hint(secret):gsub("%%", "%%%%")))
    end
  end
  return text
end

--- The same for text that may be percent-encoded. Where only the decoded form shows a secret, that form is given back.
---@param text string?
---@param secrets string[]
---@return string?
function mask.encoded(text, secrets)
  local masked = mask.text(text, secrets)
  local plain = masked and url.decode(masked)
  local hidden = mask.text(plain, secrets)
  return hidden ~= plain and hidden or masked
end

--- Masks the values of the parameters that carry a key, whatever they hold.
---@param query string?
---@return string?
function mask.query(query)
  return query and (query:gsub("([^&=]+)=([^&]+)", function(name, value)
    local plain = url.decode(name)
    if plain == "token" or plain == "apikey" then
      return name .. "=" .. mask.hint(value)
    end
  end))
end

--- Masks an Authorization header: its scheme may be seen, what follows may not.
---@param value string?
---@return string?
function mask.authorization(value)
  if not value then
    return nil
  end
  local scheme, key = value:match("^(%a+) +(.+)$")
  return scheme and scheme .. " " .. mask.hint(key) or mask.hint(value)
end

return mask

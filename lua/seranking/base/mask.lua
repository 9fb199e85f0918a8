--- Keeps API keys out of texts that are shown.
-- SPDX-License-Identifier: MIT

local mask = {}

local HEX4 = "%x%x%x%x"
local UUID = ("%s%s%%-%s%%-%s%%-%s%%-%s%s%s"):format(HEX4, HEX4, HEX4, HEX4, HEX4, HEX4, HEX4, HEX4)

local function hidden(key)
  return "…" .. key:sub(-4)
end

--- Shortens everything in a text that looks like an API key of either generation to its last four characters. For messages
--- about a value that may be a misplaced key, before a client exists that knows its key by value.
---@param text string
---@return string
function mask.keys(text)
  return (text:gsub(UUID, hidden):gsub("%x+", function(digits)
    return #digits >= 32 and hidden(digits) or nil
  end))
end

--- Removes a client's own key from a text, in whatever form, and everything that looks like another key.
---@param client table
---@param text string
---@return string
function mask.of_client(client, text)
  return mask.keys(client._mask and client._mask:redact(text) or text)
end

--- Text of an error that a user's function raised, without keys.
---@param client table
---@param problem any
---@return string
function mask.raised(client, problem)
  local printed, text = pcall(tostring, problem)
  if not printed or type(text) ~= "string" then
    return "an error that can't be printed"
  end
  return mask.of_client(client, text)
end

return mask

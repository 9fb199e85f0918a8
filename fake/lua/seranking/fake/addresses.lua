--- Arguments that name a site: those that no site can have are refused before anything is paid.
-- SPDX-License-Identifier: MIT

local domains = require "seranking.fake.web.domains"
local resolve = require "seranking.fake.resolve"

local addresses = {}

local NAMES = { "domain", "compare", "target" }

local function is_address(text)
  return type(text) ~= "string" or domains.host(text):find "^[%w\128-\255-]+%.[%w\128-\255.-]+$" ~= nil
end

--- Has answers refuse arguments that are no address.
---@param answers table<string, fun(call: seranking.fake.Call): any, seranking.fake.Refusal?>
---@return table answers the same table
function addresses.checked(answers)
  for key, answer in pairs(answers) do
    answers[key] = function(call)
      for _, name in ipairs(NAMES) do
        local value = call.args[name]
        for _, text in ipairs(type(value) == "table" and value or { value }) do
          if not is_address(text) then
            return nil, resolve.refuse(400, "Bad Request", name .. ": not a domain")
          end
        end
      end
      return answer(call)
    end
  end
  return answers
end

return addresses

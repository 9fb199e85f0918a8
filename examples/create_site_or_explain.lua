--- Writes: creates projects in your account, or explains why it can't. The API page's two PHP examples; either kind of key.
-- SPDX-License-Identifier: MIT
--
-- Three outcomes: created, refused by the API with a message, and no answer at all.

local seranking = require "seranking"
local client = seranking.check(seranking.new())

local function create(url, title)
  local made, err = client.sites:create { url = url, title = title }
  if made then
    return tostring(made.site_id)
  elseif err.status then
    return "Error " .. err.message
  elseif err.sent then
    -- No answer, but the server may have acted: check before you create it again.
    return "Request failed, and the site may exist: " .. err.message
  end
  return "Request failed: " .. err.message
end

print(create("https://example.com", "my test project"))
print(create("https://example.com", "my new test project"))
print(create("https://my-shop.invalid", "a domain that is reserved"))

--- A new site, or a word on why not: the API page's two PHP examples. SPDX-License-Identifier: MIT
--
-- They tell three outcomes apart: created, refused by the API with a message, and no answer at all.

local client = assert(require("seranking").new())

local function create(url, title)
  local made, err = client.sites:create { url = url, title = title }
  if made then
    return tostring(made.site_id)
  elseif err.status then
    return "Error " .. err.message
  elseif err.sent then
    -- No answer, but the server may have acted: look before you create it again.
    return "Request failed, and the site may exist: " .. err.message
  end
  return "Request failed: " .. err.message
end

print(create("https://example.com", "my test project"))
print(create("https://my-shop.invalid", "a domain that is reserved"))

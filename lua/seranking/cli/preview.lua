--- Requests as text: --dry-run, and --curl, which has $SERANKING_TOKEN in place of the key.
-- SPDX-License-Identifier: MIT

local preview = {}

local function sorted_names(headers)
  local names = {}
  for name in pairs(headers) do
    names[#names + 1] = name
  end
  table.sort(names)
  return names
end

--- A word for a shell.
---@param text string
---@return string
function preview.quote(text)
  if text:find "^[%w_@%%+=:,./-]+$" then
    return text
  end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- The request as it is sent, the key masked.
---@param request { method: string, url: string, headers: table<string, string>, body: string? }
---@return string
function preview.plain(request)
  local lines = { request.method .. " " .. request.url }
  for _, name in ipairs(sorted_names(request.headers)) do
    lines[#lines + 1] = name .. ": " .. request.headers[name]
  end
  if request.body then
    lines[#lines + 1] = "\n" .. request.body
  end
  return table.concat(lines, "\n") .. "\n"
end

-- Headers that curl sends itself.
local OWN = { ["user-agent"] = true, accept = true, ["accept-encoding"] = true, ["content-length"] = true }

--- The request as a curl command. The key goes through a pipe: other users can see the arguments of a process.
---@param request { method: string, url: string, headers: table<string, string>, body: string? }
---@param product? string the request's, if that may have a key of its own
---@return string
function preview.curl(request, product)
  local variable = product and ("${SERANKING_%s_TOKEN:-$SERANKING_TOKEN}"):format(product:upper()) or "$SERANKING_TOKEN"
  local url, masked = request.url:gsub("([?&][%a_]+=)…[^&]*$", "%1") -- with auth = "query" the key is the last parameter
  local words = { "curl" }
  if masked > 0 then
    words[1] = ([[printf 'url = "%%s%%s"' %s "%s" | curl -K -]]):format(preview.quote((url:gsub('[\\"]', "\\%0"))), variable)
  elseif request.headers.authorization then
    words[1] = ([[printf 'Authorization: Token %%s' "%s" | curl -H @-]]):format(variable)
  end
  if request.method ~= "GET" then
    words[#words + 1] = "-X " .. request.method
  end
  if masked == 0 then
    words[#words + 1] = preview.quote(url)
  end
  for _, name in ipairs(sorted_names(request.headers)) do
    if name ~= "authorization" and not OWN[name] then
      words[#words + 1] = "-H " .. preview.quote(name .. ": " .. request.headers[name])
    end
  end
  if request.body then
    words[#words + 1] = "--data-binary " .. preview.quote(request.body)
  end
  return table.concat(words, " ") .. "\n"
end

--- The request as --curl prints it, or else as --dry-run does.
---@param request { method: string, url: string, headers: table<string, string>, body: string? }
---@param curl? boolean
---@param product? string the request's, if that may have a key of its own
---@return string
function preview.of(request, curl, product)
  return curl and preview.curl(request, product) or preview.plain(request)
end

return preview

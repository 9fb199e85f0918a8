--- Secret parameters, such as passwords, kept out of everything that is shown.
-- SPDX-License-Identifier: MIT

local copy = require "seranking.base.copy"
local json = require "seranking.base.json"

local secrets = {}

local format = string.format
local empty = {}

-- A value with its secrets replaced; appends them to `found`. The rest is shared with the value.
local function redact(definition, value, found)
  if definition.secret and type(value) == "string" then
    found[#found + 1] = value
    return "…"
  elseif not definition.fields or type(value) ~= "table" then
    return value
  end
  local made = copy.shallow(value)
  for name, inner in pairs(made) do
    if type(name) == "number" then
      made[name] = redact(definition, inner, found)
    elseif definition.fields[name] then
      made[name] = redact(definition.fields[name], inner, found)
    end
  end
  return made
end

--- Parameters with every secret replaced by "…", to be shown. They pass the same checks.
---@param plan seranking.Plan
---@param args table
---@return table args, string[] secrets
function secrets.redact(plan, args)
  local made, found = copy.shallow(args), {}
  for name, value in pairs(made) do
    local definition = plan.definitions[name] or type(name) == "number" and plan.items
    made[name] = definition and redact(definition, value, found) or value
  end
  return made, found
end

local function percent(text, hex)
  return (text:gsub("[^%w%-._~]", function(char)
    return format(hex, char:byte())
  end))
end

-- JSON text with characters beyond ASCII as \u….
local function ascii(text, hex)
  return (text:gsub("[\194-\244][\128-\191]+", function(char)
    local first = char:byte()
    local code = first % (first < 0xE0 and 0x20 or first < 0xF0 and 0x10 or 0x08)
    for i = 2, #char do
      code = code * 64 + char:byte(i) % 64
    end
    if code < 0x10000 then
      return format(hex, code)
    end
    code = code - 0x10000
    return format(hex, 0xD800 + math.floor(code / 1024)) .. format(hex, 0xDC00 + code % 1024)
  end))
end

-- The forms in which a server may repeat a text: plain, percent-encoded, form-encoded, JSON with more or fewer escapes.
local function forms_of(text)
  local forms = { text }
  for _, hex in ipairs { "%%%02X", "%%%02x" } do
    local form = percent(text, hex)
    forms[#forms + 1] = form
    forms[#forms + 1] = form:gsub("%%20", "+")
  end
  local plain = json.string(text):sub(2, -2)
  for _, form in ipairs { plain, (plain:gsub("/", "\\/")) } do
    forms[#forms + 1] = form
    forms[#forms + 1] = ascii(form, "\\u%04x")
    forms[#forms + 1] = ascii(form, "\\u%04X")
  end
  return forms
end

-- Shorter secrets occur in any text by chance.
local FINDABLE = 3

-- Patterns for every form of secrets, the longest first.
local function patterns(found)
  local forms = {}
  for _, secret in ipairs(found) do
    for _, form in ipairs(#secret >= FINDABLE and forms_of(secret) or empty) do
      forms[#forms + 1] = (form:gsub("[^%w\128-\255]", "%%%0"))
    end
  end
  table.sort(forms, function(a, b)
    return #a > #b
  end)
  return forms
end

--- A text without the secrets of a call. Where one is too short to search for, nil.
---@param plan seranking.Plan
---@param args table
---@param text string
---@param instead string
---@return string?
function secrets.removed(plan, args, text, instead)
  local _, found = secrets.redact(plan, args)
  for _, secret in ipairs(found) do
    if #secret < FINDABLE and secret ~= "" then
      return nil
    end
  end
  for _, form in ipairs(patterns(found)) do
    text = text:gsub(form, (instead:gsub("%%", "%%%%")))
  end
  return text
end

--- Removes secrets from the error of a call: the body as a whole, elsewhere in every form. If a secret is too short to search
--- for, the server's message and the query go too.
---@param plan seranking.Plan
---@param args table
---@param err seranking.Error
function secrets.hide(plan, args, err)
  local _, found = secrets.redact(plan, args)
  if not found[1] then
    return
  end
  err.body, err.fields = nil, nil
  for _, secret in ipairs(found) do
    if #secret < FINDABLE and secret ~= "" then
      err.message = err.status and format("the server answered HTTP %d", err.status) or err.message
      err.path = err.path and err.path:match "^[^?]*"
    end
  end
  local forms = patterns(found)
  for _, field in ipairs { "message", "path" } do
    for _, form in ipairs(err[field] and forms or empty) do
      err[field] = err[field]:gsub(form, "…")
    end
  end
end

return secrets

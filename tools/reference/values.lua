--- The documented answer of an operation as Lua source text. The library itself converts it.
-- SPDX-License-Identifier: MIT

local json = require "seranking.fake.json"
local model = require "reference.model"
local notation = require "seranking.base.notation"
local sample = require "reference.sample"
local seranking = require "seranking"
local wording = require "seranking.wording"

local values = {}

local WIDTH = 110

-- Made-up keys in the form of each generation.
local KEYS = { v4 = ("0"):rep(40), v1 = "00000000-0000-0000-0000-000000000000" }

-- Runs source text with a client.
local function run(source, client)
  local environment = { client = client }
  if setfenv then
    return setfenv(assert(loadstring(source)), environment)()
  end
  return assert(load(source, "=sample", "t", environment))()
end

-- The result of an operation's example on an API.
local function decoded(operation, api)
  local body = operation.by[api].example
  local server = { handle = function()
    return { status = 200, headers = { { "Content-Type", "application/json" } }, body = body }
  end }
  api = model.generation(api)
  local client = assert(seranking.new { token = KEYS[api], api = api, transport = server, clock = seranking.clock(),
    share = "off", retries = 0, raise = true })
  local call = sample.call(operation)
  local value = run(call .. "\nreturn " .. call:match "^local (%w+)", client)
  client:close()
  return value
end

local function key(name)
  return name:find "^[%a_][%w_]*$" and name or "[" .. wording.literal(name) .. "]"
end

-- The node that the answer is taken out of; nil if it is the answer itself.
local function unwrapped_of(description, node)
  for _, name in ipairs(node.kind == "object" and notation.words(description.unwrap) or {}) do
    if node.value[name] then
      return node.value[name]
    end
  end
end

-- The elements or members of a table as { prefix, value, node }, members in the order of the JSON text.
local function children(value, node)
  local list = {}
  if node.kind == "object" then
    for _, name in ipairs(node.names) do
      if value[name] ~= nil then
        list[#list + 1] = { key(name) .. " = ", value[name], node.value[name] }
      end
    end
    return list
  end
  for i, element in ipairs(value) do
    list[i] = { "", element, node.kind == "array" and node.value[i] or { kind = "string" } }
  end
  return list
end

local function write(value, node, indent, room)
  if value == seranking.null then
    return "seranking.null"
  elseif type(value) ~= "table" then
    return wording.literal(value)
  end
  local parts, list = {}, children(value, node)
  for i, child in ipairs(list) do
    parts[i] = child[1] .. write(child[2], child[3], "", math.huge)
  end
  local line = #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
  if #indent + #line <= room then
    return line
  end
  local inner, lines = indent .. "  ", {}
  for _, child in ipairs(list) do
    local part = child[1] .. write(child[2], child[3], inner, WIDTH - #child[1] - 1) .. ","
    local last = lines[#lines]
    if last and not (last .. part):find "\n" and #inner + #last + #part < WIDTH then
      lines[#lines] = last .. " " .. part
    else
      lines[#lines + 1] = part
    end
  end
  return "{\n" .. inner .. table.concat(lines, "\n" .. inner) .. "\n" .. indent .. "}"
end

--- nil if the operation has no example on the API.
---@param operation reference.Operation
---@param api string
---@return string?
function values.example(operation, api)
  local description = operation.by[api]
  if not description.example then
    return nil
  end
  local node = assert(json.decode(description.example))
  local unwrapped = unwrapped_of(description, node)
  return write(decoded(operation, api), unwrapped or node, "", WIDTH)
end

return values

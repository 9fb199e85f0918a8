--- Every operation as a command: the request is the catalogue's, which was made from the API's sources.
-- SPDX-License-Identifier: MIT

local data = require "catalogue.data"
local lists = require "support.lists"
local process = require "support.process"
local project = require "catalogue.project"
local scene = require "support.scene"
local sent = require "support.sent"
local seranking = require "seranking"
local system = require "support.system"
local terminal = require "support.terminal"
local visible = require "catalogue.visible"

local canonical, decoded, pairs_of = sent.canonical, sent.decoded, sent.pairs_of
local sorted, sorted_keys = lists.sorted, lists.sorted_keys

local folder, remove_folder

setup(function()
  folder, remove_folder = process.folder()
end)

teardown(function()
  remove_folder()
end)

-- ---- arguments as a user types them ----

local function is_list(value)
  return value[1] ~= nil
end

-- Appends the flag of a parameter and its value.
local function append(words, flag, value)
  if type(value) == "table" and value.filename then
    local path = folder .. "/" .. value.filename
    system.write(path, value.data)
    value = path
  elseif type(value) == "table" and next(value) == nil then
    value = "" -- no element
  elseif type(value) == "table" and is_list(value) and type(value[1]) ~= "table" then
    local parts = {}
    for i, element in ipairs(value) do
      parts[i] = tostring(element):gsub(",", "\\,")
    end
    value = table.concat(parts, ",")
  elseif type(value) == "table" and not is_list(value) then
    local inner = true
    for _, member in pairs(value) do
      inner = inner and (type(member) ~= "table" or is_list(member))
    end
    if inner then
      for _, name in ipairs(sorted_keys(value)) do
        append(words, flag .. "." .. name:gsub("_", "-"), value[name])
      end
      return
    end
    value = seranking.encode(value)
  elseif type(value) == "table" then
    value = seranking.encode(value)
  end
  words[#words + 1] = flag
  words[#words + 1] = value == seranking.null and "null" or type(value) == "number" and ("%.14g"):format(value)
    or tostring(value)
end

-- The words of a command, and its stdin: elements of a list go as rows.
local function command_of(key, args)
  local words, rows = {}, {}
  for word in key:gmatch "[^.]+" do
    words[#words + 1] = word
  end
  local named = {}
  for name, value in pairs(args) do
    if type(name) == "number" then
      rows[name] = seranking.encode(value)
    else
      named[name] = value
    end
  end
  if rows[1] then
    words[#words + 1], words[#words + 2] = "--from", "-"
  end
  for _, name in ipairs(sorted_keys(named)) do
    append(words, "--" .. name:gsub("_", "-"), named[name])
  end
  return words, table.concat(rows, "\n")
end

--- Runs a command whose first request is recorded and answered with a 404. Returns the request and stderr.
local function request_of(words, stdin, api)
  local first
  local _, _, stderr = terminal.run(words, { stdin = stdin, client = {
    token = api == "v4" and scene.V4_KEY or scene.V1_KEY, clock = seranking.clock(), retries = 0,
    transport = { handle = function(_, request)
      first = first or request
      return { status = 404, headers = { { "Content-Type", "application/json" } }, body = '{"message":"none"}' }
    end },
  } })
  return first, stderr
end

-- A walk names its first page and its size itself, unless the arguments do.
local FIRST_PAGE = { ["offset=0"] = true, ["page=1"] = true, ["limit=100"] = true, ["limit=1000"] = true }

local function without_page(list, args)
  if args.limit or args.offset or args.page then
    return list
  end
  local rest = {}
  for _, pair in ipairs(list) do
    rest[#rest + 1] = not FIRST_PAGE[pair] and pair or nil
  end
  return rest
end

-- Compares a request with the catalogue's; the parts of a form are compared one by one.
local function check(wanted, got, stderr)
  assert.is_truthy(got, stderr)
  assert.equal(wanted.line, got.method .. " " .. decoded(got.path))
  local query = pairs_of(got.query)
  assert.same(sorted(wanted.query), wanted.walk and without_page(query, wanted.args) or query)
  if not wanted.parts then
    assert.equal(canonical(wanted.body), canonical(got.body ~= "" and got.body or nil))
    return
  end
  for _, part in ipairs(wanted.parts) do
    local name, value = part:match "^([^=]*)=(.*)$"
    local found = false
    for head, text in got.body:gmatch "(Content%-Disposition:.-)\r\n\r\n(.-)\r\n%-%-" do
      found = found or head:find(('name="%s"'):format(name), 1, true) and text == value
    end
    assert.is_truthy(found, part)
  end
end

describe("the command", function()
  it("knows every operation of the catalogue, and no other", function()
    local known, listed = {}, {}
    for key in pairs(project) do
      known[key] = true
    end
    for key in pairs(data.operations) do
      known[key] = true
    end
    for key in pairs(visible.operations) do
      known[key == "account.credits" and "data." .. key or key] = true
    end
    local _, stdout = terminal.run { "ops" }
    for line in stdout:gmatch "[^\n]+" do
      local key = line:match "^  (.-)  ":gsub(" ", ".")
      listed[key] = true
    end
    assert.same(sorted_keys(known), sorted_keys(listed))
  end)

  for _, key in ipairs(sorted_keys(project)) do
    for _, which in ipairs { "required", "all" } do
      local case = project[key][which]
      for _, api in ipairs { "v4", "v1" } do
        local wanted = case and case[api]
        if wanted then
          it(("%s sends the catalogue's request of %s, %s parameters"):format(key:gsub("%.", " "), api, which), function()
            local words, stdin = command_of(key, case.args)
            local got, stderr = request_of(words, stdin, api)
            check({ line = wanted[1], query = wanted[2], body = wanted[3] or case.body, walk = true, args = case.args,
              parts = case.part and { case.part .. "=" .. case.args[case.part].data } }, got, stderr)
          end)
        end
      end
    end
  end

  for _, request in ipairs(data.requests) do
    local methods = data.operations[request.op].methods
    if methods == request.method or request.method == "GET" then -- a long one goes by POST, which is the library's choice
      it(("%s sends the catalogue's request, %s parameters"):format(request.op:gsub("%.", " "), request.case), function()
        local query = {}
        for i, pair in ipairs(request.query) do
          query[i] = pair
        end
        -- A list whose rows are paid for is cut at 100 rows, if nothing is said.
        local by_row = data.operations[request.op].price or ""
        local has_limit = table.concat(data.operations[request.op].params, "\n"):find "query limit"
        if by_row:find " row$" and has_limit and not request.args.limit then
          query[#query + 1] = "limit=100"
        end
        local got, stderr = request_of(command_of(request.op, request.args), nil, "data")
        local free = not data.operations[request.op].price or by_row:find "^0 "
        check({ line = request.method .. " " .. request.path, query = query, body = request.json, parts = request.parts,
          walk = free, args = request.args }, got, stderr)
      end)
    end
  end

  local STAND_INS = { project = "5b0c2f9e-7d1a-4c83-9a46-3e2f10d7b6c5", brand = 31, rival = 32, topic = 4101, prompt = 70001,
    result = 880001, token = "bmV4dA/+2==" }

  for _, request in ipairs(visible.requests) do
    local key = request.op == "account.credits" and "data." .. request.op or request.op
    it(("%s sends the catalogue's request, %s parameters"):format(key:gsub("%.", " "), request.case), function()
      local wanted = sent.filled(request, STAND_INS)
      local got, stderr = request_of(command_of(key, wanted.args), nil, "v1")
      check({ line = wanted.method .. " " .. wanted.path, query = wanted.query or {}, body = wanted.json, walk = true,
        args = wanted.args }, got, stderr)
    end)
  end
end)

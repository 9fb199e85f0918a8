--- Paths and queries on the wire, by the cases of botocore and Smithy: spec/suites/rest-json. SPDX-License-Identifier: MIT
--
-- Each case becomes a description of an operation, in the notation of lua/seranking/api, and a call of it. The request line
-- that arrives is the case's, but for the order of different names. A body is left out.

local cjson = require("cjson").new()
local lists = require "support.lists"
local operation = require "seranking.operation"
local sent = require "support.sent"
local system = require "support.system"
local wire = require "support.wire"

-- The cases of this API's notation and rules, by name: what the call ends with instead.
local FINITE = "must be a finite number"
local DIFFERENT = {
  RestJsonSupportsNaNFloatLabels = FINITE,
  RestJsonSupportsInfinityFloatLabels = FINITE,
  RestJsonSupportsNegativeInfinityFloatLabels = FINITE,
  RestJsonSupportsNaNFloatQueryValues = FINITE,
  RestJsonSupportsInfinityFloatQueryValues = FINITE,
  RestJsonSupportsNegativeInfinityFloatQueryValues = FINITE,
  -- An id is one segment.
  RestJsonHttpRequestWithGreedyLabelInPath = "'{baz+}' in '/HttpRequestWithGreedyLabelInPath/foo/{foo}/baz/{baz+}' is no id",
  -- `fixed` has names with values.
  RestJsonConstantQueryString = "'hello' is no name=value",
  -- An empty filter would select everything.
  RestJsonOmitsEmptyListQueryValues = "an empty list can't be sent in a query",
  -- A described parameter has one way to be given.
  RestJsonQueryPrecedence = "extra.bar is no extra parameter: use the parameter foo",
}

-- The cases that send something else, by name: their query here, and why.
local OTHER_QUERY = {
  -- Lists without a description are sent as name[]=….
  RestJsonQueryParamsStringListMap = "corge=named&baz%5B%5D=bar&baz%5B%5D=qux",
  ["String to string list maps in querystring"] = "foo%5B%5D=bar&foo%5B%5D=baz&fizz%5B%5D=buzz&fizz%5B%5D=pop",
  -- There are no idempotency tokens.
  RestJsonQueryIdempotencyTokenAutoFill = "",
}

local TYPES = { string = "string", integer = "integer", long = "integer", float = "number", double = "number",
  boolean = "boolean" }

local FLOATS = { NaN = 0 / 0, Infinity = math.huge, ["-Infinity"] = -math.huge }

local TIMES = { rfc822 = "!%a, %d %b %Y %H:%M:%S GMT", iso8601 = "!%Y-%m-%dT%H:%M:%SZ" }

--- The type of a shape in the notation, and a value of it. Times are texts or numbers in it; so are booleans in paths and
--- lists, which the notation would write as 1 and 0.
local function scalar(shapes, member, value, plain_boolean)
  local shape = shapes[member.shape]
  if shape.type == "timestamp" then
    local format = member.timestampFormat or shape.timestampFormat or "iso8601"
    if format == "unixTimestamp" then
      return "integer", value
    end
    return "string", os.date(TIMES[format], value)
  elseif shape.type == "boolean" and not plain_boolean then
    return "string", tostring(value)
  end
  local kind = assert(TYPES[shape.type], shape.type)
  return kind, kind == "number" and FLOATS[value] or value
end

--- Definition and value of a member.
local function parameter(shapes, member, value)
  local shape = shapes[member.shape]
  if shape.type ~= "list" then
    local in_query = member.location == "querystring"
    local kind, given = scalar(shapes, member, value, in_query)
    return { type = kind, style = kind == "boolean" and "json" or nil, wire = in_query and member.locationName or nil }, given
  end
  local list, kind = {}, nil
  for i, element in ipairs(value) do
    kind, list[i] = scalar(shapes, shape.member, element)
  end
  return { type = (kind or "string") .. "[]", style = "repeat", wire = member.locationName }, list
end

-- A map's values as the option extra. A list of one is given as its element.
local function add_extra(extra, map)
  for name, value in pairs(map) do
    extra[name] = type(value) == "table" and #value == 1 and value[1] or value
  end
end

--- The description, the resource's parameters, arguments and the option extra of a case.
local function translated(suite, case)
  local http, shapes = case.given.http, suite.shapes
  local path, fixed = http.requestUri:match "^([^?]*)%??(.*)$"
  local made = { params = {}, args = {}, extra = {}, query = {} }
  local members = case.given.input and shapes[case.given.input.shape].members or {}
  local described = {}
  for name, member in pairs(members) do
    described[member.locationName or name] = true
    local value = case.params[name]
    local is_given = (member.location == "uri" or member.location == "querystring") and value ~= nil and value ~= cjson.null
    if is_given and shapes[member.shape].type == "map" then
      add_extra(made.extra, value)
    elseif is_given then
      made.params[name], made.args[name] = parameter(shapes, member, value)
      if member.location == "uri" then
        path = path:gsub("{" .. (member.locationName or name) .. "}", "{" .. name .. "}")
      else
        made.query[#made.query + 1] = name
      end
    end
  end
  for _, name in ipairs(lists.sorted_keys(made.extra)) do -- the map has the other members again, in one case with other values
    if described[name] and case.id ~= "RestJsonQueryPrecedence" then
      made.extra[name] = nil
    end
  end
  made.extra = next(made.extra) and made.extra
  made.description = { "call", v4 = http.method .. " " .. path, query = table.concat(made.query, " "), answer = "any",
    fixed = fixed ~= "" and fixed:gsub("&", " ") or nil }
  return made
end

local function by_name(query)
  local list = {}
  for pair in query:gmatch "[^&]+" do
    list[#list + 1] = pair
  end
  return sent.by_name(list)
end

describe("botocore's and Smithy's cases of paths and queries", function()
  local server

  setup(function()
    server = wire.start {}
  end)
  teardown(wire.finish)

  local seen = {}

  for _, file in ipairs { "input.json", "legacy-input.json", "smithy.json" } do
    for _, suite in ipairs(cjson.decode((system.read("spec/suites/rest-json/" .. file)))) do
      for i, case in ipairs(suite.cases) do
        local name = case.id or suite.description
        seen[name] = true
        it(("%s: %s, %d"):format(file, name, i), function()
          local made = translated(suite, case)
          local base_path = (suite.clientEndpoint or ""):match "^[^/]*/*[^/]*(.*)"
          local client = wire.client(server, { base_url = server.url .. base_path })
          local call = operation.new(client, { name = "suite", params = made.params }, made.description, {})
          local before = #server.requests()

          local problem = DIFFERENT[name]
          if problem then
            local fine, message = pcall(function()
              local data = call(made.args, { extra = made.extra })
              return data
            end)
            assert.is_false(fine)
            assert.is_truthy(tostring(message):find(problem, 1, true), tostring(message))
            assert.equal(before, #server.requests())
            return
          end

          assert(call(made.args, { extra = made.extra }))
          local requests = server.requests()
          assert.equal(before + 1, #requests)
          local path, query = requests[#requests].target:match "^([^?]*)%??(.*)$"
          local wanted_path, wanted_query = case.serialized.uri:match "^([^?]*)%??(.*)$"
          assert.equal(case.given.http.method, requests[#requests].method)
          assert.equal(wanted_path, path)
          assert.same(by_name(OTHER_QUERY[name] or wanted_query), by_name(query))
        end)
      end
    end
  end

  it("have the names that differ here", function()
    for _, list in ipairs { DIFFERENT, OTHER_QUERY } do
      for name in pairs(list) do
        assert.is_true(seen[name], name)
      end
    end
  end)
end)

--- The notations of the API descriptions: their meaning, and reports of typos.
-- SPDX-License-Identifier: MIT

local descriptions = require "support.descriptions"
local index = require "seranking.api"
local notation = require "seranking.base.notation"
local planner = require "seranking.request.plan"

local function typo(f, text)
  local fine, problem = pcall(f, text)
  assert.is_false(fine, "no typo found in " .. text)
  return tostring(problem)
end

describe("a list of parameters", function()
  it("has their names, with a star after required ones", function()
    assert.same({ { "date", true }, { "top", false } }, notation.names "date* top")
    assert.same({ { "a1_b", true } }, notation.names "  a1_b*\n")
    assert.same({}, notation.names "")
    assert.same({}, notation.names(nil))
    assert.same({}, notation.names(false))
  end)

  it("takes nothing else", function()
    for _, text in ipairs { "date**", "*", "a,b", "a=b", "da-te", "1st", "a *" } do
      assert.matches("is no parameter", typo(notation.names, text), 1, true)
    end
    assert.equal("'a' is named twice", typo(notation.names, "a b a*"))
  end)
end)

describe("a method and path", function()
  it("may have ids in its path and in its query", function()
    assert.same({ method = "PUT", template = "/a/{b}/c{?d,e}", path = "/a/{b}/c", in_path = { "b" }, in_query = { "d", "e" } },
      notation.route "PUT /a/{b}/c{?d,e}")
    assert.same({ method = "GET", template = "/a", path = "/a", in_path = {}, in_query = {} }, notation.route "GET /a")
  end)

  it("takes nothing else", function()
    for _, text in ipairs { "/a", "GET a", "get /a", "FETCH /a", "GET /a b", "GET  /a" } do
      assert.matches("is no method and path", typo(notation.route, text), 1, true)
    end
    for _, text in ipairs { "GET /a{?b", "GET /a{?b}}", "GET /{a", "GET /a}", "GET /{?a}/b", "GET /a?b=1", "GET /{?a}{?b}" } do
      assert.matches("write .*{%?a,b}", typo(notation.route, text))
    end
    for _, text in ipairs { "GET /a/{}", "GET /a/{b c}", "GET /a/{b-c}", "GET /a{?}", "GET /a{?b,}", "GET /a{?b;c}" } do
      assert.is_false((pcall(notation.route, text)), text)
    end
  end)
end)

describe("words, pairs and maps", function()
  it("are separated by blanks", function()
    assert.same({ "queued", "processing" }, notation.words "queued processing")
    assert.same({ queued = true, processing = true }, notation.set "queued\n processing")
    assert.same({ "output", "json", "a", "b=c" }, notation.pairs "output=json a=b=c")
    assert.same({ { "id", "site_id" }, { "x", "-" } }, notation.map "id:site_id x:-")
    assert.same({}, notation.words(nil))
  end)

  it("take nothing else", function()
    assert.equal("'output' is no name=value", typo(notation.pairs, "output json"))
    assert.equal("'a=' is no name=value", typo(notation.pairs, "a="))
    assert.equal("'id' is no member:parameter", typo(notation.map, "id site_id"))
    assert.equal("'a:b:c' is no member:parameter", typo(notation.map, "a:b:c"))
  end)
end)

describe("a path into an answer", function()
  it("may have members, keys of maps and elements of lists", function()
    assert.same({ { name = "rows", lists = 1 }, { key = true, lists = 2 }, { all = true, lists = 0 } },
      notation.path "rows[].<date>[][].*")
    assert.same({ { lists = 1 }, { name = "id", lists = 0 } }, notation.path "[].id")
    assert.same({ { name = "content-type", lists = 0 } }, notation.path "content-type")
  end)

  it("takes nothing else", function()
    for _, text in ipairs { "", "a.", ".a", "a..b", "a[", "a[]b", "a[0]", "<date", "a.<>", "*.a", "a.[]", "a*" } do
      assert.matches("is no path", typo(notation.path, text), 1, true)
    end
    assert.matches("is no path", typo(notation.paths, "a b[ c"), 1, true)
  end)
end)

describe("the fields of an answer", function()
  it("are lines of path, type and note", function()
    assert.same({ { path = "id", type = "integer", optional = false, guessed = false, note = "the id: of it" },
      { path = "rows[].x", type = "string|number", optional = true, guessed = false },
      { path = "rows[].y", type = "date", optional = true, guessed = true } },
      notation.fields "  id integer the id: of it \n\n  rows[].x string|number?\nrows[].y date??\n")
  end)

  it("take nothing else", function()
    assert.equal("the field 'id' has no type", typo(notation.fields, "a string\n  id\n"))
    assert.equal("the field id has the unknown type 'intger'", typo(notation.fields, "id intger"))
    assert.equal("the field id has the unknown type 'integer|'", typo(notation.fields, "id integer|"))
    assert.equal("the field id has the unknown type 'integer~?'", typo(notation.fields, "id integer~?"))
    assert.equal("the field id is described twice", typo(notation.fields, "id integer\nid string"))
    assert.matches("is no path", typo(notation.fields, "a[.b integer"), 1, true)
  end)
end)

describe("every description", function()
  local function each_text(field, visit)
    descriptions.each_operation(function(_, operation, resource)
      for _, own in ipairs { operation, operation.v4 or 0, operation.v1 or 0, operation.data or 0 } do
        if type(own) == "table" and own[field] then
          notation.within(resource.name, operation[1], visit, own[field])
        end
      end
    end)
  end

  for field, parse in pairs { fields = notation.fields, numbers = notation.paths, texts = notation.words } do
    it("has " .. field .. " without a typo", function()
      local count = 0
      each_text(field, function(text)
        parse(text)
        count = count + 1
      end)
      assert.is_true(count > 0)
    end)
  end
end)

describe("a typo in a description", function()
  local folder, path

  -- A copy of a description with one text changed, where `require` finds it, and the line of the change.
  local function altered(family, before, after)
    local original = assert(package.searchpath or function(name) -- luacheck: ignore
      return "lua/" .. name:gsub("%.", "/") .. ".lua"
    end)(index[family], package.path)
    local text = assert(io.open(original)):read "*a"
    local at = assert(text:find(before, 1, true), before)
    local line = select(2, text:sub(1, at):gsub("\n", "")) + 1
    text = text:sub(1, at - 1) .. after .. text:sub(at + #before)
    path = folder .. "/" .. index[family]:gsub("%.", "/") .. ".lua"
    assert(os.execute("mkdir -p '" .. path:gsub("/[^/]*$", "") .. "'"))
    local file = assert(io.open(path, "w"))
    file:write(text)
    file:close()
    return assert(loadfile(path))(), line
  end

  local function find(resources, name, operation)
    for _, resource in ipairs(resources) do
      for _, entry in ipairs(resource.name == name and resource.operations or {}) do
        if entry[1] == operation then
          return resource, entry
        end
      end
    end
  end

  local usual = package.path
  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    package.path = folder .. "/?.lua;" .. usual
  end)
  after_each(function()
    package.path = usual
    os.execute("rm -rf '" .. folder .. "'")
  end)

  local function said(resource, entry, api)
    local fine, problem = pcall(planner.of, resource, entry, api)
    assert.is_false(fine)
    return problem
  end

  it("is reported with file, line and operation when its plan is made: an unknown parameter", function()
    local resources, line = altered("sites", 'body = "url* title* depth', 'body = "url* titel* depth')
    local resource, entry = find(resources, "sites", "create")
    assert.equal(("%s:%d: sites.create: no parameter 'titel' is described"):format(path, line), said(resource, entry, "v4"))
  end)

  it("… a brace that is not closed", function()
    local resources, line = altered("sites", 'v4 = "PUT /sites/{site_id}"', 'v4 = "PUT /sites/{site_id"')
    local resource, entry = find(resources, "sites", "update")
    assert.matches(("%s:%d: sites.update: '/sites/{site_id' has a brace"):format(path, line), said(resource, entry, "v4"), 1,
      true)
  end)

  it("… a field without a known type, when it is described", function()
    local resources, line = altered("sites", "title string", "title sting")
    local resource, entry = find(resources, "sites", "list")
    local fine, problem = pcall(require("seranking.describe").operation, resource, entry, "v4")
    assert.is_false(fine)
    assert.equal(("%s:%d: sites.list: the field title has the unknown type 'sting'"):format(path, line), problem)
  end)

  it("… a parameter in one_of or row that the operation does not take", function()
    local resource = { name = "widgets", params = { a = { type = "id" } }, operations = {} }
    assert.equal("widgets.get: the operation takes no parameter 'b'",
      said(resource, { "get", v4 = "GET /w", query = "a", one_of = "a b" }, "v4"))
    assert.equal("widgets.put: the operation takes no parameter 'b'",
      said(resource, { "put", v4 = "PUT /w", body = "a", row = { of = "get", map = "id:b" } }, "v4"))
    resource.params.c = { type = "object", fields = { d = { type = "id" } }, required = "d e" }
    assert.equal("widgets.x: the required member 'e' is not described",
      said(resource, { "x", v4 = "POST /w", body = "c" }, "v4"))
  end)

  it("… a row without members, or with one that is no path", function()
    local resource = { name = "widgets", params = { a = { type = "id" } }, operations = {} }
    assert.equal("widgets.put: the row has no map of members to parameters",
      said(resource, { "put", v4 = "PUT /w", body = "a", row = { of = "get", map = "" } }, "v4"))
    assert.matches("widgets.put: '.id' is no path", said(resource,
      { "put", v4 = "PUT /w", body = "a", row = { of = "get", map = ".id:a" } }, "v4"), 1, true)
  end)

  it("… a number of the answer that is no path, before anything is sent", function()
    local resource = { name = "widgets", params = {}, operations = {} }
    assert.matches("widgets.get: 'a[' is no path", said(resource, { "get", v4 = "GET /w", numbers = "a[" }, "v4"), 1, true)
  end)

  it("leaves other errors alone", function()
    assert.has_error(function()
      notation.within("sites", "list", error, { "mine" })
    end, { "mine" })
  end)
end)

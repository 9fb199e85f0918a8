--- Operations that differ by generation, and descriptions as plain data.
-- SPDX-License-Identifier: MIT

local descriptions = require "support.descriptions"
local made_up = require "support.made_up"
local operation = require "seranking.operation"
local scene = require "support.scene"

local resource, request = made_up.resource, made_up.request

after_each(collectgarbage)

describe("a generation", function()
  local description = {
    "act",
    v4 = { "DELETE /llm/{id}/prompts", body = "prompt_llm_ids*" },
    v1 = { "POST /v1/prompts/delete{?id}", body = "prompt_llm_ids* email", query = "ids" },
    query = "month",
  }

  it("may differ in method, and in a parameter's place and name", function()
    local v4 = request(description, { id = 7, prompt_llm_ids = { 1, 2 }, month = "2026-01" })
    assert.equal("DELETE https://api4.seranking.com/llm/7/prompts?month=2026-01", v4.method .. " " .. v4.url)
    assert.equal('{"k2site_llm_ids":[1,2]}', v4.body)
    local v1 = request(description, { id = 7, prompt_llm_ids = { 1 }, ids = { 3 }, email = "e" }, { api = "v1" })
    assert.equal("POST https://api.seranking.com/v1/prompts/delete?id=7&ids%5B%5D=3", v1.method .. " " .. v1.url)
    assert.equal('{"prompt_llm_ids":[1],"email":"e"}', v1.body)
    assert.is_false((pcall(request, description, { id = 7, prompt_llm_ids = { 1 }, email = "e" })))
  end)

  it("may have no body although the other has one", function()
    local no_body = { "reset", v4 = { "POST /reset", body = false }, v1 = "POST /v1/reset", body = "email" }
    assert.is_nil(request(no_body, {}).body)
    assert.equal("{}", request(no_body, {}, { api = "v1" }).body)
  end)

  it("is shown by describe, with the parameters of the client's generation", function()
    local about = operation.new(scene.new(), resource, description, {}):describe()
    assert.equal("DELETE /llm/{id}/prompts", about.v4)
    assert.equal("POST /v1/prompts/delete{?id}", about.v1)
    local names = {}
    for i, parameter in ipairs(about.parameters) do
      names[i] = parameter.name
    end
    assert.equal("id month prompt_llm_ids", table.concat(names, " "))
  end)
end)

describe("a description as plain data", function()
  local full = {
    name = "data.full", id = "full_id",
    params = {
      full_id = { type = "id", about = "its id" },
      list = { type = "string[]", style = "repeat", max_items = 9, min_items = 1, wire = "target" },
      kind = { type = "string", enum = { "a", "b" }, default = "a", about = "what kind" },
      size = { type = "integer", min = 1, max = 5 },
      filter = { type = "object", style = "tree", required = "mode", fields = {
        mode = { type = "string", wire = "m" }, inner = { type = "object", fields = { x = { type = "number" } } } } },
      secret = { type = "string", secret = true, nullable = true },
    },
    operations = {
      { "get", data = "GET /v1/full{?full_id}", query = "list* kind size filter secret", one_of = "kind size",
        fixed = "output=json", post = true, answer = "object", about = "All of it.", source = "docs mcp",
        confidence = "low", billed = true, success = { 200, 204 }, errors = { { 404, "Gone" }, { 400 } },
        failed = "message", example = '{"rows":[]}',
        pages = { style = "offset", rows = "rows", max = 5 }, cost = { 5, per = "row", note = "n" },
        job = { state = "s", every = { 1, 2 } },
        fields = [[
          rows[].id integer its id
          rows[].name string|number?
          total integer? how many]], numbers = "rows[].id total" },
      { "plain", data = "POST /v1/full", items = "kind* size", deprecated = true },
    },
  }

  local function describe_it(name)
    local client = scene.new()
    for _, description in ipairs(full.operations) do
      if description[1] == name then
        return operation.new(client.data, full, description, {}):describe()
      end
    end
  end

  it("has everything of the description", function()
    local about = describe_it "get"
    local x = { name = "x", wire = "x", place = "query", required = false, type = "number" }
    assert.same({
      name = "data.full.get", about = "All of it.", api = "data", method = "GET", path = "/v1/full{?full_id}",
      data = "GET /v1/full{?full_id}", one_of = { "kind", "size" }, fixed = { output = "json" }, post = true,
      answer = "object", failed = "message", example = '{"rows":[]}', success = { 200, 204 },
      errors = { { status = 404, message = "Gone" }, { status = 400 } },
      pages = { style = "offset", rows = "rows", max = 5 }, cost = { 5, per = "row", note = "n" },
      job = { state = "s", every = { 1, 2 } }, repeatable = false, billed = true, source = { "docs", "mcp" },
      confidence = "low", deprecated = false,
      fields = {
        { path = "rows[].id", type = "integer", optional = false, text = true, note = "its id" },
        { path = "rows[].name", type = "string|number", optional = true, text = false },
        { path = "total", type = "integer", optional = true, text = true, note = "how many" },
      },
      parameters = {
        { name = "full_id", wire = "full_id", place = "query", required = true, type = "id", about = "its id" },
        { name = "list", wire = "target", place = "query", required = true, type = "string[]", style = "repeat",
          max_items = 9, min_items = 1 },
        { name = "kind", wire = "kind", place = "query", required = false, type = "string", enum = { "a", "b" }, default = "a",
          about = "what kind" },
        { name = "size", wire = "size", place = "query", required = false, type = "integer", min = 1, max = 5 },
        { name = "filter", wire = "filter", place = "query", required = false, type = "object", style = "tree", fields = {
          { name = "inner", wire = "inner", place = "query", required = false, type = "object", fields = { x } },
          { name = "mode", wire = "m", place = "query", required = true, type = "string" },
        } },
        { name = "secret", wire = "secret", place = "query", required = false, type = "string", secret = true,
          nullable = true },
      },
    }, about)
    about.parameters[3].enum[1] = "changed"
    assert.equal("a", describe_it("get").parameters[3].enum[1])
    assert.same({ true, "list", {}, {}, { 200 } }, { describe_it("plain").deprecated, describe_it("plain").body,
      describe_it("plain").fields, describe_it("plain").errors, describe_it("plain").success })
    assert.equal("kind items true", table.concat({ describe_it("plain").parameters[1].name,
      describe_it("plain").parameters[1].place, tostring(describe_it("plain").parameters[1].required) }, " "))
  end)

  it("is refused for an unknown API", function()
    local op = operation.new(scene.new(), resource, { "act", v4 = "GET /act", about = "Acts." }, {})
    for _, api in ipairs { "v2", "about", "params" } do
      local ok, message = pcall(op.describe, op, api)
      assert.is_false(ok)
      assert.equal('made_up.act: describe takes "v4", "v1", "data" or "visible", got ' .. api,
        (message:gsub("^.-_spec%.lua:%d+: ", "")))
    end
  end)

  it("exists for every operation, on every API that has it", function()
    local client, count = scene.new(), 0
    descriptions.each_operation(function(_, description, described)
      local op = operation.new(described.name:find "^data%." and client.data or client, described, description, {})
      for _, api in ipairs(descriptions.GENERATIONS) do
        if description[api] then
          local about = op:describe(api)
          count = count + 1
          assert.equal(api, about.api)
          assert.equal(about[api], about.method .. " " .. about.path)
          assert.is_table(about.parameters)
        end
      end
    end)
    assert.is_true(count > 0)
  end)
end)

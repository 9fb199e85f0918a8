--- library/seranking.lua, the types for editors, agrees with the descriptions.
-- SPDX-License-Identifier: MIT

local api = require "seranking.api"
local descriptions = require "support.descriptions"
local luacats = require "spec.support.luacats"
local pages = require "support.reference_pages"
local seranking = require "seranking"
local system = require "support.system"

local KEYS, LABELS = pages.KEYS, pages.LABELS
local each_operation, said, line_of = descriptions.each_operation, descriptions.said, descriptions.line_of
local has, read = pages.has, system.read

describe("the types", function()
  local text = read "library/seranking.lua"
  local library

  it("are valid annotations, and define each name that they use once", function()
    library = luacats.read(text)
    assert.is_function((loadstring or load)(text))
  end)

  it("are refused by this spec if they contain a mistake", function()
    for _, wrong in ipairs {
      "---@class A\n---@field b B\n", "---@class A\n---@field b string\n---@field b integer\n",
      "---@class A\n\n---@class A\n", "---@class A\n---@field b fun(self: string\n", "---@class A: B\n",
      "---@alias A string|\n", "---@class A\n---@feild b string\n",
      "---@param a Missing\n", "---@return string, Missing\n", "---@class A\n---@overload fun(a: Missing): A\n",
    } do
      assert.is_false((pcall(luacats.read, wrong)), wrong)
    end
    assert.is_table(luacats.read '---@class A\n---@field b? (A|"x")[] note, A B\n---@field [string] fun(...): A?, any\n')
  end)

  it("are small enough for editors, which skip files of 500 KB", function()
    assert.is_true(#text < 450 * 1024, #text)
  end)

  it("have every operation, as a method and as a value", function()
    library = library or luacats.read(text)
    each_operation(function(key, operation, resource)
      local class = library.classes["seranking." .. resource.name]
      assert.is_table(class, key)
      local line = class.fields[operation[1]]
      assert.is_string(line, key)
      assert.equal(1, (line:find("seranking." .. key .. "|fun(self, args", 1, true)), key)
      local value = library.classes["seranking." .. key]
      assert.same({ "seranking.Operation" }, value.parents, key)
      assert.is_string(value.fields.dry_run, key)
      assert.equal(operation.pages ~= nil or operation.answer == "array", value.fields.each ~= nil, key)
      assert.equal(value.fields.each ~= nil, value.fields.all ~= nil, key)
      assert.equal(operation.job ~= nil, value.fields.wait ~= nil, key)
    end)
  end)

  it("lead from the client to every resource, and bind ids", function()
    for family, module in pairs(api) do
      for _, resource in ipairs(require(module)) do
        local class = library.classes["seranking.Client"]
        for part in resource.name:gmatch "[^.]+" do
          assert.is_table(class, resource.name)
          local name = class.fields[part]
          assert.is_string(name, family .. ": " .. resource.name .. " at " .. part)
          class = library.classes[name:match "^[%w_.]+"]
        end
        if resource.id then
          has(text, ("---@overload fun(%s: seranking.Id): seranking.%s\n"):format(resource.id, resource.name), resource.name)
        end
      end
    end
  end)

  --- The class of an operation's arguments.
  local function arguments_of(key, resource, operation)
    local line = library.classes["seranking." .. resource.name].fields[operation[1]]
    return library.classes[line:match "args%??: ([%w_.]+)"], key
  end

  it("have every parameter, required unless a resource may be bound to it", function()
    local count = 0
    each_operation(function(key, operation, resource)
      local class = arguments_of(key, resource, operation)
      assert.is_table(class, key)
      for generation in pairs(LABELS) do
        for id in (line_of(operation, generation) or ""):gmatch "[{,?]([%w_]+)%f[},]" do
          assert.is_string(class.fields[id], key .. ": " .. id)
          count = count + 1
        end
        for _, place in ipairs(operation[generation] and { "query", "body", "upload" } or {}) do
          for name, star in (said(operation, generation, place) or ""):gmatch "([%w_]+)(%*?)" do
            assert.is_string(class.fields[name], key .. ": " .. name)
            local v4, v1 = said(operation, "v4", place), said(operation, "v1", place)
            if (v4 == v1 or not (operation.v4 and operation.v1)) and not name:find "_id$" then
              assert.equal(star ~= "*", class.optional[name], key .. ": " .. name)
            end
            count = count + 1
          end
        end
        for name in (operation[generation] and said(operation, generation, "items") or ""):gmatch "[%w_]+" do
          local item = library.classes[class.fields["[integer]"]:match "^[%w_.]+"]
          assert.is_string(item.fields[name], key .. ": " .. name)
        end
      end
    end)
    assert.is_true(count > 0)
  end)

  it("have every field of errors in the documentation", function()
    local count = 0
    for _, file in ipairs { "README.md", "docs/getting-started.md", "docs/errors.md", "docs/walks-and-jobs.md" } do
      for name in read(file):gmatch "%f[%w]err%.([%a_]+)" do
        assert.is_string(library.classes["seranking.Error"].fields[name], file .. ": err." .. name)
        count = count + 1
      end
    end
    assert.is_true(count > 0)
  end)

  it("have the fields of rows and answers, at every depth", function()
    local count = 0
    local function member(class, name, where)
      local line = class and class.fields[name]
      assert.is_string(line, where)
      return library.classes[line:match "seranking%.[%w_.]+"], line
    end
    each_operation(function(key, operation, resource)
      local line = library.classes["seranking." .. resource.name].fields[operation[1]]
      local answer = line:match "%): %(?([%w_.]+)"
      for generation in pairs(LABELS) do
        local fields = operation[generation] and said(operation, generation, "fields") or ""
        for path in (fields .. "\n"):gmatch "%s*([%w_<>.%[%]]+) %S[^\n]*\n" do
          local class, where = library.classes[answer], key .. ": " .. path
          local plain = path:gsub("^%[%]%.?", "")
          if not path:find("<", 1, true) and not (path:find "^%[%]" and operation.answer == "any") then
            for part in plain:gmatch "[^.%[%]]+" do
              class, line = member(class, part, where)
            end
            count = count + 1
            assert.is_truthy(line, where)
          end
        end
      end
    end)
    assert.is_true(count > 0)
  end)

  it("have every function of the module and the client", function()
    local class = library.classes.seranking
    for name in pairs(seranking) do
      assert.is_true(class.fields[name] ~= nil or library.functions["seranking." .. name] ~= nil, name)
    end
    local client = assert(seranking.new { token = KEYS.v4 })
    local methods = 0
    for name in pairs(library.functions) do
      local method = name:match "^AnyClient:(.+)$"
      if method then
        methods = methods + 1
        assert.is_function(client[method], method)
      end
    end
    assert.is_true(methods >= 7)
  end)
end)

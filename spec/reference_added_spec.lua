--- An endpoint or a family added at run time gets methods, checks, docs, types and an answer of the fake.
-- SPDX-License-Identifier: MIT

local luacats = require "spec.support.luacats"
local pages = require "support.reference_pages"
local seranking = require "seranking"

local KEYS, FOLDER = pages.KEYS, pages.FOLDER
local section_of, has = pages.section_of, pages.has

describe("a new endpoint in a copy", function()
  -- Runs `body` with a newly loaded library, and restores everything afterwards.
  local function with_fresh_library(body)
    local loaded = {}
    for name, module in pairs(package.loaded) do
      if name:find "^seranking" or name:find "^reference%." then
        loaded[name] = module
      end
    end
    for name in pairs(loaded) do
      package.loaded[name] = nil
    end
    local fine, problem = pcall(body)
    for name in pairs(package.loaded) do
      if name:find "^seranking" or name:find "^reference%." then
        package.loaded[name] = nil
      end
    end
    for name, module in pairs(loaded) do
      package.loaded[name] = module
    end
    assert(fine, problem)
  end

  local ENTRY = {
    "lighthouses", v4 = "GET /account/coasts/{coast_id}", v1 = "GET /v1/account/lighthouses{?coast_id}",
    query = "lit_since* colour",
    params = {
      coast_id = { type = "id", about = "the coast" },
      lit_since = { type = "date", about = "only those that are lit since then" },
      colour = { type = "string", enum = { "red", "white" }, about = "colour of the light" },
    },
    answer = "array", success = { 200 }, fields = "name string\nheight integer metres", numbers = "height",
    source = "docs", confidence = "low",
    about = "Lighthouses of a coast.", example = '[{"name": "Harwich", "height": "14"}]',
  }

  local function check_calls(resource)
    local rows = assert(resource:lighthouses { coast_id = 3, lit_since = "2026-09-01", colour = "red" })
    assert.same({ { name = "Harwich", height = 14 } }, rows)
    assert.error_matches(function() resource:lighthouses { coast_id = 3 } end, "lit_since is required")
    assert.error_matches(function()
      resource:lighthouses { coast_id = 3, lit_since = "2026-09-01", color = "red" }
    end, "did you mean 'colour'")
    assert.equal("Lighthouses of a coast.", resource.lighthouses:describe().about)
  end

  local function check_files(files, page, key)
    local section = section_of(files[FOLDER .. page], key)
    for _, expected in ipairs {
      "Lighthouses of a coast.", "| `coast_id` \\* | id | the coast |",
      "| `height` | integer | metres |", '-- { { name = "Harwich", height = 14 } }',
      "`GET /v1/account/lighthouses?coast_id={coast_id}`",
    } do
      has(section, expected, key)
    end
    has(files[FOLDER .. "index.md"], ("| `GET /account/coasts/{coast_id}` | [client.%s](%s#client%s) |"):format(
      key:gsub("%.([^.]+)$", ":%1"), page, (key:gsub("%.", ""))), key)
    local library = luacats.read(files["library/seranking.lua"])
    assert.equal("integer metres", library.classes["seranking." .. key .. ".Row"].fields.height)
    assert.equal('"red"|"white" colour of the light', library.classes["seranking." .. key .. ".Args"].fields.colour)
  end

  it("needs one table entry for both generations: methods, checks, docs, types, the fake", function()
    with_fresh_library(function()
      table.insert(require("seranking.api.account")[1].operations, ENTRY)
      local fresh = require "seranking"
      for _, generation in ipairs { "v4", "v1" } do
        check_calls(assert(fresh.new {
          token = KEYS[generation], api = generation, transport = require("seranking.fake").new(),
        }).account)
      end
      local files = require "reference.generate" { account = "seranking.api.account" }
      check_files(files, "account.md", "account.lighthouses")
    end)
  end)

  it("may be in a new family, named in the index", function()
    with_fresh_library(function()
      package.preload["spec.harbours"] = function()
        return { { name = "harbours", params = {}, operations = { ENTRY } } }
      end
      local index = require "seranking.api"
      index.harbours = "spec.harbours"
      local fresh = require "seranking"
      local client = assert(fresh.new { token = KEYS.v4, transport = require("seranking.fake").new() })
      check_calls(client.harbours)
      check_files(require "reference.generate" { harbours = index.harbours }, "harbours.md", "harbours.lighthouses")
    end)
    package.preload["spec.harbours"], package.loaded["spec.harbours"] = nil, nil
  end)

  it("leaves nothing behind", function()
    local client = assert(seranking.new { token = KEYS.v4, transport = require("seranking.fake").new() })
    assert.error_matches(function() return client.harbours end, "has no 'harbours'")
    assert.error_matches(function() return client.account.lighthouses end, "has no 'lighthouses'")
  end)
end)

--- A new endpoint is one entry and `make reference`: afterwards, in a copy of the tree, every spec that reads the descriptions
--- passes. SPDX-License-Identifier: MIT

local process = require "support.process"
local system = require "support.system"

-- Two endpoints that the API does not have: a file of the descriptions, the entry, a text of the reference.
local ENTRIES = {
  {
    file = "account.lua",
    entry = [[
      { "beacons", v4 = "GET /account/coasts/{coast_id}/beacons", v1 = "GET /v1/account/beacons{?coast_id}",
        query = "lit_since* colour", answer = "array", source = "docs", confidence = "low",
        params = {
          coast_id = { type = "id", about = "the coast" },
          lit_since = { type = "date", about = "only those lit since then" },
          colour = { type = "string", enum = { "red", "white" }, about = "colour of the light" },
        },
        about = "Beacons of a coast.", fields = "port string\nseconds integer between two flashes",
        numbers = "seconds", example = '[{"port": "Harwich", "seconds": "14"}]', errors = { { 404, "Coast not found" } } },
]],
    page = "account.md", says = "client.account:beacons",
  },
  {
    file = "data/keywords.lua",
    entry = [[
      { "tides", data = "GET /v1/keywords/tides", query = "source* limit offset", answer = "object", billed = true,
        cost = { 3, per = "row", note = "invented", confidence = "low" },
        pages = { style = "offset", rows = "tides", total = "total", size = 100 },
        source = "docs", confidence = "low", about = "High and low water.",
        fields = "total integer\ntides[].time time\ntides[].height number metres",
        example = '{"total":1,"tides":[{"time":"2026-07-01 04:10:00","height":2.4}]}' },
]],
    page = "data-keywords.md", says = "client.data.keywords:tides",
  },
}

-- Inserts an entry before the first operation of a file.
local function insert(path, entry)
  local text, count = system.read(path):gsub("\n    operations = {\n", function(line) return line .. entry end, 1)
  assert.equal(1, count, path)
  system.write(path, text)
end

-- Runs a shell command in a folder. Returns its output, and whether it succeeded.
local function run(folder, command)
  local text = system.output(("cd '%s' && { %s; } 2>&1; echo \"ended with $?\""):format(folder, command))
  return text, text:find "ended with 0\n$" ~= nil
end

describe("a new endpoint", function()
  local folder, remove
  before_each(function()
    folder, remove = process.folder()
  end)
  after_each(function()
    remove()
  end)

  it("needs one entry and make reference, and every spec that reads the descriptions passes", function()
    local top = system.lines("pwd")[1]
    local copied, fine = run(top, ("cp -r .busted README.md docs fake library lua spec tools '%s'"):format(folder))
    assert.is_true(fine, copied)
    for _, new in ipairs(ENTRIES) do
      insert(folder .. "/lua/seranking/api/" .. new.file, new.entry)
    end

    local lua = process.interpreter()
    local paths = ("LUA_PATH='lua/?.lua;lua/?/init.lua;fake/lua/?.lua;fake/lua/?/init.lua;;' LUA_CPATH='%s'"):format(
      (package.cpath:gsub("%f[^;%z]build/", top .. "/build/")))
    local made, is_made = run(folder, paths .. " " .. lua .. " tools/reference.lua")
    assert.is_true(is_made, made)
    for _, new in ipairs(ENTRIES) do
      assert.is_truthy(system.read(folder .. "/docs/reference/" .. new.page):find(new.says, 1, true))
    end

    -- The catalogue's requests are those of other endpoints, and are sent by their own spec. The fake answers a new endpoint
    -- with its example until it has a rule for it; the spec that lists those operations fails until then.
    local specs = run(folder, "grep -lE 'require \"(seranking.api|support.descriptions)\"' spec/*_spec.lua "
      .. "fake/spec/*_spec.lua")
    local count = 0
    for spec in specs:gmatch "%S+_spec%.lua" do
      local printed, green = run(folder, ("%s %s $(command -v busted) -o plainTerminal --filter-out='^the request of' "
        .. "--filter-out='^a client sends' --filter-out='^the fake takes' "
        .. "--filter-out='^the operations whose answer is a fixed example' %s"):format(paths, lua, spec))
      assert.is_true(green, printed)
      assert.is_truthy(printed:find "\n%d+ successe?s? / 0 failures / 0 errors", printed)
      count = count + 1
    end
    assert.is_true(count > 10)
  end)
end)

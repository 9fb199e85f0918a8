--- --dry-run and --curl of lists: the request that a walk would send first.
-- SPDX-License-Identifier: MIT

local folder = require "support.folder"
local scene = require "support.scene"
local seranking = require "seranking"
local system = require "support.system"
local terminal = require "support.terminal"

after_each(folder.finish)

describe("a preview of a list", function()
  local ANSWER = '{"items":[],"users":[],"backlinks":[],"keywords":[],"list":[],"total":0,"next":null}'

  -- The queries that the requests of a command line have.
  local function sent(line)
    local queries = {}
    local status, _, stderr = terminal.run(line, { client = { token = scene.V1_KEY, clock = seranking.clock(), retries = 0,
      transport = { handle = function(_, request)
        queries[#queries + 1] = request.query
        return { status = 200, headers = { { "Content-Type", "application/json" } }, body = ANSWER }
      end } } })
    return queries, status, stderr
  end

  local function previewed(line, flag)
    local more = { flag }
    for i = #line, 1, -1 do
      table.insert(more, 1, line[i])
    end
    local queries = {}
    local status, stdout, stderr = terminal.run(more, { client = { token = scene.V1_KEY, transport = { handle = function()
      error "a preview sends nothing"
    end } } })
    for query in stdout:gmatch "https://[^?%s']*%?([^\n' ]*)" do
      queries[#queries + 1] = query
    end
    return queries, status, stderr
  end

  for text, limit in pairs {
    ["data keywords similar rye --source us"] = "limit=100", ["data keywords similar rye --source us --max-rows 5"] = "limit=5",
    ["data keywords similar rye --source us --max-rows all"] = "limit=10000",
    ["data keywords similar rye --source us --max-rows 5 --offset 7"] = "limit=5",
    ["data keywords similar rye --source us --max-cost 30"] = "limit=3",
    ["data backlinks raw a.example"] = "limit=100", ["data backlinks raw a.example --max-rows 4000"] = "limit=1000",
    ["data backlinks raw a.example --max-cost 7"] = "limit=7",
    ["data backlinks raw a.example --limit 10 --max-rows 25"] = "limit=9", ["audit pages 7 --max-rows 5"] = "limit=5",
    ["audit pages 7"] = "audit_id=7", ["audit pages 7 --limit 3"] = "limit=3", ["users list"] = "offset=0",
  } do
    it("is its first request: " .. text, function()
      local line = {}
      for word in text:gmatch "%S+" do
        line[#line + 1] = word
      end
      local wanted = sent(line)[1]
      assert.is_truthy(("&" .. wanted .. "&"):find("&" .. limit .. "&", 1, true), wanted)
      for _, flag in ipairs { "--dry-run", "--curl" } do
        assert.same({ wanted }, (previewed(line, flag)))
      end
    end)
  end

  it("is the request that goes on where --resume says", function()
    local op = seranking.new({ token = scene.V1_KEY, clock = seranking.clock(), transport = { handle = function()
      return { status = 200, headers = {}, body = '{"backlinks":[{"url_from":"a"},{"url_from":"b"}],"next":"at2"}' }
    end } }).data.backlinks.raw
    local _, _, token = op:all({ target = "a.example", limit = 2 }, { max_rows = 2 })
    local line = { "data", "backlinks", "raw", "a.example", "--limit", "2", "--max-rows", "5", "--resume", token }
    local queries = previewed(line, "--curl")
    assert.same({ sent(line)[1] }, queries)
    assert.is_truthy(queries[1]:find("next=at2", 1, true), queries[1])
  end)

  it("of each row of --from is its first request", function()
    local path = folder.new() .. "/a.csv"
    system.write(path, "target\na.example\nb.example\n")
    local line = { "data", "backlinks", "raw", "--from", path, "--max-rows", "5" }
    local queries = previewed(line, "--curl")
    assert.same(sent(line), queries)
    assert.equal(2, #queries)
    assert.is_truthy(queries[2]:find("target=b.example&limit=5", 1, true), queries[2])
  end)

  for _, more in ipairs { { "--max-rows", "10,000" }, { "--max-rows", "0" }, { "--max-cost", "x" }, { "--max-cost", "0" },
    { "--resume", "x" } } do
    it("is refused as the walk is: " .. table.concat(more, " "), function()
      local line = { "data", "backlinks", "raw", "a.example", more[1], more[2] }
      local queries, status, stderr = sent(line)
      assert.same({ {}, true }, { queries, status ~= 0 })
      for _, flag in ipairs { "--dry-run", "--curl" } do
        local none, same_status, same_stderr = previewed(line, flag)
        assert.same({ {}, status, stderr:match "[^\n]*\n$" }, { none, same_status, same_stderr })
      end
    end)
  end
end)

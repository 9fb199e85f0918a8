--- The command lines that the documentation shows are accepted.
-- SPDX-License-Identifier: MIT

local commands = require "seranking.cli.commands"
local process = require "support.process"
local scene = require "support.scene"
local system = require "support.system"
local terminal = require "support.terminal"

-- Files that command lines name, and what is in them.
local FILES = { ["keywords.csv"] = "keyword\nboots\n", ["pages.csv"] = "list\nhttps://example.org/\n",
  ["sites.csv"] = "site_id\n147696\n" }

-- The words of a line of shell: quotes are taken off, and a comment at the end.
local function words_of(line)
  local words = {}
  line = line:gsub("%s#.*$", ""):gsub("%s*[|>].*$", "")
  local at = 1
  while at <= #line do
    local word, behind = line:match("^'([^']*)'()", at)
    if not word then
      word, behind = line:match('^"([^"]*)"()', at)
    end
    if not word then
      word, behind = line:match("^(%S+)()", at)
    end
    if word then
      words[#words + 1], at = word, behind
    else
      at = at + 1
    end
  end
  return words
end

-- The lines of the shell blocks of all pages that begin with "seranking".
local function lines()
  local list = {}
  for _, page in ipairs(system.lines "ls README.md docs/*.md") do
    for block in system.read(page):gmatch "```sh\n(.-)```" do
      for line in block:gmatch "[^\n]+" do
        if line:find "^seranking " then
          list[#list + 1] = { page = page, line = line }
        end
      end
    end
  end
  return list
end

describe("the documentation shows a command line that is accepted:", function()
  local folder, remove

  setup(function()
    folder, remove = process.folder()
    for name, text in pairs(FILES) do
      system.write(folder .. "/" .. name, text)
    end
  end)

  teardown(function()
    remove()
  end)

  local found = lines()
  assert(#found > 10)
  for _, case in ipairs(found) do
    it(case.page .. ": " .. case.line, function()
      local words = words_of(case.line)
      table.remove(words, 1)
      local operation = commands.operation(words)
      if operation and operation.description then
        for i, word in ipairs(words) do
          words[i] = words[i - 1] == "--from" and folder .. "/" .. word or word
        end
        words[#words + 1] = "--dry-run"
        local client = { token = scene.V1_KEY, share = "off" }
        local status, _, stderr = terminal.run(words, { client = client })
        assert.same({ 0, "" }, { status, stderr })
      elseif operation then
        assert.equal(0, (terminal.run(words)))
      else
        assert.is_truthy(commands.built_in(words[1]), "there is no command " .. words[1])
      end
    end)
  end
end)

describe("README.md", function()
  it("has 1,200 words at most, and shows a table, a chart and a picture before it explains", function()
    local text = system.read "README.md"
    assert.is_true(select(2, text:gsub("%S+", "")) <= 1200)
    local first = text:match "^(.-)\n## "
    assert.is_truthy(first:find("\n```console\n%$ seranking sites list .*\n%$ seranking chart .*\n!%[[^%]]+%]"
      .. "%(docs/report%.png%)"))
  end)
end)

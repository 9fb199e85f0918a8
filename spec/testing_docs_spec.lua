--- The spec that docs/testing.md shows runs under busted.
-- SPDX-License-Identifier: MIT

local folder = require "support.folder"
local process = require "support.process"
local system = require "support.system"

describe("docs/testing.md", function()
  after_each(folder.finish)

  it("shows a spec that busted runs, and names the Lua", function()
    local page = system.read "docs/testing.md"
    local text, command = page:match "`shop_spec%.lua`:\n\n```lua norun\n(.-)```.-```sh\n(busted [^\n]+)\n```"
    assert.equal("busted --lua=/usr/bin/lua5.4 shop_spec.lua", command)
    local dir = folder.new()
    system.write(dir .. "/shop_spec.lua", text)
    local output = system.output(("%s --output=plainTerminal %s/shop_spec.lua 2>&1"):format(
      (command:gsub("/usr/bin/lua5%.4 shop_spec%.lua", (process.interpreter()))), dir))
    assert.matches("2 successes / 0 failures / 0 errors", output)
  end)
end)

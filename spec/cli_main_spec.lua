--- The command seranking: finding commands, exit statuses.
-- SPDX-License-Identifier: MIT

local terminal = require "support.terminal"

describe("seranking", function()
  it("runs an operation", function()
    local client = terminal.fake { fake = { demo = true } }
    local status, out, err = terminal.run({ "sites", "list" }, { client = client })
    assert.equal("", err)
    assert.equal(0, status)
    assert.truthy(out:find '"title":')
  end)

  it("suggests a command of which a word is the beginning", function()
    local status, _, err = terminal.run { "brand", "report" }
    assert.same({ 2, "seranking: there is no command 'brand'; did you mean 'brand-report'?\n" }, { status, err })
  end)

  it("suggests a command for an unknown one, with status 2", function()
    local status, out, err = terminal.run { "sites", "lst" }
    assert.equal(2, status)
    assert.equal("", out)
    assert.equal("seranking: there is no command 'sites lst'; did you mean 'sites list'?\n", err)
  end)
end)

--- SECURITY.md names a test for each promise. Here: that these tests exist.
-- SPDX-License-Identifier: MIT

local system = require "support.system"

describe("each promise of SECURITY.md", function()
  it("names tests that exist", function()
    local promises, named = 0, 0
    for line in system.read("SECURITY.md"):gmatch "[^\n]+" do
      local tests = line:match "^| .* | (.*) |$"
      if tests and tests ~= "test" and line:find "%w" then
        promises = promises + 1
        local before = named
        for path, name in (tests .. ". `"):gmatch "`(spec/[%w_/]+%.%a+)`: (.-)[.;] *%f[`t]" do
          assert.truthy(system.read(path):find(name, 1, true), path .. " has no test: " .. name)
          named = named + 1
        end
        assert.is_true(named > before, "no test is named: " .. line)
      end
    end
    assert.is_true(promises > 20 and named >= promises)
  end)
end)

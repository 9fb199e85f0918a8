--- SECURITY.md names a test for each promise. Here: that these tests exist.
-- SPDX-License-Identifier: MIT

local system = require "support.system"

-- Whether a file defines a test with `name` in its title. A comment is no test.
local function has_test(path, name)
  local text = system.read(path)
  if path:find "%.c$" then
    text = text:gsub("/%*.-%*/", "")
    return (text:find("cmocka_unit_test[a-z_]*%(%s*" .. name .. "[,)]") or text:find("TEST%(" .. name .. "%)")) ~= nil
  end
  for line in text:gmatch "[^\n]+" do
    local call, title = line:match '^%s*([%a_]+)[ (]+"(.*)'
    if (call == "it" or call == "on_redis") and title:find(name, 1, true) then
      return true
    end
  end
  return false
end

describe("each promise of SECURITY.md", function()
  it("names tests that exist", function()
    local promises, named = 0, 0
    for line in system.read("SECURITY.md"):gmatch "[^\n]+" do
      local tests = line:match "^| .* | (.*) |$"
      if tests and tests ~= "test" and line:find "%w" then
        promises = promises + 1
        local before = named
        for path, name in (tests .. ". `"):gmatch "`(spec/[%w_/]+%.%a+)`: (.-)[.;] *%f[`t]" do
          assert.is_true(has_test(path, name), path .. " has no test: " .. name)
          named = named + 1
        end
        assert.is_true(named > before, "no test is named: " .. line)
      end
    end
    assert.is_true(promises > 20 and named >= promises)
  end)
end)

--- The commands that the pages show print what the pages say. SPDX-License-Identifier: MIT

local console = require "spec.support.console"
local system = require "spec.support.system"

local PAGES = { "README.md", "docs/command.md", "docs/cookbook.md" }

-- faketime and a sanitizer's or valgrind's library can't be preloaded together.
local missing = system.output "command -v faketime" == "" and "faketime is not installed"
  or os.getenv "LD_PRELOAD" and "LD_PRELOAD is set" or nil

describe("the commands of", function()
  for _, page in ipairs(PAGES) do
    it(page .. " print what it shows", function()
      if missing then
        return pending(missing)
      end
      local machine = console.machine()
      finally(machine.close)
      local count = 0
      for _, block in ipairs(console.blocks(page)) do
        for _, command in ipairs(block.commands) do
          if count == 0 and not command.command:find "^seranking login" then
            console.run(machine, "seranking login")
          end
          local out, err = console.run(machine, command.command)
          local expected_out, expected_err = console.expected(command)
          local where = ("%s:%d: "):format(page, command.line)
          assert.equal(where .. table.concat(expected_err, "\n"), where .. table.concat(err, "\n"))
          assert.equal(where .. table.concat(expected_out, "\n"), where .. table.concat(out, "\n"))
          count = count + 1
        end
      end
      assert.is_true(count > 0)
    end)
  end
end)

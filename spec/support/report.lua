--- An output handler for busted (-o spec/support/report.lua): plainTerminal, and a line for each test in the file $TESTS:
--- file:line, a tab, the test's full name. run.sh counts tests by these lines.
-- SPDX-License-Identifier: MIT

return function(options)
  local busted = require "busted"
  local handler = require "busted.outputHandlers.plainTerminal"(options)
  local path = os.getenv "TESTS"

  local function record(element, _, status)
    if status ~= "pending" then
      local file = assert(io.open(path, "a")) -- opened for each test, so that a forked child has nothing to flush
      file:write(("%s:%d\t%s\n"):format(element.trace.short_src, element.trace.currentline,
        handler.getFullName(element):gsub("%s", " ")))
      file:close()
    end
    return nil, true
  end

  if path then
    busted.subscribe({ "test", "end" }, record)
  end
  return handler
end

--- What a command gets: the terminal, the global flags, a client, and ways to speak to the user.
-- SPDX-License-Identifier: MIT

local exit = require "seranking.cli.exit"

---@class seranking.cli.Context
---@field terminal seranking.cli.Terminal
---@field flags table the global flags: profile, quiet, no_progress, no_input, yes, verbose, error_format, api
local Context = {}
Context.__index = Context

--- Writes a line to stderr, unless --quiet.
---@param text string
function Context:note(text)
  if not self.flags.quiet then
    self.terminal.stderr:write("seranking: ", text, "\n")
  end
end

--- Ends the command with a message and an exit status. Never returns.
---@param status integer
---@param text string
function Context:fail(status, text) -- luacheck: no self
  exit.stop(status, text)
end

-- A line for an event of the library (--verbose).
local function event_line(event)
  local words = { event.type }
  for _, name in ipairs { "method", "path", "status", "attempt", "seconds", "reason" } do
    if event[name] ~= nil then
      words[#words + 1] = name .. "=" .. tostring(event[name])
    end
  end
  return table.concat(words, " ")
end

--- The client, made on first use: it raises errors, and has the key of the flags, the environment or the profile.
---@param more? seranking.Options other options; they count at the first call only
---@return seranking.Client
function Context:client(more)
  if not self._client then
    local options = { raise = true, loop = "plain", profile = self.flags.profile, api = self.flags.api }
    for name, value in pairs(self._options or {}) do
      options[name] = value
    end
    for name, value in pairs(more or {}) do
      options[name] = value
    end
    if self.flags.verbose and not options.on_event then
      options.on_event = function(event)
        self.terminal.stderr:write("seranking: ", event_line(event), "\n")
      end
    end
    local client, problem = require("seranking").new(options)
    if not client then
      error(problem, 0)
    end
    self._client = client
  end
  return self._client
end

--- Where an answer goes, by the flags -o, --columns, --bom and --spark.
---@param arguments table
---@return seranking.cli.Output
function Context:output(arguments)
  local word = arguments.output
  local formats = { table = true, json = true, jsonl = true, csv = true, tsv = true }
  local output, problem = require("seranking.cli.output").open {
    to = not formats[word] and word or nil,
    format = formats[word] and word or nil,
    columns = arguments.columns,
    bom = arguments.bom or false,
    spark = arguments.spark,
    resume = arguments.resume ~= nil,
    terminal = self.terminal,
  }
  return output or self:fail(exit.USAGE, problem)
end

--- Progress on stderr.
---@param what string
---@return seranking.cli.Progress
function Context:progress(what)
  return require("seranking.cli.progress").open(self.terminal, what, self.flags)
end

local context = {}

--- Makes the context of a run.
---@param terminal seranking.cli.Terminal
---@param options? seranking.Options for the client, such as transport and clock in specs
---@return seranking.cli.Context
function context.new(terminal, options)
  return setmetatable({ terminal = terminal, flags = {}, _options = options }, Context)
end

return context

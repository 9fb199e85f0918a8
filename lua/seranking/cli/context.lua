--- What a command gets: the terminal, the global flags, a client, and ways to speak to the user.
-- SPDX-License-Identifier: MIT

local exit = require "seranking.cli.exit"
local products = require "seranking.api.products"

---@class seranking.cli.Context
---@field terminal seranking.cli.Terminal
---@field arguments string[] the command line
---@field flags table the global flags: profile, quiet, no_progress, no_input, yes, verbose, error_format, api
local Context = {}
Context.__index = Context

--- Writes a line to stderr, unless --quiet, or --error-format json: then stderr has nothing but the error.
---@param text string
function Context:note(text)
  if not self.flags.quiet and self.flags.error_format ~= "json" then
    self:erase_progress()
    self.terminal.stderr:write("seranking: ", text, "\n")
  end
end

--- Ends the command with a message and an exit status. Never returns.
---@param status integer
---@param text string
function Context:fail(status, text) -- luacheck: no self
  exit.stop(status, text)
end

--- Asks on the terminal. True without asking where nobody can answer, or with --yes or --no-input.
---@param question string
---@return boolean
function Context:confirm(question)
  local terminal = self.terminal
  if self.flags.yes or self.flags.no_input or not (terminal.is_terminal "stdin" and terminal.is_terminal "stderr") then
    return true
  end
  terminal.stderr:write(question, " [y/N] ")
  terminal.stderr:flush()
  local answer = terminal.stdin:read "*l" or ""
  return answer:lower():find "^y" ~= nil
end

local EVENTS = {
  wait = function(event) return ("waited %.2f s for a slot"):format(event.seconds) end,
  retry = function(event)
    return ("attempt %d failed (%s); the next in %.1f s"):format(event.attempt, event.code or event.status or "?",
      event.seconds)
  end,
  rate_limited = function(event) return ("429: nothing is sent for %.1f s"):format(event.seconds) end,
  blocked = function(event) return ("the key is blocked for %.0f s"):format(event.seconds) end,
  unblocked = function() return "the key is no longer blocked" end,
  limiter_fallback = function(event) return "the rate limit is not shared: " .. tostring(event.problem) end,
}

-- A line for an event of the library (--verbose).
local function event_line(event)
  local about = EVENTS[event.type]
  return ("%s %s: %s"):format(event.method, event.url, about and about(event) or event.type)
end

-- Options with keys that nobody has, for a preview.
local function no_key(api)
  local uuid = "00000000-0000-0000-0000-000000000000"
  local options = { token = api == "v1" and uuid or ("0"):rep(40) }
  for _, product in ipairs(products) do
    if products[product] then
      options[product .. "_token"] = uuid
    end
  end
  return options
end

--- The client, made on first use: it raises errors, and has the key of the flags, the environment or the profile.
---@param more? seranking.Options other options; they count at the first call only
---@param preview? boolean nothing will be sent: no key is needed
---@return seranking.Client
function Context:client(more, preview)
  if not self._client then
    local options = { raise = true, loop = "plain", api = self.flags.api }
    local own, given = self._options or {}, more or {}
    local keys = {}
    if given.token == nil and not own.transport then
      keys = require "seranking.cli.keys"
      keys = preview and not keys.any(self) and no_key(self.flags.api) or keys.options(self)
    end
    for _, list in ipairs { keys, own, given } do
      for name, value in pairs(list) do
        options[name] = value
      end
    end
    options.on_event = function(event)
      if self.flags.verbose then
        self.terminal.stderr:write("seranking: ", event_line(event), "\n")
      elseif event.type == "limiter_fallback" then
        self:note(EVENTS.limiter_fallback(event))
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

local FORMATS = { table = true, json = true, jsonl = true, csv = true, tsv = true }

--- Where an answer goes, by the flags -o, --rows, --columns, --sort, --bom and --spark.
---@param arguments table
---@param members? { path: string, type?: string }[] of a row, as far as the description has them
---@return seranking.cli.Output
function Context:output(arguments, members)
  local word = arguments.output
  local columns
  for name in (arguments.columns or ""):gmatch "[^,]+" do
    columns = columns or {}
    columns[#columns + 1] = name:match "^%s*(.-)%s*$"
  end
  local unfold, output, problem
  if arguments.rows then
    unfold = require "seranking.cli.unfold"
    members, problem = unfold.members(members or {}, arguments.rows)
    if not members then
      self:fail(exit.USAGE, problem)
    end
  end
  output, problem = require("seranking.cli.output").open {
    to = not FORMATS[word] and word or nil,
    format = FORMATS[word] and word or nil,
    columns = columns,
    sort = arguments.sort,
    bom = arguments.bom or false,
    spark = arguments.spark,
    resume = arguments.resume ~= nil,
    members = members,
    terminal = self.terminal,
    note = function(text) self:note(text) end,
  }
  if not output then
    self:fail(exit.USAGE, problem)
  end
  return unfold and unfold.open(output, arguments.rows) or output
end

--- Progress on stderr. A note erases its line.
---@param what string
---@param rows_on_screen? boolean rows are written to the same screen meanwhile
---@return seranking.cli.Progress
function Context:progress(what, rows_on_screen)
  self._progress = require("seranking.cli.progress").open(self.terminal, what, self.flags, rows_on_screen)
  return self._progress
end

--- Erases the line of progress, before another is written.
function Context:erase_progress()
  if self._progress then
    self._progress:close()
  end
end

--- The command line again, with other flags: { resume = token } adds or replaces --resume.
---@param flags table<string, string|number>
---@return string
function Context:again(flags)
  local quote = require("seranking.cli.preview").quote
  local words, skip, place = { "seranking" }, false, nil -- place: of "--", behind which no word is a flag
  for _, word in ipairs(self.arguments) do
    local name = not place and word:match "^%-%-([%w-]+)"
    if skip then
      skip = false
    elseif name and flags[name] then
      skip = not word:find "="
    else
      words[#words + 1] = quote(word)
      place = place or word == "--" and #words or nil
    end
  end
  for _, name in ipairs { "resume", "max-rows" } do
    if flags[name] then
      table.insert(words, place or #words + 1, "--" .. name .. " " .. quote(tostring(flags[name])))
    end
  end
  return table.concat(words, " ")
end

local context = {}

--- Makes the context of a run.
---@param arguments string[]
---@param terminal seranking.cli.Terminal
---@param options? seranking.Options for the client, such as transport and clock in specs
---@return seranking.cli.Context
function context.new(arguments, terminal, options)
  return setmetatable({ arguments = arguments, terminal = terminal, flags = {}, _options = options }, Context)
end

return context

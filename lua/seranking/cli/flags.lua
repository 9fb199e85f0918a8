--- Flags that many commands share.
-- SPDX-License-Identifier: MIT

local flags = {}

--- Flags that every command takes, also before its name. `argument`: the name of a value.
flags.GLOBAL = {
  { "profile", argument = "NAME", about = "Use the key and settings that `login` keeps under this name." },
  { "api", argument = "v4|v1", choices = { "v4", "v1" }, about = "The generation of the Project API; default: by the key." },
  { "quiet", short = "-q", about = "Print no notes, prices or progress on stderr." },
  { "no-progress", about = "Show no progress." },
  { "no-input", about = "Never ask." },
  { "yes", short = "-y", about = "Answer every question with yes." },
  { "verbose", short = "-v", about = "Show attempts and waits on stderr." },
  { "error-format", argument = "text|json", choices = { "text", "json" }, about = "How errors are printed." },
}

--- Flags of commands that print an answer.
flags.OUTPUT = {
  { "output", short = "-o", argument = "TO",
    about = "table, json, jsonl, csv, tsv, or a file whose ending says it; default: table on a terminal, else json." },
  { "rows", argument = "PATH", about = "The elements of this list are the rows: keywords." },
  { "columns", argument = "NAMES", about = "Only these columns: id,name,volume; positions[].pos unfolds a list." },
  { "bom", about = "Begin CSV with a byte order mark, for Excel." },
  { "spark", argument = "PATH", about = "Draw the numbers at this path as a small chart in the table: positions[].pos." },
}

local function add(parser, list)
  local options = {}
  for _, flag in ipairs(list) do
    local long = "--" .. flag[1]
    local made
    if flag.argument then
      made = parser:option(flag.short or long, flag.about):argname(flag.argument)
      if flag.short then
        made:hidden_name(long) -- the help shows one of two names that take a value
      end
      if flag.choices then
        made:choices(flag.choices)
      end
    else
      made = parser:flag(flag.short and flag.short .. " " .. long or long, flag.about)
    end
    made:target((flag[1]:gsub("-", "_")))
    options[#options + 1] = made
  end
  return options
end

--- Adds the flags that every command takes. The help of a command names them in one line.
---@param parser table of argparse
function flags.add_global(parser)
  for _, option in ipairs(add(parser, flags.GLOBAL)) do
    option:hidden(true)
  end
end

--- Adds the flags of commands that print an answer: context:output(arguments) reads them.
---@param parser table of argparse
---@return table[] options
function flags.add_output(parser)
  return add(parser, flags.OUTPUT)
end

-- Adds the flags of a list by their spelling.
local function by_spelling(list, made)
  for _, flag in ipairs(list) do
    made["--" .. flag[1]] = flag
    if flag.short then
      made[flag.short] = flag
    end
  end
  return made
end

local by_word = by_spelling(flags.GLOBAL, { ["--help"] = { "help" }, ["-h"] = { "help" } })
local leads = by_spelling(flags.OUTPUT, setmetatable({}, { __index = by_word })) -- may stand before a command

--- Whether a word is a flag that every command takes, or its beginning: "--profile=a".
---@param word string
---@return boolean
function flags.is_global(word)
  return by_word[word:match "^[^=]*"] ~= nil
end

--- The flags at the beginning of a command line, and the words after them. Field `unknown`: the first flag, without its value,
--- that is neither global nor one of flags.OUTPUT, so the next word may be its value or the command.
---@param words string[]
---@return { unknown: string?, [integer]: string } leading, string[] rest
function flags.split(words)
  local leading, at = {}, 1
  while words[at] and words[at]:find "^%-." do
    local flag = leads[words[at]]
    local name = words[at]:match "^[^=]*"
    leading.unknown = leading.unknown or not leads[name] and not leads[name:sub(1, 2)] and name ~= "--version" and name or nil
    leading[#leading + 1] = words[at]
    if flag and flag.argument and words[at + 1] then
      at = at + 1
      leading[#leading + 1] = words[at]
    end
    at = at + 1
  end
  local rest = {}
  for i = at, #words do
    rest[#rest + 1] = words[i]
  end
  return leading, rest
end

--- "; write 1000" for a number that has separators of thousands, such as 1.000 or 1,000; otherwise "".
---@param text string
---@return string
function flags.without_separators(text)
  local grouped = text:find "^%d+[.,]%d%d%d$" or text:find "^%d+[.,]%d%d%d[.,]%d%d%d$"
  return grouped and "; write " .. text:gsub("[.,]", "") or ""
end

--- Reads the value of a flag that takes a whole number from 1, for argparse's `convert`.
---@param flag string "--days"
---@param most integer
---@return fun(text: string): integer?, string?
function flags.whole(flag, most)
  return function(text)
    local number = text:find "^%d+$" and tonumber(text)
    if number and number >= 1 and number <= most then
      return number
    end
    return nil, ("%s: '%s' is not a whole number from 1 to %d%s"):format(flag, text, most, flags.without_separators(text))
  end
end

return flags

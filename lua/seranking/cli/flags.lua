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

-- Global flags by their spelling.
local by_word = { ["--help"] = { "help" }, ["-h"] = { "help" } }
for _, flag in ipairs(flags.GLOBAL) do
  by_word["--" .. flag[1]] = flag
  if flag.short then
    by_word[flag.short] = flag
  end
end

--- Whether a word is a flag that every command takes, or its beginning: "--profile=a".
---@param word string
---@return boolean
function flags.is_global(word)
  return by_word[word:match "^[^=]*"] ~= nil
end

--- The global flags at the beginning of a command line, and the words after them.
---@param words string[]
---@return string[] leading, string[] rest
function flags.split(words)
  local leading, at = {}, 1
  while words[at] and words[at]:find "^%-." do
    local flag = by_word[words[at]]
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

--- Reads the value of a flag that takes a whole number from 1, for argparse's `convert`.
---@param flag string "--days"
---@param most integer
---@return fun(text: string): integer?, string?
function flags.whole(flag, most)
  return function(text)
    local number = tonumber(text)
    if number and number % 1 == 0 and number >= 1 and number <= most then
      return number
    end
    return nil, ("%s: '%s' is not a whole number from 1 to %d"):format(flag, text, most)
  end
end

return flags

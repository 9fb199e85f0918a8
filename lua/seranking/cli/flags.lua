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
  { "output", short = "-o", argument = "FORMAT|FILE",
    about = "table, json, jsonl, csv, tsv, or a file whose ending says it; default: table on a terminal, else json." },
  { "columns", argument = "NAME,…", about = "Only these columns; id,positions[].pos unfolds one list." },
  { "bom", about = "Begin CSV with a byte order mark, for Excel." },
  { "spark", argument = "PATH", about = "Draw the numbers at this path as a small chart in the table: positions[].pos." },
}

local function add(parser, list)
  for _, flag in ipairs(list) do
    local names = (flag.short and flag.short .. " " or "") .. "--" .. flag[1]
    local made
    if flag.argument then
      made = parser:option(names, flag.about):argname(flag.argument)
      if flag.choices then
        made:choices(flag.choices)
      end
    else
      made = parser:flag(names, flag.about)
    end
    made:target(flag[1]:gsub("-", "_"))
  end
end

--- Adds the flags that every command takes.
---@param parser table of argparse
function flags.add_global(parser)
  add(parser, flags.GLOBAL)
end

--- Adds the flags of commands that print an answer: context:output(arguments) reads them.
---@param parser table of argparse
function flags.add_output(parser)
  add(parser, flags.OUTPUT)
end

-- Global flags by their spelling.
local by_word = {}
for _, flag in ipairs(flags.GLOBAL) do
  by_word["--" .. flag[1]] = flag
  if flag.short then
    by_word[flag.short] = flag
  end
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

return flags

-- Runs every ```lua block of Markdown files as a separate program against the fake API, with either kind of key:
-- readme.lua README.md...
-- A block that opens with ```lua norun is only compiled. Every block must be a complete program that a reader can copy.
-- SPDX-License-Identifier: MIT

local load_string = loadstring or load
local environment = "LUA=" .. (jit and "jit" or _VERSION:match("%d%.%d"))

--- Whether a shell command succeeded (5.1 returns a number, later versions true or nil).
local function succeeds(command)
  local result = os.execute(command)
  return result == true or result == 0
end

--- The Lua blocks of a Markdown text: a list of { line = number, run = boolean, code = string }.
local function blocks_of(path)
  local blocks, block, number = {}, nil, 0
  for line in io.lines(path) do
    number = number + 1
    local fence = line:match("^%s*```(.*)$")
    if block and fence then
      block.code = table.concat(block.lines, "\n") .. "\n"
      blocks[#blocks + 1] = block.language and block or nil
      block = nil
    elseif fence then
      local words = {}
      for word in fence:gmatch("%S+") do
        words[#words + 1] = word
      end
      block = { line = number + 1, language = words[1] == "lua", run = words[2] ~= "norun", lines = {} }
    elseif block then
      block.lines[#block.lines + 1] = line
    end
  end
  assert(not block, path .. ": the last ``` block is not closed")
  return blocks
end

local ran, compiled, failed = 0, 0, 0
local file = os.tmpname()
for _, path in ipairs(arg) do
  for _, block in ipairs(blocks_of(path)) do
    -- Preceded by empty lines, so that errors have the line numbers of the page.
    local code = ("\n"):rep(block.line - 1) .. block.code
    local ok, problem = load_string(code, "@" .. path)
    if ok and block.run then
      local out = assert(io.open(file, "w"))
      out:write(code)
      out:close()
      print(("== %s:%d"):format(path, block.line))
      io.stdout:flush()
      ran = ran + 1
      for _, key in ipairs { "v4", "v1" } do
        if not succeeds(("%s KEY=%s sh examples/demo.sh '%s' </dev/null 2>&1"):format(environment, key, file)) then
          ok, problem = false, "the program failed with a key of " .. key
        end
      end
      for name in block.code:gmatch 'to = "([%w_]+%.%w+)"' do -- files that the block has downloaded
        os.remove(name)
      end
    else
      compiled = compiled + 1
    end
    if not ok then
      failed = failed + 1
      print(("%s:%d: %s"):format(path, block.line, problem))
    end
  end
end
os.remove(file)
print(("%d blocks ran, %d only compiled, %d failed"):format(ran, compiled, failed))
os.exit(failed == 0 and ran > 0 and 0 or 1)

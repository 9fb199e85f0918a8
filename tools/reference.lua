--- Makes docs/reference and library/seranking.lua from the API descriptions. --check reports whether they are up to date.
-- SPDX-License-Identifier: MIT
--
--   lua tools/reference.lua [--check]      in the top folder, with lua/ and a built module on the paths

package.path = "tools/?.lua;" .. package.path

local generate = require "reference.generate"

local function read(path)
  local file = io.open(path, "rb")
  local text = file and file:read "*a"
  if file then
    file:close()
  end
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

-- Removes pages of deleted families.
local function stale(files)
  local list = {}
  local pipe = assert(io.popen "ls docs/reference 2>/dev/null")
  for name in pipe:lines() do
    local path = "docs/reference/" .. name
    list[#list + 1] = not files[path] and path or nil
  end
  pipe:close()
  return list
end

local files, paths = generate(), {}
for path in pairs(files) do
  paths[#paths + 1] = path
end
table.sort(paths)
local gone = stale(files)

if arg[1] == "--check" then
  local wrong = 0
  local function complain(path, what)
    io.stderr:write(path, ": ", what, "\n")
    wrong = wrong + 1
  end
  for _, path in ipairs(paths) do
    local there = read(path)
    if not there then
      complain(path, "is missing")
    elseif there ~= files[path] then
      complain(path, "is not what lua/seranking/api says")
    end
  end
  for _, path in ipairs(gone) do
    complain(path, "describes nothing that is there")
  end
  if wrong > 0 then
    io.stderr:write("The reference is out of date: run `make reference`, look at what it changes, and commit it.\n")
    os.exit(1)
  end
elseif arg[1] then
  io.stderr:write("usage: lua tools/reference.lua [--check]\n")
  os.exit(2)
else
  for _, path in ipairs(paths) do
    write(path, files[path])
  end
  for _, path in ipairs(gone) do
    os.remove(path)
  end
  print(("%d files written, %d removed"):format(#paths, #gone))
end

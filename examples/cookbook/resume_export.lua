--- A long export that continues where it was interrupted. Only reads. Costs credits: 1 a backlink, by estimate; 200 a run.
-- SPDX-License-Identifier: MIT
-- lua resume_export.lua [DOMAIN [FILE.txt]]        Run it again until it prints "complete".

local client = require("seranking").new { raise = true }
local domain, path = arg[1] or "example.com", arg[2] or "export.txt"
local PAGE, ROWS = 100, 200 -- rows per request, rows per run

local function stored_token()
  local file = io.open(path .. ".resume")
  local token = file and file:read "*a"
  return file and file:close() and token
end

local token = stored_token()
local file = assert(io.open(path, token and "a" or "w"))
local next_row, walk = client.data.backlinks.raw:each({ target = domain, limit = PAGE }, { max_rows = ROWS, resume = token })

-- Write the rows first, then the token for the next row. A crash in between repeats these rows but loses none.
local rows = {}
local function save()
  assert(file:write(table.concat(rows)))
  assert(file:flush())
  rows = {}
  if walk.resume then
    local draft = assert(io.open(path .. ".resume.tmp", "w"))
    assert(draft:write(walk.resume))
    assert(draft:close())
    assert(os.rename(path .. ".resume.tmp", path .. ".resume"))
  else
    os.remove(path .. ".resume")
  end
end

local count = 0
local ok, err = pcall(function()
  for row in next_row do
    rows[#rows + 1] = row.url_from .. "\n"
    count = count + 1
    if #rows == PAGE then
      save()
    end
  end
end)
save()
assert(file:close())
print(("%d rows added to %s"):format(count, path))
if not ok then
  io.stderr:write(tostring(err), "\n")
  os.exit(1)
elseif not walk.resume then
  print "complete"
end

--- Checks the relative links of Markdown files: check_links.lua README.md docs/*.md …
-- The file or folder must exist, and so must the heading that a fragment names, by GitHub's rules for anchors. Paths of this
-- repository in inline code must exist as well. A measured figure must have a link to bench/RESULTS.md in its section.
-- SPDX-License-Identifier: MIT

--- The lines of a Markdown file outside its code blocks.
local function lines_of(path)
  local lines, number, fence = {}, 0, nil
  for line in io.lines(path) do
    number = number + 1
    local mark = line:match "^%s*(```+)"
    if fence then
      fence = not (mark and #mark >= #fence) and fence or nil
    elseif mark then
      fence = mark
    else
      lines[#lines + 1] = { number = number, text = line }
    end
  end
  return lines
end

--- A heading's anchor: markup and punctuation go, blanks become hyphens.
local function anchor(heading)
  local text = heading:gsub("%[(.-)%]%(.-%)", "%1"):lower()
  return (text:gsub("[^%w%s_\128-\255-]", ""):gsub("%s", "-"))
end

local known = {}

--- The set of a file's anchors.
local function anchors_of(path)
  if not known[path] then
    local set, seen = {}, {}
    for _, line in ipairs(lines_of(path)) do
      for name in line.text:gmatch '<a id="([^"]+)">' do
        set[name] = true
      end
      local heading = line.text:match "^#+%s+(.-)%s*$"
      if heading then
        local name = anchor(heading)
        seen[name] = (seen[name] or -1) + 1
        set[seen[name] == 0 and name or name .. "-" .. seen[name]] = true
      end
    end
    known[path] = set
  end
  return known[path]
end

--- A path without "." and "..".
local function normal(path)
  local parts = {}
  for part in path:gmatch "[^/]+" do
    if part == ".." and #parts > 0 and parts[#parts] ~= ".." then
      parts[#parts] = nil
    elseif part ~= "." then
      parts[#parts + 1] = part
    end
  end
  return (path:sub(1, 1) == "/" and "/" or "") .. table.concat(parts, "/")
end

local function exists(path)
  local file = io.open(path == "" and "." or path)
  return file ~= nil and file:close()
end

--- The problem with a link, or nil.
local function problem_of(path, link)
  local target, fragment = link:match "^([^#]*)#?(.*)$"
  if target ~= "" then
    target = normal((path:match "^(.*/)" or "") .. target)
    if not exists(target) then
      return "there is no " .. target
    end
  else
    target = path
  end
  if fragment ~= "" and target:find "%.md$" and not anchors_of(target)[fragment] then
    return ("%s has no heading #%s"):format(target, fragment)
  end
end

-- Units that only measurements have here: limits and timeouts are in seconds, milliseconds, KiB and MiB.
local MEASURED = { "%d ?µs", "%d ?ns%f[%W]", "%d ?×", "%d ?[kM]B%f[%W]", "%d times as %l+ as", "%d ?%% faster",
  "%d ?%% slower" }

--- Lines with a measured figure in a section without a link to the results: { number, figure }…
local function unproved(path)
  local found, section = {}, {}
  local function close()
    if not section.link then
      for _, entry in ipairs(section) do
        found[#found + 1] = entry
      end
    end
    section = {}
  end
  for _, line in ipairs(lines_of(path)) do
    if line.text:find "^#+ " then
      close()
    end
    section.link = section.link or line.text:find("RESULTS.md", 1, true)
    for _, pattern in ipairs(MEASURED) do
      section[#section + 1] = line.text:find(pattern) and { line.number, line.text:match("[%d.,]*" .. pattern) } or nil
    end
  end
  close()
  return found
end

local FOLDERS = { bench = true, bin = true, docs = true, examples = true, fake = true, fuzz = true, library = true, lua = true,
  spec = true, src = true, tools = true }

local links, broken = 0, 0
for _, path in ipairs(arg) do
  for _, entry in ipairs(unproved(path)) do
    broken = broken + 1
    print(("%s:%d: %s is measured: link to bench/RESULTS.md, or say it in words"):format(path, entry[1], entry[2]))
  end
  for _, line in ipairs(lines_of(path)) do
    for code in line.text:gmatch "`([%w_./-]+)`" do
      if FOLDERS[code:match "^(%w+)/"] then
        links = links + 1
        if not exists(code) then
          broken = broken + 1
          print(("%s:%d: there is no %s"):format(path, line.number, code))
        end
      end
    end
    for link in line.text:gsub("`[^`]*`", ""):gmatch "%]%(([^%s)]+)" do
      if not link:find "^%a[%w+.-]*:" then -- not http:, https:, mailto:
        links = links + 1
        local problem = problem_of(path, link)
        if problem then
          broken = broken + 1
          print(("%s:%d: %s: %s"):format(path, line.number, link, problem))
        end
      end
    end
  end
end
print(("%d links; broken, or figures without proof: %d"):format(links, broken))
os.exit(broken == 0 and links > 0 and 0 or 1)

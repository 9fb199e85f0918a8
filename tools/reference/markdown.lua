--- docs/reference: one page per family, and an index.
-- SPDX-License-Identifier: MIT

local model = require "reference.model"
local products = require "seranking.api.products"
local section = require "reference.section"
local text = require "reference.text"
local wording = require "seranking.wording"

local markdown = {}

local cell, sentence = text.cell, text.sentence

local GENERATED = "<!-- Made by tools/reference.lua of %s. To change it: edit that, then `make reference`. -->"

-- The path of a module in the repository.
local function path_of(module)
  return "lua/" .. module:gsub("%.", "/") .. ".lua"
end

-- ---- a family ----

local function paid(family)
  local product = products[family.product]
  return product and product.paid
end

local function add_contents(page, family)
  page.add("| operation | %s | |", paid(family) and "price" or "")
  page.add "|---|---|---|"
  for _, resource in ipairs(family.resources) do
    for _, operation in ipairs(resource.operations) do
      local column = paid(family) and wording.price(operation.any) or operation.any.instead and operation.apis[1] .. " only"
      page.add("| %s | %s | %s |", section.link(operation), column or "", cell(operation.any.about))
    end
  end
  page.add()
end

local function add_binding(page, resource)
  local parts = {}
  for _, id in ipairs(model.sorted_keys(resource.bindable)) do
    local from = resource.bindable[id]
    parts[#parts + 1] = ("`client.%s(%s)%s` binds `%s`."):format(from, id, resource.name:sub(#from + 1), id)
  end
  if parts[1] then
    page.add("%s", table.concat(parts, " "))
    page.add()
  end
end

local function family_page(family)
  local page = text.page()
  page.add("# client.%s", family.name)
  page.add()
  page.add(GENERATED, path_of(family.module))
  page.add()
  page.add("%s", sentence(family.purpose))
  page.add()
  if family.notes then
    page.add("%s", family.notes)
    page.add()
  end
  page.add("[All families](index.md) · [how to read this page](index.md#how-to-read-a-page): `\\*` is required, `?` may be "
    .. "missing.")
  page.add()
  add_contents(page, family)
  local links, seen = {}, {}
  for _, resource in ipairs(family.resources) do
    if #resource.operations > 0 then
      page.add("## %s", resource.path)
      page.add()
      if resource.about then
        page.add("%s", resource.about)
        page.add()
      end
      add_binding(page, resource)
    end
    for _, operation in ipairs(resource.operations) do
      local link = text.anchor(operation.call)
      assert(not links[link], "two headings with one link: " .. operation.call)
      links[link] = true
      section.add(page, operation, seen)
    end
  end
  return page.text()
end

-- ---- the index ----

local function add_families(page, families, product)
  page.add "| | operations | |"
  page.add "|---|---|---|"
  for _, family in ipairs(families) do
    if family.product == product then
      page.add("| [client.%s](%s) | %d | %s |", family.name, family.page, family.count, cell(family.purpose))
    end
  end
  page.add()
end

local function add_paths(page, families, api)
  local rows = {}
  for _, family in ipairs(families) do
    for _, resource in ipairs(family.resources) do
      for _, operation in ipairs(resource.operations) do
        local description = operation.by[api]
        if description then
          local line = section.wire_line(description)
          rows[#rows + 1] = { line:match " (.+)$" .. " " .. description.method .. " " .. operation.full,
            ("| `%s` | %s |"):format(line, section.link(operation, family.page)) }
        end
      end
    end
  end
  if #rows == 0 then
    return
  end
  table.sort(rows, function(a, b)
    return a[1] < b[1]
  end)
  page.add("### %s", model.labels[api])
  page.add()
  page.add("%d operations.", #rows)
  page.add()
  page.add "| | |"
  page.add "|---|---|"
  for _, row in ipairs(rows) do
    page.add("%s", row[2])
  end
  page.add()
end

local function index_page(families)
  local page = text.page()
  page.add "# The API, operation by operation"
  page.add()
  page.add(GENERATED, "lua/seranking/api, and of the text in tools/reference/index.md")
  page.add()
  local file = assert(io.open "tools/reference/index.md", "run this in the top folder of the repository")
  local chapters = {
    families = function() add_families(page, families) end,
    paths = function()
      for _, api in ipairs(model.apis) do
        add_paths(page, families, api)
      end
    end,
  }
  for _, api in ipairs(model.apis) do
    chapters[api .. "_families"] = function() add_families(page, families, api) end
  end
  for line in file:lines() do
    local chapter = line:match "^{{([%w_]+)}}$"
    if chapter then
      assert(chapters[chapter], "tools/reference/index.md: no chapter " .. chapter)()
    else
      page.add("%s", line)
    end
  end
  file:close()
  return page.text()
end

--- All pages: path to text.
---@param families reference.Family[]
---@return table<string, string>
function markdown.pages(families)
  local pages = { ["docs/reference/index.md"] = index_page(families) }
  for _, family in ipairs(families) do
    pages["docs/reference/" .. family.page] = family_page(family)
  end
  return pages
end

return markdown

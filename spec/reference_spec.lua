--- docs/reference agrees with the descriptions: nothing is missing, links work, examples run. Reads the files; the tool is run
--- only to check that it makes them.
-- SPDX-License-Identifier: MIT

local api = require "seranking.api"
local cjson = require "cjson"
local descriptions = require "support.descriptions"
local reference_pages = require "support.reference_pages"
local seranking = require "seranking"
local system = require "support.system"

local KEYS, LABELS, FOLDER = reference_pages.KEYS, reference_pages.LABELS, reference_pages.FOLDER
local section_of, has = reference_pages.section_of, reference_pages.has
local each_operation, said, line_of = descriptions.each_operation, descriptions.said, descriptions.line_of
local read = system.read

local function file_names()
  return system.lines("ls " .. FOLDER)
end

local pages = {}
for _, name in ipairs(file_names()) do
  pages[name] = read(FOLDER .. name)
end

local function page_of(family)
  return family:gsub("%.", "-") .. ".md"
end

-- The number of operations: all, and by the label of their generation.
local function described()
  local counts = {}
  return each_operation(function(_, operation)
    for generation, label in pairs(LABELS) do
      counts[label] = operation[generation] and (counts[label] or 0) + 1 or counts[label]
    end
  end), counts
end

-- Escapes a text for a table cell.
local function cell(text)
  return (text:gsub("|", "\\|"):gsub("<", "\\<"))
end

describe("the reference", function()
  it("is exactly what the tool makes of the descriptions", function()
    local files = require "reference.generate"()
    local made = {}
    for path, text in pairs(files) do
      assert.is_true(read(path) == text, path .. " is out of date: make reference")
      made[#made + 1] = path:match("^docs/reference/(.+)$")
    end
    table.sort(made)
    assert.same(made, file_names())
  end)

  it("has a page for every family", function()
    for family in pairs(api) do
      assert.is_string(pages[page_of(family)], family)
      has(pages["index.md"], ("[client.%s](%s)"):format(family, page_of(family)), "index.md")
    end
  end)

  it("documents every operation once, in each generation that has it", function()
    local operations, wires, seen = 0, {}, {}
    for name, page in pairs(pages) do
      for heading in page:gmatch "\n### ([^\n]+)" do
        if name ~= "index.md" then
          assert.is_nil(seen[heading], heading)
          seen[heading] = true
          operations = operations + 1
        end
      end
      for label in page:gmatch "\n%- ([%w ]+): `%u+ /[^\n]*" do
        wires[label] = (wires[label] or 0) + 1
      end
    end
    local all, by_label = described()
    assert.equal(all, operations)
    assert.same(by_label, wires)
  end)

  it("lists every operation by its path", function()
    local label, found = nil, {}
    for line in pages["index.md"]:gmatch "[^\n]+" do
      label = line:match "^### (.+)$" or label
      if line:find "^| `%u+ /" then
        found[label] = (found[label] or 0) + 1
      end
    end
    assert.same(select(2, described()), found)
  end)

  local function check_wire(section, key, operation, generation)
    local method, path, tail = line_of(operation, generation):match "^(%u+) ([^{]*.-)({%?[%w_,]+})$"
    if not method then
      method, path = line_of(operation, generation):match "^(%u+) (.+)$"
    end
    local row = section:match("\n(%- " .. LABELS[generation] .. ": `[^\n]+)")
    assert.is_string(row, key .. " " .. generation)
    local wire = row:match "`([^`]+)`"
    assert.equal(method .. " " .. path, (wire:match "^[^?]+"), key)
    for id in (tail or ""):gmatch "[%w_]+" do
      has(wire, "{" .. id .. "}", key)
    end
    for pair in (operation.fixed or ""):gmatch "%S+" do
      has(wire, pair, key)
    end
  end

  local function check_parameters(section, key, operation, resource, generation)
    local function row_of(prefix, name, star)
      local definition = operation.params and operation.params[name] or resource.params[name]
      local row = section:match("\n(| `" .. prefix .. name .. "` [^\n]+)")
      assert.is_string(row, key .. ": " .. name)
      has(row, cell(definition.about), key)
      if star then
        has(row, "` \\* |", key .. ": " .. name)
      end
      for _, value in ipairs(definition.enum or {}) do
        has(row, "`" .. (type(value) == "string" and '"' .. value .. '"' or ("%d"):format(value)) .. "`", key)
      end
      if type(definition.wire) == "string" and definition.type ~= "object" then
        has(row, definition.wire, key)
      end
      for field, inner in pairs(definition.fields or {}) do
        local is_range = definition.fields.from and definition.fields.to
        if not is_range and not row:find("Members as in", 1, true) then
          local lists = definition.type:match("%[.*$") or ""
          has(section, "| `" .. prefix .. name .. lists .. "." .. field .. "`", key)
          has(section, cell(inner.about), key)
        end
      end
    end
    for id in line_of(operation, generation):gmatch "[{,?]([%w_]+)%f[},]" do
      row_of("", id, true)
    end
    for _, place in ipairs { "query", "body", "items", "upload" } do
      for name, star in (said(operation, generation, place) or ""):gmatch "([%w_]+)(%*?)" do
        row_of(place == "items" and "%[%]." or "", name, star == "*")
      end
    end
  end

  it("shows a description, the wire form and every parameter of each operation", function()
    each_operation(function(key, operation, resource, family)
      local section = section_of(pages[page_of(family)], key)
      assert.is_string(section, key)
      has(section, operation.about, key)
      if operation.use then
        has(section, " *Use it for* " .. operation.use, key)
      end
      has(section, "client." .. resource.name .. ":" .. operation[1], key)
      if operation.confidence ~= "high" then
        has(section, "\n- Confidence: " .. operation.confidence .. "; known from " .. operation.source:gsub(" ", ", "), key)
      end
      assert.equal(operation.billed or operation.cost ~= nil, section:find("\n- Price: ", 1, true) ~= nil, key)
      for generation in pairs(LABELS) do
        if operation[generation] then
          check_wire(section, key, operation, generation)
          check_parameters(section, key, operation, resource, generation)
        end
      end
    end)
  end)

  it("shows every field of the answers of each operation", function()
    each_operation(function(key, operation, _, family)
      local section = section_of(pages[page_of(family)], key)
      for generation in pairs(LABELS) do
        local text = operation[generation] and said(operation, generation, "fields") or ""
        for path, kind, note in (text .. "\n"):gmatch "%s*([%w_<>.%[%]]+) (%S+)([^\n]*)\n" do
          local is_container = kind:find "^array" or kind:find "^object"
          if not is_container or note ~= "" or kind:find "%?$" then
            has(section, "`" .. path .. "`", key)
            has(section, cell(note:match "^%s*(.-)%s*$"), key)
          end
        end
      end
    end)
  end)

  it("shows each documented error with its kind and code", function()
    local count = 0
    each_operation(function(key, operation, _, family)
      for _, known in ipairs(operation.errors or {}) do
        count = count + 1
        local server = { handle = function()
          return { status = known[1], headers = { { "Content-Type", "application/json" } },
            body = known[2] and '{"message": ' .. cjson.encode(known[2]) .. "}" or "{}" }
        end }
        local client = assert(seranking.new { token = KEYS.v4, transport = server, clock = seranking.clock(), retries = 0 })
        local _, err = client:request { path = "/" }
        local section = section_of(pages[page_of(family)], key)
        has(section, ("Error: %d %s: kind `%s`, code `%s`"):format(known[1],
          known[2] and "“" .. known[2] .. "”" or "(words unknown)", err.kind, err.code), key)
      end
    end)
    assert.is_true(count > 0)
  end)

  it("shows pages, jobs and prices of the operations that have them", function()
    each_operation(function(key, operation, _, family)
      local section = section_of(pages[page_of(family)], key)
      for member, mark in pairs { pages = "\n- Pages: ", job = "\n- Job: " } do
        assert.equal(operation[member] ~= nil, section:find(mark, 1, true) ~= nil, key .. " " .. member)
      end
      if operation.cost and operation.cost.note then
        has(section, operation.cost.note, key)
      end
      if operation.job and operation.job.status then
        has(section, ":" .. operation.job.status .. "](#", key)
      end
    end)
  end)

  it("has no broken link", function()
    local function anchors_of(text)
      local found = {}
      for heading in ("\n" .. text):gmatch "\n#+ ([^\n]+)" do
        found[#found + 1] = "#" .. heading:lower():gsub("[^%w_ -]", ""):gsub(" ", "-") .. "\n"
      end
      return table.concat(found)
    end
    local count = 0
    for name, page in pairs(pages) do
      for target in page:gmatch "%]%(([^)]+)%)" do
        count = count + 1
        local file, anchor = target:match "^([^#]*)#?(.*)$"
        local text = file == "" and page or pages[file] or read(FOLDER .. file)
        if anchor ~= "" then
          has(anchors_of(text), "#" .. anchor .. "\n", name)
        end
      end
    end
    assert.is_true(count > described())
  end)

  it("does not depend on the machine that it was made on", function()
    for name, page in pairs(pages) do
      for _, word in ipairs { "/home/", "/tmp", "/root", "127.0.0.1", "localhost", KEYS.v4, KEYS.v1 } do
        assert.is_nil(page:find(word, 1, true), name .. ": " .. word)
      end
    end
  end)
end)

describe("the examples of the reference", function()
  -- Returns an operation's documented answer once, then empty ones.
  local function server_of(operation, generation, requests)
    local body = said(operation, generation, "example") or operation.answer and operation.answer ~= "bytes" and "[]" or ""
    return { handle = function(_, request)
      requests[#requests + 1] = request
      return { status = 200, headers = { { "Content-Type", "application/json" } }, body = #requests == 1 and body or "[]" }
    end }
  end

  -- Runs source text of a page with a client; print does nothing.
  local function run(code, client, key)
    local environment = { client = client, print = function() end }
    local chunk, problem
    if setfenv then
      chunk, problem = loadstring(code, "@" .. key)
      chunk = chunk and setfenv(chunk, environment)
    else
      chunk, problem = load(code, "@" .. key, "t", environment)
    end
    assert.is_function(chunk, problem)
    return chunk()
  end

  local function first_of(operation)
    for _, generation in ipairs(descriptions.GENERATIONS) do
      if operation[generation] then
        return generation
      end
    end
  end

  -- The value below a call, by generation: the comment that follows it.
  local function shown(code, operation)
    local found, generation = {}, first_of(operation)
    for line in (code:match "^(.-)\n\n" or code):gmatch "[^\n]+" do
      local label = line:match "^%-%- (v%d):$"
      generation = label or generation
      local text = not label and line:match "^%-%- (.*)$"
      if text then
        found[generation] = (found[generation] or "") .. text .. "\n"
      end
    end
    found.v1 = found.v1 or operation.v1 and found.v4 or nil
    return found
  end

  -- Evaluates source text.
  local function value_of(text, key)
    local chunk = assert((loadstring or load)("local seranking = ... return " .. text, "@" .. key)) -- luacheck: ignore
    return chunk(seranking)
  end

  it("show what a program receives", function()
    each_operation(function(key, operation, _, family)
      local code = section_of(pages[page_of(family)], key):match "```lua\n(.-)```"
      local answers = shown(code, operation)
      for _, generation in ipairs(descriptions.GENERATIONS) do
        local example = operation[generation] and said(operation, generation, "example")
        assert.equal(example ~= nil and example ~= false, answers[generation] ~= nil, key .. " " .. generation)
        if example then
          local client = assert(seranking.new {
            api = generation == "v4" and "v4" or "v1", token = KEYS[generation] or KEYS.v1, clock = seranking.clock(),
            transport = server_of(operation, generation, {}), share = "off", raise = true,
          })
          local returned = run(code:match "^(.-)\n%-%-" .. "\nreturn " .. code:match "^local (%w+)", client, key)
          assert.same(returned, value_of(answers[generation], key), key)
          client:close()
        end
      end
    end)
  end)

  it("run, and send the requests shown beside them", function()
    each_operation(function(key, operation, _, family)
      local section = section_of(pages[page_of(family)], key)
      local code = section:match "```lua\n(.-)```"
      assert.is_string(code, key)
      assert.equal(operation.pages ~= nil, code:find(":each", 1, true) ~= nil, key)
      local paid = operation.cost ~= nil and operation.cost[1] ~= 0
      assert.equal(operation.pages ~= nil and paid, code:find("{ max_rows = 200 }", 1, true) ~= nil, key)
      for _, generation in ipairs(descriptions.GENERATIONS) do
        if operation[generation] then
          local requests = {}
          local client = assert(seranking.new {
            api = generation == "v4" and "v4" or "v1", token = KEYS[generation] or KEYS.v1, clock = seranking.clock(),
            transport = server_of(operation, generation, requests), share = "off", raise = true,
          })
          run(code, client, key)
          local method, path = line_of(operation, generation):gsub("{%?.*$", ""):match "^(%u+) (%S+)$"
          assert.equal(method, requests[1].method, key)
          assert.is_truthy(requests[1].path:find("^" .. path:gsub("[-.]", "%%%0"):gsub("{[%w_]+}", "[^/]+") .. "$"), key)
          client:close()
        end
      end
    end)
  end)

  it("with an address are accepted by the fake, as by the API", function()
    local made = {}
    each_operation(function(key, _, _, family)
      if key == "sites.create" or key == "audit.create" then
        local code = section_of(pages[page_of(family)], key):match "```lua\n(.-)```"
        local clock = seranking.clock()
        local client = assert(seranking.new { token = KEYS.v4, clock = clock, raise = true,
          transport = require("seranking.fake").new { now = function() return clock:now() end } })
        made[key] = pcall(run, code, client, key)
      end
    end)
    assert.same({ ["sites.create"] = true, ["audit.create"] = true }, made)
  end)
end)

--- The table of kinds and codes against the sources: neither has one that the other lacks. SPDX-License-Identifier: MIT

local kinds = require "seranking.answer.codes"
local messages = require "seranking.api.messages"
local system = require "support.system"

-- Codes that are composed at run time, by the text of the source that composes them.
local MADE = {
  ['errors.new("invalid", "job_" ..'] = { "invalid job_<state>" },
  ['errors.new("invalid", "not_in_" ..'] = { "invalid not_in_v4", "invalid not_in_v1" },
  ['errors.new("invalid", walk.guard,'] = { "invalid budget", "invalid max_cost" },
  ['errors.new("invalid", option,'] = { "invalid budget", "invalid max_cost" },
  ['errors.new("protocol", code,'] = {}, -- in pages.lua's function protocol, whose calls are searched
}

local read = system.read

local function files(folder, ending)
  local list = system.lines(("find %s -name '*.%s' | sort"):format(folder, ending))
  assert.is_true(#list > 5, folder)
  return list
end

local is_kind = {}
for _, kind in ipairs(kinds) do
  is_kind[kind[1]] = true
end

-- Every `SR_KIND, "code"` in C, in calls and in tables; of `SR_KIND, a ? "b" : "c"` both.
local function add_c(found)
  for _, path in ipairs(files("src", "c")) do
    local source = read(path):gsub("/%*.-%*/", ""):gsub("%s+", " ")
    for kind, code in source:gmatch '%f[%w_]SR_([%u_]+), ([^,;]-[,)}])' do
      kind = kind:lower()
      if is_kind[kind] then
        for literal in code:gmatch '"([%l%d_]+)"' do
          found[kind .. " " .. literal] = path
        end
      end
    end
  end
end

-- Every error that Lua makes. Raises for an unknown way to make one.
local function add_lua(found)
  for _, path in ipairs(files("lua", "lua")) do
    local describes = path:find "/api/" and not path:find "/messages%.lua$" -- values of parameters are no codes
    local source = describes and "" or read(path):gsub("%-%-[^\n]*", ""):gsub("%s+", " ")
    local function take(pattern, kind_of_all)
      for kind, code in source:gmatch(pattern) do
        if kind_of_all then
          kind, code = kind_of_all, kind
        end
        if is_kind[kind] then
          found[kind .. " " .. code] = path
        end
      end
    end
    take 'errors%.new%( ?"(%l[%l_]+)", "([%l%d_]+)",'
    take 'unusable%(call, "(%l[%l_]+)", "([%l%d_]+)",'
    if not path:find("/api/", 1, true) then -- there, "file" may be a value of a parameter
      take '{ "(%l[%l_]+)", "([%l%d_]+)", "'
    end
    take('protocol%(walk, "([%l%d_]+)",', "protocol")
    take('failure%("([%l%d_]+)",', "decode")
    for call in source:gmatch "errors%.new%b()" do
      local known = call:find '^errors%.new%( ?"%l[%l_]+", "[%l%d_]+",' or call:find "^errors%.new%(words%[1%], "
        or call:find "^errors%.new%(kind, code, "
      for made, codes in pairs(MADE) do
        if call:sub(1, #made) == made then
          known = true
          for _, code in ipairs(codes) do
            found[code] = path
          end
        end
      end
      assert.is_truthy(known, path .. ": " .. call)
    end
  end
end

local function of_sources()
  local found = {}
  add_c(found)
  add_lua(found)
  for _, row in ipairs(messages) do
    found[row[3] .. " " .. row[4]] = "lua/seranking/api/messages.lua"
  end
  return found
end

local function of_tables()
  local listed = {}
  for _, kind in ipairs(kinds) do
    for i = 2, #kind do
      local name = kind[1] .. " " .. kind[i][1]
      assert.is_nil(listed[name], name .. " is there twice")
      listed[name] = true
    end
  end
  for _, row in ipairs(messages) do
    local name = row[3] .. " " .. row[4]
    assert.is_not_true(listed[name], name .. " is in both tables")
    listed[name] = "message"
  end
  return listed
end

local function of_docs()
  local told = {}
  local kind
  for line in read("docs/errors.md"):gmatch "[^\n]+" do
    kind = line:match "^## (%l[%l_]+)$" or kind
    local code = line:match '^| <a id="[%w_<>-]+"></a>`([%w_<>]+)` |'
    if code then
      told[kind .. " " .. code] = true
    end
  end
  return told
end

local function lacks(set, other)
  local list = {}
  for name in pairs(other) do
    if not set[name] then
      list[#list + 1] = name
    end
  end
  table.sort(list)
  return list
end

describe("the table of errors", function()
  it("has exactly the kinds and codes that the sources can produce", function()
    local found, listed = of_sources(), of_tables()
    assert.same({}, lacks(listed, found))
    assert.same({}, lacks(found, listed))
  end)

  it("matches docs/errors.md", function()
    local told, listed = of_docs(), of_tables()
    assert.same({}, lacks(told, listed))
    assert.same({}, lacks(listed, told))
  end)

  it("has the kinds of the core, in its order", function()
    local names = read("src/http/sr_error.c"):match "kind_names%[%] = (%b{})"
    local list = {}
    for name in names:gmatch '"(%l[%l_]+)"' do
      list[#list + 1] = name
    end
    assert.is_true(#list > 10)
    for i, name in ipairs(list) do
      assert.equal(name, kinds[i][1])
    end
    assert.equal(#list, #kinds)
  end)

  it("has the meaning of each code, and for each kind what to do, whether to retry and whether it was sent", function()
    local retry, sent = { yes = true, no = true, safe = true }, { yes = true, no = true, perhaps = true }
    for _, kind in ipairs(kinds) do
      assert.is_string(kind.meaning)
      assert.is_string(kind.action)
      assert.is_true(retry[kind.retry] and sent[kind.sent], kind[1])
      for i = 2, #kind do
        local code = kind[i]
        assert.matches("%.", code[2], nil, code[1])
        assert.is_true(code.sent == nil or sent[code.sent], code[1])
        assert.is_true(code.hint == nil or not code.hint:find "^%u" and not code.hint:find "%.$", code[1])
        for name in pairs(code) do
          assert.is_true(type(name) == "number" and name <= 2 or name == "hint" or name == "action" or name == "retry"
            or name == "sent", code[1] .. ": " .. name)
        end
      end
    end
  end)

  it("gives each error a hint unless it has a better one", function()
    local errors = require "seranking.answer.errors"
    local count = 0
    for _, kind in ipairs(kinds) do
      for i = 2, #kind do
        local name = kind[i][1]:gsub("<state>", "rejected")
        assert.equal(kind[i].hint, errors.new(kind[1], name, "x").hint)
        assert.equal("better", errors.new(kind[1], name, "x", "better").hint)
        count = count + (kind[i].hint and 1 or 0)
      end
    end
    assert.is_true(count > 20)
  end)
end)

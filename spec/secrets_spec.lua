--- Keys, passwords, users and signatures are never shown, whatever fails. SPDX-License-Identifier: MIT

local scene = require "support.scene"
local script = require "support.script"
local seranking = require "seranking"
local watch = require "support.watch"

local KEY = "c0ffee5a17b3d94e2f8806dab1937e5c4a2d6f90"
local PASSWORD, USER = "Mellon-Zq8Xw2", "frodo-Ub7Kt1"
local SIGNATURE = "7f3e91d0a64bc852ee19f07d3358b6ac"
local SIGNED = "X-Amz-Credential=AKIAQW7EXAMPLE&X-Amz-Signature=" .. SIGNATURE

watch.secrets[#watch.secrets + 1] = KEY

-- The longest piece of each that may be shown.
local allowed = { [KEY] = #KEY / 8, [PASSWORD] = #PASSWORD / 2, [USER] = #USER / 2, [SIGNATURE] = 12 }

-- The shortest pieces that may not be shown.
local pieces = {}
for secret, most in pairs(allowed) do
  local n = math.floor(most) + 1
  for from = 1, #secret - n + 1 do
    pieces[#pieces + 1] = secret:sub(from, from + n - 1):lower()
  end
end

local looked_at
local clean = {} -- texts searched already

local function look(text, where)
  looked_at = looked_at + 1
  if clean[text] then
    return
  end
  local low = text:lower()
  for _, piece in ipairs(pieces) do
    if low:find(piece, 1, true) then
      error(("%s: '%s' shows: %s"):format(where, piece, (text:gsub("%c", "?"))), 0)
    end
  end
  clean[text] = true
end

-- Searches a value: its contents, and its printed form.
local function look_through(value, where, seen)
  seen = seen or {}
  if type(value) == "string" then
    look(value, where)
  elseif type(value) == "table" and not seen[value] then
    seen[value] = true
    if getmetatable(value) then -- not an address, whose digits are random
      look(tostring(value), where)
    end
    for name, field in pairs(value) do
      look(tostring(name), where)
      look_through(field, where, seen)
    end
  end
end

-- Calls a function and searches all that it returns or raises.
local function try(where, f, ...)
  local results = { pcall(f, ...) }
  for i = 1, 4 do
    look_through(results[i], where)
  end
  return results[2], results[3]
end

-- The forms in which a server repeats a key.
local function echoes(key)
  local function each(format)
    return (key:gsub(".", function(char) return format:format(char:byte()) end))
  end
  return {
    key, key:upper(), key .. key, each "%%%02x", each "\\u%04X", (key:gsub("....", "%0\0")), (key:gsub("....", "%0\1")),
    key:sub(11), key:sub(1, 30), key:sub(1, -2) .. key, key:sub(8, 14), (key:gsub("....", "%0\194\133")),
  }
end

before_each(function() looked_at = 0 end)

describe("nothing secret is in what comes of", function()
  for _, status in ipairs { 200, 302, 404, 429 } do
    it(("an answer %d that repeats the key in any form"):format(status), function()
      for _, echo in ipairs(echoes(KEY)) do
        for _, body in ipairs { echo, '{"message":"' .. echo .. '"}', ("x"):rep(480) .. echo,
          '{"detail":"bad ' .. echo .. '","a":[' .. echo, "\239\187\191<p>" .. echo, "\31\139\8\1" .. echo } do
          local client = script.new(function()
            return { status = status, body = body, headers = { { "X-Echo", (echo:gsub("%c", "")) },
              { "Location", "https://x.example/" .. (echo:gsub("[%z\1-\31]", "")) }, { "Content-Type", "application/json" } } }
          end, { token = KEY, auth = status % 2 == 0 and "query" or "header", retries = 1, on_event = function(event)
            look_through(event, "an event")
          end })
          local _, err = client.sites:list()
          look_through(err, "sites.list")
          look_through(client:limiter(), "the limiter")
          look_through(select(2, client:map({ 1 }, function() return client.sites:delete { site_id = 1 } end)), "map")
        end
      end
      assert.is_true(looked_at > 100)
    end)
  end

  it("a key in the wrong place", function()
    local client = script.new(function() return { status = 404, headers = {}, body = "" } end,
      { token = KEY, base_url = "https://x.example/" .. KEY })
    try("tostring of a client", tostring, client)
    try("its address", function() return client.base_url end)
    try("a resource", function() return client.sites(KEY), tostring(client.sites(KEY).keywords) end)
    try("an operation", function() return tostring(client.sites(KEY).get) end)
    try("a call", function() return client.sites(KEY):get() end)
    try("a second id", function() return client.sites(1, KEY) end)
    try("a name", function() return client[KEY] end)
    try("an option", seranking.new, { [KEY] = KEY })
    try("a parameter", function() return client.sites:list { [KEY] = KEY } end)
    try("a dry run", function() return client.sites.create:dry_run { url = KEY, title = KEY } end)
    try("a request", function() return client:request { path = "/" .. KEY .. "?a=" .. KEY, query = { b = KEY } } end)
    try("a path", function() return client:request { path = KEY } end)
    client:close()
    try("a closed client", tostring, client)
    try("its resource", function() return tostring(client.sites(KEY)) end)
    assert.is_true(looked_at > 20)
  end)

  it("a key that can't be one", function()
    for _, key in ipairs { KEY .. "\n", "Token " .. KEY, KEY .. "\0", KEY .. "\195\188" } do
      try("new", seranking.new, { token = key })
      try("new", seranking.new, { token = KEY, data_token = key })
    end
    assert.is_true(looked_at > 20)
  end)

  it("a download whose address is a secret", function()
    local address = "https://files.example/report.csv?" .. SIGNED
    for _, answer in ipairs {
      { status = 403, headers = {}, body = "<Error><SignatureProvided>" .. SIGNATURE .. "</SignatureProvided></Error>" },
      { status = 404, headers = {}, body = "GET /report.csv?" .. SIGNED .. " was not found" },
      { status = 302, headers = { { "Location", "https://other.example/report.csv?" .. SIGNED } } },
      { status = 500, headers = {}, body = '{"message":"?' .. SIGNED:gsub("&", "\\u0026") .. '"}' },
    } do
      local client = script.new(function() return answer end, { token = KEY, on_event = function(event)
        look_through(event, "an event")
      end })
      local none, err = client:download(address)
      assert.is_nil(none)
      assert.equal("/report.csv?…", err.path)
      look_through(err, "a download")
      try("an option", client.download, client, address, { bad = 1 })
      try("an address", client.download, client, "ftp//files.example/a?" .. SIGNED)
      try("a blank in it", client.download, client, "https://files.example/a b?" .. SIGNED)
      try("in clear", client.download, client, "http://files.example/a?" .. SIGNED)
    end
    assert.is_true(looked_at > 100)
  end)

  it("an address with user and password", function()
    local login = USER .. ":" .. PASSWORD .. "@"
    for _, place in ipairs { "127.0.0.1:999999", "127.0.0.1:1", "x@127.0.0.1:1", "[::1", "127.0.0.1:1/\n", "", "host name" } do
      for _, scheme in ipairs { "http://", "https://", "socks5h://", "redis://", "rediss://", "gopher://", "" } do
        local address = scheme .. login .. place
        for name, value in pairs { base_url = address, data_base_url = address, proxy = address,
          limiter = { redis = address } } do
          local client = try(name, seranking.new, { token = KEY, [name] = value, timeout = 5, retries = 0, share = "process" })
          if type(client) == "table" and name == "proxy" and place:find "^127%.0%.0%.1:1$" and scheme:find "^h" then
            try("a client", tostring, client)
            try("a dry run", function() return client.sites.list:dry_run() end)
            local none, err = client.sites:list()
            assert.is_nil(none)
            look_through(err, "a proxy that refuses")
            try("the limiter", client.limiter, client)
          end
        end
      end
      try("a download", function()
        return scene.new():download("https://" .. login .. place .. "/x")
      end)
    end
    assert.is_true(looked_at > 100)
  end)
end)

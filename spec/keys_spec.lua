--- Which key a client uses: from code, the environment, a file or a profile. SPDX-License-Identifier: MIT

local process = require "support.process"
local script = require "support.script"
local seranking = require "seranking"
local system = require "support.system"
local watch = require "support.watch"

local V4, V1 = "be2165b7d065e278e7305c1c7ef791f283f5d14b", "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6"
local OTHER = "77770000aaaabbbbccccdddd1111222233334444"

local folder, remove

before_each(function() folder, remove = process.folder() end)
after_each(function() remove() end)

-- A file of this name in the folder, with this mode.
local function file(name, text, mode)
  local path = folder .. "/" .. name
  system.write(path, text)
  system.output(("chmod %s '%s'"):format(mode or "600", path))
  return path
end

local function config(text, mode)
  system.output(("mkdir -p -m 700 '%s/seranking'"):format(folder))
  return file("seranking/config.json", text, mode)
end

local PROBE = [[
local seranking = require "seranking"
local client, err = seranking.new(%s)
if not client then
  return print(err.kind .. " " .. err.code .. ": " .. err.message .. (err.hint and "; " .. err.hint or ""))
end
print(client.api .. " " .. tostring(client):match "key (%%S+)%%)" .. " " .. tostring(client.data):match "key (%%S+)%%)")]]

-- What a client is that a process with these variables makes: "v4 …d14b …d14b" (generation, key, key of client.data), or its
-- error.
local function made(variables, options)
  local probe = file("probe.lua", PROBE:format(options or ""))
  local words = {}
  for name, value in pairs(variables) do
    words[#words + 1] = ("%s='%s'"):format(name, value)
  end
  return (system.output(("env -u SERANKING_TOKEN -u SERANKING_DATA_TOKEN XDG_CONFIG_HOME='%s' %s %s %s 2>&1"):format(folder,
    table.concat(words, " "), process.interpreter(), probe)):gsub("\n$", ""))
end

describe("a key", function()
  it("in a file is used without the white space around it", function()
    local path = file("key", "\n \t" .. V1 .. " \r\n\n")
    assert.equal("v1 …e5f6 …e5f6", made({}, ("{ token_file = %q }"):format(path)))
    assert.equal("v1 …e5f6 …e5f6", made { SERANKING_TOKEN_FILE = path })
  end)

  it("in a variable is used without the white space around it", function()
    assert.equal("v4 …d14b …e5f6", made { SERANKING_TOKEN = " " .. V4 .. "\n", SERANKING_DATA_TOKEN = V1 .. "\t" })
  end)

  it("with white space inside is refused, with the name of its source", function()
    local path = file("key", V4 .. "\n" .. OTHER .. "\n")
    assert.truthy(made({ SERANKING_TOKEN_FILE = path }):find("auth invalid_key: SERANKING_TOKEN_FILE: the API key ", 1, true))
  end)

  it("comes from code, else from the environment, else from the environment's profile", function()
    config(('{"profiles":{"agency":{"token":"%s","data_token":"%s"}}}'):format(OTHER, V1))
    local path = file("key", V4)
    local variables = { SERANKING_PROFILE = "agency" }
    assert.equal("v4 …4444 …e5f6", made(variables))
    variables.SERANKING_TOKEN_FILE = path
    assert.equal("v4 …d14b …d14b", made(variables))
    variables.SERANKING_TOKEN = V1
    assert.equal("v1 …e5f6 …e5f6", made(variables))
    assert.equal("v4 …4444 …e5f6", made(variables, '{ profile = "agency" }'))
    assert.equal("v4 …d14b …d14b", made(variables, ("{ token_file = %q }"):format(path)))
    assert.equal("v4 …4444 …4444", made(variables, ("{ token = %q }"):format(OTHER)))
  end)

  it("of a profile named in code is not mixed with the environment's", function()
    config(('{"profiles":{"one":{"token":"%s"},"data":{"data_token":"%s"}}}'):format(OTHER, V1))
    local variables = { SERANKING_TOKEN = V4, SERANKING_DATA_TOKEN = V4 }
    assert.equal("v4 …4444 …4444", made(variables, '{ profile = "one" }'))
    assert.equal("v4 none …e5f6", made(variables, '{ profile = "data" }'))
    assert.equal("v4 …d14b …d14b", made({ SERANKING_PROFILE = "one", SERANKING_TOKEN = V4 }))
    assert.equal("v4 …4444 …e5f6", made({ SERANKING_PROFILE = "one", SERANKING_DATA_TOKEN = V1 }))
  end)

  it("for client.data in a profile can be replaced in code", function()
    config(('{"profiles":{"agency":{"token":"%s","data_token":"%s"}}}'):format(OTHER, V1))
    assert.equal("v4 …4444 …d14b", made({}, ('{ profile = "agency", data_token = %q }'):format(V4)))
  end)

  it("is named once in code", function()
    assert.equal("seranking.new: options token and profile each say which key to use: leave one out",
      script.raised(seranking.new, { token = V4, profile = "agency" }))
    assert.equal("seranking.new: options token_file and profile each say which key to use: leave one out",
      script.raised(seranking.new, { token_file = "x", profile = "agency" }))
  end)
end)

describe("a key from a file", function()
  -- Whether a text is anywhere in a value: fields, metatables, upvalues.
  local function holds(value, text, seen)
    if type(value) == "string" then
      return value:find(text, 1, true) ~= nil
    elseif type(value) ~= "table" and type(value) ~= "function" or seen[value] or value == _G or value == package.loaded then
      return false
    end
    seen[value] = true
    if type(value) == "function" then
      local i = 1
      while true do
        local name, inner = debug.getupvalue(value, i)
        if not name then
          return false
        elseif name ~= "_ENV" and holds(inner, text, seen) then
          return true
        end
        i = i + 1
      end
    end
    for name, member in next, value do
      if holds(name, text, seen) or holds(member, text, seen) then
        return true
      end
    end
    return holds(debug.getmetatable(value), text, seen)
  end

  it("is neither in what is printed nor where Lua can reach it", function()
    config(('{"profiles":{"agency":{"token":"%s","data_token":"%s"}}}'):format(V4, V1))
    local getenv = os.getenv
    os.getenv = function(name) return name == "XDG_CONFIG_HOME" and folder or nil end -- luacheck: ignore
    finally(function() os.getenv = getenv end) -- luacheck: ignore
    local path = file("key", V4 .. "\n")
    for _, options in ipairs { { profile = "agency" }, { token_file = path } } do
      local printed = {}
      local answer = { status = 403, headers = { { "Content-Type", "application/json" } }, body = "" }
      options.transport = { handle = function() return answer end }
      options.on_event = function(event)
        for _, field in pairs(event) do
          printed[#printed + 1] = tostring(field)
        end
      end
      local client = assert(seranking.new(options))
      assert.is_true(holds({ function() return path end }, path, {})) -- the search finds things
      for key, call in pairs {
        [V4] = function() return client.sites:list() end,
        [options.profile and V1 or V4] = function() return client.data:credits() end,
      } do
        answer.body = '{"message":"the key ' .. key .. ' is wrong"}' -- as a server that echoes it
        local _, err = call()
        assert.truthy(tostring(err):find("…" .. key:sub(-4), 1, true))
        printed[#printed + 1] = tostring(err) .. tostring(err.body)
      end
      printed[#printed + 1] = tostring(client) .. tostring(client.data) .. client.sites.list:dry_run().headers.authorization
      answer.body, options.transport, options.on_event = "", nil, nil
      for _, key in ipairs { V4, V1 } do
        assert.is_nil(table.concat(printed, "\n"):find(key, 1, true))
        assert.is_false(holds(client, key, { [watch.secrets] = true })) -- the specs' own list
      end
    end
  end)
end)

describe("a client without a key", function()
  local NO_KEY = "auth no_key: there is no API key to send; set the option `token` or SERANKING_TOKEN (in the account: "
    .. "Settings, API), token_file or profile; token = false sends no key"

  it("is not made", function()
    assert.equal(NO_KEY, made {})
    assert.equal(NO_KEY, made { SERANKING_TOKEN = " \n", SERANKING_DATA_TOKEN = "" })
    assert.truthy(made({}, "{ raise = true }"):find("(auth, no_key)", 1, true))
  end)

  it("names a variable that looks like a misspelled one", function()
    for given, meant in pairs { SERANKING_TOKNE = "SERANKING_TOKEN", SERANKING_TOKN_FILE = "SERANKING_TOKEN_FILE",
      SERANKING_PROFIL = "SERANKING_PROFILE", SERANKING_DATATOKEN = "SERANKING_DATA_TOKEN" } do
      local said = ("to send: %s is set, but the variable is %s"):format(given, meant)
      assert.equal((NO_KEY:gsub("to send", said)), made { [given] = V4 })
    end
    assert.equal(NO_KEY, made { SERANKING_COLOUR = "red", SERANKING = "x" })
  end)

  it("is made if it says so, or has a key for client.data", function()
    assert.equal("v4 none none", made({}, "{ token = false }"))
    assert.equal("v4 none …e5f6", made({ SERANKING_DATA_TOKEN = V1 }))
    assert.equal("v4 none …e5f6", made({}, ("{ data_token = %q }"):format(V1)))
  end)

  it("is made with a transport, whose calls say it", function()
    local client = script.new(function() return "[]" end, { token = false })
    assert(client.sites:list())
    assert.equal("v4 none none", made({}, "{ transport = { handle = print } }"))
  end)
end)

describe("a file of keys", function()
  it("of this user that others can read or change is refused", function()
    for _, mode in ipairs { "640", "604", "620", "602", "610", "644", "666" } do
      local path = file("key", V4, mode)
      assert.equal(("auth key_file: token_file: %s is open to other users (mode %s): run chmod 600 on it, and make a new key "
        .. "if others may have read it"):format(path, mode), made({}, ("{ token_file = %q }"):format(path)))
      path = config("{}", mode)
      assert.equal(("auth key_file: %s is open to other users (mode %s): run chmod 600 on it, and make a new key if others may "
        .. "have read it"):format(path, mode), made({}, '{ profile = "agency" }'))
    end
    for _, mode in ipairs { "600", "400", "700" } do
      assert.equal("v4 …d14b …d14b", made { SERANKING_TOKEN_FILE = file("key", V4, mode) })
      system.output(("rm -f '%s/key'"):format(folder))
    end
  end)

  it("can be a pipe", function()
    local path = folder .. "/pipe"
    system.output(("mkfifo -m 644 '%s'; (echo %s >'%s') >/dev/null 2>&1 &"):format(path, V4, path))
    assert.equal("v4 …d14b …d14b", made { SERANKING_TOKEN_FILE = path })
  end)

  it("that can't be used is named, and what to do", function()
    local path = folder .. "/none"
    assert.equal("auth key_file: SERANKING_TOKEN_FILE: " .. path .. " does not exist", made { SERANKING_TOKEN_FILE = path })
    assert.equal("auth key_file: token_file: " .. folder .. " can't be read: Is a directory",
      made({}, ("{ token_file = %q }"):format(folder)))
    path = file("empty", " \n")
    assert.equal("auth key_file: token_file: " .. path .. " is empty; put the key into it, alone on one line",
      made({}, ("{ token_file = %q }"):format(path)))
    path = file("long", (" "):rep(65536))
    assert.equal("auth key_file: token_file: " .. path .. " has 65536 bytes or more: this is not a file of keys",
      made({}, ("{ token_file = %q }"):format(path)))
    local key = file("long", (" "):rep(65535 - #V4) .. V4)
    assert.equal("v4 …d14b …d14b", made({}, ("{ token_file = %q }"):format(key)))
  end)

  it("is not named in full if the name is a key", function()
    assert.equal("auth key_file: token_file: …d14b does not exist", made({}, ("{ token_file = %q }"):format(V4)))
    local path = config '{"profiles":{}}'
    assert.equal(("auth key_file: profile: %s has no profile '…e5f6'; run `seranking login --profile …e5f6`"):format(path),
      made({}, ("{ profile = %q }"):format(V1)))
  end)
end)

describe("the configuration file", function()
  local function said(text)
    local path = config(text)
    return (made({}, '{ profile = "agency" }'):gsub(path:gsub("%p", "%%%0"), "FILE"))
  end

  it("that has no such profile says which there are", function()
    local login = "; run `seranking login --profile agency`"
    assert.equal("auth key_file: profile: " .. folder .. "/seranking/config.json has no profile 'agency'" .. login,
      made({}, '{ profile = "agency" }'))
    assert.equal("auth key_file: profile: FILE has no profile 'agency'" .. login, said "{}")
    assert.equal("auth key_file: profile: FILE has no profile 'agency'; there are: a, b" .. login,
      said '{"profiles":{"b":{"token":"x"},"a":{"token":"x"}}}')
    assert.equal("auth key_file: profile: profile 'agency' in FILE has no key" .. login, said '{"profiles":{"agency":{}}}')
    assert.equal("auth key_file: profile: the keys of profile 'agency' are in the keyring, which only the command seranking "
      .. "reads; run `seranking login --profile agency` to keep them in a file, or set SERANKING_TOKEN",
      said '{"profiles":{"agency":{"keyring":{"token":true}}}}')
  end)

  it("that is broken is named, and its contents are not shown", function()
    local mend = "; mend it, or remove it and run `seranking login`"
    for text, problem in pairs {
      [('{"profiles":{"agency":{"token":"%s"'):format(V4)] = "is not valid JSON: unexpected end of input, at byte 73",
      [V4] = "is not valid JSON: unexpected character, at byte 1 of 40",
      ["[1,2"] = "is not valid JSON: unexpected end of input, at byte 4",
      ["7"] = "is not a JSON object",
      ["null"] = "is not a JSON object",
      ['{"profiles":7}'] = "has a member profiles that is no object",
      ['{"profiles":["a"]}'] = "has a profile that is no object",
      ['{"profiles":{"agency":"' .. V4 .. '"}}'] = "has a profile that is no object",
      ['{"profiles":{"agency":{"keyring":true}}}'] = "has a profile 'agency' whose keyring is no object",
      ['{"profiles":{"agency":{"token":7}}}'] = "has a profile 'agency' whose token is not a text",
      ['{"profiles":{"agency":{"data_token":" "}}}'] = "has a profile 'agency' whose data_token is not a text",
    } do
      assert.equal("auth key_file: FILE " .. problem .. mend, said(text))
    end
  end)

  it("is below HOME if XDG_CONFIG_HOME is unset or relative", function()
    local path = config(('{"profiles":{"agency":{"token":"%s"}}}'):format(V4))
    system.output(("mkdir '%s/.config' && mv '%s/seranking' '%s/.config/'"):format(folder, folder, folder))
    assert.equal("v4 …d14b …d14b", made({ XDG_CONFIG_HOME = "", HOME = folder, SERANKING_PROFILE = "agency" }))
    assert.equal("v4 …d14b …d14b", made({ XDG_CONFIG_HOME = "here", HOME = folder, SERANKING_PROFILE = "agency" }))
    assert.equal("auth key_file: neither XDG_CONFIG_HOME nor HOME is set, so there is no place for the configuration file",
      made({ XDG_CONFIG_HOME = "", HOME = "", SERANKING_PROFILE = "agency" }))
    assert.truthy(path)
  end)
end)

--- The command seranking limits.
-- SPDX-License-Identifier: MIT

local core = require "lseranking"
local limits = require "support.limits"
local process = require "support.process"
local scene = require "support.scene"
local seranking = require "seranking"
local system = require "support.system"

local files = limits.files

before_each(limits.begin)

after_each(limits.finish)

describe("seranking limits", function()
  local function run(arguments)
    return system.output(("SERANKING_STATE_DIR='%s' %s bin/seranking limits %s 2>&1"):format(limits.folder,
      process.interpreter(), arguments))
  end

  it("shows each limit by a hash and the end of its key, and that a key is blocked", function()
    assert.equal("no limits in " .. limits.folder .. "\n", run "status")
    assert.equal("no limits in " .. limits.folder .. "\n", run "")
    local client = assert(seranking.new { token = scene.V4_KEY, state_dir = limits.folder })
    local name = client:limiter().file:match "(%x+)%-%x+%.limit$"
    assert.equal(name .. "  key …d14b  https://api4.seranking.com\n  not used yet\n", run "status")
  end)

  it("ends a ban of another program", function()
    local URL = "http://127.0.0.1:9"
    local client = assert(seranking.new { token = scene.V4_KEY, state_dir = limits.folder, base_url = URL, retries = 0 })
    client.sites:list()
    local name = client:limiter().file:match "(%x+)%-%x+%.limit$"
    assert.equal(name .. "  key …d14b  " .. URL .. "\n  0 of 5 slots busy (5 in 1 s)\n", run "status")
    -- The ban, as another process would write it: the third 429.
    local refusing = { handle = function() return { status = 429, headers = {}, body = "" } end }
    local banned = assert(seranking.new { token = scene.V4_KEY, state_dir = limits.folder, base_url = URL, share = "user",
      transport = refusing, timeout = 5 })
    assert.equal("blocked", select(2, banned.sites:list()).kind)
    assert.truthy(run("status"):find "; BLOCKED for %d+ s %(too_many_requests%)")
    assert.equal("blocked", select(2, client.sites:list()).kind)
    assert.truthy(run("reset d14b"):find("slots busy", 1, true))
    assert.equal("closed", client:limiter().circuit.state)
    assert.equal("network", select(2, client.sites:list()).kind)
  end)

  -- A client whose limit is blocked: the key was refused twice.
  local function banned(url)
    local refusing = { handle = function() return { status = 401, headers = {}, body = "" } end }
    local client = assert(seranking.new { token = scene.V4_KEY, state_dir = limits.folder, share = "user", timeout = 5,
      base_url = url, transport = refusing, retries = 0 })
    client.sites:list()
    client.sites:list()
    assert.equal("open", client:limiter().circuit.state)
    return client
  end

  local function name_of(client)
    return client:limiter().file:match "(%x+)%-%x+%.limit$"
  end

  it("resets the limits of a key that are blocked, and all of the key if none is", function()
    local first, second = banned "http://127.0.0.1:1", banned "http://127.0.0.1:2"
    local free = assert(seranking.new { token = scene.V4_KEY, state_dir = limits.folder, base_url = "http://127.0.0.1:3" })
    local names = { name_of(first), name_of(second), name_of(free) }
    local text = run "reset …d14b"
    assert.truthy(text:find(names[1], 1, true))
    assert.truthy(text:find(names[2], 1, true))
    assert.falsy(text:find(names[3], 1, true))
    assert.equal("closed", first:limiter().circuit.state)
    assert.equal("closed", second:limiter().circuit.state)
    text = run "reset d14b"
    for _, name in ipairs(names) do
      assert.truthy(text:find(name, 1, true))
    end
    assert.equal(1, (run("reset " .. names[2]):find(names[2], 1, true)))
  end)

  it("prunes files that nothing depends on, and those of loopback servers", function()
    local other = assert(seranking.new { token = scene.V4_KEY, state_dir = limits.folder })
    local name = name_of(other)
    assert.equal(("removed %s  key …d14b  https://api4.seranking.com\n1 of 1 removed in %s\n"):format(name, limits.folder),
      run "prune")
    assert.equal(("0 of 0 removed in %s\n"):format(limits.folder), run "prune")
    name = name_of(banned "http://127.0.0.1:1")
    local patience, text = core.monotonic() + 10
    repeat -- its slots are in use for a second more
      text = run "prune"
    until text:find("1 of 1 removed", 1, true) or core.monotonic() > patience
    assert.equal(1, (text:find("removed " .. name, 1, true)))
    assert.same({}, files())
  end)

  it("keeps a file with a ban", function()
    local client = banned(nil)
    assert.equal(("0 of 1 removed in %s\n"):format(limits.folder), run "prune")
    assert.equal("open", client:limiter().circuit.state)
  end)

  it("reports its errors", function()
    assert.equal("seranking: there is no limit abcd: see `seranking limits status`\n", run "reset abcd")
    for _, key in ipairs { ("0123456789"):rep(3) .. "012345abcd", "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4abcd" } do
      assert.equal("seranking: there is no limit …abcd: see `seranking limits status`\n", run("reset " .. key))
    end
    assert.truthy(run("--state-dir /proc/none status"):find("seranking: /proc/none: No such file or directory", 1, true))
    assert.truthy(run("frob"):find "unknown command 'frob'")
  end)
end)

--- The replies of curl's test cases (spec/suites/curl): whatever a server answers, a call ends with an answer or an error of a
--- documented kind and code, the same in whatever pieces it arrives, and the next call works. SPDX-License-Identifier: MIT

local raw_server = require "spec.support.raw_server"
local seranking = require "seranking"
local system = require "spec.support.system"
local wire = require "spec.support.wire"

local TIMEOUT = 30 -- seconds of a call: only a hang lasts so long, since every reply ends with its connection
local PAUSE = 0.0005 -- seconds between two pieces

--- curl's replies: { name, bytes }…
local function read_replies()
  local text, at, list = system.read "spec/suites/curl/replies.txt", 1, {}
  while at <= #text do
    local _, head, name, size = text:find("^(%S+) (%d+)\n", at)
    list[#list + 1] = { name = name, bytes = text:sub(head + 1, head + size) }
    at = head + size + 2
  end
  return list
end

local REPLIES = read_replies()

--- Pieces of `size` bytes, `count` at most, and the rest.
local function of_size(bytes, size, count)
  local list, at = {}, 1
  while at <= #bytes and #list < count do
    list[#list + 1] = bytes:sub(at, at + size - 1)
    at = at + size
  end
  if at <= #bytes then
    list[#list + 1] = bytes:sub(at)
  end
  return list
end

--- Pieces that end behind each CR and each LF, so most line ends are cut in two.
local function inside_line_ends(bytes)
  local list, at = {}, 1
  while #list < 24 do
    local stop = bytes:find("[\r\n]", at)
    if not stop or stop == #bytes then
      break
    end
    list[#list + 1] = bytes:sub(at, stop)
    at = stop + 1
  end
  list[#list + 1] = bytes:sub(at)
  return list
end

local WAYS = {
  { name = "whole", cut = function(bytes) return { bytes } end },
  { name = "byte by byte", cut = function(bytes) return of_size(bytes, 1, 200) end, pause = 0 },
  { name = "in pieces of 61 bytes", cut = function(bytes) return of_size(bytes, 61, 12) end },
  { name = "cut inside its line ends", cut = inside_line_ends },
}

--- Whether bytes follow the body that the head promises. libcurl takes those that arrive later for the next call's answer
--- (docs/internals/faults.md).
local function has_excess(bytes)
  local _, stop = bytes:find "\r?\n\r?\n"
  local length = stop and tonumber(bytes:sub(1, stop):lower():match "\ncontent%-length: *(%d+)")
  return length and #bytes - stop > length
end

--- "kind code" of a call's error, or what the call returned.
local function outcome(ok, data, err)
  if not ok then
    return "raised", data -- by spec/support/watch.lua if docs/errors.md does not have the error
  elseif data ~= nil then
    return data
  elseif not seranking.is_error(err) then
    return "untyped", err
  end
  return err.kind .. " " .. err.code, err.kind == "timeout" and err or nil
end

--- Requests every reply, sent in this way, and something sane after each. Returns the outcomes.
local function ask(way, method)
  local scripts = { ["/after"] = { { "send", raw_server.ANSWER } } }
  for i, reply in ipairs(REPLIES) do
    scripts["/" .. i] = { { "pieces", way.cut(reply.bytes), way.pause or PAUSE }, "close" }
  end
  local server = wire.start({}, { otherwise = { "request", { "by_target", scripts }, "again" } })
  local client = wire.client(server, { timeout = TIMEOUT })
  local seen, wrong = {}, {}
  local function note(reply, what, problem)
    wrong[#wrong + 1] = ("%s, %s: %s"):format(reply.name, what, tostring(problem))
  end
  for i, reply in ipairs(REPLIES) do
    local problem
    seen[i], problem = outcome(pcall(client.request, client, { method = method, path = "/" .. i,
      body = method == "POST" and {} or nil }))
    if problem then
      note(reply, "the call", problem)
    end
    server.settle() -- an end that comes while the next call begins is tested elsewhere
    local data, err = client:request { path = "/after" }
    if data == nil and has_excess(reply.bytes) then
      data, err = client:request { path = "/after" }
    end
    if type(data) ~= "table" or data.ok ~= true then
      note(reply, "the next call", err)
    end
  end
  assert.are.equal("", table.concat(wrong, "\n"))
  return seen
end

describe("curl's replies", function()
  local whole

  after_each(wire.finish)

  it("are all there", function()
    assert.are.equal(976, #REPLIES)
  end)

  for _, way in ipairs(WAYS) do
    it(way.name .. " to a GET", function()
      local seen = ask(way, "GET")
      whole = whole or seen
      for i, reply in ipairs(REPLIES) do
        assert.are.same(whole[i], seen[i], reply.name)
      end
    end)
  end

  it("whole to a POST", function()
    ask(WAYS[1], "POST")
  end)
end)

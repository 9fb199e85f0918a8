--- What a call costs beside what a program would use instead of this library. SPDX-License-Identifier: MIT
-- lua bench/others.lua: prints a table. Needs nginx (the server), lua-cjson, luasocket, luasec. Lua-cURLv3 (`lcurl`), lua-http
-- and the command curl are measured where this Lua or the system has them. Run it from the top folder.
--
-- All ways take turns, ROUNDS times. A figure is the median over the rounds, a ratio the median of the rounds' ratios. Each way
-- sends the same headers and decodes the answer; all but ours do it with lua-cjson. Ours also keeps the limit, which is set too
-- high to wait for.

local core = require "lseranking"
local cjson = require "cjson"
local nginx = require "spec.support.nginx"
local system = require "spec.support.system"

local ROUNDS = tonumber(os.getenv "ROUNDS") or 7
local KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b"
local HEADERS = { Accept = "application/json", Authorization = "Token " .. KEY, ["User-Agent"] = "bench" }

local function optional(name)
  local loaded, library = pcall(require, name)
  return loaded and library or nil
end

-- Each way: name; open(base_url, ca_file) returns a function that makes a GET of a path and returns the decoded answer, or nil
-- where its library is missing; whether each call has a connection of its own, which makes it slow.
local ways = {
  {
    name = "seranking",
    open = function(base_url, ca_file)
      local client = assert(require("seranking").new {
        token = KEY, base_url = base_url, ca_file = ca_file, rate = { limit = 64, per = 0.001 }, max_body = 2^26,
      })
      return function(path)
        return assert(client:request { path = path })
      end
    end,
  },
  {
    name = "Lua-cURLv3 and cjson",
    open = function(base_url, ca_file)
      local curl = optional "lcurl"
      if not curl then
        return nil
      end
      local headers = {}
      for name, value in pairs(HEADERS) do
        headers[#headers + 1] = name .. ": " .. value
      end
      local easy = curl.easy { httpheader = headers, cainfo = ca_file, accept_encoding = "" }
      return function(path)
        local pieces = {}
        easy:setopt_url(base_url .. path)
        easy:setopt_writefunction(function(piece) pieces[#pieces + 1] = piece end)
        easy:perform()
        assert(easy:getinfo_response_code() == 200)
        return cjson.decode(table.concat(pieces))
      end
    end,
  },
  {
    name = "luasocket, luasec and cjson",
    connects = true,
    open = function(base_url, ca_file)
      local http, https, ltn12 = require "socket.http", require "ssl.https", require "ltn12"
      return function(path)
        local pieces = {}
        local request = { url = base_url .. path, headers = HEADERS, sink = ltn12.sink.table(pieces) }
        if ca_file then
          request.cafile, request.verify = ca_file, "peer"
        end
        local _, status = (ca_file and https or http).request(request)
        assert(status == 200, status)
        return cjson.decode(table.concat(pieces))
      end
    end,
  },
  {
    name = "lua-http and cjson",
    connects = true,
    open = function(base_url, ca_file)
      local request = optional "http.request"
      if not request then
        return nil
      end
      local context
      if ca_file then
        local store = require("openssl.x509.store").new()
        store:add(ca_file)
        context = require("http.tls").new_client_context()
        context:setStore(store)
      end
      return function(path)
        local made = request.new_from_uri(base_url .. path)
        for name, value in pairs(HEADERS) do
          made.headers:upsert(name:lower(), value)
        end
        made.ctx = context
        local headers, stream = assert(made:go(10))
        assert(headers:get ":status" == "200")
        return cjson.decode((assert(stream:get_body_as_string())))
      end
    end,
  },
  {
    name = "the command curl and cjson",
    connects = true,
    open = function(base_url, ca_file)
      if system.output "command -v curl" == "" then
        return nil
      end
      local command = "curl -sf"
      for name, value in pairs(HEADERS) do
        command = ("%s -H '%s: %s'"):format(command, name, value)
      end
      command = ca_file and ("%s --cacert '%s'"):format(command, ca_file) or command
      return function(path)
        return cjson.decode(system.output(("%s '%s%s'"):format(command, base_url, path)))
      end
    end,
  },
}

local function quantile(list, q)
  table.sort(list)
  local at = 1 + q * (#list - 1)
  local low = math.floor(at)
  return list[low] + (at - low) * ((list[low + 1] or list[low]) - list[low])
end

-- A table: `calls` of a path by each way, a tenth of them by ways that connect each time.
local function compare(title, unit, scale, calls, base_url, ca_file, path, is_right)
  local taking_turns = {}
  for _, way in ipairs(ways) do
    local get = way.open(base_url, ca_file)
    if get then
      local share = way.connects and calls / 10 or calls
      taking_turns[#taking_turns + 1] = { name = way.name, get = get, calls = math.max(1, share), times = {} }
    end
  end
  for round = 0, ROUNDS do -- the first one opens connections
    for _, way in ipairs(taking_turns) do
      collectgarbage()
      local start = core.monotonic()
      for _ = 1, way.calls do
        assert(is_right(way.get(path)), way.name)
      end
      way.times[round] = (core.monotonic() - start) / way.calls * scale
    end
  end
  print(("%-44s %14s  %s"):format(title, "median " .. unit, "times ours (quartiles)"))
  for _, way in ipairs(taking_turns) do
    local ratios = {}
    for round = 1, ROUNDS do
      ratios[round] = way.times[round] / taking_turns[1].times[round]
    end
    way.ratios = ratios
  end
  for _, way in ipairs(taking_turns) do
    way.times[0] = nil
    print(("  %-42s %14.1f  %.2f (%.2f to %.2f)"):format(way.name, quantile(way.times, 0.5), quantile(way.ratios, 0.5),
      quantile(way.ratios, 0.25), quantile(way.ratios, 0.75)))
  end
end

local certificates = nginx.certificates()
local rows = {}
for i = 1, 170000 do
  rows[i] = ('{"name":"Place number %d, Some Region, Country","region_id":%d}'):format(i, i)
end
local files = certificates.folder
system.write(files .. "/rows", "[" .. table.concat(rows, ",") .. "]")
system.write(files .. "/small", '{"currency":"rur","value":2296380.85}')
local server = nginx.start {
  http = ([[
    keepalive_requests 1000000;
    server {
      listen 127.0.0.1:PORT;
      listen 127.0.0.1:PORT2 ssl;
      ssl_certificate %s;
      ssl_certificate_key %s;
      default_type application/json;
      root %s;
    }
  ]]):format(certificates.certificate, certificates.key, files),
}

local function is_small(answer)
  return answer.value == 2296380.85
end

local ok, problem = pcall(function()
  local plain, tls = "http://127.0.0.1:" .. server.port, "https://localhost:" .. server.port2
  compare("one small GET", "us", 1e6, 1000, plain, nil, "/small", is_small)
  compare("one small GET over TLS", "us", 1e6, 200, tls, certificates.ca, "/small", is_small)
  compare("12 MB of narrow rows", "ms", 1e3, 1, plain, nil, "/rows", function(answer) return #answer == 170000 end)
end)
server.stop()
certificates.remove()
assert(ok, problem)

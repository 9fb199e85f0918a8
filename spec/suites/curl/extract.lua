--- Makes replies.txt from the test cases in a checkout of curl: the bytes that curl's test server sends.
-- SPDX-License-Identifier: MIT
--
--   lua spec/suites/curl/extract.lua CHECKOUT >spec/suites/curl/replies.txt
--
-- A reply is a line with its name and size, its bytes, and a line feed. Replies of equal bytes are listed once. Every feature
-- that a test case asks for with %if counts as there.

local mime = require "mime"

local LARGEST = 200000 -- bytes: longer replies differ from others in length only

local checkout = assert(arg[1], "usage: extract.lua CHECKOUT")

local VARIABLES = {
  HOSTIP = "127.0.0.1", CLIENTIP = "127.0.0.1", HOST6IP = "[::1]", CLIENT6IP = "[::1]", HTTPPORT = "8990", HTTPSPORT = "8991",
  HTTP6PORT = "8994", PROXYPORT = "8995", HTTP2PORT = "9015", NOLISTENPORT = "47", VERSION = "8.0.0", VERNUM = "8.0.0",
  SP = " ", TAB = "\t", CR = "\r", LT = "<", GT = ">", AMP = "&",
}

local NAMES = {}
for name in pairs(VARIABLES) do
  NAMES[#NAMES + 1] = name
end
table.sort(NAMES, function(a, b)
  return #a > #b or #a == #b and a < b
end)

local function from_hex(text)
  return (text:gsub("%%(%x%x)", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

--- A line with curl's variables and functions replaced.
local function expanded(line, number)
  line = line:gsub("%%TESTNUMBER", number)
  for _, name in ipairs(NAMES) do
    line = line:gsub("%%" .. name, VARIABLES[name])
  end
  line = line:gsub("%%b64%[(.-)%]b64%%", function(text)
    return (mime.b64(from_hex(text)))
  end)
  line = line:gsub("%%hex%[(.-)%]hex%%", from_hex)
  line = line:gsub("%%repeat%[(%d+) x (.-)%]%%", function(times, text)
    return from_hex(text):rep(tonumber(times))
  end)
  return (line:gsub("%%days%[(.-)%]", function(days)
    return ("%d"):format(1700000000 + tonumber(days) * 86400)
  end))
end

--- Whether a line is a header's or a status line, as curl's `crlf="headers"` sees it.
local function is_header(line)
  local bare = line:gsub("\n$", "")
  if bare:find("\r", 1, true) then
    return false
  end
  local version, class = bare:match "^HTTP/([%d.]+) (%d)"
  return (version == "1.1" or version == "1.0" or version == "2" or version == "3") and class:find "[1-59]" ~= nil
    or bare:find "^[%w_-]+: " ~= nil
end

--- The replies of a test case: { name, bytes }…
local function replies(number, text)
  local list, part, skipped, in_reply, after_header = {}, nil, {}, false, false
  for line in text:gmatch "[^\n]*\n?" do
    local condition = line:match "^ *%%if ([%w!_-]*)"
    if condition then
      skipped[#skipped + 1] = condition:sub(1, 1) == "!"
    elseif line:find "^ *%%else" then
      skipped[#skipped] = not skipped[#skipped]
    elseif line:find "^ *%%endif" then
      skipped[#skipped] = nil
    elseif skipped[#skipped] then -- a line of a feature's absence
      skipped = skipped
    elseif line:find "^ *<reply" then
      in_reply = true
    elseif line:find "^ *</reply" then
      in_reply = false
    elseif in_reply and not part then
      local name, attributes = line:match "^ *<(%l+%d*)([^>]*)>"
      if name and (name:find "^data%d*$" or name:find "^connect%d*$") then
        part = { name = name, lines = {}, crlf = attributes:match 'crlf="(%l+)"', base64 = attributes:find "base64=",
          no_newline = attributes:find 'nonewline="yes"' }
        after_header = false
      end
    elseif part and line:find("^ *</" .. part.name .. ">") then
      local bytes = table.concat(part.lines)
      bytes = part.no_newline and bytes:gsub("\n$", "") or bytes
      bytes = part.base64 and mime.unb64(bytes) or bytes
      list[#list + 1] = { name = ("test%s/%s"):format(number, part.name), bytes = bytes }
      part = nil
    elseif part then
      line = expanded(line, number)
      local header = is_header(line)
      if part.crlf == "yes" or part.crlf == "headers" and (header or after_header and line == "\n") then
        line = line:gsub("\r*\n", "\r\n")
      end
      after_header = header
      part.lines[#part.lines + 1] = line
    end
  end
  return list
end

local numbers = {}
for path in assert(io.popen(("ls '%s/tests/data'"):format(checkout))):lines() do
  numbers[#numbers + 1] = tonumber(path:match "^test(%d+)$")
end
table.sort(numbers)

local seen = {}
for _, number in ipairs(numbers) do
  local file = assert(io.open(("%s/tests/data/test%d"):format(checkout, number), "rb"))
  local text = file:read "*a"
  file:close()
  local servers = text:match "<server>(.-)</server>" or ""
  if ("\n" .. servers):find "\nhttp" then
    for _, reply in ipairs(replies(("%d"):format(number), text)) do
      if reply.bytes ~= "" and #reply.bytes <= LARGEST and not seen[reply.bytes] then
        seen[reply.bytes] = true
        io.write(reply.name, " ", #reply.bytes, "\n", reply.bytes, "\n")
      end
    end
  end
end

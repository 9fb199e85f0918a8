--- The floor for a large answer: only its text and its decoding. SPDX-License-Identifier: MIT
-- lua bench/big_floor.lua FILE: prints the peak of this process in KiB, and the seconds.

local core = require "lseranking" -- not used; loaded to leave libcurl's own pages out of the comparison
local cjson = require("cjson").new()

local start = core.monotonic()
local file = assert(io.open(arg[1], "rb"))
local text = file:read "*a"
file:close()
local rows = cjson.decode(text)
local seconds = core.monotonic() - start
assert(#rows > 0)

local status = assert(io.open("/proc/self/status", "rb")):read "*a"
print(status:match "VmHWM:%s*(%d+)", ("%.3f"):format(seconds))

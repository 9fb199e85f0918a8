--- The floor for a big answer: its text and its decoding, nothing else. SPDX-License-Identifier: MIT
-- lua bench/big_floor.lua FILE: prints the peak of this process in KiB, and the seconds.

local core = require "lseranking" -- loaded, not used: libcurl's own pages are not what is compared
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

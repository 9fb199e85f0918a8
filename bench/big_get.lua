--- A large answer, as a program requests it. SPDX-License-Identifier: MIT
-- lua bench/big_get.lua BASE_URL: prints the peak of this process in KiB, and the seconds.

local core = require "lseranking"
local seranking = require "seranking"

local client = assert(seranking.new { token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", base_url = arg[1] })
local start = core.monotonic()
local rows = assert(client.system:google_regions())
local seconds = core.monotonic() - start
assert(#rows > 0)

local status = assert(io.open("/proc/self/status", "rb")):read "*a"
print(status:match "VmHWM:%s*(%d+)", ("%.3f"):format(seconds))

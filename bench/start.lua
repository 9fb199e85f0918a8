--- The cost before a program's first call: loading the library and making a client. SPDX-License-Identifier: MIT
-- lua bench/start.lua: prints milliseconds of CPU in a new process, without the linker's time for libcurl.

require "lseranking"
local start = os.clock()
local client = assert(require("seranking").new { token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", share = "off" })
local took = os.clock() - start
client:close()
print(("%.3f"):format(took * 1000))

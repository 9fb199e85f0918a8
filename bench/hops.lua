--- How many C functions a warm call enters. SPDX-License-Identifier: MIT
-- lua bench/hops.lua BASE_URL STATE_DIR TREE: prints the count, and writes what was entered to the file TREE.

local hops = require "hops"
local seranking = require "seranking"

local client = assert(seranking.new {
  token = "be2165b7d065e278e7305c1c7ef791f283f5d14b", base_url = arg[1], share = "user", state_dir = arg[2],
  rate = { limit = 64 },
})
for _ = 1, 3 do
  assert(client.sites:list())
end
hops.on(arg[3])
local sites = client.sites:list()
local count = hops.off()
assert(sites)
print(count)

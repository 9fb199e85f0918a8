--- Writes: has the server export all backlinks of a domain into one gzipped file. Costs credits, and can't say how many.
-- SPDX-License-Identifier: MIT
-- lua export_file.lua [DOMAIN [FILE.gz]]

local client = require("seranking").new { raise = true }
local domain, path = arg[1] or "example.com", arg[2] or "backlinks.gz"

local export = client.data.backlinks.export.create:wait({ target = domain }, {
  timeout = 3600,
  every = { 1, 30 }, -- poll after 1 s, then less and less often
  on_progress = function(_, look)
    io.stderr:write(("%s after %.0f s\n"):format(look.state, look.elapsed))
  end,
})

local bytes = client:download(export.download_file) -- from another host, without the key
local file = assert(io.open(path, "wb"))
assert(file:write(bytes))
assert(file:close())
print(("%d bytes in %s"):format(#bytes, path))

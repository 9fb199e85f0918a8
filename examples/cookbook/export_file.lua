--- Writes: has the server export all backlinks of a domain into one gzipped file. Costs an unknown number of credits.
-- SPDX-License-Identifier: MIT
-- lua export_file.lua [DOMAIN [FILE.gz]]

local client = require("seranking").new { raise = true }
local domain, path = arg[1] or "example.com", arg[2] or "backlinks.gz"

local export = client.data.backlinks.export.create:wait({ target = domain }, {
  timeout = 3600,
  every = { 1, 30 }, -- poll after 1 s, then less often, up to every 30 s
  on_progress = function(_, look)
    io.stderr:write(("%s after %.0f s\n"):format(look.state, look.elapsed))
  end,
})

local bytes = client:download(export.download_file) -- from another host; the key is not sent
local file = assert(io.open(path, "wb"))
assert(file:write(bytes))
assert(file:close())
print(("%d bytes in %s"):format(#bytes, path))

--- Writes: has the server export all backlinks of a domain into one gzipped file. Costs an unknown number of credits.
-- SPDX-License-Identifier: MIT
-- lua export_file.lua [DOMAIN [FILE.gz]]

local client = require("seranking").new { raise = true }
local domain, path = arg[1] or "example.com", arg[2] or "backlinks.gz"

local _, response = client.data.backlinks.export.create:export({ target = domain }, {
  to = path, -- a name that ends in .gz keeps the file as it is; any other gets it unpacked
  timeout = 3600,
  every = { 1, 30 }, -- poll after 1 s, then less often, up to every 30 s
  on_progress = function(_, look)
    io.stderr:write(("%s after %.0f s\n"):format(look.state, look.elapsed))
  end,
})

print(("%d bytes in %s"):format(response.size, path))

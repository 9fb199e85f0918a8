--- The version stands in src/base/sr_base.h. Whatever else has it must have the same.
-- SPDX-License-Identifier: MIT

local seranking = require "seranking"

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local version = read("src/base/sr_base.h"):match '#define SR_VERSION "(%d+%.%d+%.%d+)"'

-- What a rockspec sets.
local function rockspec(path)
  local set = {}
  local chunk
  if setfenv then
    chunk = setfenv(assert(loadfile(path)), set)
  else
    chunk = assert(loadfile(path, "t", set))
  end
  chunk()
  return set
end

describe("the version", function()
  it("is the library's", function()
    assert.equal(version, seranking.version)
  end)

  it("is the manual page's", function()
    assert.equal(version, read("docs/seranking.1"):match '\n%.TH SERANKING 1 "" "seranking ([%d.]+)" "User Commands"\n')
  end)

  it("heads the list of changes", function()
    assert.equal(version, read("CHANGELOG.md"):match "\n## ([%d.]+)")
  end)

  it("heads the changes of the Debian package", function()
    assert.equal(version, read("packaging/debian/changelog"):match "^lua%-seranking %(([%d.]+)%-%d+%) ")
  end)

  for _, name in ipairs { "seranking", "seranking-fake" } do
    it("is the released rockspec's, which differs from the one for the sources in nothing else: " .. name, function()
      local development = rockspec(name .. "-scm-1.rockspec")
      local release = rockspec(name .. "-" .. version .. "-1.rockspec")
      assert.equal(version .. "-1", release.version)
      assert.equal("v" .. version, release.source.tag)
      development.version, development.source.tag = release.version, release.source.tag
      assert.same(development, release)
    end)
  end
end)

-- The fake API for tests: Lua files, among them the command `seranking fake`.
-- SPDX-License-Identifier: MIT
rockspec_format = "3.0"
package = "seranking-fake"
version = "1.0.0-1"
source = {
  url = "git+https://github.com/seranking-lua/seranking.git",
  tag = "v1.0.0",
}
description = {
  summary = "Fake SE Ranking web API for tests",
  detailed = [[
Answers as the SE Ranking API does, in a test's own process or as a server: with its checks, limits, bans, jobs and made-up data that
follow a seed. Answers and faults can be scripted.]],
  homepage = "https://github.com/seranking-lua/seranking",
  license = "MIT",
}
dependencies = {
  "lua >= 5.1, < 5.5",
  "seranking",
  "lua-cjson",
  "luasocket",
  "argparse",
}
build = {
  type = "make",
  build_pass = false,
  install_target = "install-fake",
  install_variables = {
    LUA = "$(LUA)",
    LMOD = "$(LUADIR)",
  },
}

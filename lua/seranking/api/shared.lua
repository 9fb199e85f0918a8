--- Parameters that several families have.
-- SPDX-License-Identifier: MIT

return {
  site = { type = "id", about = "the project: id of client.sites:list" },
}

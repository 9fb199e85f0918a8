--- Definitions that several families have.
-- SPDX-License-Identifier: MIT

return {
  --- The note of a price that the vendor does not publish.
  third_party = "from a third party's price list",
  site = { type = "id", about = "the project: id of client.sites:list" },
}

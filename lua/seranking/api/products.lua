--- The APIs that a client speaks: the Project API in two generations, and products with a client of their own.
-- SPDX-License-Identifier: MIT
--
-- A product's client is a field of the client: client.data. Its resources are named "data.…", and its operations have method
-- and path in the field `data`. It has an address, a key and a rate limit of its own, in the options data_base_url, data_token
-- and data_rate, and in their variables.
--
--   label   its name; named: the same inside a sentence.
--   about   one line, for help.
--   rate    requests in a rolling window of seconds, per key.
--   follows true: the option rate is the default of its own.
--   paid    true: calls cost credits, which budgets count.
--   key     the shape that its keys have: "v1". A key of another shape is refused before anything is sent. Left out: any key is
--           sent.
--   borrows another product: its key is used if there is none of its own and the client's has the wrong shape.
--   sample  a resource, for help.
return {
  "v4", "v1", "data", "visible", -- in the order in which they are shown

  data = { label = "Data API", named = "the Data API", about = "The Data API: figures of any site, paid by credits.",
    rate = { limit = 10, per = 1 }, follows = true, paid = true, sample = "backlinks" },
  visible = { label = "SE Visible", named = "SE Visible",
    about = "SE Visible: how AI models name and cite a brand, prompt by prompt.",
    rate = { limit = 1, per = 1 }, key = "v1", borrows = "data", sample = "brands" },
}

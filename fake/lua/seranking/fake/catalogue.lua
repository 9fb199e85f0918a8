--- The catalogues that all accounts of the fake API share: search engines, and Google's regions.
-- SPDX-License-Identifier: MIT

local catalogue = {}

--- { id, name, region's id, type } of each.
catalogue.search_engines = {
  { 200, "Google USA", 1, "google" },
  { 201, "Google USA mobile", 1, "google mobile" },
  { 202, "Google United Kingdom", 2, "google" },
  { 203, "Google Germany", 3, "google" },
  { 204, "Google France", 4, "google" },
  { 300, "Bing USA", 1, "bing" },
  { 400, "Yahoo! USA", 1, "yahoo" },
  { 500, "YouTube USA", 1, "youtube" },
}

---@param id integer
---@return boolean
function catalogue.has_engine(id)
  for _, engine in ipairs(catalogue.search_engines) do
    if engine[1] == id then
      return true
    end
  end
  return false
end

--- The name of an engine of the catalogue.
---@param id integer
---@return string
function catalogue.name_of(id)
  for _, engine in ipairs(catalogue.search_engines) do
    if engine[1] == id then
      return engine[2]
    end
  end
  return "Engine " .. id
end

--- Languages of Google: code to the language's own name.
catalogue.google_langs = {
  de = "Deutsch", en = "English", fr = "fran\195\167ais", ["pt-BR"] = "portugu\195\170s (Brasil)",
}

--- Regions of search volumes.
catalogue.volume_regions = { { id = 1, name = "United States" } }

local towns = {
  "Springfield", "Riverside", "Georgetown", "Salem", "Ashland", "Dover", "Clayton", "Milton", "Auburn", "Dayton",
}
local states = {
  "Massachusetts, United States", "Ohio, United States", "Kent, United Kingdom", "Bavaria, Germany",
  "\195\142le-de-France, France",
}

--- The full name of a region.
---@param id integer from 1
---@return string
function catalogue.region(id)
  local town = id == 1 and "Boston" or towns[id % #towns + 1] .. " " .. id
  return town .. ", " .. states[(id - 1) % #states + 1]
end

--- Whether one of the first `count` regions has this name.
---@param name string
---@param count integer
---@return boolean
function catalogue.is_region(name, count)
  for id = 1, count do
    if catalogue.region(id) == name then
      return true
    end
  end
  return false
end

return catalogue

--- The fake API's volume look-ups, which run on its clock. v4 alone has them.
-- SPDX-License-Identifier: MIT

local ask = require "support.ask"

local expect, refused = ask.expect, ask.refused

describe("volume look-ups", function()
  local api
  before_each(function()
    api = ask.new()
  end)

  it("tell their status for ten seconds, and then what they found", function()
    expect(200, '{"id":5501}', api, "POST", "/key-volume/", nil, '{"query":["boots","anchors"],"region_id":1}')
    expect(200, '{"status":"processing"}', api, "GET", "/key-volume/5501")
    expect(200, '[{"add_time":"2026-09-10 00:00:00","country":"us","id":5501,"total_finished":0,"total_queries":2}]',
      api, "GET", "/key-volume/")
    api:advance(10)
    local volumes = {}
    for _, row in ipairs(api:client({ api = "v1", raise = true }).data.keywords:export {
      source = "us", keywords = { "boots", "anchors" },
    }) do
      volumes[row.keyword] = ("%d"):format(row.volume)
    end
    expect(200, '[{"query":"boots","volume":' .. volumes.boots .. '},{"query":"anchors","volume":' .. volumes.anchors .. "}]",
      api, "GET", "/key-volume/5501")
    assert.is_truthy(ask.send(api, "GET", "/key-volume").body:find('"total_finished":2', 1, true))
  end)

  it("go, and are gone", function()
    expect(200, '{"id":5501}', api, "POST", "/key-volume", nil, '{"query":["boots"]}')
    expect(204, "", api, "DELETE", "/key-volume/5501")
    expect(200, "[]", api, "GET", "/key-volume/")
    refused(404, "Not Found", api, "GET", "/key-volume/5501")
    refused(404, "Not Found", api, "DELETE", "/key-volume/5501")
  end)

  it("want one to 700 words, and a region that there is", function()
    local words = {}
    for i = 1, 701 do
      words[i] = '"a"'
    end
    for _, query in ipairs { "[]", '[""]', "[1]", "[" .. table.concat(words, ",") .. "]" } do
      refused(400, "Invalid", api, "POST", "/key-volume/", nil, '{"query":' .. query .. "}")
    end
    refused(400, "Invalid", api, "POST", "/key-volume/", nil, "{}")
    for _, region in ipairs { "0", "51", '"1"' } do
      refused(400, "Invalid region id", api, "POST", "/key-volume/", nil, '{"query":["a"],"region_id":' .. region .. "}")
    end
    expect(200, '{"id":5501}', api, "POST", "/key-volume/", nil,
      '{"query":[' .. table.concat(words, ",", 1, 700) .. '],"region_id":50}')
  end)

  it("are not on v1", function()
    refused(404, "Not Found", api, "GET", "/v1/project-management/key-volume")
  end)
end)

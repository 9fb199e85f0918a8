--- What is odd about Local Marketing, and what the client makes of it.
-- SPDX-License-Identifier: MIT

local fake = require "seranking.fake"
local script = require "support.script"

describe("Local Marketing", function()
  it("is of v1: a v4 key is told so, and nothing is sent", function()
    local client, log = script.new(function() return "{}" end)
    local answer, err = client.local_marketing.locations:list()
    assert.is_nil(answer)
    assert.same({ "invalid", "not_in_v4", 0 }, { err.kind, err.code, #log })
    assert.equal("a key for v1, which has it", err.hint)
  end)

  it("walks pages without a total by their tokens, and locations until a page is empty", function()
    local api = fake.new { today = "2026-11-24" }
    local client = api:client { api = "v1", raise = true }
    local location = client.local_marketing.locations.list:all({ is_active = true }, { max_rows = 1 })[1]
    local keywords = client.local_marketing.gbp.keywords:all { location_id = location.id, from = "2026-10-01",
      to = "2026-10-31" }
    assert.equal(120, #keywords)
    assert.equal(#client.local_marketing.reviews.list:all { location_id = location.id, limit = 50 },
      client.local_marketing.reviews:overview({ location_id = location.id }).total_reviews)
    client:close()
  end)

  it("says of each review whether it is answered", function()
    local client = fake.new({ today = "2026-11-24" }):client { api = "v1", raise = true }
    local answered = { [true] = 0, [false] = 0 }
    for review in client.local_marketing.reviews.list:each { location_id = 6101 } do
      answered[review.is_answered] = answered[review.is_answered] + 1
    end
    local sums = client.local_marketing.reviews:overview { location_id = 6101 }
    assert.is_true(sums.unanswered_reviews > 0)
    assert.same({ [true] = sums.answered_reviews, [false] = sums.unanswered_reviews }, answered)
    client:close()
  end)

  it("keeps what is not known apart from zero", function()
    local client = fake.new({ today = "2026-11-24" }):client { api = "v1", raise = true }
    local unknown, known = 0, 0
    for day in client.local_marketing.gbp.metrics:each { location_id = 6101, from = "2026-06-01", to = "2026-11-20" } do
      unknown, known = unknown + (day.metrics and 0 or 1), known + (day.metrics and 1 or 0)
    end
    assert.is_true(unknown > 0 and known > unknown)
    local months = client.local_marketing.gbp:searches({ location_id = 6101, from = "2026-01-01", to = "2026-10-31" }).items
    assert.equal(10, #months)
    client:close()
  end)
end)

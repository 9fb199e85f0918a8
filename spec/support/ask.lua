--- Literal requests to the fake API, and checks of its answers.
-- SPDX-License-Identifier: MIT

local assert = require "luassert"
local fake = require "seranking.fake"

local ask = {
  V4_KEY = "be2165b7d065e278e7305c1c7ef791f283f5d14b",
  V1_KEY = "0a6c1f2e-3b4d-4c5e-8f90-a1b2c3d4e5f6",
}

local P = "/v1/project-management"

--- A fake with a high limit, whose date is 2026-09-10.
---@param options? table
function ask.new(options)
  options = options or {}
  options.limit = options.limit or 1e6
  options.today = options.today or "2026-09-10"
  return fake.new(options)
end

--- Sends a request with the key of the path's generation. A body is JSON unless `content_type` is given.
function ask.send(api, method, path, query, body, content_type)
  return api:handle {
    method = method, path = path, query = query, body = body,
    headers = {
      authorization = "Token " .. (path:find "^/v1/" and ask.V1_KEY or ask.V4_KEY),
      ["content-type"] = body and (content_type or "application/json") or nil,
    },
  }
end

--- Sends a request and checks the answer's status and body.
function ask.expect(status, body, api, ...)
  local answer = ask.send(api, ...)
  assert.same({ status, body }, { answer.status, answer.body })
  return answer
end

--- Sends a request and checks that it is refused with this status and message.
---@return string reason
function ask.refused(status, text, api, ...)
  local answer = ask.send(api, ...)
  assert.same({ status, text }, { answer.status, answer.body:match '"message":"([^"]*)"' })
  for _, header in ipairs(answer.headers) do
    if header[1] == "X-Fake-Reason" then
      return header[2]
    end
  end
  error("a refusal without a reason", 2)
end

function ask.header(answer, name)
  for _, pair in ipairs(answer.headers) do
    if pair[1] == name then
      return pair[2]
    end
  end
end

--- The body of an error on v4.
function ask.message(text)
  return '{"message":"' .. text .. '"}'
end

--- The message of an error body, of either generation.
function ask.message_of(answer)
  return answer.body:match('"message":"([^"]*)"')
end

--- A project with an engine (880001) and two keywords (55120001, 55120002).
function ask.with_project(options)
  local api = ask.new(options)
  ask.expect(201, '{"site_id":147696}', api, "POST", "/sites", nil, '{"url":"http://example.com","title":"example1"}')
  ask.expect(201, '{"site_engine_id":880001}', api, "POST", "/sites/147696/search-engines", nil,
    '{"search_engine_id":200}')
  ask.expect(201, '{"added":2,"ids":[55120001,55120002]}', api, "POST", "/sites/147696/keywords", nil,
    '[{"keyword":"boots"},{"keyword":"anchors"}]')
  return api
end

--- The same functions for a test that runs once for each generation. They take both forms of a request, { method, path, query }
--- each; the second path is below /v1/project-management. The body is the same.
---@param generation "v4"|"v1"
function ask.of(generation)
  local own = {}

  local function form(v4, v1)
    local chosen = generation == "v4" and v4 or v1
    return chosen[1], generation == "v4" and chosen[2] or P .. chosen[2], chosen[3]
  end

  function own.expect(status, answer_body, api, forms, body, content_type)
    local method, path, query = form(forms[1], forms[2])
    return ask.expect(status, answer_body, api, method, path, query, body, content_type)
  end

  function own.refused(status, text, api, forms, body, content_type)
    local method, path, query = form(forms[1], forms[2])
    return ask.refused(status, text, api, method, path, query, body, content_type)
  end

  function own.body(api, forms, body)
    local method, path, query = form(forms[1], forms[2])
    return ask.send(api, method, path, query, body).body
  end

  return own
end

return ask

--- Requests without a description: client:request and client:download.
-- SPDX-License-Identifier: MIT

local answer = require "seranking.answer.answer"
local calls = require "seranking.base.calls"
local encode = require "seranking.request.encode"
local errors = require "seranking.answer.errors"
local exchange = require "seranking.exchange"
local headers = require "seranking.answer.headers"
local host = require "seranking.loop.host"
local json = require "seranking.base.json"
local misuse = require "seranking.base.misuse"
local options = require "seranking.options"
local products = require "seranking.api.products"
local proxy = require "seranking.base.proxy"
local resource = require "seranking.resource"

local direct = {}

local format = string.format

-- ---- client:request ----

local request_fields = { method = true, path = true, query = true, body = true, repeatable = true }

-- Plans for exchange.run, by client: requests whose price is unknown.
local plans = {}

local function plan_of(client, repeatable)
  local own = plans[client._api]
  if not own then
    local name = resource.client(client._api) .. ":request"
    own = { [true] = { name = name, repeatable = true }, [false] = { name = name, repeatable = false } }
    plans[client._api] = own
  end
  return own[repeatable]
end

local verbs = { GET = true, POST = true, PUT = true, PATCH = true, DELETE = true }

-- With the key in the query, a parameter of the same name would be a second key.
local function no_second_key(client, own)
  local name = client._key_param
  local query = name and type(own.query) == "table" and own.query
  if query and (query[name] ~= nil or query[name .. "[]"] ~= nil)
    or name and ("&" .. (own.path:match "%?(.*)$" or "")):lower():find("&" .. name .. "=", 1, true) then
    misuse.raise("client:request: '%s' is the key's name in the address: for a parameter of this name make a client with "
      .. "auth = \"header\"", name)
  end
end

local function flat_query(query)
  if query == nil then
    return nil
  elseif type(query) ~= "table" then
    misuse.raise("client:request: query must be a table")
  end
  local flat = {}
  local problem = encode.free_query(flat, query)
  if problem then
    misuse.raise("client:request: query %s", problem)
  end
  return flat
end

local function body_text(body)
  if body == nil or type(body) == "string" then
    return body
  end
  local text, problem = json.encode(body, "body")
  if not text then
    misuse.raise("client:request: %s", problem)
  end
  return text
end

-- Splits the table of a request into its own fields and the options of a call.
local function split(client, request)
  if type(request) ~= "table" then
    misuse.raise("client:request takes a table: { method = \"GET\", path = \"/…\" }")
  end
  local own, others = {}, nil
  for name, value in pairs(request) do
    if request_fields[name] then
      own[name] = value
    elseif name == "extra" then
      misuse.raise("client:request takes no extra: put the parameters into query or body")
    elseif name == "budget" and not client._spent then
      misuse.raise("client:request: only the %s has prices, so there is no budget: leave it out",
        products[resource.paid()].label)
    else
      others = others or {}
      others[name] = value
    end
  end
  return own, options.call("client:request", others, request_fields)
end

-- The data of an answer: decoded JSON, or any other body as it is; nil and an error.
local function read(client, _, call, response, decode)
  local media_type = (response.headers["content-type"] or ""):match "^[^;]*"
  if not media_type:lower():find("json", 1, true) then
    local body = call:body()
    return body == "" or body
  end
  local data, problem, late = decode(client, call)
  if problem then
    if call:look() == "empty" then
      return true
    end
    return answer.not_json(call, problem, late)
  elseif data == false then
    return nil, errors.wrap(call:failure("unexpected", "the answer is the JSON value false"))
  end
  return data
end

-- Checks a request and makes its call: a used one again if `spare`. nil and an error if the client can't send.
local function prepare(client, request, spare)
  local own, call_options = split(client, request)
  local method, path = own.method or "GET", own.path
  if not verbs[method] then
    misuse.raise("client:request: method must be GET, POST, PUT, PATCH or DELETE, got %s", proxy.show(method))
  elseif type(path) ~= "string" or path:sub(1, 1) ~= "/" then
    misuse.raise("client:request: path must begin with a slash, got %s", proxy.show(path))
  elseif path:find "[%c \128-\255{}#]" then
    misuse.raise("client:request: path must be percent-encoded: %q", path)
  end
  no_second_key(client, own)
  local repeatable = own.repeatable
  if repeatable ~= nil and type(repeatable) ~= "boolean" then
    misuse.raise("client:request: repeatable must be true or false, got %s", proxy.show(repeatable))
  elseif repeatable == nil then -- on the Data API a repetition may cost again
    repeatable = not client._spent and (method == "GET" or method == "PUT" or method == "DELETE")
  end
  if client._closed then
    misuse.raise("client:request: the client is closed")
  elseif client._failed then
    return nil, errors.again(client._failed)
  end
  local call, _, length = client._core:call(method, path, nil, flat_query(own.query), body_text(own.body), repeatable,
    call_options, spare and calls.spare(client))
  if not call then
    misuse.raise("client:request: the address would be longer than servers take (%s bytes)", length)
  end
  return call, call_options, repeatable
end

--- See client:request.
---@param client table its state
---@param request table
---@return any data, seranking.Response|seranking.Error
function direct.request(client, request)
  local call, call_options, repeatable = prepare(client, request, true)
  if not call then
    return nil, call_options
  end
  return exchange.run(client, plan_of(client, repeatable), call, {}, call_options, read)
end

--- The request that client:request would send, as op:dry_run gives it, the key masked.
---@param client seranking.Client
---@param request table
---@return { method: string, url: string, headers: table<string, string>, body: string? }?
---@return seranking.Error?
function direct.preview(client, request)
  local call, problem = prepare(client, request)
  if not call then
    return nil, problem
  end
  local method, url, list, body = call:preview()
  return { method = method, url = url, headers = headers.new(list), body = body }
end

-- ---- client:download ----

-- An address without user, password and query: the query may be a signature.
local function shown(url)
  return (url:gsub("^(%a+:/*)[^/]*@", "%1…@"):gsub("%?.*", "?…"))
end

--- See client:download.
---@param client table its state
---@param url string
---@param given? seranking.DownloadOptions
---@return string? bytes_or_file, seranking.Response|seranking.Error
function direct.download(client, url, given)
  if client._closed then
    misuse.raise("client:download: the client is closed")
  elseif client._failed then
    return nil, errors.again(client._failed)
  end
  local origin, target
  if type(url) == "string" and not url:find "[%c \128-\255]" then
    origin, target = url:match "^(%a+://[^/?#]+)([^#]*)"
  end
  if not origin then
    misuse.raise("client:download takes an address, https://…, percent-encoded, got %s",
      type(url) == "string" and format("%q", shown(url)) or proxy.show(url))
  end
  for _, name in ipairs { "extra", "budget" } do
    if type(given) == "table" and given[name] ~= nil then
      misuse.raise("client:download: option %s is for operations: an address is fetched as it is, and costs nothing", name)
    end
  end
  local checked = options.download(given)
  local to = checked and checked.to
  if to then
    checked.file_max = client._file_max or nil
  end
  local call, problem, failed = client._core:download(origin, (target:find "^/" and "" or "/") .. target, checked)
  if failed then
    return nil, errors.wrap(failed)
  elseif not call then
    misuse.raise("client:download: the address %s", problem)
  end
  local answered, result = host.run(client, call)
  if not answered and (result.kind == "auth" or result.kind == "access") then
    result.hint = "a download sends no key, and its address may have expired: ask the API for a new one"
  end
  if client._recording then
    client._recording:add_download(call, url, result, answered and to or nil)
  end
  local body = answered and (to or call:body()) or nil
  call:trim()
  return body, result
end

return direct

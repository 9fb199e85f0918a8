--- Resume tokens: the place of a walk as a string that a program can store.
-- SPDX-License-Identifier: MIT

local calls = require "seranking.base.calls"
local misuse = require "seranking.base.misuse"
local request = require "seranking.request.request"

local resume = {}

local format, floor = string.format, math.floor

-- The first word of a token. Its number changes with the format.
local VERSION = "seranking-walk-1"

--- Where a walk continues.
---@class seranking.WalkPlace
---@field at string|number|nil the page, offset or cursor of the next request; nil: the first page of a cursor
---@field limit? integer the limit that pages are counted in
---@field skip integer rows of that page that were delivered before
---@field longest integer rows in the longest page so far

-- A hash of 32 bits. Numbers stay below 2^53, so every Lua computes the same.
local function hash(text, factor)
  local value = 5381
  for i = 1, #text do
    value = (value * factor + text:byte(i)) % 4294967291
  end
  return format("%08x", value)
end

local function percent(text)
  return (tostring(text):gsub("[^%w%-._~]", function(char)
    return format("%%%02X", char:byte())
  end))
end

local function plain(text)
  return (text:gsub("%%(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

local function whole(number)
  return number and format("%.0f", number) or ""
end

-- Identifies the arguments of a walk. `sent`: its request without page, offset or cursor.
local function fingerprint(sent)
  return hash(sent, 263) .. hash(sent, 65599)
end

-- The token of a place.
local function write(name, sent, place)
  local at = place.at
  local text = table.concat({ VERSION, name, fingerprint(sent), type(at) == "number" and whole(at) or percent(at or ""),
    whole(place.limit), whole(place.skip), whole(place.longest) }, ":")
  return text .. ":" .. hash(text, 263)
end

-- The place that a token names; nil and what is wrong with the token.
local function read(token, name, sent)
  local text, check = token:match "^(.*):(%x+)$"
  if not text or hash(text, 263) ~= check then
    return nil, "is no complete token of a walk: pass err.resume unchanged"
  end
  local version, whose, print, at, limit, skip, longest = text:match "^([^:]*):([^:]*):(%x+):([^:]*):(%d*):(%d+):(%d+)$"
  if version ~= VERSION then
    return nil, format("was made by another version of this library (%s): begin the walk again", text:match "^[^:]*")
  elseif whose ~= name then
    return nil, format("belongs to a walk over %s", whose)
  elseif print ~= fingerprint(sent) then
    return nil, "belongs to a walk with other arguments, or on the other generation of the API: pass the arguments it "
      .. "began with"
  end
  return { at = plain(at), limit = tonumber(limit), skip = floor(tonumber(skip)), longest = floor(tonumber(longest)) }
end

-- The place of the first row not delivered; nil if all were.
local function place_of(walk)
  local args = walk.args
  local place = { longest = walk.longest, skip = 0 }
  if not walk.rows or walk.at >= walk.count then
    if walk.ended and (walk.stopped or not (walk.problem or walk.failure)) then
      return nil
    end
    place.at, place.limit, place.skip = args[walk.position], args.limit, walk.skip
  elseif walk.style == "offset" then
    place.at = walk.page_at + walk.at
  else
    place.at, place.limit, place.skip = walk.page_at, walk.page_limit, walk.at
  end
  return place
end

--- The token of the first row that a walk has not delivered; nil if there is none.
---@param walk seranking.Walk
---@return string?
function resume.token(walk)
  local place = place_of(walk)
  return place and write(walk.plan.name, walk.request, place)
end

--- The request of these arguments as a string, without base address and key. Raises if they are wrong.
function resume.request(op, plan, args, given)
  local client = op._client
  local call = request.prepare(op, plan, args, given)
  local method, target, _, body = calls.shown(client, call)
  calls.keep(client, call)
  return method .. " " .. target .. "\n" .. (body or "")
end

--- Keeps the request of a walk without page, offset, cursor and limit: the same for all its pages.
---@param walk seranking.Walk
function resume.prepare(walk)
  local args, position = walk.args, walk.position
  local limit, at = args.limit, position and args[position]
  args.limit = nil
  if position then
    args[position] = nil
  end
  walk.request = resume.request(walk.op, walk.plan, args, walk.options)
  args.limit = limit
  if position then
    args[position] = at
  end
end

--- Sets the place of a walk that has not begun to that of a token. Raises if the token belongs to another walk.
---@param walk seranking.Walk
---@param token string
function resume.go_on(walk, token)
  local place, problem = read(token, walk.plan.name, walk.request)
  if not place then
    misuse.raise("%s: option resume %s", walk.plan.name, problem)
  end
  local args = walk.args
  walk.skip, walk.longest = place.skip, place.longest
  if walk.style == "cursor" then
    args[walk.position] = place.at ~= "" and place.at or nil
  elseif walk.style then
    args[walk.position] = tonumber(place.at)
  end
  if walk.style == "page" or walk.style == "cursor" and place.skip > 0 then
    args.limit, walk.kept_limit = place.limit, true -- pages are counted in this limit
  end
end

return resume

--- Replays a cassette that seranking.record has written: what was answered to a request once is answered again.
-- SPDX-License-Identifier: MIT

local arguments = require "seranking.fake.arguments"
local faults = require "seranking.fake.faults"
local json = require "seranking.fake.json"
local tools = require "seranking.fake.tools"

local replay = {}

local FORMAT = 1

-- What the recorder puts in the place of passwords: it equals whatever is sent.
local REMOVED = "(removed)"

-- Where the recorder puts files whose address it removed.
local FILES = "https://files.seranking.test/recorded/"

---@class seranking.fake.Recorded an answer of a cassette
---@field status? integer
---@field headers? string[][]
---@field body? string
---@field fault? "refuse"|"drop"|"hang"

---@class seranking.fake.Question what was asked, and the answers to it in the order of their coming
---@field operation string "sites.list"; method and path where the fake knows no such operation
---@field generation "v4"|"v1"
---@field args table
---@field number integer of its first answer in the cassette
---@field answers seranking.fake.Recorded[]
---@field given integer answers given so far
---@field missed boolean the first attempt of a call was answered by something else: its next attempt is no repetition

---@class seranking.fake.Cassette
---@field path string
---@field questions seranking.fake.Question[]
---@field by_operation table<string, seranking.fake.Question[]>
---@field downloads table<string, seranking.fake.Question> by address
---@field elsewhere { [1]: string, [2]: string }[] addresses of files on other hosts, and what they are called on this one

local function unbase64(text)
  local alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  return (text:gsub("[^%w+/]", ""):gsub("..?.?.?", function(four)
    local number = 0
    for i = 1, 4 do
      number = number * 64 + (i <= #four and alphabet:find(four:sub(i, i), 1, true) - 1 or 0)
    end
    return string.char(math.floor(number / 65536), math.floor(number / 256) % 256, number % 256):sub(1, #four - 1)
  end))
end

-- The body of a recorded message; nil where it has none.
local function body_of(text, members)
  if members.body then
    return text:sub(members.body.first, members.body.last)
  end
  return members.text and members.text.value or members.base64 and unbase64(members.base64.value) or nil
end

local function headers_of(members)
  return members.headers and json.value(members.headers) or {}
end

---@return seranking.fake.Recorded
local function answer_of(text, node)
  local members, headers = node.value, {}
  for name, value in pairs(headers_of(members)) do
    headers[#headers + 1] = { name, value }
  end
  table.sort(headers, function(a, b) return a[1] < b[1] end)
  return {
    status = members.status and members.status.value, headers = headers, body = body_of(text, members),
    fault = members.fault and members.fault.value,
  }
end

---@return seranking.fake.Request
local function request_of(text, node)
  local members = node.value
  local path, query = members.target.value:match "^([^?]*)%??(.*)$"
  local headers = headers_of(members)
  headers["content-type"] = headers["content-type"] or "application/json"
  return { method = members.method.value, path = path, query = query, headers = headers, body = body_of(text, members) }
end

local function kind_is(node, kind)
  return node ~= nil and node.kind == kind
end

-- The members of a request and an answer, and the kinds of their values.
local PARTS = {
  request = { method = "string", target = "string", headers = "object", body = "any", text = "string", base64 = "string" },
  answer = { status = "integer", fault = "string", headers = "object", body = "any", text = "string", base64 = "string" },
}

-- What is wrong with the members of a request or an answer; nil if they can be used.
local function problem_of_part(part, node)
  local known, headers = PARTS[part], node.value.headers
  for _, name in ipairs(node.names) do
    if not known[name] then
      return ("has an unknown member '%s' in its %s; there are: %s"):format(name, part, tools.names(known))
    elseif known[name] ~= "any" and node.value[name].kind ~= known[name] then
      return ("needs another '%s' in its %s: one that is %s %s"):format(name, part,
        known[name]:find "^[io]" and "an" or "a", known[name])
    end
  end
  for _, name in ipairs(headers and headers.names or {}) do
    if headers.value[name].kind ~= "string" then
      return ("needs a string as header '%s' of its %s"):format(name, part)
    end
  end
end

-- What is wrong with an entry of a cassette; nil if it can be used.
local function problem_of(node)
  local members = kind_is(node, "object") and node.value or {}
  local answer, request = members.answer, members.request
  local answers = kind_is(answer, "object") and (answer.value.status or answer.value.fault)
  local asks = kind_is(members.download, "string")
    or kind_is(request, "object") and request.value.method and request.value.target
  if not answers or not asks then
    return "needs a request with method and target (or a download), and an answer with a status"
  end
  local problem = problem_of_part("answer", answer)
    or not members.download and problem_of_part("request", request)
  if problem then
    return problem
  end
  local status, fault = answer.value.status, answer.value.fault
  if status and not (status.value >= 100 and status.value <= 599) then
    return "needs a status from 100 to 599"
  elseif fault and not faults.is_connection(fault.value) then
    return ("needs another fault: there is no '%s'"):format(fault.value)
  elseif not members.download and not request.value.target.value:find "^/" then
    return "needs a target that begins with /"
  end
end

-- Whether two arguments are the same, where what was removed is the same as anything.
local function same(recorded, given)
  if recorded == REMOVED then
    return given ~= nil
  elseif type(recorded) ~= "table" or type(given) ~= "table" then
    return arguments.equal(recorded, given)
  end
  for name, value in pairs(recorded) do
    if not same(value, given[name]) then
      return false
    end
  end
  for name in pairs(given) do
    if recorded[name] == nil then
      return false
    end
  end
  return true
end

local function find(cassette, generation, operation, args)
  for _, question in ipairs(cassette.by_operation[operation] or {}) do
    if question.generation == generation and same(question.args, args) then
      return question
    end
  end
end

-- Gives files on other hosts a name on the files' own, for clients that come over the network. Longer addresses go first: a
-- shorter one may begin them.
local function name_files(cassette)
  for i, url in ipairs(tools.sorted_names(cassette.downloads)) do
    if url:sub(1, #FILES) ~= FILES then
      table.insert(cassette.elsewhere, 1, { url, "file-" .. i })
    end
  end
  for _, names in ipairs(cassette.elsewhere) do
    cassette.downloads[FILES .. names[2]] = cassette.downloads[names[1]]
  end
end

--- Reads a cassette.
---@param path string
---@param identify fun(request: seranking.fake.Request): string, string, table generation, operation and arguments of a request
---@return seranking.fake.Cassette? cassette
---@return string? problem
function replay.load(path, identify)
  local file, why = io.open(path, "rb")
  if not file then
    return nil, "the cassette can't be read: " .. why
  end
  local text = file:read "*a"
  file:close()
  local node, reason, line = json.decode(text or "", true)
  local members = node and node.kind == "object" and node.value or {}
  local format = members.seranking_cassette
  if not node then
    return nil, ("%s is no cassette: it is not JSON: %s%s"):format(path, reason, line and ", line " .. line or "")
  elseif not kind_is(format, "integer") or not kind_is(members.answers, "array") then
    return nil, path .. ' is no cassette of seranking.record: it has no "seranking_cassette" and "answers"'
  elseif format.value ~= FORMAT then
    return nil, ("%s has format %d, and this fake reads format %d: record it again"):format(path, format.value, FORMAT)
  end
  local cassette = { path = path, questions = {}, by_operation = {}, downloads = {}, elsewhere = {} }
  for number, entry in ipairs(members.answers.value) do
    local problem = problem_of(entry)
    if problem then
      return nil, ("%s: answer %d %s"):format(path, number, problem)
    end
    local question
    if entry.value.download then
      local url = entry.value.download.value
      question = cassette.downloads[url] or { answers = {}, given = 0, missed = false }
      cassette.downloads[url] = question
    else
      local generation, operation, args = identify(request_of(text, entry.value.request))
      question = find(cassette, generation, operation, args)
      if not question then
        question = { operation = operation, generation = generation, args = args, number = number, answers = {}, given = 0,
          missed = false }
        cassette.questions[#cassette.questions + 1] = question
        cassette.by_operation[operation] = cassette.by_operation[operation] or {}
        table.insert(cassette.by_operation[operation], question)
      end
    end
    question.answers[#question.answers + 1] = answer_of(text, entry.value.answer)
  end
  name_files(cassette)
  return cassette
end

--- Gives the answers from the beginning again.
---@param cassette seranking.fake.Cassette
function replay.rewind(cassette)
  for _, list in ipairs { cassette.questions, cassette.downloads } do
    for _, question in pairs(list) do
      question.given, question.missed = 0, false
    end
  end
end

-- A body in which every file is on the host that the client came to.
local function with_files(cassette, body, place)
  if place == FILES then
    return body
  end
  place = place:gsub("%%", "%%%%")
  body = body:gsub(FILES:gsub("%p", "%%%0"), (place))
  for _, names in ipairs(cassette.elsewhere) do
    local pattern = names[1]:gsub("%p", "%%%0")
    body = body:gsub((pattern:gsub("%%/", "\\?/")), place .. names[2])
  end
  return body
end

local function is_retry(request)
  return request.attempt ~= nil and request.attempt > 1
end

-- The next answer to a question; after the last, the last. A retry gets the same again: the recorder noted the last attempt
-- only.
local function next_answer(cassette, question, request, files)
  if question.given == 0 or question.missed or not is_retry(request) then
    question.given = math.min(question.given + 1, #question.answers)
  end
  question.missed = false
  local recorded = question.answers[question.given]
  local headers = {}
  for i, header in ipairs(recorded.headers) do
    headers[i] = { header[1], header[2] }
  end
  local body = with_files(cassette, recorded.body or "", files .. "/recorded/")
  return { status = recorded.status or 503, headers = headers, body = body, fault = recorded.fault }
end

-- The question that a download asks; nil where the request is none.
local function download_of(cassette, request)
  local question = cassette.downloads["https://files.seranking.test" .. request.path]
    or request.origin and cassette.downloads[request.origin .. request.path]
  return question and request.method == "GET" and question or nil
end

--- The answer to a download; nil for what is none.
---@param cassette seranking.fake.Cassette
---@param request seranking.fake.Request
---@param files string address of the host that has the files
---@return seranking.fake.Answer?
function replay.download(cassette, request, files)
  local question = download_of(cassette, request)
  return question and next_answer(cassette, question, request, files)
end

-- The names of arguments in which a question differs from a request.
local function differences(question, args)
  local names = {}
  for name, value in pairs(question.args) do
    names[name] = not same(value, args[name]) or nil
  end
  for name in pairs(args) do
    names[name] = names[name] or question.args[name] == nil or nil
  end
  return names
end

-- What a cassette has instead of an answer to a request.
local function nearest(cassette, generation, operation, args)
  local best, least
  for _, question in ipairs(cassette.by_operation[operation] or {}) do
    local count = #tools.sorted_names(differences(question, args)) + (question.generation ~= generation and 100 or 0)
    if not best or count < least then
      best, least = question, count
    end
  end
  if not best then
    return cassette.questions[1] and "it has answers to " .. tools.names(cassette.by_operation) or "it is empty"
  elseif best.generation ~= generation then
    return ("its answer %d is one of %s, and this request is one of %s"):format(best.number, best.generation, generation)
  end
  return ("the nearest is its answer %d, to %s; different: %s"):format(best.number, arguments.text(best.args),
    tools.names(differences(best, args)))
end

--- The answer to a request.
---@param cassette seranking.fake.Cassette
---@param generation "v4"|"v1"
---@param operation string
---@param args table
---@param request seranking.fake.Request
---@param files string address of the host that has the files
---@return seranking.fake.Answer? answer
---@return string? problem there is none, and what is nearest
function replay.answer(cassette, generation, operation, args, request, files)
  local question = find(cassette, generation, operation, args)
  if question then
    return next_answer(cassette, question, request, files)
  end
  return nil, ("%s has no answer to %s %s; %s"):format(cassette.path, operation, arguments.text(args),
    nearest(cassette, generation, operation, args))
end

--- Notes that a request which the cassette could answer was answered by a fault, a limit or a script.
---@param cassette seranking.fake.Cassette
---@param request seranking.fake.Request
---@param generation "v4"|"v1"
---@param operation string
---@param args table
function replay.missed(cassette, request, generation, operation, args)
  local question = not is_retry(request) and (download_of(cassette, request) or find(cassette, generation, operation, args))
  if question then
    question.missed = true
  end
end

return replay

--- Keeps the answers that a client gets in a file, a cassette, which seranking.fake gives back in tests.
-- SPDX-License-Identifier: MIT
--
-- A cassette is JSON: { "seranking_cassette": 1, "answers": [ … ] }, in the order in which the answers came. An answer that is
-- JSON stands in it as the server wrote it.

local calls = require "seranking.base.calls"
local core = require "lseranking"
local errors = require "seranking.answer.errors"
local json = require "seranking.base.json"
local misuse = require "seranking.base.misuse"
local proxy = require "seranking.base.proxy"
local secrets = require "seranking.request.secrets"

local record = {}

local format = string.format

-- The number of the format.
local FORMAT = 1

-- Stands for keys, passwords and what else must not be in a file.
local REMOVED = "(removed)"

-- Stands for addresses that are signed, with a number.
local FILES = "https://files.seranking.test/recorded/"

-- Headers of an answer that the client reads.
local HEADERS = { ["content-type"] = true, ["retry-after"] = true }

--- A cassette that is being written.
---@class seranking.Recording
---@field path string the cassette: made when the recording stops
---@field count integer answers so far
---@field stop fun(self): true?, seranking.Error? ends it and puts the cassette into its place; nil, err if that fails
local Recording = {}
Recording.__index = Recording
Recording.__name = "seranking.recording"

function Recording:__tostring()
  return format("seranking recording (%s, %d answers%s)", self.path, self.count, self._file and "" or ", stopped")
end

-- ---- what is removed ----

-- Whether an address has a password, or parameters that sign it or name who may use it.
local function is_signed(url)
  local query = url:match "[?#](.*)$" or ""
  if url:find "^%a+://[^/?#@]*:[^/?#]*@" then
    return true
  end
  for name in query:lower():gmatch "([^&;=]+)=" do
    if name:find "signature" or name:find "^x%-amz%-" or name:find "^x%-goog%-" or name:find "token$" or name:find "api_?key$"
      or name == "sig" or name == "expires" or name == "policy" or name == "key-pair-id" or name == "awsaccesskeyid" then
      return true
    end
  end
  return false
end

-- What stands for an address: the same for the same one.
local function replaced(self, url)
  if not self._urls[url] then
    self._url_count = self._url_count + 1
    self._urls[url] = FILES .. self._url_count
  end
  return self._urls[url]
end

-- Whether a member or parameter of this name has a secret as its value. A `token` may be a job's: a request that has it is
-- changed too, so that it still finds its answer.
local function is_secret(name, value)
  name = name:lower():gsub("%-", "_")
  if name:find "password" or name:find "passwd" or name:find "secret" or name == "pwd" or name == "pass" then
    return value ~= ""
  elseif name:find "api_?key$" or name:find "access_key$" or name:find "private_key$" then
    return #value >= 8
  elseif name:find "token$" then
    return #value >= 8 and not name:find "page"
  end
  return name:find "key$" and #value >= 32 and not value:find "[^%x%-]"
end

-- Texts with fewer characters than this have pieces of a key by chance, and so do numbers.
local TELLING = 16

-- A text without a client's key and pieces of it.
local function without_key(client, text)
  local hidden = client._mask and client._mask:redact(text) or text
  if hidden == text or not client._core:key_shape() then
    return hidden
  end
  hidden = text:gsub("[%w%%\\-]+", function(word)
    return #word >= TELLING and word:find "%D" and client._mask:redact(word) or nil
  end)
  return hidden
end

-- The value of a JSON member at `at`, a string or a number, and the place of its last byte. `quote`: what the strings of this
-- JSON begin and end with, as it may stand in a string of another.
local function value_at(text, at, quote)
  if text:sub(at, at + #quote - 1) ~= quote then
    return text:match("^(%-?%d[%d.eE+-]*)()", at)
  end
  local from, stop = at + #quote, at + #quote - 1
  repeat
    stop = text:find(quote, stop + 1, true)
    local before = stop and stop - 1 or from
    while before >= from and text:byte(before) == 92 do -- a backslash
      before = before - 1
    end
  until not stop or (stop - 1 - before) % (2 * #quote) == 0
  if stop then
    return text:sub(from, stop - 1), stop + #quote
  end
end

-- A text without the values of secret members of the JSON in it, and of JSON in texts of that, twice. `\\*` would take for ever
-- on a long run of backslashes.
local function without_members(text)
  local parts, kept = {}, 1 -- text from `kept` on is not in `parts` yet
  for escapes, name, at in text:gmatch '(\\?\\?\\?)"([%w_%-]+)%1"%s*:%s*()[\\"%d-]' do
    local quote = escapes .. '"'
    local value, behind = value_at(text, at, quote)
    local is_number = value and text:sub(at, at + #quote - 1) ~= quote
    if value and at >= kept and is_secret(name, value) and (not is_number or #value >= 4) then
      parts[#parts + 1] = text:sub(kept, at - 1) .. quote .. REMOVED .. quote
      kept = behind
    end
  end
  return kept > 1 and table.concat(parts) .. text:sub(kept) or text
end

-- A query, or a body that is a form, without secret values.
local function without_parameters(text)
  return (text:gsub("([%w_%-]+)=([^&#]+)", function(name, value)
    return is_secret(name, value) and name .. "=" .. REMOVED or nil
  end))
end

-- A text without the keys of the clients, signed addresses and secret members.
local function clean(self, text)
  for _, client in ipairs(self._clients) do
    text = without_key(client, text)
    if #client._key > #"…" then -- its last characters
      text = text:gsub("…" .. client._key:gsub("…", ""):gsub("%W", "%%%0"), REMOVED)
    end
  end
  text = text:gsub('("guest_link"%s*:%s*")([^"]+)', function(head, url) -- opens a report to whoever knows it
    return head .. replaced(self, url)
  end)
  text = text:gsub('([Hh][Tt][Tt][Pp][Ss]?:\\?/\\?/[^"%s<>]*[^"%s<>\\])', function(found)
    local url = found:gsub("\\u0026", "&"):gsub("\\/", "/")
    return is_signed(url) and replaced(self, url) or nil
  end)
  return without_members(text)
end

-- ---- one answer ----

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(bytes)
  local function digit(number)
    return ALPHABET:sub(number + 1, number + 1)
  end
  return (bytes:gsub("..?.?", function(three)
    local a, b, c = three:byte(1, 3)
    local number = a * 65536 + (b or 0) * 256 + (c or 0)
    local digits = digit(math.floor(number / 262144)) .. digit(math.floor(number / 4096) % 64)
    return digits .. (b and digit(math.floor(number / 64) % 64) or "=") .. (c and digit(number % 64) or "=")
  end))
end

-- The member of a cassette that a body becomes: JSON as it is, a text as a string, other bytes as base64. A mark of the byte
-- order may begin an answer, but not stand within JSON.
local function body_member(body)
  if core.utf8_error(body) or body:find "%z" then
    return ', "base64": "' .. base64(body) .. '"'
  end
  local _, problem = json.decode(body)
  if problem or body:find "^\239\187\191" then
    return ', "text": ' .. json.string(body)
  end
  return ', "body": ' .. body
end

-- A body without secrets, those of the call among them; nil where one is too short to be searched for.
local function clean_body(self, plan, args, body)
  body = clean(self, body)
  if plan.secrets then
    return secrets.removed(plan, args, body, REMOVED)
  end
  return body
end

local function headers_member(headers)
  local list = {}
  for name, value in pairs(headers) do
    list[#list + 1] = json.string(name) .. ": " .. json.string(value)
  end
  table.sort(list)
  return list[1] and ', "headers": { ' .. table.concat(list, ", ") .. " }" or ""
end

-- The headers that the client reads, by name.
local function read_headers(self, head)
  local found = {}
  for name, value in head:gmatch "([^:\r\n]+):[ \t]*([^\r\n]*)" do
    if HEADERS[name:lower()] then
      found[name:lower()] = clean(self, value)
    end
  end
  return found
end

-- What becomes of a request without an answer, by the kind of its error.
local FAULTS = { network = "drop", timeout = "hang", tls = "refuse" }

-- The answer of a call as JSON; nil if nothing was sent, or nothing came that could be given back. `body`: without secrets.
local function answer_of(self, call, result, body)
  local status = result.kind ~= "too_large" and result.code ~= "bad_encoding" and result.status
  if status then
    return format('{ "status": %d%s%s }', status, headers_member(read_headers(self, call:head())),
      body_member(body))
  end
  local fault = result.attempts > 0 and FAULTS[result.kind]
  return fault and format('{ "fault": "%s" }', fault == "drop" and not result.sent and "refuse" or fault) or nil
end

-- The request of a call as JSON.
local function request_of(self, client, plan, call, args)
  local method, target, headers, body = calls.shown(client, call)
  local own = {}
  local media_type = headers["content-type"]
  if body and media_type and media_type ~= "application/json" then
    own["content-type"] = media_type
  end
  if body then
    body = clean_body(self, plan, args, body) or REMOVED
    body = body_member(own["content-type"] and without_parameters(body) or body)
  end
  target = target:gsub("%?.*", without_parameters)
  return format('{ "method": "%s", "target": %s%s%s }', method, json.string(clean(self, target)), headers_member(own),
    body or "")
end

-- Appends an answer. The file is whole after each: a program that is killed loses none.
local function append(self, text)
  if not self._file or self._problem then
    return
  end
  local function try(done, problem)
    if not done then
      self._problem = self._problem or problem
    end
    return done
  end
  if try(self._file:seek("set", self._end)) and try(self._file:write(self.count > 0 and ",\n" or "\n", text)) then
    self._end = self._file:seek()
    if try(self._file:write "\n]}\n") and try(self._file:flush()) then
      self.count = self.count + 1
    end
  end
end

--- Adds the answer of an operation or a request.
---@param client table its state
---@param plan seranking.Plan
---@param call userdata done
---@param args table
---@param result seranking.Response|seranking.Error
function Recording:add(client, plan, call, args, result)
  local body = call:body()
  local answer = answer_of(self, call, result, clean_body(self, plan, args, body) or clean(self, body))
  if answer then
    append(self, format('{ %s"request": %s,\n  "answer": %s }', plan.definitions
      and format('"operation": "%s",\n  ', plan.name) or "", request_of(self, client, plan, call, args), answer))
  end
end

--- Adds the answer of a download.
---@param call userdata done
---@param url string
---@param result seranking.Response|seranking.Error
---@param path? string the file that it went to
function Recording:add_download(call, url, result, path)
  local file, problem
  if path then
    file, problem = io.open(path, "rb")
    self._problem = self._problem or problem
  end
  local body = file and file:read "*a" or call:body()
  if file then
    file:close()
  end
  local answer = answer_of(self, call, result, clean(self, body))
  url = url:gsub("#.*", "")
  if answer then
    local shown = (self._urls[url] or url:find "?") and replaced(self, url) or clean(self, url)
    append(self, format('{ "download": %s,\n  "answer": %s }', json.string(shown), answer))
  end
end

-- ---- begin and end ----

-- The recordings of this program by the path of their cassette.
local by_path = setmetatable({}, { __mode = "v" })

--- Records another client too: client.data and the like, once they are made.
---@param client table its state
function Recording:join(client)
  self._clients[#self._clients + 1] = client
  client._recording = self
end

--- Notes that a client was closed. If it is the one that `record` was called with, the recording ends.
---@param client table its state
function Recording:closed(client)
  client._recording = false
  if client == self._clients[1] then
    self:stop()
  end
end

local function cant_write(path, why)
  return errors.new("invalid", "cassette", format("the cassette %s can't be written: %s", path, why))
end

--- Ends the recording, and puts the cassette into its place. Closing the client does the same. Until then the answers are in a
--- file with `.new` behind its name, and a cassette that is there already stays.
---@return true? done, seranking.Error? err if it could not be written
function Recording:stop()
  if type(self) ~= "table" or getmetatable(self) ~= Recording then
    misuse.raise("stop is a method of a recording: call it with a colon, recording:stop()")
  elseif self._file then
    local closed, problem = self._file:close()
    self._file = false
    for _, client in ipairs(self._clients) do
      client._recording = false
    end
    self._problem = self._problem or not closed and problem
    if not self._problem then
      closed, problem = os.rename(self.path .. ".new", self.path)
      self._problem = not closed and format("%s; the answers are in %s.new", problem, self.path)
    end
  end
  if self._problem then
    return nil, cant_write(self.path, self._problem)
  end
  return true
end

Recording.__close = Recording.stop -- `local recording <close> = …` on Lua 5.4

--- See seranking.record.
---@param client seranking.AnyClient
---@param path string
---@return seranking.Recording?, seranking.Error?
function record.start(client, path)
  local meta = type(client) == "table" and getmetatable(client)
  if type(meta) ~= "table" or rawget(meta, "__name") ~= "seranking.client" then
    misuse.raise("seranking.record takes a client and the name of a file, got %s", proxy.show(client))
  elseif type(path) ~= "string" or path == "" then
    misuse.raise("seranking.record takes the name of the cassette, such as \"cassette.json\", got %s", proxy.show(path))
  end
  local state = client._state
  local recording = state._recording
  for _, product in pairs(state._products) do
    recording = recording or product._recording
  end
  if state._closed then
    misuse.raise("seranking.record: the client is closed")
  elseif recording then
    misuse.raise("seranking.record: the client is being recorded already, to %s: stop that first", recording.path)
  elseif by_path[path] and by_path[path]._file then
    misuse.raise("seranking.record: another recording writes %s: stop that first", path)
  end
  local file, problem = io.open(path .. ".new", "wb")
  local made = setmetatable({
    path = path, count = 0, _file = file, _problem = false, _clients = {}, _urls = {}, _url_count = 0,
  }, Recording)
  local written = file
  if file then
    written, problem = file:write(format('{ "seranking_cassette": %d, "answers": [', FORMAT))
    made._end = written and file:seek()
    written = written and file:write "\n]}\n" and file:flush()
  end
  if not written then
    if file then
      file:close()
      os.remove(path .. ".new")
    end
    return nil, cant_write(path, problem)
  end
  by_path[path] = made
  made:join(state)
  for _, product in pairs(state._products) do
    made:join(product)
  end
  return made
end

return record

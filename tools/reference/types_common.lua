--- What is the same in library/seranking.lua whatever the descriptions say.
-- SPDX-License-Identifier: MIT

local common = {}

common.head = [[
---@meta
-- Types for editors: what the client has, resource by resource. Nothing here runs.
-- SPDX-License-Identifier: MIT
--
-- Made by tools/reference.lua of the descriptions in lua/seranking/api and of the annotations in the sources. To change it:
-- edit these, then `make reference`.
]]

-- What all operations share, and the module itself.
common.types = [[
--- A whole number, or text that holds one.
---@alias seranking.Id integer|string

--- 0 or 1 on the wire.
---@alias seranking.Flag 0|1|boolean

--- YYYY-MM-DD
---@alias seranking.Date string

--- YYYY-MM
---@alias seranking.Month string

--- A day or month to send: its text, what os.time gives, or a table like that of os.date("*t").
---@alias seranking.Day string|integer|table

--- Date and time, as the server writes them.
---@alias seranking.Time string

--- Text, or a whole number that is written as text.
---@alias seranking.Text string|integer

--- The null of JSON: seranking.null.
---@alias seranking.Null lightuserdata

--- From and to, both included; one end alone will do.
---@class seranking.Range
---@field from? number
---@field to? number

--- A file to be uploaded.
---@class seranking.File
---@field filename string
---@field data string its bytes
---@field content_type? string

--- No parameters.
---@class seranking.NoArgs

--- What would be sent; the key is masked.
---@class seranking.DryRun
---@field method string
---@field url string
---@field headers table<string, string>
---@field body? string

--- An operation as a value. It is called with a colon: client.sites:list { … }.
---@class seranking.Operation
---@field describe fun(self, api?: "v4"|"v1"|"data"): seranking.Description

--- A clock for tests: it stands still until it is moved, or a client waits on it.
---@class seranking.Clock: userdata
---@field now fun(self): number
---@field advance fun(self, seconds: number)

---@class seranking
---@field version string
---@field null seranking.Null the null of JSON, equal to cjson.null and ngx.null
local seranking = {}

--- Makes a client. Sends nothing, so it works everywhere.
---@param given? seranking.Options
---@return seranking.Client? client, seranking.Error? error
function seranking.new(given) end

--- Marks a list, so that it is written as [] when it is empty. Lists in answers are marked already. A table with a metatable
--- of its own is left alone: a marked copy is returned.
---@param list table
---@return table list
function seranking.array(list) end

--- A value as JSON text. Empty lists of answers stay []. Raises on what JSON can't hold.
---@param value any
---@return string
function seranking.encode(value) end

--- Gives back what a call returned, or raises its error: the value itself, which pcall gives back.
---@generic T
---@param data? T
---@param err? any
---@return T data, any response
function seranking.check(data, err) end

--- What is known by a name ("sites.list"), of an object (client.sites) or about a word ("backlinks"), as text to print;
--- without an argument, all resources.
---@param query? string|table
---@return string
function seranking.help(query) end

--- Whether a value is an error of this library.
---@param value any
---@return boolean
function seranking.is_error(value) end

--- Loads the rest of the library and all API descriptions now, for nginx's init_by_lua. Otherwise each part is loaded when it
--- is first used.
function seranking.preload() end

--- A clock for tests.
---@return seranking.Clock
function seranking.clock() end
]]

return common

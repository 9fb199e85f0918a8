--- The parts of library/seranking.lua that do not depend on the descriptions.
-- SPDX-License-Identifier: MIT

local common = {}

common.head = [[
---@meta
-- Types for editors. This file is never run.
-- SPDX-License-Identifier: MIT
--
-- Made by tools/reference.lua from lua/seranking/api and the annotations in the sources. To change it, edit these, then run
-- `make reference`.
]]

-- Types that all operations share, and the module.
common.types = [[
--- A whole number, or a string of digits.
---@alias seranking.Id integer|string

--- A generation of the Project API, or a product.
---@alias seranking.Api "v4"|"v1"|"data"|"visible"

--- 0 or 1 on the wire.
---@alias seranking.Flag 0|1|boolean

--- YYYY-MM-DD
---@alias seranking.Date string

--- YYYY-MM
---@alias seranking.Month string

--- A day or month: YYYY-MM-DD, YYYY-MM, what os.time returns, or a table like that of os.date("*t").
---@alias seranking.Day string|integer|table

--- Date and time, as the server writes them.
---@alias seranking.Time string

--- A string, or a whole number that is sent as text.
---@alias seranking.Text string|integer

--- The null of JSON: seranking.null.
---@alias seranking.Null lightuserdata

--- From and to, both included; one end is enough.
---@class seranking.Range
---@field from? number
---@field to? number

--- A file to upload.
---@class seranking.File
---@field filename string
---@field data string its bytes
---@field content_type? string

--- No parameters.
---@class seranking.NoArgs

--- The request that a call would send, with the key masked.
---@class seranking.DryRun
---@field method string
---@field url string
---@field headers table<string, string>
---@field body? string

--- An operation. Call it with a colon: client.sites:list { … }.
---@class seranking.Operation
---@field describe fun(self, api?: seranking.Api): seranking.Description

--- A clock for tests: it stands still until you move it, or a client waits on it.
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

--- Marks a list, so that an empty one is encoded as []. Lists in answers are marked already. For a table with a metatable of
--- its own, returns a marked copy.
---@param list table
---@return table list
function seranking.array(list) end

--- Encodes a value as JSON. Empty lists of answers stay []. Raises on values that JSON does not have.
---@param value any
---@return string
function seranking.encode(value) end

--- Writes rows as CSV.
---@class seranking.CsvWriter
---@field row fun(self, row: table): true?, string?
---@field close fun(self): true?, string? closes the file; without a row, it has the header

--- Writes CSV to an open file: RFC 4180, with a header. Columns are paths: "id", "settings.limit", or "positions[].date", which
--- makes a line of each element. Left out: the members of the first row, without lists and objects. Texts that a spreadsheet
--- would run as a formula get a quote before them. `bom`: begin with a byte order mark, for Excel.
---@param file table|userdata with write and close, as io.open returns it
---@param columns? string|string[] "id,name", or a list
---@param given? { bom?: boolean }
---@return seranking.CsvWriter
function seranking.csv(file, columns, given) end

--- Returns what a call returned, or raises its error value.
---@generic T
---@param data? T
---@param err? any
---@return T data, any response
function seranking.check(data, err) end

--- Text to print: the description of a name ("sites.list") or an object (client.sites), or the resources and operations that
--- a word ("backlinks") occurs in; without an argument, all resources.
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

--- Keeps the answers that a client gets from now on in a file, which the fake API gives back in tests.
---@param client seranking.AnyClient
---@param path string
---@return seranking.Recording? recording, seranking.Error? err if the file can't be written
function seranking.record(client, path) end

--- A clock for tests.
---@return seranking.Clock
function seranking.clock() end
]]

return common

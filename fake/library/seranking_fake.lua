---@meta seranking.fake
-- Types of the fake API for editors. This file is never run.
-- SPDX-License-Identifier: MIT
--
-- Written by hand; fake/spec/fake_types_spec.lua compares it with the fake. Types of the client are in library/seranking.lua.

--- A key, and whether it is good: 40 hexadecimal digits open v4, UUIDs open v1.
---@alias seranking.fake.Tokens table<string, boolean>

--- Faults by chance, chosen by the seed.
---@class seranking.fake.RandomFaults
---@field rate number share of the requests that get a fault, 0 to 1
---@field kinds? string[] values of `fault` and `kind` of seranking.fake.Fault, and statuses from "400" to "599"

--- Options of fake.new.
---@class seranking.fake.Options
---@field tokens? seranking.fake.Tokens keys that are accepted; two by default
---@field limit? integer requests that a key may send in a window; 5
---@field data_limit? integer the same for the Data API; 10
---@field visible_limit? integer the same for SE Visible; 1
---@field per? number length of the window in seconds; 1
---@field today? string|fun(): string YYYY-MM-DD: the day on which it begins; or a function that returns the day
---@field rows? integer rows of a list of the Data API; 250
---@field regions? integer rows of client.system:google_regions(); 50
---@field units? integer credits that are left; 48,211
---@field wallet? number credits that were bought, which last when the plan's are used up; 0
---@field exports? integer backlink exports that the plan allows; more are rejected
---@field without? string[] what the account lacks: { "visible", "local_marketing" }
---@field clock? seranking.Clock a clock of seranking.clock()
---@field now? fun(): number seconds, in place of `clock`
---@field lenient? boolean|"content_type" "content_type": accept JSON under any Content-Type; true: any country too
---@field seed? integer the same seed gives the same data; 1
---@field log? boolean|integer false: keep no log; a number: keep that many of the newest requests
---@field demo? boolean begin with the demo account
---@field latency? number[] seconds that an answer takes: { least, most }
---@field faults? seranking.fake.RandomFaults
---@field replay? string the file of a recording, whose answers it gives
---@field descriptions? table[] resources of your own to answer for

--- A request to the fake.
---@class seranking.fake.Request
---@field method string
---@field path string percent-encoded, without the query
---@field query? string without the question mark
---@field headers? table<string, string> names in lower case
---@field body? string

--- An answer of the fake.
---@class seranking.fake.Answer
---@field status integer
---@field headers string[][] list of { name, value }
---@field body string
---@field fault? seranking.fake.ConnectionFault
---@field delay? number seconds

---@alias seranking.fake.ConnectionFault
---| "refuse" # no connection is made
---| "drop" # closed before the answer
---| "truncate" # closed within the answer
---| "hang" # no answer
---| "slow" # byte by byte, over the network only

--- What goes wrong.
---@class seranking.fake.Fault
---@field status? integer the answer has this status; 200 to 599
---@field message? string what the error says, with a status from 400 on
---@field headers? table<string, string>|string[][]
---@field body? string
---@field kind? "html"|"bad_json"|"empty"|"invalid_utf8"|"nul" a ready-made bad answer
---@field fault? seranking.fake.ConnectionFault
---@field delay? number seconds before the answer
---@field times? integer how many requests get it; 1
---@field method? string only requests with this method
---@field path? string only requests with exactly this path
---@field operation? string only requests for this operation: "sites.summary"
---@field args? table<string, any> only requests for the operation with these arguments

--- A scripted answer: the data (a string where the operation gives bytes, true where it gives nothing), what goes wrong, or a
--- function of the arguments that returns the data, or nil and what goes wrong.
---@alias seranking.fake.Scripted table|string|boolean|fun(args: table<string, any>): any, seranking.fake.Fault?

--- A request as the log has it. Keys are masked.
---@class seranking.fake.LogEntry
---@field at number seconds
---@field method string
---@field path string
---@field query? string
---@field body? string
---@field headers table<string, string>
---@field status integer
---@field fault? string

--- A keyword of an account that is built.
---@class seranking.fake.SeedKeyword
---@field keyword string
---@field target_url? string
---@field positions? table<string, integer> by date, for the first engine

--- A project of an account that is built.
---@class seranking.fake.SeedSite
---@field url string
---@field title? string the address, when left out
---@field engines? integer[] search_engine_id of each; { 200 }
---@field keywords? (string|seranking.fake.SeedKeyword)[]
---@field groups? table<string, (string|seranking.fake.SeedKeyword)[]> keywords by the name of their group
---@field days? integer days of positions up to today; 0
---@field tags? table<string, string[]> pages by the name of their tag
---@field competitors? string[]
---@field backlinks? string[]
---@field audits? integer how often the audit of the domain has run, once a week
---@field brand? string its name in AI answers
---@field prompts? string[] what AI engines are asked
---@field check_freq? string
---@field check_day? integer

--- A project of SE Visible of an account that is built.
---@class seranking.fake.SeedVisible
---@field domain string
---@field brand_names string[]
---@field country_code? string US
---@field lang_code? string en
---@field topics? table<string, string[]> prompts by the title of their topic
---@field competitors? { title: string, domain: string }[]
---@field days? integer days of results up to today; 0

--- An account to build.
---@class seranking.fake.Seed
---@field sites? seranking.fake.SeedSite[]
---@field visible? seranking.fake.SeedVisible[]

--- A fake API. It may be the option `transport` of seranking.new.
---@class seranking.fake.Api
---@field log seranking.fake.LogEntry[] newest last
---@field clock? seranking.Clock
---@field token? string a key for v4
---@field data_token? string a key for v1 and the Data API
local Api = {}

--- Makes a client of this fake: with its key, and in its time.
---@param options? seranking.Options `api = "v1"` takes the key for v1
---@return seranking.Client
function Api:client(options) end

--- Scripts the answer to an operation, in both generations. Raises if it does not fit the operation's description.
---@param operation string "sites.summary"
---@param args? table<string, any> the arguments that a request must have; it may have others
---@param answer seranking.fake.Scripted
---@param options? { times?: integer }
function Api:on(operation, args, answer, options) end

--- Queues a fault for the next matching requests.
---@param fault seranking.fake.Fault
function Api:fail(fault) end

--- The scripted answers that nobody asked for and the faults that no request got, with the place of the call.
---@return string[]
function Api:pending() end

--- The requests that nothing foresaw.
---@return string[]
function Api:unexpected() end

--- The operations whose answer is a fixed example.
---@return string[]
function Api:canned() end

--- Adds projects and what hangs under them.
---@param account seranking.fake.Seed
function Api:seed(account) end

--- Lets time pass.
---@param seconds number
function Api:advance(seconds) end

--- Forgets account, log, limits, bans, scripts and faults, and rewinds a cassette. Time goes on.
function Api:reset() end

--- Answers one request.
---@param request seranking.fake.Request
---@return seranking.fake.Answer
function Api:handle(request) end

---@class seranking.fake
local fake = {}

--- Makes a fake API with an empty account.
---@param options? seranking.fake.Options
---@return seranking.fake.Api
function fake.new(options) end

return fake

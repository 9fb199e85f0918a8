---@meta
-- Types for editors. This file is never run.
-- SPDX-License-Identifier: MIT
--
-- Made by tools/reference.lua from lua/seranking/api and the annotations in the sources. To change it, edit these, then run
-- `make reference`.

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

---@alias seranking.Kind
---| "auth" # The key is missing, wrong, or not for this API.
---| "access" # The key is fine; the account, plan or owner does not allow the call.
---| "invalid" # The request or an option is wrong.
---| "not_found" # The object does not exist.
---| "rate_limit" # Too many requests, according to the server or the library's own limiter.
---| "blocked" # Nothing is sent with this key for a while, or the API would block the key or the account.
---| "server" # The server failed: HTTP 5xx.
---| "timeout" # The deadline came first.
---| "network" # Name resolution, routing or the connection failed.
---| "tls" # The certificate or the handshake failed.
---| "decode" # The answer's body can't be read.
---| "too_large" # The answer exceeds a limit, or memory.
---| "cancelled" # The program gave up the call.
---| "protocol" # The answer is not the HTTP that was expected, or a list contradicts itself.
---| "phase" # The call was made where it can't wait.
---| "file" # A file can't be written.

--- See docs/errors.md.
---@alias seranking.Code
---| "access_denied" # access: The object belongs to another account. (HTTP 403 “Access denied”)
---| "backlinks_not_found" # invalid: None of the ids belongs to a backlink. (HTTP 400 “Backlinks are non exists”)
---| "bad_answer" # protocol: The answer is not HTTP, or breaks its rules.
---| "bad_encoding" # decode: The body can't be decompressed.
---| "bad_gateway" # server: HTTP 502.
---| "bad_gzip" # decode: The file of a download with gunzip = true is damaged or cut short.
---| "bad_json" # decode: The body is not JSON.
---| "bad_key" # blocked: The API refused the key twice in a row.
---| "bad_option" # invalid: An option of seranking.new, or its environment variable, has an invalid value.
---| "bad_request" # invalid: HTTP 400 with an unknown message.
---| "body" # too_large: The answer is larger than max_body.
---| "budget" # invalid: The call may cost more than the option budget leaves.
---| "ca_file" # tls: The file named by ca_file can't be read.
---| "cancelled" # cancelled: The call was cancelled, or its client was closed.
---| "cant_write" # file: The file of a download can't be written. Nothing is left of it.
---| "cant_yield" # phase: The coroutine can't be suspended here.
---| "cassette" # invalid: `seranking.record` can't write its file.
---| "certificate" # tls: The server's certificate is not trusted, not for this address or not for today.
---| "client_certificate" # tls: The server wants a client certificate.
---| "closed" # cancelled: The client was closed while it waited for a job. `err.job` names the job.
---| "conflict" # invalid: HTTP 409: the object's state does not allow it now.
---| "connect" # network: Nothing accepts connections at the address.
---| "connection_lost" # network: The connection ended before the answer.
---| "cursor_repeats" # protocol: The server gave the same cursor again.
---| "cut" # invalid: A list was cut at the server's limit and has no next page.
---| "decoding" # timeout: The answer arrived in time, but decoding it took too long.
---| "dns" # network: The host's or proxy's name can't be resolved.
---| "empty_balance" # access: The account has no money left for paid calls. (HTTP 403 “Empty balance”)
---| "empty_body" # decode: The body is empty, but the operation returns one.
---| "empty_field" # invalid: The keyword is missing. (HTTP 400 “empty_field”)
---| "empty_name" # invalid: The name is missing or empty. (HTTP 400 “Empty name”, HTTP 404 “Empty name”)
---| "empty_pages" # protocol: Many pages in a row were empty.
---| "empty_site_id" # invalid: site_id is missing. (HTTP 400 “Empty site_id”, HTTP 404 “Empty site_id”)
---| "empty_text" # invalid: The text is missing or empty. (HTTP 400 “Empty text”)
---| "empty_title" # invalid: The title is missing or empty. (HTTP 400 “Empty title”)
---| "failed" # invalid: The status is a success, but the body contains only an error message.
---| "forbidden" # access: HTTP 403 with an unknown message.
---| "forked" # cancelled: The process forked while the call was in flight.
---| "gateway_timeout" # server: HTTP 504: the server took longer than its gateway waits.
---| "group_not_found" # not_found: There is no group with this id. (HTTP 404 “Group not found”)
---| "handshake" # tls: No TLS connection could be made.
---| "headers" # too_large: The answer's headers are larger than 64 KiB.
---| "http_error" # invalid: Another HTTP status from 400 to 499.
---| "incorrect_competitor_id" # invalid: The project has no competitor with this id. (HTTP 400 “Incorrect competitor id”)
---| "incorrect_token" # auth: The API does not know the key.
---| "incorrect_website_url" # invalid: The address is no domain that the API can resolve. (HTTP 400 “Incorrect website URL”)
---| "insufficient_funds" # access: The account has too few credits. (HTTP 403 “Insufficient funds”)
---| "interrupted" # cancelled: Another coroutine is waiting for a page of the walk, or an error was raised inside its request.
---| "invalid" # invalid: The query can't be read. (HTTP 400 “Invalid”)
---| "invalid_date" # invalid: A date can't be read, or is out of range. (HTTP 400 “Invalid date”)
---| "invalid_key" # auth: The text can't be a key: it is empty, or contains a blank, a control character or a non-ASCII byte.
---| "invalid_keyword_id" # invalid: The project has no keyword with this id. (HTTP 400 “Invalid keyword_id”)
---| "invalid_region_id" # invalid: There is no region with this id. (HTTP 400 “Invalid region id”)
---| "invalid_region_name" # invalid: There is no region with this name. (HTTP 400 “Invalid region name. Please use a valid canonical location name.”)
---| "invalid_site_engine_id" # invalid: The project has no search engine with this id. (HTTP 400 “Invalid site_engine_id”)
---| "invalid_site_url" # invalid: The competitor's address is no domain. (HTTP 400 “Invalid site url”)
---| "job_timeout" # timeout: The job is not done yet. `err.job` names it: wait for it again.
---| "key_file" # auth: The file that should have the key is missing, unreadable, open to other users, or broken; or it has no such profile.
---| "license_expired" # access: The account's plan has ended. (HTTP 403 “License expired”)
---| "limit_reached" # access: The plan's quota of projects, keywords, pages or prompts is used up. (HTTP 403 “Limit reached”)
---| "limiter" # network: The shared rate limiter can't be reached.
---| "max_cost" # invalid: The next page of a walk may cost more than max_cost leaves.
---| "method_not_allowed" # invalid: HTTP 405: the path does not take this method.
---| "no_access" # access: The key may not do this. (HTTP 403 “No access”)
---| "no_answer" # timeout: The request was sent, but no complete answer arrived in time.
---| "no_connection" # timeout: No connection was made in time.
---| "no_descriptors" # network: The process has no file descriptor left, or nginx no connection.
---| "no_file" # decode: A job is done, but its answer names no file.
---| "no_ids" # invalid: The list of ids is missing or empty. (HTTP 400 “No ids in request”)
---| "no_job" # decode: The answer that started a job does not name the job.
---| "no_key" # auth: No API key was given.
---| "no_keywords_ids" # invalid: The list of keywords is missing or empty. (HTTP 400 “No keywords ids in request”)
---| "no_rows" # protocol: A page of a walk has no list of rows. `err.answer` is the page.
---| "no_slot" # rate_limit: The limiter has no free slot before the deadline.
---| "no_thread" # network: The thread that carries out calls in event loops can't be started or reached.
---| "no_token" # auth: The API says that no key was sent.
---| "not_awaited" # cancelled: The event loop gave up waiting.
---| "not_done" # protocol: The thread reported a call as done that is not.
---| "not_found" # not_found: HTTP 404.
---| "not_in_v1" # invalid: The operation exists in v4 only.
---| "not_in_v4" # invalid: The operation exists in v1 only.
---| "not_started" # cancelled: An item of a map with stop_on_error came after the first error.
---| "on_progress" # cancelled: on_progress raised `err.raised`. `err.job` names the job, `err.resume` the place of a walk.
---| "out_of_memory" # too_large: Memory ran out.
---| "page_repeats" # protocol: The server gave the same page again.
---| "payment_required" # access: HTTP 402.
---| "poll_failed" # network: The system can't wait for the network.
---| "product_not_enabled" # access: HTTP 401 “Unauthenticated.”: the account lacks the product, such as SE Visible. It never blocks the key.
---| "proxy" # network: The proxy did not let the request through.
---| "queue_full" # rate_limit: More calls are waiting for a slot than max_queue allows.
---| "redirect" # protocol: HTTP 3xx: the server points elsewhere.
---| "refused" # network: The server says that it did not process the request (HTTP/2).
---| "request_timeout" # timeout: HTTP 408: the server waited too long for the request.
---| "request_too_large" # invalid: HTTP 413 or 414: the body or the address is too long.
---| "server_error" # server: HTTP 500, or another 5xx.
---| "short" # protocol: A walk ended with fewer rows than the server promised.
---| "site_ids_not_integer" # invalid: v1 takes one project at a time here. (HTTP 400 “site_ids: This value should be of type integer”)
---| "stopped" # cancelled: The thread that carries out calls has stopped.
---| "subscription_required" # access: The account's plan lacks the feature. (HTTP 403 “Subscription required”)
---| "tag_not_found" # not_found: There is no tag with this id. (HTTP 404 “Tag not found”)
---| "too_many_requests" # rate_limit: HTTP 429 after the last retry.
---| "truncated" # network: The connection ended in the middle of the answer.
---| "unanswered" # rate_limit: The last requests got no answer, so requests are sent one at a time.
---| "unauthorized" # auth: HTTP 401: the API refuses the key.
---| "unavailable" # server: HTTP 503.
---| "unexpected" # decode: The body is JSON of another shape.
---| "unexpected_status" # protocol: A status that an API does not use, such as 304.
---| "unknown_call" # protocol: The thread that carries out calls does not know the call.
---| "unknown_search_engine_id" # not_found: There is no search engine with this id. (HTTP 404 “Unknown search_engine_id”)
---| "unknown_site_engine_id" # not_found: There is no search engine with this id in any project. (HTTP 404 “Unknown site_engine_id”)
---| "unprocessable" # invalid: HTTP 422: the API understood the request but can't carry it out.
---| "unsupported" # protocol: This libcurl can't send the request.
---| "unsupported_media_type" # invalid: HTTP 415.
---| "would_block" # phase: nginx can't wait in this phase.
---| "wrong_key" # auth: The key has the shape of another generation's: SE Visible takes v1 keys.
---| string # and job_<state>

--- Fields and methods of every client, including those of products, such as client.data.
---@class seranking.AnyClient
---@field api "v4"|"v1" the generation of the API
---@field base_url string
local AnyClient = {}

--- Sends any request, for what no resource covers. Returns decoded JSON, any other body as a string, and true for an empty one.
---@param request seranking.Request
---@return any data, seranking.Response|seranking.Error # data, response | nil, error
function AnyClient:request(request) end

--- Runs `fn(item, index)` for every item of a list, many at once, on one thread: while the call of one item waits, others
--- continue. `fn` may be an operation; items are then its arguments, or resources.
---
--- results[i] is the first result of `fn` for item i, and results.n the number of items. If `fn` returns nil or false and an
--- error, or raises an error value, errors[i] is that error and results[i] is nil. `errors` is nil if no item failed. It has
--- the fields count and first; tostring(errors) is one line for a log. Items that stop_on_error skipped have an error of kind
--- cancelled, code not_started.
---
--- A string that `fn` raises is a mistake in the program. It ends the map: no further item begins, and after those in flight
--- it is raised again, with its traceback.
---@generic T, R
---@param list T[] with a field n (the number of items) if some are nil
---@param fn fun(item: T, index: integer): R?, any
---@param given? seranking.MapOptions
---@return { [integer]: R, n: integer } results, seranking.Errors? errors
function AnyClient:map(list, fn, given) end

--- Runs functions concurrently and waits for all. Results and errors are those of map.
---@param ... fun(): any, any
---@return { [integer]: any, n: integer } results, seranking.Errors? errors
function AnyClient:gather(...) end

--- The state of the rate limit: slots, waits, ban, and who shares it. `client:limiter():reset()` ends a ban.
---@return seranking.Limiter? limiter
---@return seranking.Error? err on the client of a product, if its key in the environment can't be used
function AnyClient:limiter() end

--- Downloads a file whose address came in an answer, from any host, without the key and outside the rate limit. Returns its
--- bytes unchanged: a gzipped file stays gzipped. With the option `to` the bytes go to that file, and its name is returned.
---@param url string https, or http to this machine
---@param given? seranking.DownloadOptions
---@return string? bytes_or_file, seranking.Response|seranking.Error # bytes or file name, response | nil, error
function AnyClient:download(url, given) end

--- Cost of the calls of client.data so far: an estimate, since no answer has the price.
---@return seranking.Spent
function AnyClient:spent() end

--- Asks for the credits left, which is free: the answer of client.data.account:credits(), and `available`, the sum that the key
--- may spend. Use it as a limit: { max_cost = credits.available }.
---@param given? seranking.CallOptions
---@return seranking.Credits?, seranking.Response|seranking.Error # credits, response | nil, error
function AnyClient:credits(given) end

--- Cancels the calls and downloads in flight and closes the connections. Later calls raise. Without it, the garbage collector
--- does the same.
function AnyClient:close() end

--- Options of one call: the second table of every operation. What is left out is as the client has it.
---@class seranking.CallOptions
---@field timeout? number seconds for a call with all its attempts and waits
---@field connect_timeout? number seconds for name, connection and TLS of one attempt
---@field attempt_timeout? number seconds for one attempt
---@field retries? integer attempts after the first, 0 to 100; operations that cost money are retried only if nothing was sent
---@field priority? "normal"|"low" "low" leaves the last slot to others
---@field on_block? "fail"|"wait" "wait": while the key is blocked, calls wait within their timeout
---@field headers? table<string, string> more request headers, { Name = "value" }
---@field budget? number|false credits that this call may cost; false ignores the client's budget
---@field extra? table<string, any> parameters that the client does not know: they go where the operation's own go

--- The client that seranking.new makes. library/seranking.lua has its resources.
---@class seranking.Client: seranking.AnyClient
---@field data seranking.DataClient
---@field visible seranking.VisibleClient
---@field account seranking.account
---@field airt seranking.airt
---@field analytics seranking.analytics
---@field audit seranking.audit
---@field backlink_disavow seranking.backlink_disavow
---@field backlink_groups seranking.backlink_groups
---@field backlinks seranking.backlinks
---@field checklist seranking.checklist
---@field competitors seranking.competitors
---@field key_volume seranking.key_volume
---@field keyword_groups seranking.keyword_groups
---@field local_marketing seranking.local_marketing
---@field site_groups seranking.site_groups
---@field sites seranking.sites
---@field system seranking.system
---@field users seranking.users

---@class seranking.Credits
---@field available number credits that the key may spend: the sum of the pools, or 0 if it may not use the Data API
---@field totals table<string, { remaining: number }> by pool: subscription, addon, wallet
---@field access { can_use_data_api: boolean, primary_reason: string? }

--- The client of the Data API.
---@class seranking.DataClient: seranking.AnyClient
---@field account seranking.data.account
---@field ai_search seranking.data.ai_search
---@field backlinks seranking.data.backlinks
---@field domain seranking.data.domain
---@field keywords seranking.data.keywords
---@field serp seranking.data.serp
---@field site_audit seranking.data.site_audit

---@class seranking.Description
---@field name string "sites.keywords.list"
---@field about string
---@field use? string what to use it for, where other operations resemble it
---@field api seranking.Api the API that the rest is about
---@field method string
---@field path string with placeholders: {name} in the path, {?a,b} in the query
---@field v4? string method and path; nil: not in v4
---@field v1? string
---@field data? string
---@field visible? string
---@field instead? string the operation to use on the generation that lacks this one
---@field parameters seranking.ParameterDescription[]
---@field one_of? string[] exactly one of these is required
---@field row_of? string operations whose rows, or answers, it accepts as arguments: "list get"
---@field any_of? string[] at least one of these is required
---@field together? string[] all or none of these must be given
---@field fixed? table<string, string> what is always in the query
---@field post boolean large requests go by POST
---@field body? "object"|"list"|"multipart"
---@field envelope? "list"|"pairs"|"value"
---@field answer? "array"|"object"|"map"|"bytes"|"any" nil: the call returns true
---@field unwrap? string
---@field failed? string
---@field fields seranking.FieldDescription[]
---@field example? string JSON text
---@field success integer[] documented statuses
---@field errors { status: integer, message: string? }[] known error messages
---@field pages? table `rows` is the member that the fields describe; `places`: all members that may have the rows
---@field job? table
---@field cost? table
---@field repeatable boolean may be sent twice
---@field billed boolean costs money or counts against the plan
---@field source string[]
---@field confidence? "high"|"medium"|"low"
---@field deprecated boolean

--- Options of client:download, besides those of a call.
---@class seranking.DownloadOptions: seranking.CallOptions
---@field to? string a file to write to, in pieces, so memory does not grow; it gets its name when it is complete, and download returns the name. max_body counts only if you set it (default: none)
---@field gunzip? boolean true, with to: unpacks a file that is gzip, and leaves any other as it is (default: false)

--- An error. Calls return it as their second value if something outside the program fails.
---@class seranking.Error
---@field kind seranking.Kind what a program branches on
---@field code seranking.Code which one of the kind
---@field message string the server's or libcurl's words, one line of UTF-8
---@field hint? string what to do about it
---@field status? integer HTTP status, when there was an answer
---@field method? string
---@field path? string path and query, the key masked
---@field attempts integer requests begun
---@field elapsed? number seconds, from the call to the error
---@field retry_after? number seconds to wait before trying again
---@field retryable boolean the same call again does no harm and may succeed
---@field sent boolean the server may have got the request, and acted on it
---@field body? string the beginning of what the server said
---@field fields? table<string, string[]> what the server said of each parameter, by its name in the request
---@field where? string "file:line" of the caller: the innermost function outside this library
---@field rows? any[] of `all`: the rows that came before it
---@field resume? string of a walk: the option `resume` of one that goes on with the first row that was not delivered
---@field answer? any of a walk or `wait`: the answer that could not be used, or that says how the job ended
---@field job? table<string, any> of `wait` and `export`: the parameter that names the job, and its id: give it to `status:wait`
---@field raised? any code on_progress: what the function raised
---@field option? string code bad_option: the option that can't be used, or the variable it came from
---@field instead? string code not_in_v4 or not_in_v1: the operation to use, "account.subscription"

--- The errors of a map: errors[i] is that of item i. `pairs` sees these alone.
---@class seranking.Errors
---@field count integer items that failed
---@field first integer the item that failed first in time
---@field results? table results of the other items, if a client with the option raise has raised these errors

--- The argument of on_event. Times in seconds.
---@class seranking.Event
---@field type "wait"|"retry"|"rate_limited"|"blocked"|"unblocked"|"limiter_fallback"
---@field seconds number wait: time spent waiting for a slot; retry: time until the next attempt; rate_limited, blocked: time for which nobody sends
---@field attempt integer attempts begun so far
---@field method string
---@field url string with the key masked
---@field key string "…d14b"
---@field status? integer of the answer that caused it
---@field code? string of the error that caused it
---@field lost? integer later events that were dropped
---@field problem? string limiter_fallback: why the limit is not shared as configured

--- Options of `export`, besides those of `wait`.
---@class seranking.ExportOptions: seranking.WaitOptions
---@field to? string the file to write to, as in client:download
---@field gunzip? boolean whether to unpack a file that is gzip (default: true, unless the name ends in .gz)

---@class seranking.FieldDescription a field of an answer
---@field path string "keywords[].id"; in an array, from its elements on
---@field type string "integer", "string|number" …
---@field optional boolean may be null or missing
---@field guessed? boolean no source shows its name
---@field text boolean may come as text; the library converts it to the number
---@field note? string

---@class seranking.Limiter
---@field scope "user"|"process"|"redis"|"off" who shares it; "process" with a `problem` if a wider scope failed
---@field limit integer requests allowed in `per` seconds
---@field per number seconds
---@field busy integer slots in use or cooling down
---@field free integer
---@field waiting integer calls of this client that wait for a slot
---@field slots { state: "free"|"in use"|"cooling", free_in: number }[] free_in: seconds, at the latest
---@field held_for number seconds until requests go on after a 429
---@field spaced boolean the last requests got no answer, so one is sent at a time until one is answered
---@field spaced_for number seconds until the next one may be sent
---@field circuit { state: "closed"|"open"|"half-open", reason: string?, retry_after: number, level: integer, strikes: integer, probing: boolean }
---@field key string "…d14b"
---@field file? string its file, if it is shared on this machine
---@field server? string its Redis, if it is shared there
---@field problem? string why the scope is narrower than requested
---@field hook_error? string the last error that on_event raised
local Limiter = {}

--- Ends a ban and a hold for all who share the limit. Use it when the key works again.
---@return boolean? done, string? problem if Redis has not confirmed it
function Limiter:reset() end

--- What a loop has to offer. `wait` and `spawn` are called where `inside` is true, or by clients with the option `loop`.
---@class seranking.Loop
---@field name string for messages
---@field inside fun(): boolean whether the caller runs inside this loop
---@field wait fun(waiter: seranking.Waiter, thread: thread) yields until waiter:step() is true; `thread` is what the loop has to resume: the running coroutine, or on Lua 5.1 one around it
---@field spawn fun(f: fun()) runs f in a coroutine of its own, now or soon; f does not raise
---@field sleep fun(seconds: number) suspends the running coroutine for so long; for 0, until the others have run once

--- Options of client:map.
---@class seranking.MapOptions
---@field concurrency? integer items in flight at once; the rate limit holds all the same (default: 16)
---@field stop_on_error? boolean true: begins no more items after the first error; those in flight are finished (default: false)
---@field on_progress? fun(done: integer, total: integer?, credits: number) a function that is called after each item with the items that have ended, those in all, and the credits that the client has spent meanwhile, by estimate; it must make no calls; if it raises, no item begins any more, and after those in flight the map raises the same

--- Options of seranking.new. An option given in code wins over its variable.
---@class seranking.Options
---@field token? string|false the API key; false sends none on purpose. Variable: SERANKING_TOKEN
---@field token_file? string a file with the key; white space around it is stripped, and a file that other users can read is refused (default: none). Variable: SERANKING_TOKEN_FILE
---@field profile? string the keys that seranking login --profile NAME keeps (default: none). Variable: SERANKING_PROFILE
---@field api? "v4"|"v1" the generation of the Project API (default: by the key). Variable: SERANKING_API
---@field base_url? string another address: https, or http to this machine (default: the vendor's). Variable: SERANKING_BASE_URL
---@field auth? "header"|"query" "query" puts the key into the address, where logs of servers and proxies keep it (default: "header"). Variable: SERANKING_AUTH
---@field data_token? string the key for client.data (default: the client's key). Variable: SERANKING_DATA_TOKEN
---@field data_base_url? string the address of the Data API (default: the vendor's, or your base_url). Variable: SERANKING_DATA_BASE_URL
---@field visible_token? string the key for client.visible (default: the client's key, or that of client.data). Variable: SERANKING_VISIBLE_TOKEN
---@field visible_base_url? string the address of SE Visible (default: the vendor's, or your base_url). Variable: SERANKING_VISIBLE_BASE_URL
---@field budget? number credits that client.data may spend, by estimate (default: none). Variable: SERANKING_BUDGET
---@field timeout? number seconds for a call with all its attempts and waits (default: 60). Variable: SERANKING_TIMEOUT
---@field connect_timeout? number seconds for name, connection and TLS of one attempt (default: 10). Variable: SERANKING_CONNECT_TIMEOUT
---@field attempt_timeout? number seconds for one attempt (default: none). Variable: SERANKING_ATTEMPT_TIMEOUT
---@field retries? integer attempts after the first, 0 to 100; operations that cost money are retried only if nothing was sent (default: 2). Variable: SERANKING_RETRIES
---@field rate? { limit: integer, per?: number } requests (1 to 64) in a rolling window of seconds; all clients of a key should use the same (default: { limit = 5, per = 1 }). Variable: SERANKING_RATE
---@field data_rate? { limit: integer, per?: number } the same for the Data API (default: rate if given, else { limit = 10, per = 1 }). Variable: SERANKING_DATA_RATE
---@field visible_rate? { limit: integer, per?: number } the same for SE Visible (default: { limit = 1, per = 1 }). Variable: SERANKING_VISIBLE_RATE
---@field share? "user"|"process"|"off" who shares a key's limit: all processes of this user on this machine, "process", or "off" for no limit (default: "user"). Variable: SERANKING_SHARE
---@field state_dir? string the directory of the shared limit; calls fail if it can't be used (default: found by itself). Variable: SERANKING_STATE_DIR
---@field state_group? boolean true: users of the directory's group share the limit too (default: false)
---@field limiter? { redis: string } { redis = "redis://…" } shares the limit among machines; the variable has the address alone (default: none). Variable: SERANKING_LIMITER
---@field on_limiter_error? "fail"|"process" "process": while the Redis or state_dir is out of reach, this process keeps the limit alone (default: "fail"). Variable: SERANKING_ON_LIMITER_ERROR
---@field pacing? "answer"|"send_time" "send_time" is faster, but network jitter may break the limit (default: "answer"). Variable: SERANKING_PACING
---@field priority? "normal"|"low" "low" leaves the last slot to others (default: "normal"). Variable: SERANKING_PRIORITY
---@field max_queue? integer calls of a client that may wait for a slot (default: 1000). Variable: SERANKING_MAX_QUEUE
---@field on_block? "fail"|"wait" "wait": while the key is blocked, calls wait within their timeout (default: "fail"). Variable: SERANKING_ON_BLOCK
---@field on_event? fun(event: seranking.Event) a function that is told of waits, retries, 429s and bans (default: none)
---@field raise? boolean true: calls raise their error instead of returning nil, err (default: false)
---@field nulls? "drop"|"keep" "keep": null members are seranking.null (default: "drop"). Variable: SERANKING_NULLS
---@field max_body? integer bytes of an answer after decompression (default: 256 MiB; 16 in nginx). Variable: SERANKING_MAX_BODY
---@field ca_file? string PEM file with the authorities to trust (default: the system's). Variable: SERANKING_CA_FILE
---@field proxy? string http://user:password@host:port, or a https, socks4 or socks5 proxy; plain-http requests bypass it (default: https_proxy, all_proxy). Variable: SERANKING_PROXY
---@field user_agent? string your program's name and version, put before the library's. Variable: SERANKING_USER_AGENT
---@field loop? "plain"|"nginx"|"cqueues"|"luv"|seranking.Loop how calls wait: "plain", "nginx", "cqueues", "luv", or a loop of your own (default: found by itself)
---@field blocking? boolean true: calls may block an nginx worker or an event loop (default: false)
---@field transport? table stands in for the network in tests (default: none)
---@field clock? userdata stands in for the time in tests: seranking.clock() (default: none)

---@class seranking.ParameterDescription
---@field name string
---@field place "path"|"query"|"body"|"items"|"upload"
---@field required boolean
---@field wire string its name in the request
---@field type string
---@field fields? seranking.ParameterDescription[] the members, of an object or a list of objects
---@field style? string
---@field enum? any[]
---@field min? number
---@field max? number
---@field default? any the server's, if you leave it out
---@field max_items? integer
---@field min_items? integer
---@field max_length? integer characters
---@field min_length? integer
---@field nullable? boolean
---@field secret? boolean
---@field wrap? string each element is sent as an object with this member
---@field always? boolean the default is sent if you leave it out
---@field enum_by? table the parameter that decides, and the accepted values by its values
---@field sample? any a value for examples
---@field about? string

--- A cassette that is being written.
---@class seranking.Recording
---@field path string the cassette: made when the recording stops
---@field count integer answers so far
---@field stop fun(self): true?, seranking.Error? ends it and puts the cassette into its place; nil, err if that fails

---@class seranking.Request: seranking.CallOptions
---@field method? "GET"|"POST"|"PUT"|"PATCH"|"DELETE" default GET
---@field path string below the base address, percent-encoded, begins with a slash
---@field query? table<string, string|number|boolean|table> lists are sent as name[]=1&name[]=2
---@field body? string|table JSON text, or a value to encode as JSON; empty lists need seranking.array
---@field repeatable? boolean whether it may be sent twice (default: true for GET, PUT and DELETE; on client.data false, as a repetition may cost again)

---@class seranking.Response
---@field status integer HTTP status
---@field headers table<string, string> names in lower case; reading is case-insensitive; repeated headers joined by ", "
---@field attempts integer requests that were sent
---@field elapsed number seconds from the call to the answer
---@field waited number seconds of these spent waiting for a slot of the rate limit
---@field reused boolean it came over an existing connection
---@field http_version string "1.1", "2" …
---@field size? integer of a download to a file: bytes in it
---@field job? table<string, any> of `wait`: { name of the parameter = id of the job }

---@class seranking.Spent
---@field credits number cost of the calls so far, by estimate
---@field estimate true
---@field calls integer calls that were billed or may have been: answered with a success, or sent without a clear answer
---@field unknown integer calls among these whose price is not known
---@field doubtful number most that the unknown calls may have cost, as far as it is known; a budget counts it as spent

--- The client of SE Visible.
---@class seranking.VisibleClient: seranking.AnyClient
---@field brands seranking.visible.brands
---@field projects seranking.visible.projects
---@field prompts seranking.visible.prompts
---@field results seranking.visible.results
---@field sources seranking.visible.sources
---@field subscription seranking.visible.subscription
---@field topics seranking.visible.topics

--- Options of `wait`, besides those of a call, which hold for each poll.
---@class seranking.WaitOptions: seranking.CallOptions
---@field timeout? number seconds for the whole wait (default: 3600)
---@field every? number|{ [1]: number, [2]: number } seconds between two polls: always so many, or { first, longest }, where each pause is longer than the one before (default: by the operation, or { 5, 60 })
---@field on_progress? fun(answer: table, look: { count: integer, elapsed: number, state: string? }) a function that is called after each poll; if it raises, the wait ends with an error, kind cancelled, code on_progress, whose field raised has what it raised

--- Something to wait for. Poll its descriptor for reading; call `step` when it is readable and when `timeout` is over.
---@class seranking.Waiter
---@field fd fun(self): integer its descriptor: poll it, never read or close it; valid until step() returns true
---@field timeout fun(self): number? seconds after which to call step() even if the descriptor is not readable
---@field step fun(self): boolean whether it is over
---@field pollfd fun(self): integer the same as fd, for cqueues
---@field events fun(self): "r" for cqueues

--- Options of `each` and `all`, besides those of a call, which hold for each page.
---@class seranking.WalkOptions: seranking.CallOptions
---@field max_rows? number the walk ends after so many rows; math.huge: you want all there are
---@field max_cost? number credits, by estimate: a page that might cost more ends the walk with an error; budget does the same
---@field resume? string err.resume or walk.resume of a walk with the same arguments: goes on with the first row it has not delivered; max_rows and max_cost count from there
---@field on_progress? fun(done: integer, total: integer?, credits: number) a function that is called after each page with the rows received, the rows in all if the server or max_rows tells them, and the cost in credits, by estimate; if it raises, the rows received are delivered, and the walk ends with an error, kind cancelled, code on_progress

---@class seranking.account.balance.Answer
---@field currency string a sign or a short name; prefer currency_code
---@field currency_code? string ISO 4217
---@field value number

---@class seranking.account.profile.Answer
---@field email string
---@field email_verified boolean
---@field first_name string
---@field last_name string
---@field lang string
---@field picture? string address of the picture

---@class seranking.account.subscription.Answer.balance
---@field currency? string # (v4 only)
---@field amount? number # (v4 only)

---@class seranking.account.subscription.Answer.subscription_info
---@field status? string # (v1 only)
---@field start_date? seranking.Time # (v1 only)
---@field expiraton_date? seranking.Time the server's spelling; may become expiration_date one day (v1 only)
---@field expiration_date? seranking.Time # (v1 only)
---@field units_limit? integer credits of the plan (v1 only)
---@field units_left? integer # (v1 only)

---@class seranking.account.subscription.Answer
---@field type? string # "manual", "trial" or "subscription" (v4 only)
---@field balance? seranking.account.subscription.Answer.balance # (v4 only)
---@field is_expired? boolean # (v4 only)
---@field subscription_info? seranking.account.subscription.Answer.subscription_info # (v1 only)

---@class seranking.account.balance: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.account.profile: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.account.subscription: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.account
--- Money left on the account. v4 only.
---@field balance seranking.account.balance|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.account.balance.Answer?, seranking.Response|seranking.Error
--- The user that the key belongs to.
---@field profile seranking.account.profile|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.account.profile.Answer?, seranking.Response|seranking.Error
--- The plan and its state. The generations answer differently; v1 spells one member expiraton_date.
---@field subscription seranking.account.subscription|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.account.subscription.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.airt
---@field brand seranking.airt.brand
---@field competitors seranking.airt.competitors
---@field llm seranking.airt.llm
---@field prompt_groups seranking.airt.prompt_groups
---@field prompts seranking.airt.prompts
---@field sources seranking.airt.sources
---@field operations fun(self): fun(): string?, any
---@overload fun(site_id: seranking.Id): seranking.airt

---@class seranking.airt.brand.get.Answer
---@field site_id integer
---@field brand? string

---@class seranking.airt.brand.set.Answer
---@field site_id integer
---@field brand string

---@class seranking.airt.brand.get.Args
---@field site_id? seranking.Id the project: id of client.sites:list

---@class seranking.airt.brand.get: seranking.Operation
---@field dry_run fun(self, args?: seranking.airt.brand.get.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.brand.set.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field brand string name to look for in answers, 1-255 characters

---@class seranking.airt.brand.set: seranking.Operation
---@field dry_run fun(self, args: seranking.airt.brand.set.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.brand
--- The brand to look for in answers.
---@field get seranking.airt.brand.get|fun(self, args?: seranking.airt.brand.get.Args, options?: seranking.CallOptions): seranking.airt.brand.get.Answer?, seranking.Response|seranking.Error
--- Set the brand to look for in answers. Replaces the one before.
---@field set seranking.airt.brand.set|fun(self, args: seranking.airt.brand.set.Args, options?: seranking.CallOptions): seranking.airt.brand.set.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.airt.competitors.dates.Answer
---@field dates seranking.Date[]

---@class seranking.airt.competitors.source_metrics.Answer.items
---@field domain? string with mode = "domain"
---@field url? string with mode = "url"
---@field domain_trust? integer 0-100
---@field ref_domains? integer domains that link to it
---@field organic_keywords? integer

---@class seranking.airt.competitors.source_metrics.Answer
---@field items seranking.airt.competitors.source_metrics.Answer.items[]

---@class seranking.airt.competitors.list.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field llm_id seranking.Id the engine of the project: id of airt.llm:list
---@field prompt_llm_ids seranking.Id|seranking.Id[] prompts by prompt_llm_id; prompts times days at most 3,660
---@field date_from? seranking.Day first day; by default 7 days before date_to in list, 30 in dates
---@field date_to? seranking.Day last day, not after today
---@field include_cached_copy_url? seranking.Flag 1: add the address of the stored answer; default 1
---@field compact? seranking.Flag 1: merge equal days into one row; default 0

---@class seranking.airt.competitors.list: seranking.Operation
---@field dry_run fun(self, args: seranking.airt.competitors.list.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.competitors.dates.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field llm_id seranking.Id the engine of the project: id of airt.llm:list
---@field prompt_llm_id seranking.Id the prompt at the engine: prompt_llm_id of airt.prompts:list
---@field date_from? seranking.Day first day; by default 7 days before date_to in list, 30 in dates
---@field date_to? seranking.Day last day, not after today

---@class seranking.airt.competitors.dates: seranking.Operation
---@field dry_run fun(self, args: seranking.airt.competitors.dates.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.competitors.source_metrics.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field llm_id seranking.Id the engine of the project: id of airt.llm:list
---@field prompt_llm_id seranking.Id the prompt at the engine: prompt_llm_id of airt.prompts:list
---@field date seranking.Day day of the answer, from dates
---@field mode? "domain"|"url" rows by domain or by page; default domain

---@class seranking.airt.competitors.source_metrics: seranking.Operation
---@field dry_run fun(self, args: seranking.airt.competitors.source_metrics.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.competitors
--- Brands and sources in the answers, by prompt and day. v1 only; no source shows a row.
---@field list seranking.airt.competitors.list|fun(self, args: seranking.airt.competitors.list.Args, options?: seranking.CallOptions): any, seranking.Response|seranking.Error
--- Days that have answers. v1 only.
---@field dates seranking.airt.competitors.dates|fun(self, args: seranking.airt.competitors.dates.Args, options?: seranking.CallOptions): seranking.airt.competitors.dates.Answer?, seranking.Response|seranking.Error
--- Metrics of the sources in a day's answer. v1 only.
---@field source_metrics seranking.airt.competitors.source_metrics|fun(self, args: seranking.airt.competitors.source_metrics.Args, options?: seranking.CallOptions): seranking.airt.competitors.source_metrics.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.airt.llm.list.Row
---@field id integer the llm_id of other calls
---@field base_name string which engine it is
---@field country_code string
---@field region_name? string
---@field lang_code? string
---@field region_settings? table the place

---@class seranking.airt.llm.status.Answer
---@field progress? number the member's name is assumed

---@class seranking.airt.llm.statistics.Answer.stats
---@field prompts_count integer
---@field last_update? seranking.Date

---@class seranking.airt.llm.statistics.Answer.presence
---@field link_percent_in_top number percent of prompts
---@field link_diff number change since the period before
---@field mention_percent_in_top number percent of prompts
---@field mention_diff number

---@class seranking.airt.llm.statistics.Answer
---@field stats seranking.airt.llm.statistics.Answer.stats
---@field presence seranking.airt.llm.statistics.Answer.presence
---@field [string] table

---@class seranking.airt.llm.list.Args
---@field site_id? seranking.Id the project: id of client.sites:list

---@class seranking.airt.llm.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.airt.llm.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.airt.llm.list.Args, options?: seranking.WalkOptions): fun(): seranking.airt.llm.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.airt.llm.list.Args, options?: seranking.WalkOptions): seranking.airt.llm.list.Row[]?, seranking.Error?

---@class seranking.airt.llm.get.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field llm_id? seranking.Id the engine of the project: id of airt.llm:list

---@class seranking.airt.llm.get: seranking.Operation
---@field dry_run fun(self, args?: seranking.airt.llm.get.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.llm.create.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field base_name "chatgpt"|"google_ai_overview"|"google_ai_mode"|"perplexity"|"gemini" which engine
---@field country_code string country to ask from, two letters
---@field region_name? string|seranking.Null full place name from client.system:google_regions; engines other than Google's silently ignore a wrong one
---@field lang_code? string|seranking.Null language, ISO 639-1

---@class seranking.airt.llm.create: seranking.Operation
---@field dry_run fun(self, args: seranking.airt.llm.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.llm.update.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field llm_id? seranking.Id the engine of the project: id of airt.llm:list
---@field region_name? string|seranking.Null full place name from client.system:google_regions; engines other than Google's silently ignore a wrong one
---@field lang_code? string|seranking.Null language, ISO 639-1

---@class seranking.airt.llm.update: seranking.Operation
---@field dry_run fun(self, args?: seranking.airt.llm.update.Args|table, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.llm.delete.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field llm_id? seranking.Id the engine of the project: id of airt.llm:list

---@class seranking.airt.llm.delete: seranking.Operation
---@field dry_run fun(self, args?: seranking.airt.llm.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.llm.status.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field llm_id? seranking.Id the engine of the project: id of airt.llm:list

---@class seranking.airt.llm.status: seranking.Operation
---@field dry_run fun(self, args?: seranking.airt.llm.status.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.llm.statistics.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field llm_id? seranking.Id the engine of the project: id of airt.llm:list
---@field from? seranking.Day first day (called from here, not date_from)
---@field to? seranking.Day last day (called to here, not date_to)
---@field top? integer only links among the first N sources; 0: all (0 to 100)

---@class seranking.airt.llm.statistics: seranking.Operation
---@field dry_run fun(self, args?: seranking.airt.llm.statistics.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.llm
--- The engines that a project tracks.
---@field list seranking.airt.llm.list|fun(self, args?: seranking.airt.llm.list.Args, options?: seranking.CallOptions): seranking.airt.llm.list.Row[]?, seranking.Response|seranking.Error
--- One engine.
---@field get seranking.airt.llm.get|fun(self, args?: seranking.airt.llm.get.Args, options?: seranking.CallOptions): seranking.airt.llm.list.Row?, seranking.Response|seranking.Error
--- Track an engine. The project needs a brand first.
---@field create seranking.airt.llm.create|fun(self, args: seranking.airt.llm.create.Args, options?: seranking.CallOptions): seranking.airt.llm.list.Row?, seranking.Response|seranking.Error
--- Change an engine's place or language; seranking.null clears it.
---@field update seranking.airt.llm.update|fun(self, args?: seranking.airt.llm.update.Args|table, options?: seranking.CallOptions): seranking.airt.llm.list.Row?, seranking.Response|seranking.Error
--- Stop tracking an engine.
---@field delete seranking.airt.llm.delete|fun(self, args?: seranking.airt.llm.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Progress of an engine's checks.
---@field status seranking.airt.llm.status|fun(self, args?: seranking.airt.llm.status.Args, options?: seranking.CallOptions): (seranking.airt.llm.status.Answer|true)?, seranking.Response|seranking.Error
--- How often an engine's answers link to the site and name the brand. AI Overview adds members.
---@field statistics seranking.airt.llm.statistics|fun(self, args?: seranking.airt.llm.statistics.Args, options?: seranking.CallOptions): seranking.airt.llm.statistics.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(llm_id: seranking.Id): seranking.airt.llm

---@class seranking.airt.prompt_groups.list.Row
---@field id integer the group_id of other calls
---@field name string
---@field position integer
---@field is_default integer 1: the group of prompts without a group
---@field creation_date seranking.Time
---@field keys_count? integer number of prompts, with keys_count

---@class seranking.airt.prompt_groups.create.Answer
---@field id? integer the group_id of other calls; the member's name is assumed

---@class seranking.airt.prompt_groups.list.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field keys_count? seranking.Flag 1: add the number of prompts of each group
---@field site_llm_ids? seranking.Id|seranking.Id[] count only prompts at these engines, by llm_id

---@class seranking.airt.prompt_groups.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.airt.prompt_groups.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.airt.prompt_groups.list.Args, options?: seranking.WalkOptions): fun(): seranking.airt.prompt_groups.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.airt.prompt_groups.list.Args, options?: seranking.WalkOptions): seranking.airt.prompt_groups.list.Row[]?, seranking.Error?

---@class seranking.airt.prompt_groups.create.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field name string unique name of the group, 1-255 characters

---@class seranking.airt.prompt_groups.create: seranking.Operation
---@field dry_run fun(self, args: seranking.airt.prompt_groups.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.prompt_groups.update.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field group_id? seranking.Id the prompt group: id of list
---@field name string unique name of the group, 1-255 characters

---@class seranking.airt.prompt_groups.update: seranking.Operation
---@field dry_run fun(self, args: seranking.airt.prompt_groups.update.Args|table, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.prompt_groups.delete.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field group_id? seranking.Id the prompt group: id of list

---@class seranking.airt.prompt_groups.delete: seranking.Operation
---@field dry_run fun(self, args?: seranking.airt.prompt_groups.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.prompt_groups.order.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field group_id? seranking.Id the prompt group: id of list
---@field before_id? seranking.Id group to put it before
---@field after_id? seranking.Id group to put it after

---@class seranking.airt.prompt_groups.order: seranking.Operation
---@field dry_run fun(self, args?: seranking.airt.prompt_groups.order.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.prompt_groups.clear.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field group_id? seranking.Id the prompt group: id of list

---@class seranking.airt.prompt_groups.clear: seranking.Operation
---@field dry_run fun(self, args?: seranking.airt.prompt_groups.clear.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.prompt_groups.move.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field group_id? seranking.Id the prompt group: id of list
---@field prompt_llm_ids seranking.Id|seranking.Id[] prompts by prompt_llm_id

---@class seranking.airt.prompt_groups.move: seranking.Operation
---@field dry_run fun(self, args: seranking.airt.prompt_groups.move.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.prompt_groups.transfer.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field from_group_id seranking.Id group to empty
---@field to_group_id seranking.Id group to move its prompts to

---@class seranking.airt.prompt_groups.transfer: seranking.Operation
---@field dry_run fun(self, args: seranking.airt.prompt_groups.transfer.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.prompt_groups
--- A project's prompt groups, in order.
---@field list seranking.airt.prompt_groups.list|fun(self, args?: seranking.airt.prompt_groups.list.Args, options?: seranking.CallOptions): seranking.airt.prompt_groups.list.Row[]?, seranking.Response|seranking.Error
--- Create a prompt group.
---@field create seranking.airt.prompt_groups.create|fun(self, args: seranking.airt.prompt_groups.create.Args, options?: seranking.CallOptions): (seranking.airt.prompt_groups.create.Answer|true)?, seranking.Response|seranking.Error
--- Rename a prompt group.
---@field update seranking.airt.prompt_groups.update|fun(self, args: seranking.airt.prompt_groups.update.Args|table, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Delete a prompt group. Its prompts move to the default group, which can't be deleted.
---@field delete seranking.airt.prompt_groups.delete|fun(self, args?: seranking.airt.prompt_groups.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Move a prompt group before or after another one.
---@field order seranking.airt.prompt_groups.order|fun(self, args?: seranking.airt.prompt_groups.order.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Delete all prompts of a group.
---@field clear seranking.airt.prompt_groups.clear|fun(self, args?: seranking.airt.prompt_groups.clear.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Move prompts into a group.
---@field move seranking.airt.prompt_groups.move|fun(self, args: seranking.airt.prompt_groups.move.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Move all prompts of one group into another.
---@field transfer seranking.airt.prompt_groups.transfer|fun(self, args: seranking.airt.prompt_groups.transfer.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(group_id: seranking.Id): seranking.airt.prompt_groups

---@class seranking.airt.prompts.list.Row
---@field k2site_llm_id? integer the prompt_llm_id of other calls (v4 only)
---@field keyword_id? integer the prompt_id in rankings (v4 only)
---@field keyword? string the prompt (v4 only)
---@field group_id integer
---@field intent_meaning? any[]|string search intent in words
---@field prompt_llm_id? integer the site_engine_id of other calls (v1 only)
---@field prompt_id? integer the id in rankings (v1 only)
---@field prompt? string # (v1 only)

---@class seranking.airt.prompts.list.Answer
---@field items seranking.airt.prompts.list.Row[]
---@field total integer

---@class seranking.airt.prompts.create.Answer
---@field added integer

---@class seranking.airt.prompts.rankings.Row.positions
---@field date seranking.Date
---@field url_position? integer of the site's link; 0: not linked to
---@field mention_position? integer of the brand; 0: not named, null: no answer that day
---@field urls_count? integer
---@field mentions_count? integer
---@field organic_overlap_percent? number
---@field mention_presence? number with mode = "groups": percent
---@field link_presence? number with mode = "groups": percent

---@class seranking.airt.prompts.rankings.Row
---@field prompt_id? integer
---@field prompt? string v1's name
---@field keyword? string v4's name
---@field search_volume? integer
---@field search_intent? any[] letters of the intent
---@field positions seranking.airt.prompts.rankings.Row.positions[]
---@field group_id? integer with mode = "groups", as those that follow
---@field group_name? string
---@field prompts_count? integer
---@field organic_overlap? number

---@class seranking.airt.prompts.rankings.Answer
---@field items seranking.airt.prompts.rankings.Row[]
---@field total integer

---@class seranking.airt.prompts.answer.Answer.sources
---@field url string
---@field position integer

---@class seranking.airt.prompts.answer.Answer.brands
---@field name string
---@field position integer

---@class seranking.airt.prompts.answer.Answer
---@field prompt_llm_id integer
---@field date seranking.Date
---@field text string the answer
---@field sources seranking.airt.prompts.answer.Answer.sources[]
---@field brands seranking.airt.prompts.answer.Answer.brands[]
---@field organic_urls? any[] with Google AI Overview

---@class seranking.airt.prompts.list.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field llm_id seranking.Id the engine of the project: id of airt.llm:list
---@field limit? integer rows a page (1 to 1000); default 100
---@field offset? integer rows to skip; default 0
---@field group_ids? seranking.Id|seranking.Id[] only prompts of these prompt groups

---@class seranking.airt.prompts.list: seranking.Operation
---@field dry_run fun(self, args: seranking.airt.prompts.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.airt.prompts.list.Args, options?: seranking.WalkOptions): fun(): seranking.airt.prompts.list.Row?, seranking.Response?
---@field all fun(self, args: seranking.airt.prompts.list.Args, options?: seranking.WalkOptions): seranking.airt.prompts.list.Row[]?, seranking.Error?

---@class seranking.airt.prompts.create.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field llm_id seranking.Id the engine of the project: id of airt.llm:list
---@field prompts string|string[] the prompts, each at most 255 characters
---@field group_id? seranking.Id prompt group for them; left out, the default group. Never 0 (at least 1)

---@class seranking.airt.prompts.create: seranking.Operation
---@field dry_run fun(self, args: seranking.airt.prompts.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.prompts.delete.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field llm_id seranking.Id the engine of the project: id of airt.llm:list
---@field prompt_llm_ids seranking.Id|seranking.Id[] prompts by prompt_llm_id

---@class seranking.airt.prompts.delete: seranking.Operation
---@field dry_run fun(self, args: seranking.airt.prompts.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.prompts.rankings.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field llm_id seranking.Id the engine of the project: id of airt.llm:list
---@field date_from? seranking.Day first day; default today
---@field date_to? seranking.Day last day; default today
---@field limit? integer rows a page (1 to 1000); default 100
---@field offset? integer rows to skip; default 0
---@field group_ids? seranking.Id|seranking.Id[] only prompts of these prompt groups
---@field mode? "groups" groups: a row for each group, not for each prompt

---@class seranking.airt.prompts.rankings: seranking.Operation
---@field dry_run fun(self, args: seranking.airt.prompts.rankings.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.airt.prompts.rankings.Args, options?: seranking.WalkOptions): fun(): seranking.airt.prompts.rankings.Row?, seranking.Response?
---@field all fun(self, args: seranking.airt.prompts.rankings.Args, options?: seranking.WalkOptions): seranking.airt.prompts.rankings.Row[]?, seranking.Error?

---@class seranking.airt.prompts.answer.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field llm_id seranking.Id the engine of the project: id of airt.llm:list
---@field prompt_llm_id? seranking.Id the prompt at the engine, from list (k2site_llm_id in v4); a prompt_id is not accepted
---@field date? seranking.Day day of the answer; default today. Old answers are deleted

---@class seranking.airt.prompts.answer: seranking.Operation
---@field dry_run fun(self, args: seranking.airt.prompts.answer.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.prompts
--- An engine's prompts. The generations name the members of a row differently.
---@field list seranking.airt.prompts.list|fun(self, args: seranking.airt.prompts.list.Args, options?: seranking.CallOptions): seranking.airt.prompts.list.Answer?, seranking.Response|seranking.Error
--- Add prompts to an engine. Prompts that it has already are skipped. Counts against the plan.
---@field create seranking.airt.prompts.create|fun(self, args: seranking.airt.prompts.create.Args, options?: seranking.CallOptions): seranking.airt.prompts.create.Answer?, seranking.Response|seranking.Error
--- Remove prompts from an engine.
---@field delete seranking.airt.prompts.delete|fun(self, args: seranking.airt.prompts.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Positions of links and mentions in the answers, by prompt and day.
---@field rankings seranking.airt.prompts.rankings|fun(self, args: seranking.airt.prompts.rankings.Args, options?: seranking.CallOptions): seranking.airt.prompts.rankings.Answer?, seranking.Response|seranking.Error
--- An engine's answer to a prompt on a day, and the pages it cited.
---@field answer seranking.airt.prompts.answer|fun(self, args: seranking.airt.prompts.answer.Args, options?: seranking.CallOptions): seranking.airt.prompts.answer.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(prompt_llm_id: seranking.Id): seranking.airt.prompts

---@class seranking.airt.sources.summary.Answer.summary
---@field mention_opportunities integer
---@field competitor_only_mentions integer sources that name competitors alone
---@field new_opportunities integer
---@field mentions_without_backlinks integer sources that name the brand without a link

---@class seranking.airt.sources.summary.Answer.competitors
---@field name string
---@field count_in_ai_answers integer
---@field count_in_sources integer

---@class seranking.airt.sources.summary.Answer
---@field summary seranking.airt.sources.summary.Answer.summary
---@field competitors seranking.airt.sources.summary.Answer.competitors[]

---@class seranking.airt.sources.domains.Row
---@field domain string
---@field domain_id? integer
---@field pages_total? integer
---@field ai_answers_total? integer
---@field prompts_total? integer
---@field coverage_percent? number
---@field brand_mentions_total? integer
---@field mention_rate_percent? number
---@field dt? integer trust, 0-100

---@class seranking.airt.sources.domains.Answer
---@field items seranking.airt.sources.domains.Row[]
---@field total? integer expected, not seen

---@class seranking.airt.sources.pages.Row
---@field url string
---@field domain? string
---@field count_usage? integer answers that cite it
---@field dt? integer trust, 0-100

---@class seranking.airt.sources.pages.Answer
---@field items seranking.airt.sources.pages.Row[]
---@field total? integer expected, not seen

---@class seranking.airt.sources.summary.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field date_from? seranking.Day first day; default 30 days before date_to
---@field date_to? seranking.Day last day, not after today; default today
---@field site_llm_ids? seranking.Id|seranking.Id[] only these engines, by llm_id
---@field prompt_ids? seranking.Id|seranking.Id[] only these prompts, by prompt_id
---@field group_ids? seranking.Id|seranking.Id[] only prompts of these prompt groups

---@class seranking.airt.sources.summary: seranking.Operation
---@field dry_run fun(self, args?: seranking.airt.sources.summary.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.sources.recommendations.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field date_from? seranking.Day first day; default 30 days before date_to
---@field date_to? seranking.Day last day, not after today; default today
---@field site_llm_ids? seranking.Id|seranking.Id[] only these engines, by llm_id
---@field prompt_ids? seranking.Id|seranking.Id[] only these prompts, by prompt_id
---@field group_ids? seranking.Id|seranking.Id[] only prompts of these prompt groups

---@class seranking.airt.sources.recommendations: seranking.Operation
---@field dry_run fun(self, args?: seranking.airt.sources.recommendations.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.airt.sources.domains.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field date_from? seranking.Day first day; default 30 days before date_to
---@field date_to? seranking.Day last day, not after today; default today
---@field site_llm_ids? seranking.Id|seranking.Id[] only these engines, by llm_id
---@field prompt_ids? seranking.Id|seranking.Id[] only these prompts, by prompt_id
---@field group_ids? seranking.Id|seranking.Id[] only prompts of these prompt groups
---@field competitor_ids? seranking.Id|seranking.Id[] only where these competitors are named
---@field is_brand_mentioned? boolean whether the source names the brand
---@field has_link? boolean whether the source links to the site
---@field search? string only sources with this in their address
---@field sort? "domain"|"pages_total"|"ai_answers_total"|"prompts_total"|"prompts"|"coverage_percent"|"brand_mentions_total"|"mention_rate_percent"|"dt"|"backlinks_total"|"referring_domains_total" figure to sort by; default ai_answers_total
---@field sort_order? "asc"|"desc" order; default desc
---@field limit? integer rows a page (1 to 100); default 100
---@field offset? integer rows to skip; default 0

---@class seranking.airt.sources.domains: seranking.Operation
---@field dry_run fun(self, args?: seranking.airt.sources.domains.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.airt.sources.domains.Args, options?: seranking.WalkOptions): fun(): seranking.airt.sources.domains.Row?, seranking.Response?
---@field all fun(self, args?: seranking.airt.sources.domains.Args, options?: seranking.WalkOptions): seranking.airt.sources.domains.Row[]?, seranking.Error?

---@class seranking.airt.sources.pages.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field date_from? seranking.Day first day; default 30 days before date_to
---@field date_to? seranking.Day last day, not after today; default today
---@field site_llm_ids? seranking.Id|seranking.Id[] only these engines, by llm_id
---@field prompt_ids? seranking.Id|seranking.Id[] only these prompts, by prompt_id
---@field group_ids? seranking.Id|seranking.Id[] only prompts of these prompt groups
---@field competitor_ids? seranking.Id|seranking.Id[] only where these competitors are named
---@field domain_id? seranking.Id only pages of this domain
---@field is_brand_mentioned? boolean whether the source names the brand
---@field has_link? boolean whether the source links to the site
---@field search? string only sources with this in their address
---@field sort? "url"|"dt"|"count_usage"|"prompts"|"mention"|"link"|"brands_num"|"competitors_num"|"prompt_coverage"|"answers_coverage" figure to sort by; default count_usage
---@field sort_order? "asc"|"desc" order; default desc
---@field limit? integer rows a page (1 to 100); default 100
---@field offset? integer rows to skip; default 0

---@class seranking.airt.sources.pages: seranking.Operation
---@field dry_run fun(self, args?: seranking.airt.sources.pages.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.airt.sources.pages.Args, options?: seranking.WalkOptions): fun(): seranking.airt.sources.pages.Row?, seranking.Response?
---@field all fun(self, args?: seranking.airt.sources.pages.Args, options?: seranking.WalkOptions): seranking.airt.sources.pages.Row[]?, seranking.Error?

---@class seranking.airt.sources
--- Opportunities among the cited sources, and the competitors they name. v1 only; needs a plan of its own.
---@field summary seranking.airt.sources.summary|fun(self, args?: seranking.airt.sources.summary.Args, options?: seranking.CallOptions): seranking.airt.sources.summary.Answer?, seranking.Response|seranking.Error
--- Sites to contact for links or mentions, in order. v1 only; no source shows a row.
---@field recommendations seranking.airt.sources.recommendations|fun(self, args?: seranking.airt.sources.recommendations.Args, options?: seranking.CallOptions): any, seranking.Response|seranking.Error
--- The domains that answers cite. v1 only.
---@field domains seranking.airt.sources.domains|fun(self, args?: seranking.airt.sources.domains.Args, options?: seranking.CallOptions): seranking.airt.sources.domains.Answer?, seranking.Response|seranking.Error
--- The pages that answers cite. v1 only.
---@field pages seranking.airt.sources.pages|fun(self, args?: seranking.airt.sources.pages.Args, options?: seranking.CallOptions): seranking.airt.sources.pages.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.analytics.gsc_queries.Row
---@field query string
---@field clicks number
---@field impressions number
---@field ctr number percent of impressions that were clicked
---@field avg number average position

---@class seranking.analytics.seo_potential.Row
---@field site_engine_id integer
---@field traffic number visits
---@field traffic_value number value of these visits
---@field leads_qty number
---@field leads_price number value of these visits

---@class seranking.analytics.gsc_queries.Args
---@field site_id? seranking.Id the project: id of client.sites:list

---@class seranking.analytics.gsc_queries: seranking.Operation
---@field dry_run fun(self, args?: seranking.analytics.gsc_queries.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.analytics.gsc_queries.Args, options?: seranking.WalkOptions): fun(): seranking.analytics.gsc_queries.Row?, seranking.Response?
---@field all fun(self, args?: seranking.analytics.gsc_queries.Args, options?: seranking.WalkOptions): seranking.analytics.gsc_queries.Row[]?, seranking.Error?

---@class seranking.analytics.seo_potential.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field top_n? integer assume that every keyword ranks within the first N results
---@field lead_price? number value of a lead
---@field conversion_rate? number share of visits that become a lead; unit not documented

---@class seranking.analytics.seo_potential: seranking.Operation
---@field dry_run fun(self, args?: seranking.analytics.seo_potential.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.analytics.seo_potential.Args, options?: seranking.WalkOptions): fun(): seranking.analytics.seo_potential.Row?, seranking.Response?
---@field all fun(self, args?: seranking.analytics.seo_potential.Args, options?: seranking.WalkOptions): seranking.analytics.seo_potential.Row[]?, seranking.Error?

---@class seranking.analytics
--- Queries that showed the site in Google, from the project's Search Console.
---@field gsc_queries seranking.analytics.gsc_queries|fun(self, args?: seranking.analytics.gsc_queries.Args, options?: seranking.CallOptions): seranking.analytics.gsc_queries.Row[]?, seranking.Response|seranking.Error
--- Visits, their value and leads by engine, if every keyword ranked within the first top_n results.
---@field seo_potential seranking.analytics.seo_potential|fun(self, args?: seranking.analytics.seo_potential.Args, options?: seranking.CallOptions): seranking.analytics.seo_potential.Row[]?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(site_id: seranking.Id): seranking.analytics

---@class seranking.audit.create.Answer
---@field id integer the audit_id of other calls

---@class seranking.audit.list.Row.stats
---@field score? number 0-100
---@field errors? integer
---@field warnings? integer
---@field notices? integer
---@field crawled? integer pages

---@class seranking.audit.list.Row
---@field id integer the audit_id of other calls
---@field url string
---@field title string
---@field status string queued, processing, finished, canceled (or cancelled), expired
---@field last_update? string a day or a time
---@field stats? seranking.audit.list.Row.stats
---@field prev_stats? table the same for the run before
---@field group_id? integer
---@field has_project? boolean
---@field is_new? integer 0 or 1
---@field owner_account_id? integer
---@field version? string

---@class seranking.audit.list.Answer
---@field items seranking.audit.list.Row[]
---@field total integer audits in all

---@class seranking.audit.status.Answer
---@field status string queued, processing, finished, canceled (or cancelled), expired
---@field start_time? seranking.Time
---@field audit_time? seranking.Time end of the crawl
---@field total_pages integer
---@field total_warnings integer
---@field total_errors integer
---@field total_passed integer

---@class seranking.audit.report.Answer.domain_props
---@field domain? string
---@field dt? integer trust, 0-100
---@field domains? integer domains that link to it
---@field backlinks? integer
---@field expdate? string expiry of the domain name
---@field index_google? integer pages in Google's index
---@field archiveOrg? string

---@class seranking.audit.report.Answer.sections.props
---@field code string the code of audit.issue_pages
---@field status string
---@field name string
---@field value integer number of occurrences

---@class seranking.audit.report.Answer.sections
---@field uid string
---@field name string
---@field props table<string, seranking.audit.report.Answer.sections.props>|any[] issues by code; a list of them in old answers

---@class seranking.audit.report.Answer
---@field is_finished boolean
---@field domain_props? seranking.audit.report.Answer.domain_props
---@field sections? seranking.audit.report.Answer.sections[]
---@field chromeux? any[]|table
---@field score_percent? number 0-100
---@field weighted_score_percent? number 0-100
---@field total_pages? integer
---@field total_errors? integer
---@field total_warnings? integer
---@field total_passed? integer
---@field total_notices? integer
---@field screenshot? string
---@field audit_time? seranking.Time
---@field version? string

---@class seranking.audit.pages.Row
---@field id integer the url_id of audit.issues
---@field url string
---@field status integer HTTP status
---@field title? string
---@field title_len? integer characters
---@field title_duplicate? integer 0 or 1
---@field description? string
---@field h1? string
---@field words_count? integer
---@field issues? integer
---@field errors? integer
---@field warnings? integer
---@field notices? integer
---@field load_ms? integer ms
---@field indexable? integer 0 or 1
---@field indexable_status? string
---@field canonical_url? string
---@field inlinks? integer
---@field outlinks_internal? integer
---@field depth? integer links away from the first page
---@field size? integer bytes
---@field url_len? integer characters; from here to html_ratio known from the Data API's pages
---@field sitemap? integer 1: in the sitemap
---@field noindex? integer
---@field nofollow? integer
---@field blocked_robots? integer
---@field first_ms? integer ms to the first byte
---@field description_len? integer characters
---@field chars? integer characters of the page
---@field h1_len? integer characters
---@field h2_len? integer characters
---@field html_ratio? number
---@field time_check? string

---@class seranking.audit.pages.Answer
---@field total integer
---@field items seranking.audit.pages.Row[]

---@class seranking.audit.issue_pages.Answer
---@field total_urls integer
---@field urls_type string kind of the rows in urls; simple_urls_array: addresses
---@field urls (string|table)[]

---@class seranking.audit.issues.Answer.issues.snippet
---@field type? string
---@field value? string

---@class seranking.audit.issues.Answer.issues
---@field code string
---@field group string
---@field type string error, warning …
---@field snippet? seranking.audit.issues.Answer.issues.snippet place of the issue

---@class seranking.audit.issues.Answer.page_data
---@field title? string
---@field h1? string
---@field words? integer
---@field inlinks? integer

---@class seranking.audit.issues.Answer
---@field url string
---@field issues seranking.audit.issues.Answer.issues[]
---@field page_data seranking.audit.issues.Answer.page_data figures of the page

---@class seranking.audit.found_links.Row
---@field id integer
---@field url string target of the link
---@field source_url string page that contains the link
---@field status integer HTTP status
---@field type string # "internal" or "external"
---@field anchor_type? string
---@field alt? string
---@field title? string
---@field nofollow? integer 0 or 1
---@field source_noindex? integer 0 or 1

---@class seranking.audit.found_links.Answer
---@field total integer
---@field items seranking.audit.found_links.Row[]

---@class seranking.audit.history.Answer.totals
---@field total_pages integer
---@field total_errors integer
---@field total_warnings integer
---@field total_passed integer

---@class seranking.audit.history.Answer
---@field audit_time seranking.Time
---@field version? string
---@field settings table as in audit.settings
---@field domain_data? table
---@field pages_data table<string, integer>
---@field totals seranking.audit.history.Answer.totals

---@class seranking.audit.create.Settings
---@field allow? string|string[] path prefixes: crawl nothing else
---@field check_robots? seranking.Flag 1: obey robots.txt; default 1
---@field csr? seranking.Flag 1: run the pages' JavaScript; default 0
---@field csr_delay? integer milliseconds to wait for JavaScript (0 to 6000); default 0
---@field custom_params? string|string[] names of parameters for ignore_params = 2
---@field disabled_issues? string|string[] codes of issues not to look for; replaces the list
---@field disallow? string|string[] path prefixes not to crawl
---@field disallow_ext? string|string[] external addresses not to check
---@field hide? string|string[] path prefixes to leave out of the report
---@field ignore_nofollow? seranking.Flag 1: skip links marked nofollow; default 0
---@field ignore_noindex? seranking.Flag 1: skip pages marked noindex; default 0
---@field ignore_params? 0|1|2 query parameters: 0 keep, 1 drop, 2 drop those in custom_params; default 0
---@field login? string user name for HTTP basic authentication
---@field max_depth? integer most clicks from the first page (1 to 100); default 10
---@field max_description_len? integer longest acceptable one, in characters (1 to 10000); default 158
---@field max_h1_len? integer longest acceptable H1, in characters (1 to 10000); default 100
---@field max_h2_len? integer longest acceptable H2, in characters (1 to 10000); default 100
---@field max_pages? integer most pages to crawl; each counts against the plan (1 to 300000); default 1000
---@field max_redirects? integer most redirects in a row (1 to 50); default 5
---@field max_req? integer most requests a second (1 to 500); default 500
---@field max_size? integer largest acceptable page, in KB (1 to 100000); default 3000
---@field max_title_len? integer longest acceptable one, in characters (1 to 10000); default 65
---@field min_description_len? integer shortest acceptable description, in characters (1 to 10000); default 1
---@field min_title_len? integer shortest acceptable title, in characters (1 to 10000); default 20
---@field min_words? integer fewest acceptable words of a page (1 to 10000); default 250
---@field password? string password for HTTP basic authentication
---@field report_email? string recipient; old: use report_emails
---@field report_emails? string|string[] recipients
---@field schedule_day? integer day of the month (1 to 31); default 1
---@field schedule_hour? integer hour, UTC (0 to 23); default 0
---@field schedule_repeat? seranking.Flag 1: every schedule_repeat_interval weeks; default 0
---@field schedule_repeat_interval? integer weeks; default 2
---@field schedule_type? "manual"|"week"|"month" how often; default manual
---@field schedule_wday? integer day of the week; old: use schedule_wdays (1 to 7)
---@field schedule_wdays? integer|integer[] days of the week; replaces the list (1 to 7)
---@field send_report? seranking.Flag 1, the default: mail a report after the run. Set 0 in tests; default 1
---@field source_file? seranking.Flag 1: crawl the pages of client.audit.source_pages; the Data API can't upload them; default 0
---@field source_site? seranking.Flag 1: follow the site's links; default 1
---@field source_sitemap? seranking.Flag 1: crawl the pages of the sitemap; default 1
---@field source_subdomain? seranking.Flag 1: crawl subdomains; default 0
---@field user_agent? integer the crawler or browser to identify as, by number (0 to 13); default 0
---@field version? string generation of the crawler

---@class seranking.audit.create.Args
---@field domain string the site to crawl
---@field title? string name of the audit, at most 300 characters; by default the domain
---@field settings? seranking.audit.create.Settings settings that differ from the defaults
---@field group_id? seranking.Id group of audits; known from old documentation only; default 0

---@class seranking.audit.create: seranking.Operation
---@field dry_run fun(self, args: seranking.audit.create.Args, options?: seranking.CallOptions): seranking.DryRun
---@field wait fun(self, args: seranking.audit.create.Args, options?: seranking.WaitOptions): seranking.audit.status.Answer?, seranking.Response|seranking.Error

---@class seranking.audit.list.Args
---@field limit? integer rows a page; default 100
---@field offset? integer rows to skip; default 0
---@field search? string only audits with this in title or address
---@field date_start? seranking.Day only audits from this day on
---@field date_end? seranking.Day only audits up to this day

---@class seranking.audit.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.audit.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.audit.list.Args, options?: seranking.WalkOptions): fun(): seranking.audit.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.audit.list.Args, options?: seranking.WalkOptions): seranking.audit.list.Row[]?, seranking.Error?

---@class seranking.audit.status.Args
---@field audit_id? seranking.Id the audit: id of list

---@class seranking.audit.status: seranking.Operation
---@field dry_run fun(self, args?: seranking.audit.status.Args, options?: seranking.CallOptions): seranking.DryRun
---@field wait fun(self, args?: seranking.audit.status.Args, options?: seranking.WaitOptions): seranking.audit.status.Answer?, seranking.Response|seranking.Error

---@class seranking.audit.report.Args
---@field audit_id? seranking.Id the audit: id of list

---@class seranking.audit.report: seranking.Operation
---@field dry_run fun(self, args?: seranking.audit.report.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.audit.pages.Args
---@field audit_id? seranking.Id the audit: id of list
---@field limit? integer rows a page; default 100
---@field offset? integer rows to skip; default 0

---@class seranking.audit.pages: seranking.Operation
---@field dry_run fun(self, args?: seranking.audit.pages.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.audit.pages.Args, options?: seranking.WalkOptions): fun(): seranking.audit.pages.Row?, seranking.Response?
---@field all fun(self, args?: seranking.audit.pages.Args, options?: seranking.WalkOptions): seranking.audit.pages.Row[]?, seranking.Error?

---@class seranking.audit.issue_pages.Args
---@field audit_id? seranking.Id the audit: id of list
---@field code string code of an issue, from report
---@field limit? integer rows a page; default 100
---@field offset? integer rows to skip; default 0

---@class seranking.audit.issue_pages: seranking.Operation
---@field dry_run fun(self, args: seranking.audit.issue_pages.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.audit.issue_pages.Args, options?: seranking.WalkOptions): fun(): (string|table)?, seranking.Response?
---@field all fun(self, args: seranking.audit.issue_pages.Args, options?: seranking.WalkOptions): (string|table)[]?, seranking.Error?

---@class seranking.audit.issues.Args
---@field audit_id? seranking.Id the audit: id of list
---@field url_id? seranking.Id the page, by its id in pages
---@field url? string the page, by its address

---@class seranking.audit.issues: seranking.Operation
---@field dry_run fun(self, args?: seranking.audit.issues.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.audit.found_links.Filter
---@field param "status"|"type"|"source_noindex"|"nofollow"|"anchor_type" what is compared
---@field type? "and"|"or" how it combines with the conditions before; not in the first
---@field value seranking.Text value to compare with

---@class seranking.audit.found_links.Args
---@field audit_id? seranking.Id the audit: id of list
---@field page_type? "internal"|"external"|"all" target of the links; default all
---@field limit? integer rows a page; default 100
---@field offset? integer rows to skip; default 0
---@field filter? seranking.audit.found_links.Filter|seranking.audit.found_links.Filter[] conditions for the links

---@class seranking.audit.found_links: seranking.Operation
---@field dry_run fun(self, args?: seranking.audit.found_links.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.audit.found_links.Args, options?: seranking.WalkOptions): fun(): seranking.audit.found_links.Row?, seranking.Response?
---@field all fun(self, args?: seranking.audit.found_links.Args, options?: seranking.WalkOptions): seranking.audit.found_links.Row[]?, seranking.Error?

---@class seranking.audit.history.Args
---@field audit_id? seranking.Id the audit: id of list
---@field date seranking.Day day of an earlier run

---@class seranking.audit.history: seranking.Operation
---@field dry_run fun(self, args: seranking.audit.history.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.audit.update.Args
---@field audit_id? seranking.Id the audit: id of list
---@field title string name of the audit, at most 300 characters; by default the domain

---@class seranking.audit.update: seranking.Operation
---@field dry_run fun(self, args: seranking.audit.update.Args|table, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.audit.delete.Args
---@field audit_id? seranking.Id the audit: id of list

---@class seranking.audit.delete: seranking.Operation
---@field dry_run fun(self, args?: seranking.audit.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.audit.recheck.Args
---@field audit_id? seranking.Id the audit: id of list

---@class seranking.audit.recheck: seranking.Operation
---@field dry_run fun(self, args?: seranking.audit.recheck.Args, options?: seranking.CallOptions): seranking.DryRun
---@field wait fun(self, args?: seranking.audit.recheck.Args, options?: seranking.WaitOptions): seranking.audit.status.Answer?, seranking.Response|seranking.Error

---@class seranking.audit
--- Start an audit. Crawled pages count against the plan.
---@field create seranking.audit.create|fun(self, args: seranking.audit.create.Args, options?: seranking.CallOptions): seranking.audit.create.Answer?, seranking.Response|seranking.Error
--- The account's audits.
---@field list seranking.audit.list|fun(self, args?: seranking.audit.list.Args, options?: seranking.CallOptions): seranking.audit.list.Answer?, seranking.Response|seranking.Error
--- Progress and totals of an audit.
---@field status seranking.audit.status|fun(self, args?: seranking.audit.status.Args, options?: seranking.CallOptions): seranking.audit.status.Answer?, seranking.Response|seranking.Error
--- Everything that an audit found, by section; while it runs only is_finished.
---@field report seranking.audit.report|fun(self, args?: seranking.audit.report.Args, options?: seranking.CallOptions): seranking.audit.report.Answer?, seranking.Response|seranking.Error
--- The crawled pages, with about 60 figures each.
---@field pages seranking.audit.pages|fun(self, args?: seranking.audit.pages.Args, options?: seranking.CallOptions): seranking.audit.pages.Answer?, seranking.Response|seranking.Error
--- The pages that have an issue, by its code.
---@field issue_pages seranking.audit.issue_pages|fun(self, args: seranking.audit.issue_pages.Args, options?: seranking.CallOptions): seranking.audit.issue_pages.Answer?, seranking.Response|seranking.Error
--- The issues of one page.
---@field issues seranking.audit.issues|fun(self, args?: seranking.audit.issues.Args, options?: seranking.CallOptions): seranking.audit.issues.Answer?, seranking.Response|seranking.Error
--- The links that the crawl found, filtered.
---@field found_links seranking.audit.found_links|fun(self, args?: seranking.audit.found_links.Args, options?: seranking.CallOptions): seranking.audit.found_links.Answer?, seranking.Response|seranking.Error
--- Summary of an earlier run.
---@field history seranking.audit.history|fun(self, args: seranking.audit.history.Args, options?: seranking.CallOptions): seranking.audit.history.Answer?, seranking.Response|seranking.Error
--- Rename an audit.
---@field update seranking.audit.update|fun(self, args: seranking.audit.update.Args|table, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Delete an audit for good.
---@field delete seranking.audit.delete|fun(self, args?: seranking.audit.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Run an audit again. Crawled pages count against the plan again.
---@field recheck seranking.audit.recheck|fun(self, args?: seranking.audit.recheck.Args, options?: seranking.CallOptions): any, seranking.Response|seranking.Error
---@field settings seranking.audit.settings
---@field sitemaps seranking.audit.sitemaps
---@field source_pages seranking.audit.source_pages
---@field operations fun(self): fun(): string?, any
---@overload fun(audit_id: seranking.Id): seranking.audit

---@class seranking.audit.settings.get.Answer
---@field allow? string[]
---@field check_robots integer
---@field csr integer
---@field csr_delay integer
---@field custom_params? string[]
---@field disabled_issues string[]
---@field disallow? string[]
---@field disallow_ext? string[]
---@field hide? string[]
---@field ignore_nofollow integer
---@field ignore_noindex integer
---@field ignore_params integer
---@field login? string
---@field max_depth integer
---@field max_description_len integer
---@field max_h1_len integer
---@field max_h2_len integer
---@field max_pages integer
---@field max_redirects integer
---@field max_req integer
---@field max_size integer
---@field max_title_len integer
---@field min_description_len integer
---@field min_title_len integer
---@field min_words integer
---@field password? string
---@field report_email? string
---@field report_emails? string[]
---@field schedule_day integer
---@field schedule_hour integer
---@field schedule_repeat integer
---@field schedule_repeat_interval integer
---@field schedule_type string
---@field schedule_wday? integer
---@field schedule_wdays integer[]
---@field send_report integer
---@field source_file integer
---@field source_site integer
---@field source_sitemap integer
---@field source_subdomain integer
---@field user_agent integer
---@field version? string

---@class seranking.audit.settings.get.Args
---@field audit_id? seranking.Id the audit: id of list

---@class seranking.audit.settings.get: seranking.Operation
---@field dry_run fun(self, args?: seranking.audit.settings.get.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.audit.settings.update.Settings
---@field allow? string|string[] path prefixes: crawl nothing else
---@field check_robots? seranking.Flag 1: obey robots.txt; default 1
---@field csr? seranking.Flag 1: run the pages' JavaScript; default 0
---@field csr_delay? integer milliseconds to wait for JavaScript (0 to 6000); default 0
---@field custom_params? string|string[] names of parameters for ignore_params = 2
---@field disabled_issues? string|string[] codes of issues not to look for; replaces the list
---@field disallow? string|string[] path prefixes not to crawl
---@field disallow_ext? string|string[] external addresses not to check
---@field hide? string|string[] path prefixes to leave out of the report
---@field ignore_nofollow? seranking.Flag 1: skip links marked nofollow; default 0
---@field ignore_noindex? seranking.Flag 1: skip pages marked noindex; default 0
---@field ignore_params? 0|1|2 query parameters: 0 keep, 1 drop, 2 drop those in custom_params; default 0
---@field login? string user name for HTTP basic authentication
---@field max_depth? integer most clicks from the first page (1 to 100); default 10
---@field max_description_len? integer longest acceptable one, in characters (1 to 10000); default 158
---@field max_h1_len? integer longest acceptable H1, in characters (1 to 10000); default 100
---@field max_h2_len? integer longest acceptable H2, in characters (1 to 10000); default 100
---@field max_pages? integer most pages to crawl; each counts against the plan (1 to 300000); default 1000
---@field max_redirects? integer most redirects in a row (1 to 50); default 5
---@field max_req? integer most requests a second (1 to 500); default 500
---@field max_size? integer largest acceptable page, in KB (1 to 100000); default 3000
---@field max_title_len? integer longest acceptable one, in characters (1 to 10000); default 65
---@field min_description_len? integer shortest acceptable description, in characters (1 to 10000); default 1
---@field min_title_len? integer shortest acceptable title, in characters (1 to 10000); default 20
---@field min_words? integer fewest acceptable words of a page (1 to 10000); default 250
---@field password? string password for HTTP basic authentication
---@field report_email? string recipient; old: use report_emails
---@field report_emails? string|string[] recipients
---@field schedule_day? integer day of the month (1 to 31); default 1
---@field schedule_hour? integer hour, UTC (0 to 23); default 0
---@field schedule_repeat? seranking.Flag 1: every schedule_repeat_interval weeks; default 0
---@field schedule_repeat_interval? integer weeks; default 2
---@field schedule_type? "manual"|"week"|"month" how often; default manual
---@field schedule_wday? integer day of the week; old: use schedule_wdays (1 to 7)
---@field schedule_wdays? integer|integer[] days of the week; replaces the list (1 to 7)
---@field send_report? seranking.Flag 1, the default: mail a report after the run. Set 0 in tests; default 1
---@field source_file? seranking.Flag 1: crawl the pages of client.audit.source_pages; the Data API can't upload them; default 0
---@field source_site? seranking.Flag 1: follow the site's links; default 1
---@field source_sitemap? seranking.Flag 1: crawl the pages of the sitemap; default 1
---@field source_subdomain? seranking.Flag 1: crawl subdomains; default 0
---@field user_agent? integer the crawler or browser to identify as, by number (0 to 13); default 0
---@field version? string generation of the crawler

---@class seranking.audit.settings.update.Args
---@field audit_id? seranking.Id the audit: id of list
---@field settings? seranking.audit.settings.update.Settings settings to change, or all that get returned

---@class seranking.audit.settings.update: seranking.Operation
---@field dry_run fun(self, args?: seranking.audit.settings.update.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.audit.settings.reset.Args
---@field audit_id? seranking.Id the audit: id of list

---@class seranking.audit.settings.reset: seranking.Operation
---@field dry_run fun(self, args?: seranking.audit.settings.reset.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.audit.settings
--- An audit's settings. Their meaning is that of the parameter settings of client.audit:create.
---@field get seranking.audit.settings.get|fun(self, args?: seranking.audit.settings.get.Args, options?: seranking.CallOptions): seranking.audit.settings.get.Answer?, seranking.Response|seranking.Error
--- Change settings. disabled_issues and schedule_wdays are replaced, not merged.
---@field update seranking.audit.settings.update|fun(self, args?: seranking.audit.settings.update.Args, options?: seranking.CallOptions): any, seranking.Response|seranking.Error
--- Reset all settings to their defaults.
---@field reset seranking.audit.settings.reset|fun(self, args?: seranking.audit.settings.reset.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.audit.sitemaps.list.Row
---@field id integer the sitemap_id of other calls; the member's name is assumed
---@field url string the member's name is assumed
---@field pages_count? integer the member's name is assumed

---@class seranking.audit.sitemaps.create.Answer
---@field id? integer the member's name is assumed

---@class seranking.audit.sitemaps.list.Args
---@field audit_id? seranking.Id the audit: id of list

---@class seranking.audit.sitemaps.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.audit.sitemaps.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.audit.sitemaps.list.Args, options?: seranking.WalkOptions): fun(): seranking.audit.sitemaps.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.audit.sitemaps.list.Args, options?: seranking.WalkOptions): seranking.audit.sitemaps.list.Row[]?, seranking.Error?

---@class seranking.audit.sitemaps.create.Args
---@field audit_id? seranking.Id the audit: id of list
---@field url string address of the sitemap

---@class seranking.audit.sitemaps.create: seranking.Operation
---@field dry_run fun(self, args: seranking.audit.sitemaps.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.audit.sitemaps.delete.Args
---@field audit_id? seranking.Id the audit: id of list
---@field sitemap_id? seranking.Id a sitemap of the audit: id of list

---@class seranking.audit.sitemaps.delete: seranking.Operation
---@field dry_run fun(self, args?: seranking.audit.sitemaps.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.audit.sitemaps
--- The sitemaps that an audit reads.
---@field list seranking.audit.sitemaps.list|fun(self, args?: seranking.audit.sitemaps.list.Args, options?: seranking.CallOptions): seranking.audit.sitemaps.list.Row[]?, seranking.Response|seranking.Error
--- Add a sitemap, and switch source_sitemap on.
---@field create seranking.audit.sitemaps.create|fun(self, args: seranking.audit.sitemaps.create.Args, options?: seranking.CallOptions): (seranking.audit.sitemaps.create.Answer|true)?, seranking.Response|seranking.Error
--- Remove a sitemap.
---@field delete seranking.audit.sitemaps.delete|fun(self, args?: seranking.audit.sitemaps.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(sitemap_id: seranking.Id): seranking.audit.sitemaps

---@class seranking.audit.source_pages.list.Row
---@field id integer the list_id of other calls; the member's name is assumed
---@field pages_count? integer the member's name is assumed

---@class seranking.audit.source_pages.create.Answer
---@field added integer pages

---@class seranking.audit.source_pages.list.Args
---@field audit_id? seranking.Id the audit: id of list

---@class seranking.audit.source_pages.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.audit.source_pages.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.audit.source_pages.list.Args, options?: seranking.WalkOptions): fun(): seranking.audit.source_pages.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.audit.source_pages.list.Args, options?: seranking.WalkOptions): seranking.audit.source_pages.list.Row[]?, seranking.Error?

---@class seranking.audit.source_pages.create.Args
---@field audit_id? seranking.Id the audit: id of list
---@field file seranking.File text file with one address a line, with any name

---@class seranking.audit.source_pages.create: seranking.Operation
---@field dry_run fun(self, args: seranking.audit.source_pages.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.audit.source_pages.delete.Args
---@field audit_id? seranking.Id the audit: id of list
---@field list_id? seranking.Id a list of pages of the audit: id of list

---@class seranking.audit.source_pages.delete: seranking.Operation
---@field dry_run fun(self, args?: seranking.audit.source_pages.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.audit.source_pages
--- The uploaded lists of pages of an audit.
---@field list seranking.audit.source_pages.list|fun(self, args?: seranking.audit.source_pages.list.Args, options?: seranking.CallOptions): seranking.audit.source_pages.list.Row[]?, seranking.Response|seranking.Error
--- Upload a list of pages to crawl, and switch source_file on.
---@field create seranking.audit.source_pages.create|fun(self, args: seranking.audit.source_pages.create.Args, options?: seranking.CallOptions): seranking.audit.source_pages.create.Answer?, seranking.Response|seranking.Error
--- Remove a list of pages.
---@field delete seranking.audit.source_pages.delete|fun(self, args?: seranking.audit.source_pages.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(list_id: seranking.Id): seranking.audit.source_pages

---@class seranking.backlink_disavow.list.Row
---@field id integer the disavow_id of delete; the member's name is assumed
---@field url string the member's name is assumed

---@class seranking.backlink_disavow.list.Answer
---@field list seranking.backlink_disavow.list.Row[] the member's name is assumed
---@field count integer the member's name is assumed

---@class seranking.backlink_disavow.list.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field limit? integer rows a page
---@field offset? integer rows to skip

---@class seranking.backlink_disavow.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.backlink_disavow.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.backlink_disavow.list.Args, options?: seranking.WalkOptions): fun(): seranking.backlink_disavow.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.backlink_disavow.list.Args, options?: seranking.WalkOptions): seranking.backlink_disavow.list.Row[]?, seranking.Error?

---@class seranking.backlink_disavow.create.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field list string|string[] pages that contain the links

---@class seranking.backlink_disavow.create: seranking.Operation
---@field dry_run fun(self, args: seranking.backlink_disavow.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.backlink_disavow.delete.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field disavow_id seranking.Id an entry: id of list

---@class seranking.backlink_disavow.delete: seranking.Operation
---@field dry_run fun(self, args: seranking.backlink_disavow.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.backlink_disavow
--- The entries of the disavow list.
---@field list seranking.backlink_disavow.list|fun(self, args?: seranking.backlink_disavow.list.Args, options?: seranking.CallOptions): (seranking.backlink_disavow.list.Answer|true)?, seranking.Response|seranking.Error
--- Add pages to the disavow list.
---@field create seranking.backlink_disavow.create|fun(self, args: seranking.backlink_disavow.create.Args, options?: seranking.CallOptions): any, seranking.Response|seranking.Error
--- Remove an entry from the disavow list.
---@field delete seranking.backlink_disavow.delete|fun(self, args: seranking.backlink_disavow.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(site_id: seranking.Id): seranking.backlink_disavow

---@class seranking.backlink_groups.list.Row
---@field id integer the group_id of other calls; the member's name is assumed
---@field name string the member's name is assumed
---@field count? integer the member's name is assumed

---@class seranking.backlink_groups.create.Answer
---@field id? integer the group_id of other calls; the member's name is assumed

---@class seranking.backlink_groups.list.Args
---@field site_id? seranking.Id the project: id of client.sites:list

---@class seranking.backlink_groups.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.backlink_groups.list.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.backlink_groups.create.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field name string name of the group

---@class seranking.backlink_groups.create: seranking.Operation
---@field dry_run fun(self, args: seranking.backlink_groups.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.backlink_groups.update.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field group_id seranking.Id the backlink group
---@field name string name of the group

---@class seranking.backlink_groups.update: seranking.Operation
---@field dry_run fun(self, args: seranking.backlink_groups.update.Args|table, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.backlink_groups.delete.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field group_id seranking.Id the backlink group

---@class seranking.backlink_groups.delete: seranking.Operation
---@field dry_run fun(self, args: seranking.backlink_groups.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.backlink_groups.move.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field group_id seranking.Id the backlink group
---@field row_ids? seranking.Id|seranking.Id[] backlinks to move: the id of each row, not its backlink_id
---@field group_ids? seranking.Id|seranking.Id[] groups whose backlinks to move

---@class seranking.backlink_groups.move: seranking.Operation
---@field dry_run fun(self, args: seranking.backlink_groups.move.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.backlink_groups
--- A project's backlink groups, with the number of backlinks in each.
---@field list seranking.backlink_groups.list|fun(self, args?: seranking.backlink_groups.list.Args, options?: seranking.CallOptions): (seranking.backlink_groups.list.Row[]|true)?, seranking.Response|seranking.Error
--- Create a backlink group.
---@field create seranking.backlink_groups.create|fun(self, args: seranking.backlink_groups.create.Args, options?: seranking.CallOptions): (seranking.backlink_groups.create.Answer|true)?, seranking.Response|seranking.Error
--- Rename a backlink group.
---@field update seranking.backlink_groups.update|fun(self, args: seranking.backlink_groups.update.Args|table, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Delete a backlink group.
---@field delete seranking.backlink_groups.delete|fun(self, args: seranking.backlink_groups.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Move backlinks, or all backlinks of other groups, into a group. Ids of another kind are silently ignored.
---@field move seranking.backlink_groups.move|fun(self, args: seranking.backlink_groups.move.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(site_id: seranking.Id): seranking.backlink_groups

---@class seranking.backlinks.list.Row
---@field id integer id of the row, for row_ids
---@field backlink_id integer id in the vendor's dictionary, for backlink_ids
---@field from_url string page that contains the link
---@field to_url string target of the link
---@field anchor string anchor text
---@field domain string
---@field from_domainid integer
---@field title string
---@field category? string
---@field source string
---@field link_manager? string called manager in create
---@field link_type string
---@field notes? string
---@field price? number
---@field charge_period? string
---@field charge_start? seranking.Date
---@field date_added string
---@field date_placement? string
---@field date_lost? string
---@field duration integer
---@field http_status integer of from_url
---@field is_nofollow integer 0 or 1, like all that follow up to is_link_not_found
---@field is_image integer
---@field is_redir integer
---@field is_disavow integer
---@field is_sponsored integer
---@field ugc integer
---@field is_blocked_meta integer
---@field is_blocked_robotstxt integer
---@field is_forced_status integer
---@field is_link_not_found integer
---@field gin_index integer in Google's index
---@field gin_index_check_date? string
---@field last_crawler_visit? string
---@field mozda integer domain authority of Moz, 0-100
---@field fb_likes integer
---@field num_links integer
---@field total_ext_links integer links from the page to other sites
---@field src_domain_country? string
---@field src_domain_region_id? integer
---@field src_domain_ip? string
---@field src_domain_inlink_rank integer 0-100

---@class seranking.backlinks.create.Answer
---@field id integer the backlink_id: for delete, not for recheck and move

---@class seranking.backlinks.stats.Answer
---@field total integer
---@field anchors integer
---@field ip integer IP addresses that link
---@field domains integer domains that link
---@field dofollow integer
---@field nofollow integer
---@field limit integer backlinks that the plan allows

---@class seranking.backlinks.list.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field limit? integer rows a page (at most 1000)
---@field offset? integer rows to skip

---@class seranking.backlinks.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.backlinks.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.backlinks.list.Args, options?: seranking.WalkOptions): fun(): seranking.backlinks.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.backlinks.list.Args, options?: seranking.WalkOptions): seranking.backlinks.list.Row[]?, seranking.Error?

---@class seranking.backlinks.create.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field url string page that contains the link
---@field price? number price of the link
---@field currency? string currency of the price, ISO 4217
---@field charge_period? "onetime"|"monthly"|"quarterly"|"6months"|"year" how often the price is due
---@field charge_start? seranking.Day first day that the price is due

---@class seranking.backlinks.create: seranking.Operation
---@field dry_run fun(self, args: seranking.backlinks.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.backlinks.import.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field list string|string[] pages that contain the links
---@field group_id? seranking.Id backlink group for them: id of client.backlink_groups:list
---@field price? number price of the link
---@field currency? string currency of the price, ISO 4217
---@field manager? string person responsible for the links
---@field charge_period? "onetime"|"monthly"|"quarterly"|"6months"|"year" how often the price is due
---@field charge_start? seranking.Day first day that the price is due

---@class seranking.backlinks.import: seranking.Operation
---@field dry_run fun(self, args: seranking.backlinks.import.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.backlinks.delete.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field backlink_ids seranking.Id|seranking.Id[] backlink_id of each, not the rows' id; create returns it

---@class seranking.backlinks.delete: seranking.Operation
---@field dry_run fun(self, args: seranking.backlinks.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.backlinks.recheck.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field row_ids seranking.Id|seranking.Id[] the id of each row, not its backlink_id
---@field recheck_type? "status"|"index" what to check: the link, or its page in Google's index; default status

---@class seranking.backlinks.recheck: seranking.Operation
---@field dry_run fun(self, args: seranking.backlinks.recheck.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.backlinks.stats.Args
---@field site_id? seranking.Id the project: id of client.sites:list

---@class seranking.backlinks.stats: seranking.Operation
---@field dry_run fun(self, args?: seranking.backlinks.stats.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.backlinks
--- The watched backlinks. Nothing says how many there are.
---@field list seranking.backlinks.list|fun(self, args?: seranking.backlinks.list.Args, options?: seranking.CallOptions): seranking.backlinks.list.Row[]?, seranking.Response|seranking.Error
--- Watch a backlink. Counts against the plan.
---@field create seranking.backlinks.create|fun(self, args: seranking.backlinks.create.Args, options?: seranking.CallOptions): seranking.backlinks.create.Answer?, seranking.Response|seranking.Error
--- Watch many backlinks. Each counts against the plan.
---@field import seranking.backlinks.import|fun(self, args: seranking.backlinks.import.Args, options?: seranking.CallOptions): any, seranking.Response|seranking.Error
--- Stop watching backlinks, by backlink_id.
---@field delete seranking.backlinks.delete|fun(self, args: seranking.backlinks.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Check backlinks again, by row id. Counts against the plan.
---@field recheck seranking.backlinks.recheck|fun(self, args: seranking.backlinks.recheck.Args, options?: seranking.CallOptions): any, seranking.Response|seranking.Error
--- Totals of the backlink monitor.
---@field stats seranking.backlinks.stats|fun(self, args?: seranking.backlinks.stats.Args, options?: seranking.CallOptions): seranking.backlinks.stats.Answer?, seranking.Response|seranking.Error
---@field gsc seranking.backlinks.gsc
---@field operations fun(self): fun(): string?, any
---@overload fun(site_id: seranking.Id): seranking.backlinks

---@class seranking.backlinks.gsc.import.Answer
---@field token string the job_token of status

---@class seranking.backlinks.gsc.status.Answer
---@field status? string the member's name is assumed

---@class seranking.backlinks.gsc.settings.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field gsc_autoimport boolean true: import new backlinks automatically

---@class seranking.backlinks.gsc.settings: seranking.Operation
---@field dry_run fun(self, args: seranking.backlinks.gsc.settings.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.backlinks.gsc.import.Args
---@field site_id? seranking.Id the project: id of client.sites:list

---@class seranking.backlinks.gsc.import: seranking.Operation
---@field dry_run fun(self, args?: seranking.backlinks.gsc.import.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.backlinks.gsc.status.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field job_token string token that import returned; not the API key

---@class seranking.backlinks.gsc.status: seranking.Operation
---@field dry_run fun(self, args: seranking.backlinks.gsc.status.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.backlinks.gsc
--- Switch the import from Search Console on or off.
---@field settings seranking.backlinks.gsc.settings|fun(self, args: seranking.backlinks.gsc.settings.Args, options?: seranking.CallOptions): any, seranking.Response|seranking.Error
--- Import backlinks from Search Console now. They count against the plan.
---@field import seranking.backlinks.gsc.import|fun(self, args?: seranking.backlinks.gsc.import.Args, options?: seranking.CallOptions): seranking.backlinks.gsc.import.Answer?, seranking.Response|seranking.Error
--- Progress of an import. On v4 the key must go in the header: the query has a token of its own.
---@field status seranking.backlinks.gsc.status|fun(self, args: seranking.backlinks.gsc.status.Args, options?: seranking.CallOptions): (seranking.backlinks.gsc.status.Answer|true)?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.checklist.list.Row.items
---@field id string the task_id of other calls
---@field title string
---@field checked boolean

---@class seranking.checklist.list.Row
---@field id integer of the section
---@field title string
---@field items_count integer
---@field items_checked integer
---@field items seranking.checklist.list.Row.items[]

---@class seranking.checklist.create_task.Answer
---@field id integer the task_id of other calls

---@class seranking.checklist.list.Args
---@field site_id? seranking.Id the project: id of client.sites:list

---@class seranking.checklist.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.checklist.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.checklist.list.Args, options?: seranking.WalkOptions): fun(): seranking.checklist.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.checklist.list.Args, options?: seranking.WalkOptions): seranking.checklist.list.Row[]?, seranking.Error?

---@class seranking.checklist.create_task.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field title string headline, not empty
---@field text string what to do, not empty
---@field for_all? boolean true: add the task to every project

---@class seranking.checklist.create_task: seranking.Operation
---@field dry_run fun(self, args: seranking.checklist.create_task.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.checklist.update_task.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field task_id seranking.Text the task: id of an item of list, or what create_task returned
---@field title string headline, not empty
---@field text string what to do, not empty

---@class seranking.checklist.update_task: seranking.Operation
---@field dry_run fun(self, args: seranking.checklist.update_task.Args|table, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.checklist.set_task_status.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field task_id seranking.Text the task: id of an item of list, or what create_task returned
---@field checked boolean whether the task is done

---@class seranking.checklist.set_task_status: seranking.Operation
---@field dry_run fun(self, args: seranking.checklist.set_task_status.Args|table, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.checklist.delete_task.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field task_id seranking.Text the task: id of an item of list, or what create_task returned

---@class seranking.checklist.delete_task: seranking.Operation
---@field dry_run fun(self, args: seranking.checklist.delete_task.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.checklist
--- The plan: its sections, their progress and their items.
---@field list seranking.checklist.list|fun(self, args?: seranking.checklist.list.Args, options?: seranking.CallOptions): seranking.checklist.list.Row[]?, seranking.Response|seranking.Error
--- Add a task of your own to the plan.
---@field create_task seranking.checklist.create_task|fun(self, args: seranking.checklist.create_task.Args, options?: seranking.CallOptions): seranking.checklist.create_task.Answer?, seranking.Response|seranking.Error
--- Rewrite a task. The list does not have its text.
---@field update_task seranking.checklist.update_task|fun(self, args: seranking.checklist.update_task.Args|table, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Mark a task as done, or as not done.
---@field set_task_status seranking.checklist.set_task_status|fun(self, args: seranking.checklist.set_task_status.Args|table, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Delete a task. Only tasks made by create_task can be deleted.
---@field delete_task seranking.checklist.delete_task|fun(self, args: seranking.checklist.delete_task.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(site_id: seranking.Id): seranking.checklist

---@class seranking.competitors.create.Answer
---@field id integer the competitor_id of other calls

---@class seranking.competitors.list.Row
---@field id integer the competitor_id of other calls
---@field name string
---@field url string with or without http://
---@field domain_trust integer 0-100

---@class seranking.competitors.positions.Row.keywords.positions
---@field date seranking.Date
---@field pos integer 0: not ranking
---@field change integer places gained since the date before

---@class seranking.competitors.positions.Row.keywords
---@field id integer
---@field name? string
---@field volume? integer searches a month
---@field positions seranking.competitors.positions.Row.keywords.positions[]
---@field features? table<string, boolean|integer> with with_serp_features

---@class seranking.competitors.positions.Row
---@field site_engine_id integer
---@field keywords seranking.competitors.positions.Row.keywords[]

---@class seranking.competitors.metrics.Row
---@field domain_id integer
---@field domain string
---@field visibility number
---@field backlinks integer
---@field domains integer domains that link to it

---@class seranking.competitors.create.Args
---@field site_id seranking.Id the project: id of client.sites:list
---@field url string the competitor's site
---@field name? string name to show; by default the URL
---@field subdomain_match? seranking.Flag 1: include subdomains

---@class seranking.competitors.create: seranking.Operation
---@field dry_run fun(self, args: seranking.competitors.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.competitors.list.Args
---@field site_id seranking.Id the project: id of client.sites:list

---@class seranking.competitors.list: seranking.Operation
---@field dry_run fun(self, args: seranking.competitors.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.competitors.list.Args, options?: seranking.WalkOptions): fun(): seranking.competitors.list.Row?, seranking.Response?
---@field all fun(self, args: seranking.competitors.list.Args, options?: seranking.WalkOptions): seranking.competitors.list.Row[]?, seranking.Error?

---@class seranking.competitors.positions.Args
---@field competitor_id? seranking.Id the competitor: id of list
---@field date_from? seranking.Day first day; default a week ago
---@field date_to? seranking.Day last day; default today
---@field site_engine_id? seranking.Id engine of the project (site_engine_id, not search_engine_id); for positions by default all
---@field with_serp_features? seranking.Flag 1: add the features of the results page

---@class seranking.competitors.positions: seranking.Operation
---@field dry_run fun(self, args?: seranking.competitors.positions.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.competitors.positions.Args, options?: seranking.WalkOptions): fun(): seranking.competitors.positions.Row?, seranking.Response?
---@field all fun(self, args?: seranking.competitors.positions.Args, options?: seranking.WalkOptions): seranking.competitors.positions.Row[]?, seranking.Error?

---@class seranking.competitors.delete.Args
---@field competitor_id? seranking.Id the competitor: id of list

---@class seranking.competitors.delete: seranking.Operation
---@field dry_run fun(self, args?: seranking.competitors.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.competitors.top10.Args
---@field site_id seranking.Id the project: id of client.sites:list
---@field date seranking.Day a day of client.sites.positions:check_dates; metrics keeps 14 days
---@field site_engine_id seranking.Id engine of the project (site_engine_id, not search_engine_id); for positions by default all
---@field keyword_id seranking.Id a keyword of the project

---@class seranking.competitors.top10: seranking.Operation
---@field dry_run fun(self, args: seranking.competitors.top10.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.competitors.top10.Args, options?: seranking.WalkOptions): fun(): any, seranking.Response?
---@field all fun(self, args: seranking.competitors.top10.Args, options?: seranking.WalkOptions): any[]?, seranking.Error?

---@class seranking.competitors.top100.Args
---@field site_id seranking.Id the project: id of client.sites:list
---@field date seranking.Day a day of client.sites.positions:check_dates; metrics keeps 14 days
---@field site_engine_id seranking.Id engine of the project (site_engine_id, not search_engine_id); for positions by default all
---@field keyword_id seranking.Id a keyword of the project
---@field top? integer number of results; whether 0 works is unclear (0 to 100); default 100

---@class seranking.competitors.top100: seranking.Operation
---@field dry_run fun(self, args: seranking.competitors.top100.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.competitors.top100.Args, options?: seranking.WalkOptions): fun(): any, seranking.Response?
---@field all fun(self, args: seranking.competitors.top100.Args, options?: seranking.WalkOptions): any[]?, seranking.Error?

---@class seranking.competitors.metrics.Args
---@field site_id seranking.Id the project: id of client.sites:list
---@field date seranking.Day a day of client.sites.positions:check_dates; metrics keeps 14 days
---@field site_engine_id seranking.Id engine of the project (site_engine_id, not search_engine_id); for positions by default all
---@field group_id? seranking.Id only keywords of this keyword group
---@field tags? seranking.Id|seranking.Id[] only keywords with these tags: ids of client.sites.url_tags:list

---@class seranking.competitors.metrics: seranking.Operation
---@field dry_run fun(self, args: seranking.competitors.metrics.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.competitors.metrics.Args, options?: seranking.WalkOptions): fun(): seranking.competitors.metrics.Row?, seranking.Response?
---@field all fun(self, args: seranking.competitors.metrics.Args, options?: seranking.WalkOptions): seranking.competitors.metrics.Row[]?, seranking.Error?

---@class seranking.competitors
--- Add a competitor to a project.
---@field create seranking.competitors.create|fun(self, args: seranking.competitors.create.Args, options?: seranking.CallOptions): seranking.competitors.create.Answer?, seranking.Response|seranking.Error
--- A project's competitors.
---@field list seranking.competitors.list|fun(self, args: seranking.competitors.list.Args, options?: seranking.CallOptions): seranking.competitors.list.Row[]?, seranking.Response|seranking.Error
--- A competitor's positions for the project's keywords; pos 0 means not ranking.
---@field positions seranking.competitors.positions|fun(self, args?: seranking.competitors.positions.Args, options?: seranking.CallOptions): seranking.competitors.positions.Row[]?, seranking.Response|seranking.Error
--- Remove a competitor from a project.
---@field delete seranking.competitors.delete|fun(self, args?: seranking.competitors.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- The first ten results for a keyword on a day. No source shows a row.
---@field top10 seranking.competitors.top10|fun(self, args: seranking.competitors.top10.Args, options?: seranking.CallOptions): any[]?, seranking.Response|seranking.Error
--- The first 100 results for a keyword on a day. No source shows a row.
---@field top100 seranking.competitors.top100|fun(self, args: seranking.competitors.top100.Args, options?: seranking.CallOptions): any[]?, seranking.Response|seranking.Error
--- Every domain in the top 10 for the project's keywords on a day.
---@field metrics seranking.competitors.metrics|fun(self, args: seranking.competitors.metrics.Args, options?: seranking.CallOptions): seranking.competitors.metrics.Row[]?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(competitor_id: seranking.Id): seranking.competitors

---@class seranking.key_volume.create.Answer
---@field id integer the task_id of other calls

---@class seranking.key_volume.list.Row
---@field id integer the task_id of other calls
---@field add_time seranking.Time
---@field total_queries integer
---@field total_finished integer
---@field country string

---@class seranking.key_volume.get.Answer.element
---@field query string
---@field volume? integer searches a month

---@class seranking.key_volume.get.Answer
---@field status? string # "processing" while it runs
---@field [integer] seranking.key_volume.get.Answer.element

---@class seranking.key_volume.create.Args
---@field query string|string[] the words
---@field region_id? seranking.Id region to count in, from client.system:volume_regions
---@field yandex_region_code? string Yandex region; known from old documentation only
---@field type? "broad"|"phrase"|"exact" how words match; known from old documentation only

---@class seranking.key_volume.create: seranking.Operation
---@field dry_run fun(self, args: seranking.key_volume.create.Args, options?: seranking.CallOptions): seranking.DryRun
---@field wait fun(self, args: seranking.key_volume.create.Args, options?: seranking.WaitOptions): (seranking.key_volume.get.Answer|true)?, seranking.Response|seranking.Error

---@class seranking.key_volume.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.NoArgs, options?: seranking.WalkOptions): fun(): seranking.key_volume.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.NoArgs, options?: seranking.WalkOptions): seranking.key_volume.list.Row[]?, seranking.Error?

---@class seranking.key_volume.get.Args
---@field task_id? seranking.Id the lookup: id of list

---@class seranking.key_volume.get: seranking.Operation
---@field dry_run fun(self, args?: seranking.key_volume.get.Args, options?: seranking.CallOptions): seranking.DryRun
---@field wait fun(self, args?: seranking.key_volume.get.Args, options?: seranking.WaitOptions): (seranking.key_volume.get.Answer|true)?, seranking.Response|seranking.Error

---@class seranking.key_volume.delete.Args
---@field task_id? seranking.Id the lookup: id of list

---@class seranking.key_volume.delete: seranking.Operation
---@field dry_run fun(self, args?: seranking.key_volume.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.key_volume
--- Start a lookup. Costs money: about half a cent for one word, 20 cents for 2 to 700. v4 only.
---@field create seranking.key_volume.create|fun(self, args: seranking.key_volume.create.Args, options?: seranking.CallOptions): seranking.key_volume.create.Answer?, seranking.Response|seranking.Error
--- Lookups and their progress. v4 only.
---@field list seranking.key_volume.list|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.key_volume.list.Row[]?, seranking.Response|seranking.Error
--- Results of a lookup: a list; while it runs, an object with its status. v4 only.
---@field get seranking.key_volume.get|fun(self, args?: seranking.key_volume.get.Args, options?: seranking.CallOptions): (seranking.key_volume.get.Answer|true)?, seranking.Response|seranking.Error
--- Delete a lookup. v4 only.
---@field delete seranking.key_volume.delete|fun(self, args?: seranking.key_volume.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(task_id: seranking.Id): seranking.key_volume

---@class seranking.keyword_groups.list.Row
---@field id integer the group_id of other calls
---@field name string
---@field creation_date? seranking.Time not documented

---@class seranking.keyword_groups.create.Answer
---@field group_id integer

---@class seranking.keyword_groups.list.Args
---@field site_id seranking.Id the project: id of client.sites:list

---@class seranking.keyword_groups.list: seranking.Operation
---@field dry_run fun(self, args: seranking.keyword_groups.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.keyword_groups.list.Args, options?: seranking.WalkOptions): fun(): seranking.keyword_groups.list.Row?, seranking.Response?
---@field all fun(self, args: seranking.keyword_groups.list.Args, options?: seranking.WalkOptions): seranking.keyword_groups.list.Row[]?, seranking.Error?

---@class seranking.keyword_groups.create.Args
---@field name string name of the group, not empty
---@field site_id seranking.Id the project: id of client.sites:list

---@class seranking.keyword_groups.create: seranking.Operation
---@field dry_run fun(self, args: seranking.keyword_groups.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.keyword_groups.update.Args
---@field group_id? seranking.Id the keyword group: id of list
---@field name string name of the group, not empty

---@class seranking.keyword_groups.update: seranking.Operation
---@field dry_run fun(self, args: seranking.keyword_groups.update.Args|table, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.keyword_groups.delete.Args
---@field group_id? seranking.Id the keyword group: id of list

---@class seranking.keyword_groups.delete: seranking.Operation
---@field dry_run fun(self, args?: seranking.keyword_groups.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.keyword_groups.move.Args
---@field group_id? seranking.Id the keyword group: id of list
---@field keywords_ids seranking.Id|seranking.Id[] keywords to move (the API's name has two plurals)

---@class seranking.keyword_groups.move: seranking.Operation
---@field dry_run fun(self, args: seranking.keyword_groups.move.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.keyword_groups
--- A project's keyword groups.
---@field list seranking.keyword_groups.list|fun(self, args: seranking.keyword_groups.list.Args, options?: seranking.CallOptions): seranking.keyword_groups.list.Row[]?, seranking.Response|seranking.Error
--- Create a keyword group.
---@field create seranking.keyword_groups.create|fun(self, args: seranking.keyword_groups.create.Args, options?: seranking.CallOptions): seranking.keyword_groups.create.Answer?, seranking.Response|seranking.Error
--- Rename a keyword group.
---@field update seranking.keyword_groups.update|fun(self, args: seranking.keyword_groups.update.Args|table, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Delete a keyword group.
---@field delete seranking.keyword_groups.delete|fun(self, args?: seranking.keyword_groups.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Move keywords into a group.
---@field move seranking.keyword_groups.move|fun(self, args: seranking.keyword_groups.move.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(group_id: seranking.Id): seranking.keyword_groups

---@class seranking.local_marketing
---@field gbp seranking.local_marketing.gbp
---@field locations seranking.local_marketing.locations
---@field reviews seranking.local_marketing.reviews
---@field operations fun(self): fun(): string?, any

---@class seranking.local_marketing.gbp.metrics.Row.metrics
---@field business_impressions_desktop_search? integer
---@field business_impressions_mobile_search? integer
---@field business_impressions_desktop_maps? integer
---@field business_impressions_mobile_maps? integer
---@field website_clicks? integer
---@field call_clicks? integer
---@field business_direction_requests? integer
---@field business_conversations? integer

---@class seranking.local_marketing.gbp.metrics.Row
---@field date seranking.Date
---@field metrics seranking.local_marketing.gbp.metrics.Row.metrics

---@class seranking.local_marketing.gbp.metrics.Answer
---@field items seranking.local_marketing.gbp.metrics.Row[]

---@class seranking.local_marketing.gbp.searches.Row
---@field month seranking.Date the first day of the month
---@field direct? integer
---@field discovery? integer
---@field branded? integer

---@class seranking.local_marketing.gbp.searches.Answer
---@field items seranking.local_marketing.gbp.searches.Row[]
---@field last_updated_date seranking.Date

---@class seranking.local_marketing.gbp.keywords.Row
---@field keyword string
---@field impressions? integer
---@field clicks? integer

---@class seranking.local_marketing.gbp.keywords.Answer
---@field items seranking.local_marketing.gbp.keywords.Row[]
---@field next_page_token? string

---@class seranking.local_marketing.gbp.metrics.Args
---@field location_id? seranking.Id the location: id of client.local_marketing.locations:list
---@field from seranking.Day first day
---@field to seranking.Day last day
---@field group_by? string DAY is known; others may exist

---@class seranking.local_marketing.gbp.metrics: seranking.Operation
---@field dry_run fun(self, args: seranking.local_marketing.gbp.metrics.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.local_marketing.gbp.metrics.Args, options?: seranking.WalkOptions): fun(): seranking.local_marketing.gbp.metrics.Row?, seranking.Response?
---@field all fun(self, args: seranking.local_marketing.gbp.metrics.Args, options?: seranking.WalkOptions): seranking.local_marketing.gbp.metrics.Row[]?, seranking.Error?

---@class seranking.local_marketing.gbp.searches.Args
---@field location_id? seranking.Id the location: id of client.local_marketing.locations:list
---@field from seranking.Day first day
---@field to seranking.Day last day

---@class seranking.local_marketing.gbp.searches: seranking.Operation
---@field dry_run fun(self, args: seranking.local_marketing.gbp.searches.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.local_marketing.gbp.searches.Args, options?: seranking.WalkOptions): fun(): seranking.local_marketing.gbp.searches.Row?, seranking.Response?
---@field all fun(self, args: seranking.local_marketing.gbp.searches.Args, options?: seranking.WalkOptions): seranking.local_marketing.gbp.searches.Row[]?, seranking.Error?

---@class seranking.local_marketing.gbp.keywords.Args
---@field location_id? seranking.Id the location: id of client.local_marketing.locations:list
---@field from seranking.Day first day
---@field to seranking.Day last day
---@field page_token? string next_page_token of the page before (the parameter's name is assumed)

---@class seranking.local_marketing.gbp.keywords: seranking.Operation
---@field dry_run fun(self, args: seranking.local_marketing.gbp.keywords.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.local_marketing.gbp.keywords.Args, options?: seranking.WalkOptions): fun(): seranking.local_marketing.gbp.keywords.Row?, seranking.Response?
---@field all fun(self, args: seranking.local_marketing.gbp.keywords.Args, options?: seranking.WalkOptions): seranking.local_marketing.gbp.keywords.Row[]?, seranking.Error?

---@class seranking.local_marketing.gbp
--- How often the profile was shown and used, by day. A day without metrics is not known, not zero. v1 only.
---@field metrics seranking.local_marketing.gbp.metrics|fun(self, args: seranking.local_marketing.gbp.metrics.Args, options?: seranking.CallOptions): seranking.local_marketing.gbp.metrics.Answer?, seranking.Response|seranking.Error
--- How the profile was found, by month. Google withholds small numbers. v1 only.
---@field searches seranking.local_marketing.gbp.searches|fun(self, args: seranking.local_marketing.gbp.searches.Args, options?: seranking.CallOptions): seranking.local_marketing.gbp.searches.Answer?, seranking.Response|seranking.Error
--- Search terms that found the profile in a calendar month. Terms may differ in the case of letters only. v1 only.
---@field keywords seranking.local_marketing.gbp.keywords|fun(self, args: seranking.local_marketing.gbp.keywords.Args, options?: seranking.CallOptions): seranking.local_marketing.gbp.keywords.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(location_id: seranking.Id): seranking.local_marketing.gbp

---@class seranking.local_marketing.locations.list.Row.statistics
---@field reviews_count integer
---@field average_rating number
---@field audit_score_percent number

---@class seranking.local_marketing.locations.list.Row
---@field id integer
---@field title string
---@field account_name string
---@field connection_status string
---@field statistics seranking.local_marketing.locations.list.Row.statistics

---@class seranking.local_marketing.locations.list.Answer
---@field items seranking.local_marketing.locations.list.Row[]

---@class seranking.local_marketing.locations.list.Args
---@field limit? integer rows a page (at least 1)
---@field offset? integer rows to skip (at least 0); default 0
---@field is_active? boolean only locations that are active, or that are not

---@class seranking.local_marketing.locations.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.local_marketing.locations.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.local_marketing.locations.list.Args, options?: seranking.WalkOptions): fun(): seranking.local_marketing.locations.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.local_marketing.locations.list.Args, options?: seranking.WalkOptions): seranking.local_marketing.locations.list.Row[]?, seranking.Error?

---@class seranking.local_marketing.locations
--- Locations. v1 only.
---@field list seranking.local_marketing.locations.list|fun(self, args?: seranking.local_marketing.locations.list.Args, options?: seranking.CallOptions): seranking.local_marketing.locations.list.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.local_marketing.reviews.overview.Answer.items_by_source
---@field reviews_count? integer

---@class seranking.local_marketing.reviews.overview.Answer
---@field total_reviews integer
---@field average_rating? number
---@field answered_reviews integer
---@field unanswered_reviews integer
---@field rating_distribution table counts less than all, by one client
---@field items_by_source seranking.local_marketing.reviews.overview.Answer.items_by_source[]

---@class seranking.local_marketing.reviews.list.Row
---@field id integer
---@field source string gmb is Google
---@field rating integer
---@field review? string
---@field reviewer_name? string
---@field created_at seranking.Time
---@field is_answered boolean
---@field replied_at? seranking.Time
---@field review_url? string

---@class seranking.local_marketing.reviews.list.Answer
---@field items seranking.local_marketing.reviews.list.Row[]

---@class seranking.local_marketing.reviews.overview.Args
---@field location_id? seranking.Id the location: id of client.local_marketing.locations:list
---@field from? seranking.Day first day
---@field to? seranking.Day last day

---@class seranking.local_marketing.reviews.overview: seranking.Operation
---@field dry_run fun(self, args?: seranking.local_marketing.reviews.overview.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.local_marketing.reviews.list.Args
---@field location_id? seranking.Id the location: id of client.local_marketing.locations:list
---@field limit? integer rows a page (at least 1)
---@field offset? integer rows to skip (at least 0); default 0

---@class seranking.local_marketing.reviews.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.local_marketing.reviews.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.local_marketing.reviews.list.Args, options?: seranking.WalkOptions): fun(): seranking.local_marketing.reviews.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.local_marketing.reviews.list.Args, options?: seranking.WalkOptions): seranking.local_marketing.reviews.list.Row[]?, seranking.Error?

---@class seranking.local_marketing.reviews
--- Sums of the reviews of a period, or of all time. The path is assumed in part. v1 only.
---@field overview seranking.local_marketing.reviews.overview|fun(self, args?: seranking.local_marketing.reviews.overview.Args, options?: seranking.CallOptions): seranking.local_marketing.reviews.overview.Answer?, seranking.Response|seranking.Error
--- Reviews. Path and paging are assumed in part. v1 only.
---@field list seranking.local_marketing.reviews.list|fun(self, args?: seranking.local_marketing.reviews.list.Args, options?: seranking.CallOptions): seranking.local_marketing.reviews.list.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(location_id: seranking.Id): seranking.local_marketing.reviews

---@class seranking.site_groups.list.Row
---@field id integer the group_id of other calls
---@field name string

---@class seranking.site_groups.create.Answer
---@field group_id integer

---@class seranking.site_groups.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.NoArgs, options?: seranking.WalkOptions): fun(): seranking.site_groups.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.NoArgs, options?: seranking.WalkOptions): seranking.site_groups.list.Row[]?, seranking.Error?

---@class seranking.site_groups.create.Args
---@field name string name of the group, not empty

---@class seranking.site_groups.create: seranking.Operation
---@field dry_run fun(self, args: seranking.site_groups.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.site_groups.update.Args
---@field group_id? seranking.Id the project group: id of list
---@field name string name of the group, not empty

---@class seranking.site_groups.update: seranking.Operation
---@field dry_run fun(self, args: seranking.site_groups.update.Args|table, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.site_groups.delete.Args
---@field group_id? seranking.Id the project group: id of list

---@class seranking.site_groups.delete: seranking.Operation
---@field dry_run fun(self, args?: seranking.site_groups.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.site_groups.move.Args
---@field group_id? seranking.Id the project group: id of list
---@field site_ids seranking.Id|seranking.Id[] projects to move

---@class seranking.site_groups.move: seranking.Operation
---@field dry_run fun(self, args: seranking.site_groups.move.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.site_groups
--- The account's project groups.
---@field list seranking.site_groups.list|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.site_groups.list.Row[]?, seranking.Response|seranking.Error
--- Create a project group.
---@field create seranking.site_groups.create|fun(self, args: seranking.site_groups.create.Args, options?: seranking.CallOptions): seranking.site_groups.create.Answer?, seranking.Response|seranking.Error
--- Rename a project group.
---@field update seranking.site_groups.update|fun(self, args: seranking.site_groups.update.Args|table, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Delete a project group; its projects stay.
---@field delete seranking.site_groups.delete|fun(self, args?: seranking.site_groups.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Move projects into a group.
---@field move seranking.site_groups.move|fun(self, args: seranking.site_groups.move.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(group_id: seranking.Id): seranking.site_groups

---@class seranking.sites.list.Row
---@field id integer the site_id of other calls
---@field title string
---@field name string the domain or page that is tracked
---@field group_id integer project group; 0: none
---@field is_active integer 0 or 1
---@field exact_url integer 0 or 1
---@field subdomain_match integer 0 or 1
---@field depth integer results that a check looks at, 100 or 200
---@field check_freq string
---@field check_day? integer day of the week or month
---@field guest_link? string address of a report that anybody can read
---@field keyword_count? integer
---@field match_mode? string not documented, seen in answers

---@class seranking.sites.create.Answer
---@field site_id integer

---@class seranking.sites.summary.Answer
---@field site_id integer
---@field title? string known from one client
---@field name? string known from one client
---@field process integer progress of the running check, percent
---@field today_avg number average position now
---@field yesterday_avg number
---@field total_up integer keywords that rose
---@field total_down integer
---@field top5 integer keywords within the first 5 results
---@field top10 integer
---@field top30 integer
---@field visibility number
---@field visibility_percent number percent
---@field index_google integer pages in Google's index
---@field domain_trust? integer 0-100; old pages call it da

---@class seranking.sites.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.NoArgs, options?: seranking.WalkOptions): fun(): seranking.sites.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.NoArgs, options?: seranking.WalkOptions): seranking.sites.list.Row[]?, seranking.Error?

---@class seranking.sites.create.Args
---@field url string domain or page to track; it must resolve, and reserved test domains are refused
---@field title string name of the project, 1-255 characters
---@field depth? 100|200 number of results that a check looks at; default 100
---@field subdomain_match? seranking.Flag 1: include subdomains; default 0
---@field exact_url? seranking.Flag 1: count this page only; default 0
---@field check_freq? "check_daily"|"check_1in3"|"check_weekly"|"check_monthly"|"manual" how often positions are checked; default check_daily
---@field check_day? integer 1-7 (Monday is 1) with check_weekly, 1-31 with check_monthly (1 to 31)
---@field site_group_id? seranking.Id project group: id of client.site_groups:list
---@field is_active? seranking.Flag 1: active, 0: paused
---@field auto_reports? seranking.Flag 1: mail a report every week; default 1
---@field disable_audit? seranking.Flag 1: no automatic site audit; default 0

---@class seranking.sites.create: seranking.Operation
---@field dry_run fun(self, args: seranking.sites.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.sites.update.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field url? string domain or page to track; it must resolve, and reserved test domains are refused
---@field title? string name of the project, 1-255 characters
---@field depth? 100|200 number of results that a check looks at; default 100
---@field subdomain_match? seranking.Flag 1: include subdomains; default 0
---@field exact_url? seranking.Flag 1: count this page only; default 0
---@field check_freq? "check_daily"|"check_1in3"|"check_weekly"|"check_monthly"|"manual" how often positions are checked; default check_daily
---@field check_day? integer 1-7 (Monday is 1) with check_weekly, 1-31 with check_monthly (1 to 31)
---@field site_group_id? seranking.Id project group: id of client.site_groups:list
---@field is_active? seranking.Flag 1: active, 0: paused

---@class seranking.sites.update: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.update.Args|table, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.sites.delete.Args
---@field site_id? seranking.Id the project: id of client.sites:list

---@class seranking.sites.delete: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.sites.summary.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field site_engine_id? seranking.Id engine of the project; uncertain, seen in one client only

---@class seranking.sites.summary: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.summary.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.sites
--- All projects, in one answer; id is the site_id of other calls.
---@field list seranking.sites.list|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.sites.list.Row[]?, seranking.Response|seranking.Error
--- Create a project. The vendor's panel hides it until it has engines and keywords.
---@field create seranking.sites.create|fun(self, args: seranking.sites.create.Args, options?: seranking.CallOptions): seranking.sites.create.Answer?, seranking.Response|seranking.Error
--- Change a project. What you leave out stays.
---@field update seranking.sites.update|fun(self, args?: seranking.sites.update.Args|table, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Delete a project and everything in it.
---@field delete seranking.sites.delete|fun(self, args?: seranking.sites.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- A project's totals: average position, gains and losses, top 5/10/30, visibility.
---@field summary seranking.sites.summary|fun(self, args?: seranking.sites.summary.Args, options?: seranking.CallOptions): seranking.sites.summary.Answer?, seranking.Response|seranking.Error
---@field ads seranking.sites.ads
---@field keywords seranking.sites.keywords
---@field positions seranking.sites.positions
---@field search_engines seranking.sites.search_engines
---@field url_tags seranking.sites.url_tags
---@field operations fun(self): fun(): string?, any
---@overload fun(site_id: seranking.Id): seranking.sites

---@class seranking.sites.ads.list.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field date_from? seranking.Day first day; send it always, one source says it is required
---@field date_to? seranking.Day last day; send it always, one source says it is required
---@field site_engine_ids? seranking.Id|seranking.Id[] only these engines of the project
---@field keywords_ids? seranking.Id|seranking.Id[] only these keywords (the API's name has two plurals)

---@class seranking.sites.ads.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.ads.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.sites.ads.list.Args, options?: seranking.WalkOptions): fun(): any, seranking.Response?
---@field all fun(self, args?: seranking.sites.ads.list.Args, options?: seranking.WalkOptions): any[]?, seranking.Error?

---@class seranking.sites.ads
--- Ads above and below the results, counted by day. No source shows a row.
---@field list seranking.sites.ads.list|fun(self, args?: seranking.sites.ads.list.Args, options?: seranking.CallOptions): any[]?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.sites.keywords.list.Row
---@field id integer the keyword_id of other calls
---@field name string words of the keyword
---@field group_id integer keyword group
---@field link? string page that should rank; called target_url in create and update
---@field first_check_date? seranking.Date with site_engine_id
---@field tags any[]
---@field site_engine_ids integer[] engines that check it

---@class seranking.sites.keywords.create.Answer
---@field added integer
---@field ids integer[] ids of the new keywords, in the order of the request

---@class seranking.sites.keywords.list.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field site_engine_id? seranking.Id engine of the project whose first check is first_check_date

---@class seranking.sites.keywords.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.keywords.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.sites.keywords.list.Args, options?: seranking.WalkOptions): fun(): seranking.sites.keywords.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.sites.keywords.list.Args, options?: seranking.WalkOptions): seranking.sites.keywords.list.Row[]?, seranking.Error?

---@class seranking.sites.keywords.create.Item
---@field comment? string a note
---@field group_id? seranking.Id keyword group of the project
---@field is_strict? boolean true: count target_url only
---@field keyword string the words; required by update unless only is_strict or group_id changes
---@field site_engine_ids? seranking.Id|seranking.Id[] engines that check it, by default all; update replaces the whole set
---@field target_url? string page that should rank; list calls it link

---@class seranking.sites.keywords.create.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field [integer] seranking.sites.keywords.create.Item

---@class seranking.sites.keywords.create: seranking.Operation
---@field dry_run fun(self, args: seranking.sites.keywords.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.sites.keywords.update.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field keyword_id? seranking.Id a keyword of the project
---@field keyword? string the words; required by update unless only is_strict or group_id changes
---@field group_id? seranking.Id keyword group of the project
---@field target_url? string page that should rank; list calls it link
---@field is_strict? boolean true: count target_url only
---@field comment? string a note
---@field site_engine_ids? seranking.Id|seranking.Id[] engines that check it, by default all; update replaces the whole set

---@class seranking.sites.keywords.update: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.keywords.update.Args|table, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.sites.keywords.delete.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field keywords_ids seranking.Id|seranking.Id[] keywords to delete (the API's name has two plurals)

---@class seranking.sites.keywords.delete: seranking.Operation
---@field dry_run fun(self, args: seranking.sites.keywords.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.sites.keywords
--- A project's keywords: words, target page, tags, engines.
---@field list seranking.sites.keywords.list|fun(self, args?: seranking.sites.keywords.list.Args, options?: seranking.CallOptions): seranking.sites.keywords.list.Row[]?, seranking.Response|seranking.Error
--- Add keywords, as a list. The ids come back in the same order.
---@field create seranking.sites.keywords.create|fun(self, args: seranking.sites.keywords.create.Args, options?: seranking.CallOptions): seranking.sites.keywords.create.Answer?, seranking.Response|seranking.Error
--- Change a keyword. What you leave out stays; site_engine_ids replaces the whole set.
---@field update seranking.sites.keywords.update|fun(self, args?: seranking.sites.keywords.update.Args|table, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Stop tracking keywords.
---@field delete seranking.sites.keywords.delete|fun(self, args: seranking.sites.keywords.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(keyword_id: seranking.Id): seranking.sites.keywords

---@class seranking.sites.positions.list.Row.keywords.positions
---@field date seranking.Date
---@field pos integer 0: not ranking
---@field change integer places gained since the date before
---@field price number
---@field is_map integer 0 or 1
---@field map_position integer
---@field paid_position integer
---@field depth? integer

---@class seranking.sites.positions.list.Row.keywords.landing_pages
---@field url string
---@field ascii_url? string
---@field date seranking.Date when it was first seen

---@class seranking.sites.positions.list.Row.keywords
---@field id integer
---@field name? string
---@field group_id integer
---@field volume? integer searches a month; 0 may mean too few to tell
---@field competition? number
---@field suggested_bid? number
---@field cpc? number price of a click
---@field results integer pages found
---@field total_sum number cost
---@field kei? number old answers only
---@field positions seranking.sites.positions.list.Row.keywords.positions[]
---@field landing_pages? seranking.sites.positions.list.Row.keywords.landing_pages[] with with_landing_pages
---@field features? table<string, boolean|integer> with with_serp_features
---@field content_score? integer with with_content_score
---@field content_score_change? integer

---@class seranking.sites.positions.list.Row
---@field site_engine_id integer
---@field keywords seranking.sites.positions.list.Row.keywords[]

---@class seranking.sites.positions.recheck.Answer
---@field total integer number of checks that wait

---@class seranking.sites.positions.history.Row.data
---@field date seranking.Date
---@field value number in the metric's unit

---@class seranking.sites.positions.history.Row
---@field type string # "avg" or "search_engine"
---@field name string
---@field data seranking.sites.positions.history.Row.data[]

---@class seranking.sites.positions.checkpoints.Answer
---@field current? seranking.Date
---@field [string] seranking.Date

---@class seranking.sites.positions.list.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field date_from? seranking.Day first day; default about a week ago
---@field date_to? seranking.Day last day; default today
---@field site_engine_id? seranking.Id engine of the project (site_engine_id, not search_engine_id)
---@field in_top? integer only keywords within the top N
---@field with_landing_pages? seranking.Flag 1: add the pages that rank; default 0
---@field with_serp_features? seranking.Flag 1: add the features of the results page; default 0
---@field with_content_score? seranking.Flag 1: add content scores; seen in v1 only; default 0

---@class seranking.sites.positions.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.positions.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.sites.positions.list.Args, options?: seranking.WalkOptions): fun(): seranking.sites.positions.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.sites.positions.list.Args, options?: seranking.WalkOptions): seranking.sites.positions.list.Row[]?, seranking.Error?

---@class seranking.sites.positions.set.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field keyword_id seranking.Id a keyword of the project
---@field date seranking.Day day of the position
---@field site_engine_id seranking.Id engine of the project (site_engine_id, not search_engine_id)
---@field position integer the position; 0 means not found (0 to 200)

---@class seranking.sites.positions.set: seranking.Operation
---@field dry_run fun(self, args: seranking.sites.positions.set.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.sites.positions.recheck.Keywords
---@field keyword_id seranking.Id a keyword of the project
---@field site_engine_id seranking.Id engine of the project (site_engine_id, not search_engine_id)

---@class seranking.sites.positions.recheck.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field site_engine_id? seranking.Id engine of the project (site_engine_id, not search_engine_id)
---@field keywords? seranking.sites.positions.recheck.Keywords|seranking.sites.positions.recheck.Keywords[] pairs to check; then site_engine_id of the call is ignored

---@class seranking.sites.positions.recheck: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.positions.recheck.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.sites.positions.check_dates.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field site_engine_id? seranking.Id engine of the project (site_engine_id, not search_engine_id)
---@field date_from? seranking.Day first day; default about a week ago
---@field date_to? seranking.Day last day; default today

---@class seranking.sites.positions.check_dates: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.positions.check_dates.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.sites.positions.check_dates.Args, options?: seranking.WalkOptions): fun(): seranking.Date?, seranking.Response?
---@field all fun(self, args?: seranking.sites.positions.check_dates.Args, options?: seranking.WalkOptions): seranking.Date[]?, seranking.Error?

---@class seranking.sites.positions.history.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field site_engine_id? seranking.Id engine of the project (site_engine_id, not search_engine_id)
---@field date_from? seranking.Day first day; default about a week ago
---@field date_to? seranking.Day last day; default today
---@field type? "avg_pos"|"visibility"|"visibility_percent"|"top10"|"top10_percent" the metric; default avg_pos
---@field group_id? seranking.Id only keywords of this keyword group
---@field keywords_ids? seranking.Id|seranking.Id[] only these keywords (the API's name has two plurals)
---@field tags_ids? seranking.Id|seranking.Id[] only keywords with these tags

---@class seranking.sites.positions.history: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.positions.history.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.sites.positions.history.Args, options?: seranking.WalkOptions): fun(): seranking.sites.positions.history.Row?, seranking.Response?
---@field all fun(self, args?: seranking.sites.positions.history.Args, options?: seranking.WalkOptions): seranking.sites.positions.history.Row[]?, seranking.Error?

---@class seranking.sites.positions.checkpoints.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field site_engine_id? seranking.Id engine of the project (site_engine_id, not search_engine_id)

---@class seranking.sites.positions.checkpoints: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.positions.checkpoints.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.sites.positions
--- Positions by day, grouped by engine; pos 0 means not ranking.
---@field list seranking.sites.positions.list|fun(self, args?: seranking.sites.positions.list.Args, options?: seranking.CallOptions): seranking.sites.positions.list.Row[]?, seranking.Response|seranking.Error
--- Set one position by hand.
---@field set seranking.sites.positions.set|fun(self, args: seranking.sites.positions.set.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Check positions now: pairs of keyword and engine, one engine, or everything. total says how many.
---@field recheck seranking.sites.positions.recheck|fun(self, args?: seranking.sites.positions.recheck.Args, options?: seranking.CallOptions): seranking.sites.positions.recheck.Answer?, seranking.Response|seranking.Error
--- Days on which positions were checked.
---@field check_dates seranking.sites.positions.check_dates|fun(self, args?: seranking.sites.positions.check_dates.Args, options?: seranking.CallOptions): seranking.Date[]?, seranking.Response|seranking.Error
--- One metric over time: a series for each engine, and one for the average.
---@field history seranking.sites.positions.history|fun(self, args?: seranking.sites.positions.history.Args, options?: seranking.CallOptions): seranking.sites.positions.history.Row[]?, seranking.Response|seranking.Error
--- Days to compare with that have data: label (yesterday, 7days …) to date.
---@field checkpoints seranking.sites.positions.checkpoints|fun(self, args?: seranking.sites.positions.checkpoints.Args, options?: seranking.CallOptions): seranking.sites.positions.checkpoints.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.sites.search_engines.list.Row
---@field site_engine_id integer the site_engine_id of other calls
---@field search_engine_id integer id in client.system:search_engines
---@field region_id integer
---@field region_name? string
---@field lang_code string
---@field merge_map integer 0 maps ignored, 1 counted, 2 counted and shown apart
---@field business_name? string
---@field phone? string
---@field paid_results integer 0 or 1
---@field featured_snippet? integer 0 or 1
---@field keyword_count integer

---@class seranking.sites.search_engines.create.Answer
---@field site_engine_id integer

---@class seranking.sites.search_engines.list.Args
---@field site_id? seranking.Id the project: id of client.sites:list

---@class seranking.sites.search_engines.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.search_engines.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.sites.search_engines.list.Args, options?: seranking.WalkOptions): fun(): seranking.sites.search_engines.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.sites.search_engines.list.Args, options?: seranking.WalkOptions): seranking.sites.search_engines.list.Row[]?, seranking.Error?

---@class seranking.sites.search_engines.create.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field search_engine_id seranking.Id engine to add: id of client.system:search_engines
---@field region_id? seranking.Id region of the engine, by number
---@field region_name? string full place name from client.system:google_regions; Google only
---@field lang_code? string language of the results, ISO 639-1
---@field merge_map? 0|1|2 map results: 0 ignore, 1 count, 2 count and show separately
---@field business_name? string business name to find on the map
---@field phone? string telephone number to find on the map
---@field paid_results? seranking.Flag 1: track Google Ads as well
---@field featured_snippet? seranking.Flag 1: count featured snippets

---@class seranking.sites.search_engines.create: seranking.Operation
---@field dry_run fun(self, args: seranking.sites.search_engines.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.sites.search_engines.update.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field site_engine_id? seranking.Id engine of the project (site_engine_id, not search_engine_id)
---@field region_id? seranking.Id region of the engine, by number
---@field region_name? string full place name from client.system:google_regions; Google only
---@field lang_code? string language of the results, ISO 639-1
---@field merge_map? 0|1|2 map results: 0 ignore, 1 count, 2 count and show separately
---@field business_name? string business name to find on the map
---@field phone? string telephone number to find on the map
---@field paid_results? seranking.Flag 1: track Google Ads as well
---@field featured_snippet? seranking.Flag 1: count featured snippets

---@class seranking.sites.search_engines.update: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.search_engines.update.Args|table, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.sites.search_engines.delete.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field site_engine_id? seranking.Id engine of the project (site_engine_id, not search_engine_id)

---@class seranking.sites.search_engines.delete: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.search_engines.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.sites.search_engines
--- A project's engines. Positions and keywords take their site_engine_id.
---@field list seranking.sites.search_engines.list|fun(self, args?: seranking.sites.search_engines.list.Args, options?: seranking.CallOptions): seranking.sites.search_engines.list.Row[]?, seranking.Response|seranking.Error
--- Add an engine to a project.
---@field create seranking.sites.search_engines.create|fun(self, args: seranking.sites.search_engines.create.Args, options?: seranking.CallOptions): seranking.sites.search_engines.create.Answer?, seranking.Response|seranking.Error
--- Change an engine. What you leave out stays.
---@field update seranking.sites.search_engines.update|fun(self, args?: seranking.sites.search_engines.update.Args|table, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Remove an engine and its positions.
---@field delete seranking.sites.search_engines.delete|fun(self, args?: seranking.sites.search_engines.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(site_engine_id: seranking.Id): seranking.sites.search_engines

---@class seranking.sites.url_tags.list.Row
---@field id integer the tag_id of other calls
---@field name string
---@field url string[] pages with this tag; called urls in create and update
---@field domain string[] domains with this tag; called domains in create and update

---@class seranking.sites.url_tags.create.Answer
---@field tag_id integer

---@class seranking.sites.url_tags.list.Args
---@field site_id? seranking.Id the project: id of client.sites:list

---@class seranking.sites.url_tags.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.url_tags.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.sites.url_tags.list.Args, options?: seranking.WalkOptions): fun(): seranking.sites.url_tags.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.sites.url_tags.list.Args, options?: seranking.WalkOptions): seranking.sites.url_tags.list.Row[]?, seranking.Error?

---@class seranking.sites.url_tags.create.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field name string text of the tag
---@field urls? string|string[] pages; list calls them url
---@field domains? string|string[] domains; list calls them domain

---@class seranking.sites.url_tags.create: seranking.Operation
---@field dry_run fun(self, args: seranking.sites.url_tags.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.sites.url_tags.update.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field tag_ids? seranking.Id|seranking.Id[] tags for these pages and domains
---@field urls? string|string[] pages; list calls them url
---@field domains? string|string[] domains; list calls them domain

---@class seranking.sites.url_tags.update: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.url_tags.update.Args|table, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.sites.url_tags.delete.Args
---@field site_id? seranking.Id the project: id of client.sites:list
---@field tag_id? seranking.Id the tag: id of list

---@class seranking.sites.url_tags.delete: seranking.Operation
---@field dry_run fun(self, args?: seranking.sites.url_tags.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.sites.url_tags
--- A project's landing-page tags.
---@field list seranking.sites.url_tags.list|fun(self, args?: seranking.sites.url_tags.list.Args, options?: seranking.CallOptions): seranking.sites.url_tags.list.Row[]?, seranking.Response|seranking.Error
--- Create a tag and put it on pages and domains. A project holds 20 tags.
---@field create seranking.sites.url_tags.create|fun(self, args: seranking.sites.url_tags.create.Args, options?: seranking.CallOptions): seranking.sites.url_tags.create.Answer?, seranking.Response|seranking.Error
--- Set the tags of pages and domains. Replaces theirs, and may remove tags: read them again afterwards.
---@field update seranking.sites.url_tags.update|fun(self, args?: seranking.sites.url_tags.update.Args|table, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Delete a tag from all pages and domains.
---@field delete seranking.sites.url_tags.delete|fun(self, args?: seranking.sites.url_tags.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(tag_id: seranking.Id): seranking.sites.url_tags

---@class seranking.system.search_engines.Row
---@field id integer the search_engine_id of other calls
---@field name string
---@field region_id integer
---@field type string google, google mobile, bing, yahoo, youtube …

---@class seranking.system.google_regions.Row
---@field name string the region_name of other calls
---@field region_id integer

---@class seranking.system.volume_regions.Row
---@field id integer the member's name is assumed
---@field name? string the member's name is assumed

---@class seranking.system.search_engines: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.NoArgs, options?: seranking.WalkOptions): fun(): seranking.system.search_engines.Row?, seranking.Response?
---@field all fun(self, args?: seranking.NoArgs, options?: seranking.WalkOptions): seranking.system.search_engines.Row[]?, seranking.Error?

---@class seranking.system.google_langs: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.system.google_regions: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.NoArgs, options?: seranking.WalkOptions): fun(): seranking.system.google_regions.Row?, seranking.Response?
---@field all fun(self, args?: seranking.NoArgs, options?: seranking.WalkOptions): seranking.system.google_regions.Row[]?, seranking.Error?

---@class seranking.system.volume_regions: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.NoArgs, options?: seranking.WalkOptions): fun(): seranking.system.volume_regions.Row?, seranking.Response?
---@field all fun(self, args?: seranking.NoArgs, options?: seranking.WalkOptions): seranking.system.volume_regions.Row[]?, seranking.Error?

---@class seranking.system.volume.Args
---@field region_id seranking.Id region to count in, from client.system:volume_regions
---@field keyword string|string[] the keywords, at most 10

---@class seranking.system.volume: seranking.Operation
---@field dry_run fun(self, args: seranking.system.volume.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.system.yandex_regions: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.system
--- All search engines that a project can track, about 690 rows; id is the search_engine_id of other calls.
---@field search_engines seranking.system.search_engines|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.system.search_engines.Row[]?, seranking.Response|seranking.Error
--- Languages for Google: code to the language's own name.
---@field google_langs seranking.system.google_langs|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): table<string, string>?, seranking.Response|seranking.Error
--- Cities and regions for Google, about 228,800 rows in one answer: keep them. name is the region_name of other calls.
---@field google_regions seranking.system.google_regions|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.system.google_regions.Row[]?, seranking.Response|seranking.Error
--- Regions that client.system:volume knows. v4 only.
---@field volume_regions seranking.system.volume_regions|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.system.volume_regions.Row[]?, seranking.Response|seranking.Error
--- Monthly searches of up to ten keywords in a region. v4 only; no source shows an answer.
---@field volume seranking.system.volume|fun(self, args: seranking.system.volume.Args, options?: seranking.CallOptions): any, seranking.Response|seranking.Error
--- Yandex regions. Known from old clients only; no source shows an answer. v4 only.
---@field yandex_regions seranking.system.yandex_regions|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): any, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.users.list.Row
---@field account_id integer the user_id of other calls
---@field account_email string
---@field account_first_name string
---@field account_last_name string
---@field account_type string # "user" or "client"
---@field account_lang string
---@field account_sites_count integer projects
---@field is_blocked_by_limits boolean

---@class seranking.users.list.Answer
---@field list seranking.users.list.Row[]
---@field all_count integer number of sub-accounts

---@class seranking.users.get.Answer.settings
---@field account_email? string the member's name is assumed

---@class seranking.users.get.Answer
---@field settings seranking.users.get.Answer.settings the account_ members
---@field access table|any[] its rights: audit_website, competitors_visibility_ranking, report_manual …
---@field limit? table spending limit: period and amount

---@class seranking.users.create.Answer
---@field account_id? integer the member's name is assumed

---@class seranking.users.list.Args
---@field limit? integer rows a page; default 100
---@field offset? integer rows to skip; default 0

---@class seranking.users.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.users.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.users.list.Args, options?: seranking.WalkOptions): fun(): seranking.users.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.users.list.Args, options?: seranking.WalkOptions): seranking.users.list.Row[]?, seranking.Error?

---@class seranking.users.get.Args
---@field user_id? seranking.Id the sub-account: account_id of list

---@class seranking.users.get: seranking.Operation
---@field dry_run fun(self, args?: seranking.users.get.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.users.create.Args
---@field account_email string address for its login details
---@field account_first_name string first name
---@field account_last_name? string last name
---@field account_password string password
---@field account_lang? string language of the panel, two letters
---@field account_type? "client"|"user" type; you can share projects with a client only
---@field limit_balance_period? "day"|"week"|"month" period of limit_balance_amount
---@field limit_balance_amount? integer amount it may spend in a limit_balance_period
---@field access? string|string[] all its rights, by code, such as audit_settings and add_website; unknown codes are silently ignored

---@class seranking.users.create: seranking.Operation
---@field dry_run fun(self, args: seranking.users.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.users.update.Args
---@field user_id? seranking.Id the sub-account: account_id of list
---@field account_email? string address for its login details
---@field account_first_name? string first name
---@field account_last_name? string last name
---@field account_password? string password
---@field account_lang? string language of the panel, two letters
---@field account_type? "client"|"user" type; you can share projects with a client only
---@field limit_balance_period? "day"|"week"|"month" period of limit_balance_amount
---@field limit_balance_amount? integer amount it may spend in a limit_balance_period
---@field access? string|string[] all its rights, by code, such as audit_settings and add_website; unknown codes are silently ignored

---@class seranking.users.update: seranking.Operation
---@field dry_run fun(self, args?: seranking.users.update.Args|table, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.users.delete.Args
---@field user_id? seranking.Id the sub-account: account_id of list

---@class seranking.users.delete: seranking.Operation
---@field dry_run fun(self, args?: seranking.users.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.users
--- The sub-accounts.
---@field list seranking.users.list|fun(self, args?: seranking.users.list.Args, options?: seranking.CallOptions): seranking.users.list.Answer?, seranking.Response|seranking.Error
--- A sub-account: its fields, rights and spending limit.
---@field get seranking.users.get|fun(self, args?: seranking.users.get.Args, options?: seranking.CallOptions): seranking.users.get.Answer?, seranking.Response|seranking.Error
--- Create a sub-account, which gets a mail. Give plain fields: the library writes the form that the servers want.
---@field create seranking.users.create|fun(self, args: seranking.users.create.Args, options?: seranking.CallOptions): (seranking.users.create.Answer|true)?, seranking.Response|seranking.Error
--- Change a sub-account. What you leave out stays, but access replaces all its rights.
---@field update seranking.users.update|fun(self, args?: seranking.users.update.Args|table, options?: seranking.CallOptions): any, seranking.Response|seranking.Error
--- Delete a sub-account.
---@field delete seranking.users.delete|fun(self, args?: seranking.users.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field sites seranking.users.sites
---@field operations fun(self): fun(): string?, any
---@overload fun(user_id: seranking.Id): seranking.users

---@class seranking.users.sites.list_shared.Args
---@field user_id? seranking.Id the sub-account: account_id of list

---@class seranking.users.sites.list_shared: seranking.Operation
---@field dry_run fun(self, args?: seranking.users.sites.list_shared.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.users.sites.list_shared.Args, options?: seranking.WalkOptions): fun(): integer?, seranking.Response?
---@field all fun(self, args?: seranking.users.sites.list_shared.Args, options?: seranking.WalkOptions): integer[]?, seranking.Error?

---@class seranking.users.sites.list_owned.Args
---@field user_id? seranking.Id the sub-account: account_id of list

---@class seranking.users.sites.list_owned: seranking.Operation
---@field dry_run fun(self, args?: seranking.users.sites.list_owned.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.users.sites.list_owned.Args, options?: seranking.WalkOptions): fun(): integer?, seranking.Response?
---@field all fun(self, args?: seranking.users.sites.list_owned.Args, options?: seranking.WalkOptions): integer[]?, seranking.Error?

---@class seranking.users.sites.share.Args
---@field user_id? seranking.Id the sub-account: account_id of list
---@field site_ids seranking.Id|seranking.Id[] all projects that it may see

---@class seranking.users.sites.share: seranking.Operation
---@field dry_run fun(self, args: seranking.users.sites.share.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.users.sites
--- Ids of the projects that are shared with the sub-account.
---@field list_shared seranking.users.sites.list_shared|fun(self, args?: seranking.users.sites.list_shared.Args, options?: seranking.CallOptions): integer[]?, seranking.Response|seranking.Error
--- Ids of the projects that the sub-account created.
---@field list_owned seranking.users.sites.list_owned|fun(self, args?: seranking.users.sites.list_owned.Args, options?: seranking.CallOptions): integer[]?, seranking.Response|seranking.Error
--- Share projects with a client. Replaces the whole set; v1 may refuse a list: read list_shared afterwards.
---@field share seranking.users.sites.share|fun(self, args: seranking.users.sites.share.Args, options?: seranking.CallOptions): any, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.account.subscription.Answer.subscription_info
---@field status string active, inactive, expired or disabled
---@field start_date string
---@field expiraton_date? string end of the plan; the server's spelling
---@field expiration_date? string the documented spelling; read both
---@field units_limit number credits of the plan
---@field units_left number credits left

---@class seranking.data.account.subscription.Answer
---@field subscription_info seranking.data.account.subscription.Answer.subscription_info

---@class seranking.data.account.credit_balance.Answer
---@field limit number
---@field used number

---@class seranking.data.account.credits.Answer.totals.subscription
---@field remaining number credits of the plan that are left
---@field total number credits of the plan
---@field expire_at? string

---@class seranking.data.account.credits.Answer.totals.addon
---@field remaining number credits that were bought

---@class seranking.data.account.credits.Answer.totals.wallet
---@field remaining number credits that don't expire

---@class seranking.data.account.credits.Answer.totals
---@field subscription seranking.data.account.credits.Answer.totals.subscription
---@field addon seranking.data.account.credits.Answer.totals.addon
---@field wallet seranking.data.account.credits.Answer.totals.wallet

---@class seranking.data.account.credits.Answer.access
---@field can_use_data_api boolean false: the key can't spend any
---@field primary_reason? string the pool that is charged, or why none is

---@class seranking.data.account.credits.Answer
---@field totals seranking.data.account.credits.Answer.totals
---@field access seranking.data.account.credits.Answer.access
---@field credit_expire_at? string

---@class seranking.data.account.subscription: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.account.credit_balance: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.account.credits: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.account
--- State of the plan and its credits; go by units_left.
---@field subscription seranking.data.account.subscription|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.data.account.subscription.Answer?, seranking.Response|seranking.Error
--- Credits of the plan, and credits used. Their difference need not be units_left of subscription.
---@field credit_balance seranking.data.account.credit_balance|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.data.account.credit_balance.Answer?, seranking.Response|seranking.Error
--- Credits left in each pool: plan, add-ons and wallet. The other two operations see the plan's alone. client.data:credits() adds up the pools.
---@field credits seranking.data.account.credits|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.data.account.credits.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.ai_search.overview_aggregated.Answer.summary.brand_presence
---@field current? number
---@field previous? number the month before
---@field change_absolute? number
---@field change_percent? number 100 if there was nothing before

---@class seranking.data.ai_search.overview_aggregated.Answer.summary
---@field brand_presence seranking.data.ai_search.overview_aggregated.Answer.summary.brand_presence
---@field link_presence seranking.data.ai_search.overview_aggregated.Answer.summary.brand_presence
---@field average_position seranking.data.ai_search.overview_aggregated.Answer.summary.brand_presence
---@field ai_opportunity_traffic seranking.data.ai_search.overview_aggregated.Answer.summary.brand_presence

---@class seranking.data.ai_search.overview_aggregated.Answer.time_series.overall_traffic
---@field date seranking.Month
---@field value? number

---@class seranking.data.ai_search.overview_aggregated.Answer.time_series
---@field overall_traffic seranking.data.ai_search.overview_aggregated.Answer.time_series.overall_traffic[]
---@field organic_traffic seranking.data.ai_search.overview_aggregated.Answer.time_series.overall_traffic[]
---@field ai_traffic seranking.data.ai_search.overview_aggregated.Answer.time_series.overall_traffic[]
---@field link_presence seranking.data.ai_search.overview_aggregated.Answer.time_series.overall_traffic[]
---@field average_position seranking.data.ai_search.overview_aggregated.Answer.time_series.overall_traffic[]

---@class seranking.data.ai_search.overview_aggregated.Answer
---@field brand string
---@field brand_origin? string origin of the brand's name; known from few sources
---@field no_index? boolean true: the site is not tracked, and all figures are missing
---@field summary seranking.data.ai_search.overview_aggregated.Answer.summary
---@field time_series seranking.data.ai_search.overview_aggregated.Answer.time_series
---@field message? string alone: a failure in spite of the status 200

---@class seranking.data.ai_search.leaderboard.Answer.leaderboard
---@field rank integer
---@field domain string
---@field is_primary_target boolean
---@field brand_presence number
---@field link_presence number
---@field share_of_voice number a fraction, 0-1

---@class seranking.data.ai_search.leaderboard.Answer.results
---@field brand_presence number
---@field link_presence number

---@class seranking.data.ai_search.leaderboard.Answer.request_metadata
---@field primary table the request, like the next three
---@field competitors table[]
---@field engines string[]
---@field source string

---@class seranking.data.ai_search.leaderboard.Answer
---@field leaderboard seranking.data.ai_search.leaderboard.Answer.leaderboard[]
---@field results table<string, table<string, seranking.data.ai_search.leaderboard.Answer.results>> domain (with its dots) to engine to metrics
---@field request_metadata seranking.data.ai_search.leaderboard.Answer.request_metadata

---@class seranking.data.ai_search.discover_brand.Answer
---@field brands string[]

---@class seranking.data.ai_search.prompts_by_target.Row.answer
---@field text string
---@field links string[]

---@class seranking.data.ai_search.prompts_by_target.Row
---@field prompt string
---@field volume integer times it is asked a month
---@field type string Link, Brand or Brand_Link: what of the site is in the answer
---@field answer seranking.data.ai_search.prompts_by_target.Row.answer

---@class seranking.data.ai_search.prompts_by_target.Answer
---@field total integer prompts in all
---@field date? string
---@field prompts seranking.data.ai_search.prompts_by_target.Row[]

---@class seranking.data.ai_search.overview_aggregated.Args
---@field target string domain, host or page
---@field source string country database, two small letters; the United Kingdom is uk
---@field brand? string name of the brand; by default guessed from the target
---@field scope? "domain"|"base_domain"|"url" base_domain: with all subdomains; domain: that host alone; url: that page; default base_domain

---@class seranking.data.ai_search.overview_aggregated: seranking.Operation
---@field dry_run fun(self, args: seranking.data.ai_search.overview_aggregated.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.ai_search.overview_by_engine.Args
---@field target string domain, host or page
---@field source string country database, two small letters; the United Kingdom is uk
---@field engine "ai-overview"|"ai-mode"|"chatgpt"|"perplexity"|"gemini" one engine
---@field brand? string name of the brand; by default guessed from the target
---@field scope? "domain"|"base_domain"|"url" base_domain: with all subdomains; domain: that host alone; url: that page; default base_domain

---@class seranking.data.ai_search.overview_by_engine: seranking.Operation
---@field dry_run fun(self, args: seranking.data.ai_search.overview_by_engine.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.ai_search.leaderboard.Primary
---@field brand? string name of its brand
---@field target string domain, host or page

---@class seranking.data.ai_search.leaderboard.Args
---@field primary seranking.data.ai_search.leaderboard.Primary your own site
---@field competitors seranking.data.ai_search.leaderboard.Primary|seranking.data.ai_search.leaderboard.Primary[] its competitors
---@field source string country database, two small letters; the United Kingdom is uk
---@field engines "ai-overview"|"ai-mode"|"chatgpt"|"perplexity"|"gemini"|("ai-overview"|"ai-mode"|"chatgpt"|"perplexity"|"gemini")[] engines to compare
---@field scope? "domain"|"base_domain"|"url" base_domain: with all subdomains; domain: that host alone; url: that page

---@class seranking.data.ai_search.leaderboard: seranking.Operation
---@field dry_run fun(self, args: seranking.data.ai_search.leaderboard.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.ai_search.discover_brand.Args
---@field target string domain, host or page
---@field source string country database, two small letters; the United Kingdom is uk
---@field scope? "domain"|"base_domain"|"url" base_domain: with all subdomains; domain: that host alone; url: that page. Set it always: the default differs from that of other calls; default domain

---@class seranking.data.ai_search.discover_brand: seranking.Operation
---@field dry_run fun(self, args: seranking.data.ai_search.discover_brand.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.ai_search.prompts_by_target.Filter.MultiKeywordExcluded
---@field type "begins"|"contains"|"ends"|"exact" how the value must match
---@field value string not empty

---@class seranking.data.ai_search.prompts_by_target.Filter
---@field characters_count? seranking.Range characters of the prompt
---@field keyword_count? seranking.Range words of the prompt
---@field multi_keyword_excluded? seranking.data.ai_search.prompts_by_target.Filter.MultiKeywordExcluded[][] prompts to leave out: a list of alternatives, each a list of { type, value } that must all match
---@field multi_keyword_included? seranking.data.ai_search.prompts_by_target.Filter.MultiKeywordExcluded[][] prompts to keep: a list of alternatives, each a list of { type, value } that must all match
---@field volume? seranking.Range times it is asked a month

---@class seranking.data.ai_search.prompts_by_target.Args
---@field target string domain, host or page
---@field source string country database, two small letters; the United Kingdom is uk
---@field engine "ai-overview"|"ai-mode"|"chatgpt"|"perplexity"|"gemini" one engine
---@field scope? "domain"|"base_domain"|"url" base_domain: with all subdomains; domain: that host alone; url: that page. Always sent: without it the server answers 500; default base_domain
---@field sort? "volume"|"type"|"snippet_length" what to sort by; default volume
---@field sort_order? "asc"|"desc" order; default desc
---@field limit? integer most rows to return; each costs 200 credits (1 to 1000); default 100
---@field offset? integer rows to skip (at least 0); default 0
---@field filter? seranking.data.ai_search.prompts_by_target.Filter which rows to keep

---@class seranking.data.ai_search.prompts_by_target: seranking.Operation
---@field dry_run fun(self, args: seranking.data.ai_search.prompts_by_target.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.ai_search.prompts_by_target.Args, options?: seranking.WalkOptions): fun(): seranking.data.ai_search.prompts_by_target.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.ai_search.prompts_by_target.Args, options?: seranking.WalkOptions): seranking.data.ai_search.prompts_by_target.Row[]?, seranking.Error?

---@class seranking.data.ai_search.prompts_by_brand.Args
---@field brand string name of the brand
---@field source string country database, two small letters; the United Kingdom is uk
---@field engine "ai-overview"|"ai-mode"|"chatgpt"|"perplexity"|"gemini" one engine
---@field sort? "volume"|"type"|"snippet_length" what to sort by; default volume
---@field sort_order? "asc"|"desc" order; default desc
---@field limit? integer most rows to return; each costs 200 credits (1 to 1000); default 100
---@field offset? integer rows to skip (at least 0); default 0
---@field filter? seranking.data.ai_search.prompts_by_target.Filter which rows to keep

---@class seranking.data.ai_search.prompts_by_brand: seranking.Operation
---@field dry_run fun(self, args: seranking.data.ai_search.prompts_by_brand.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.ai_search.prompts_by_brand.Args, options?: seranking.WalkOptions): fun(): seranking.data.ai_search.prompts_by_target.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.ai_search.prompts_by_brand.Args, options?: seranking.WalkOptions): seranking.data.ai_search.prompts_by_target.Row[]?, seranking.Error?

---@class seranking.data.ai_search
--- A site in the answers of all AI engines together, month by month. The newest month may be incomplete.
---@field overview_aggregated seranking.data.ai_search.overview_aggregated|fun(self, args: seranking.data.ai_search.overview_aggregated.Args, options?: seranking.CallOptions): seranking.data.ai_search.overview_aggregated.Answer?, seranking.Response|seranking.Error
--- A site in the answers of one AI engine, month by month. The newest month may be incomplete.
---@field overview_by_engine seranking.data.ai_search.overview_by_engine|fun(self, args: seranking.data.ai_search.overview_by_engine.Args, options?: seranking.CallOptions): seranking.data.ai_search.overview_aggregated.Answer?, seranking.Response|seranking.Error
--- A site and its competitors in the answers of AI engines. Expensive and slow: allow a long timeout.
---@field leaderboard seranking.data.ai_search.leaderboard|fun(self, args: seranking.data.ai_search.leaderboard.Args, options?: seranking.CallOptions): seranking.data.ai_search.leaderboard.Answer?, seranking.Response|seranking.Error
--- Brand names that belong to a site.
---@field discover_brand seranking.data.ai_search.discover_brand|fun(self, args: seranking.data.ai_search.discover_brand.Args, options?: seranking.CallOptions): seranking.data.ai_search.discover_brand.Answer?, seranking.Response|seranking.Error
--- Prompts whose answers link to a site. Always set limit: each row costs 200 credits.
---@field prompts_by_target seranking.data.ai_search.prompts_by_target|fun(self, args: seranking.data.ai_search.prompts_by_target.Args, options?: seranking.CallOptions): seranking.data.ai_search.prompts_by_target.Answer?, seranking.Response|seranking.Error
--- Prompts whose answers name a brand. Always set limit: each row costs 200 credits.
---@field prompts_by_brand seranking.data.ai_search.prompts_by_brand|fun(self, args: seranking.data.ai_search.prompts_by_brand.Args, options?: seranking.CallOptions): seranking.data.ai_search.prompts_by_target.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.backlinks.summary.Answer.summary.top_anchors_by_backlinks
---@field anchor string
---@field backlinks integer

---@class seranking.data.backlinks.summary.Answer.summary.top_anchors_by_refdomains
---@field anchor string
---@field refdomains integer

---@class seranking.data.backlinks.summary.Answer.summary.top_pages_by_backlinks
---@field url string
---@field backlinks integer

---@class seranking.data.backlinks.summary.Answer.summary.top_pages_by_refdomains
---@field url string
---@field refdomains integer

---@class seranking.data.backlinks.summary.Answer.summary.top_tlds
---@field tld string
---@field count integer

---@class seranking.data.backlinks.summary.Answer.summary.top_countries
---@field country string
---@field count integer

---@class seranking.data.backlinks.summary.Answer.summary
---@field target string
---@field backlinks integer
---@field refdomains integer linking domains
---@field subnets integer class C networks that backlinks come from
---@field ips integer IP addresses that backlinks come from
---@field nofollow_backlinks integer
---@field dofollow_backlinks integer
---@field edu_backlinks integer from .edu
---@field gov_backlinks integer from .gov
---@field inlink_rank integer score of the page, 0-100
---@field domain_inlink_rank integer score of the domain, 0-100
---@field anchors integer number of different anchor texts
---@field dofollow_anchors integer
---@field text_backlinks integer links with text
---@field from_home_page_backlinks integer
---@field from_home_page_refdomains integer
---@field dofollow_from_home_page_backlinks integer
---@field dofollow_refdomains integer
---@field edu_refdomains integer
---@field gov_refdomains integer
---@field pages_with_backlinks integer pages of the target that have backlinks
---@field top_anchors_by_backlinks seranking.data.backlinks.summary.Answer.summary.top_anchors_by_backlinks[]
---@field top_anchors_by_refdomains seranking.data.backlinks.summary.Answer.summary.top_anchors_by_refdomains[]
---@field top_pages_by_backlinks seranking.data.backlinks.summary.Answer.summary.top_pages_by_backlinks[]
---@field top_pages_by_refdomains seranking.data.backlinks.summary.Answer.summary.top_pages_by_refdomains[]
---@field top_tlds seranking.data.backlinks.summary.Answer.summary.top_tlds[]
---@field top_countries seranking.data.backlinks.summary.Answer.summary.top_countries[]

---@class seranking.data.backlinks.summary.Answer
---@field summary seranking.data.backlinks.summary.Answer.summary[]

---@class seranking.data.backlinks.metrics.Answer.metrics
---@field target string
---@field backlinks integer
---@field refdomains integer linking domains
---@field subnets integer class C networks that backlinks come from
---@field ips integer IP addresses that backlinks come from
---@field nofollow_backlinks integer
---@field dofollow_backlinks integer
---@field edu_backlinks integer from .edu
---@field gov_backlinks integer from .gov

---@class seranking.data.backlinks.metrics.Answer
---@field metrics seranking.data.backlinks.metrics.Answer.metrics[]

---@class seranking.data.backlinks.all.Row
---@field url_from string the linking page
---@field url_to string the page linked to
---@field title string title of the linking page
---@field anchor string text of the link
---@field alt string alt text of a linking image
---@field nofollow boolean
---@field image boolean true: the link is an image
---@field image_source string address of the image
---@field inlink_rank integer score of the linking page, 0-100
---@field domain_inlink_rank integer score of the linking domain, 0-100
---@field first_seen seranking.Date
---@field last_visited seranking.Date

---@class seranking.data.backlinks.all.Answer
---@field backlinks seranking.data.backlinks.all.Row[]

---@class seranking.data.backlinks.raw.Answer
---@field backlinks seranking.data.backlinks.all.Row[]
---@field next? string cursor of the next batch; missing, null or empty after the last

---@class seranking.data.backlinks.count.Answer.metrics
---@field target string
---@field backlinks integer

---@class seranking.data.backlinks.count.Answer
---@field metrics seranking.data.backlinks.count.Answer.metrics[]

---@class seranking.data.backlinks.summary.Args
---@field target string|string[] domains, hosts or pages; each costs credits
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host

---@class seranking.data.backlinks.summary: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.summary.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.backlinks.metrics.Args
---@field target string|string[] domains, hosts or pages; each costs credits
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host

---@class seranking.data.backlinks.metrics: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.metrics.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.backlinks.all.Args
---@field target string domain, host or page whose backlinks to return
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host
---@field limit? integer most rows to return; each costs credits (1 to 10000); default 100
---@field per_domain? integer most rows for each referring domain (1 to 100)
---@field order_by? "date_found"|"domain_inlink_rank"|"inlink_rank" what to sort by, highest first; default date_found
---@field url_from_filter? string text in the linking page's address, ASCII only
---@field url_from_filter_mode? "contains"|"does_not_contain" whether the filter of the same name keeps or drops matches; default contains
---@field url_to_filter? string text in the linked page's address, ASCII only
---@field url_to_filter_mode? "contains"|"does_not_contain" whether the filter of the same name keeps or drops matches; default contains
---@field anchor_filter? string text in the anchor, ASCII only
---@field anchor_filter_mode? "contains"|"does_not_contain" whether the filter of the same name keeps or drops matches; default contains
---@field nofollow_filter? "nofollow_only"|"dofollow_only" only nofollow or only dofollow links; by default both
---@field inlink_rank_from? integer score of the linking page (0 to 100)
---@field inlink_rank_to? integer score of the linking page (0 to 100)
---@field domain_inlink_rank_from? integer score of the linking domain (0 to 100)
---@field domain_inlink_rank_to? integer score of the linking domain (0 to 100)

---@class seranking.data.backlinks.all: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.all.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.backlinks.all.Args, options?: seranking.WalkOptions): fun(): seranking.data.backlinks.all.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.backlinks.all.Args, options?: seranking.WalkOptions): seranking.data.backlinks.all.Row[]?, seranking.Error?

---@class seranking.data.backlinks.raw.Args
---@field target string domain, host or page whose backlinks to return
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host
---@field limit? integer most rows of one answer; each costs credits (1 to 100000); default 10000
---@field next? string where to continue: `next` of the answer before, unchanged
---@field per_domain? integer most rows for each referring domain (1 to 100)
---@field order_by? "date_found"|"domain_inlink_rank"|"inlink_rank" what to sort by, highest first; default date_found

---@class seranking.data.backlinks.raw: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.raw.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.backlinks.raw.Args, options?: seranking.WalkOptions): fun(): seranking.data.backlinks.all.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.backlinks.raw.Args, options?: seranking.WalkOptions): seranking.data.backlinks.all.Row[]?, seranking.Error?

---@class seranking.data.backlinks.count.Args
---@field target string|string[] domains, hosts or pages; each costs credits
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host

---@class seranking.data.backlinks.count: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.count.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.backlinks
--- A link profile in one row: totals, kinds of links, scores, top anchors, pages and countries.
---@field summary seranking.data.backlinks.summary|fun(self, args: seranking.data.backlinks.summary.Args, options?: seranking.CallOptions): seranking.data.backlinks.summary.Answer?, seranking.Response|seranking.Error
--- The totals of summary, without the top anchors, pages and countries.
---@field metrics seranking.data.backlinks.metrics|fun(self, args: seranking.data.backlinks.metrics.Args, options?: seranking.CallOptions): seranking.data.backlinks.metrics.Answer?, seranking.Response|seranking.Error
--- Backlinks one by one, with filters, at most 10,000. To walk this list, write client.data.backlinks.all:each or client.data.backlinks.all:all.
---@field all seranking.data.backlinks.all|fun(self, args: seranking.data.backlinks.all.Args, options?: seranking.CallOptions): seranking.data.backlinks.all.Answer?, seranking.Response|seranking.Error
--- Every backlink there is, in large batches, without filters. Keep all parameters but `next` the same.
---@field raw seranking.data.backlinks.raw|fun(self, args: seranking.data.backlinks.raw.Args, options?: seranking.CallOptions): seranking.data.backlinks.raw.Answer?, seranking.Response|seranking.Error
--- Number of backlinks of each target.
---@field count seranking.data.backlinks.count|fun(self, args: seranking.data.backlinks.count.Args, options?: seranking.CallOptions): seranking.data.backlinks.count.Answer?, seranking.Response|seranking.Error
---@field anchors seranking.data.backlinks.anchors
---@field authority seranking.data.backlinks.authority
---@field export seranking.data.backlinks.export
---@field history seranking.data.backlinks.history
---@field indexed_pages seranking.data.backlinks.indexed_pages
---@field refdomains seranking.data.backlinks.refdomains
---@field referring_ips seranking.data.backlinks.referring_ips
---@field referring_subnets seranking.data.backlinks.referring_subnets
---@field operations fun(self): fun(): string?, any

---@class seranking.data.backlinks.anchors.list.Row
---@field anchor string
---@field backlinks integer
---@field refdomains integer linking domains
---@field dofollow_backlinks integer
---@field nofollow_backlinks integer
---@field first_seen seranking.Date
---@field last_visited seranking.Date

---@class seranking.data.backlinks.anchors.list.Answer
---@field anchors seranking.data.backlinks.anchors.list.Row[]

---@class seranking.data.backlinks.anchors.list.Args
---@field target string domain, host or page whose backlinks to return
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host
---@field order_by? "backlinks"|"refdomains" what to sort by, highest first; default backlinks
---@field limit? integer most rows to return; each costs credits (1 to 10000); default 100

---@class seranking.data.backlinks.anchors.list: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.anchors.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.backlinks.anchors.list.Args, options?: seranking.WalkOptions): fun(): seranking.data.backlinks.anchors.list.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.backlinks.anchors.list.Args, options?: seranking.WalkOptions): seranking.data.backlinks.anchors.list.Row[]?, seranking.Error?

---@class seranking.data.backlinks.anchors
--- Anchor texts of the backlinks.
---@field list seranking.data.backlinks.anchors.list|fun(self, args: seranking.data.backlinks.anchors.list.Args, options?: seranking.CallOptions): seranking.data.backlinks.anchors.list.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.backlinks.authority.get.Answer.pages
---@field url string
---@field inlink_rank integer score of the page, 0-100
---@field domain_inlink_rank integer score of the domain, 0-100

---@class seranking.data.backlinks.authority.get.Answer
---@field pages seranking.data.backlinks.authority.get.Answer.pages[]

---@class seranking.data.backlinks.authority.get.Args
---@field target string|string[] domains, hosts or pages; each costs credits

---@class seranking.data.backlinks.authority.get: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.authority.get.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.backlinks.authority
--- Scores of the page and the domain of each target.
---@field get seranking.data.backlinks.authority.get|fun(self, args: seranking.data.backlinks.authority.get.Args, options?: seranking.CallOptions): seranking.data.backlinks.authority.get.Answer?, seranking.Response|seranking.Error
---@field domain seranking.data.backlinks.authority.domain
---@field page seranking.data.backlinks.authority.page
---@field operations fun(self): fun(): string?, any

---@class seranking.data.backlinks.authority.domain.get.Answer.pages
---@field url string
---@field domain_inlink_rank integer score of the domain, 0-100

---@class seranking.data.backlinks.authority.domain.get.Answer
---@field pages seranking.data.backlinks.authority.domain.get.Answer.pages[]

---@class seranking.data.backlinks.authority.domain.distribution.Row
---@field domain_inlink_rank integer score, 0-100
---@field refdomains integer domains with this score

---@class seranking.data.backlinks.authority.domain.distribution.Answer
---@field histogram seranking.data.backlinks.authority.domain.distribution.Row[]

---@class seranking.data.backlinks.authority.domain.history.Row
---@field date seranking.Date
---@field domain_inlink_rank integer score of the domain, 0-100

---@class seranking.data.backlinks.authority.domain.history.Answer
---@field ranks seranking.data.backlinks.authority.domain.history.Row[]

---@class seranking.data.backlinks.authority.domain.get.Args
---@field target string|string[] domains, hosts or pages; each costs credits

---@class seranking.data.backlinks.authority.domain.get: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.authority.domain.get.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.backlinks.authority.domain.distribution.Args
---@field target string domain, host or page whose backlinks to return
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host
---@field histogramMode? "domain"|"host" count referring sites by domain or by host (the API spells this name with a capital letter); default host

---@class seranking.data.backlinks.authority.domain.distribution: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.authority.domain.distribution.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.backlinks.authority.domain.distribution.Args, options?: seranking.WalkOptions): fun(): seranking.data.backlinks.authority.domain.distribution.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.backlinks.authority.domain.distribution.Args, options?: seranking.WalkOptions): seranking.data.backlinks.authority.domain.distribution.Row[]?, seranking.Error?

---@class seranking.data.backlinks.authority.domain.history.Args
---@field target string domain, host or page whose backlinks to return
---@field date_from? seranking.Day first day
---@field date_to? seranking.Day last day
---@field granularity? "by_day"|"by_week"|"by_month" distance between two points; default by_day

---@class seranking.data.backlinks.authority.domain.history: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.authority.domain.history.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.backlinks.authority.domain.history.Args, options?: seranking.WalkOptions): fun(): seranking.data.backlinks.authority.domain.history.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.backlinks.authority.domain.history.Args, options?: seranking.WalkOptions): seranking.data.backlinks.authority.domain.history.Row[]?, seranking.Error?

---@class seranking.data.backlinks.authority.domain
--- Score of each target's domain. The rows are called pages all the same.
---@field get seranking.data.backlinks.authority.domain.get|fun(self, args: seranking.data.backlinks.authority.domain.get.Args, options?: seranking.CallOptions): seranking.data.backlinks.authority.domain.get.Answer?, seranking.Response|seranking.Error
--- How many referring domains have which score.
---@field distribution seranking.data.backlinks.authority.domain.distribution|fun(self, args: seranking.data.backlinks.authority.domain.distribution.Args, options?: seranking.CallOptions): seranking.data.backlinks.authority.domain.distribution.Answer?, seranking.Response|seranking.Error
--- A domain's score over time. Longer targets are cut to their domain.
---@field history seranking.data.backlinks.authority.domain.history|fun(self, args: seranking.data.backlinks.authority.domain.history.Args, options?: seranking.CallOptions): seranking.data.backlinks.authority.domain.history.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.backlinks.authority.page.get.Answer.pages
---@field url string
---@field inlink_rank integer score of the page, 0-100

---@class seranking.data.backlinks.authority.page.get.Answer
---@field pages seranking.data.backlinks.authority.page.get.Answer.pages[]

---@class seranking.data.backlinks.authority.page.history.Row
---@field date seranking.Date
---@field inlink_rank integer score of the page, 0-100

---@class seranking.data.backlinks.authority.page.history.Answer
---@field ranks seranking.data.backlinks.authority.page.history.Row[]

---@class seranking.data.backlinks.authority.page.get.Args
---@field target string|string[] domains, hosts or pages; each costs credits

---@class seranking.data.backlinks.authority.page.get: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.authority.page.get.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.backlinks.authority.page.history.Args
---@field target string address of a page, with its scheme
---@field date_from? seranking.Day first day
---@field date_to? seranking.Day last day
---@field granularity? "by_day"|"by_week"|"by_month" distance between two points; default by_day

---@class seranking.data.backlinks.authority.page.history: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.authority.page.history.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.backlinks.authority.page.history.Args, options?: seranking.WalkOptions): fun(): seranking.data.backlinks.authority.page.history.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.backlinks.authority.page.history.Args, options?: seranking.WalkOptions): seranking.data.backlinks.authority.page.history.Row[]?, seranking.Error?

---@class seranking.data.backlinks.authority.page
--- Score of each page. Give addresses with their scheme.
---@field get seranking.data.backlinks.authority.page.get|fun(self, args: seranking.data.backlinks.authority.page.get.Args, options?: seranking.CallOptions): seranking.data.backlinks.authority.page.get.Answer?, seranking.Response|seranking.Error
--- A page's score over time. A run of zeros means that nothing is known, not a score of 0.
---@field history seranking.data.backlinks.authority.page.history|fun(self, args: seranking.data.backlinks.authority.page.history.Args, options?: seranking.CallOptions): seranking.data.backlinks.authority.page.history.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.backlinks.export.create.Answer
---@field task_id? string missing when rejected
---@field task_status string queued_for_processing, processing, complete or rejected

---@class seranking.data.backlinks.export.status.Answer
---@field task_id string
---@field task_status string queued_for_processing, processing, complete or rejected
---@field download_file? string address of the file; the member is known from one source

---@class seranking.data.backlinks.export.create.Args
---@field target string domain, host or page whose backlinks to return
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host

---@class seranking.data.backlinks.export.create: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.export.create.Args, options?: seranking.CallOptions): seranking.DryRun
---@field wait fun(self, args: seranking.data.backlinks.export.create.Args, options?: seranking.WaitOptions): seranking.data.backlinks.export.status.Answer?, seranking.Response|seranking.Error
---@field export fun(self, args: seranking.data.backlinks.export.create.Args, options?: seranking.ExportOptions): string?, seranking.Response|seranking.Error

---@class seranking.data.backlinks.export.status.Args
---@field task_id string task_id of create: a string such as 1_100200, not a number

---@class seranking.data.backlinks.export.status: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.export.status.Args, options?: seranking.CallOptions): seranking.DryRun
---@field wait fun(self, args: seranking.data.backlinks.export.status.Args, options?: seranking.WaitOptions): seranking.data.backlinks.export.status.Answer?, seranking.Response|seranking.Error
---@field export fun(self, args: seranking.data.backlinks.export.status.Args, options?: seranking.ExportOptions): string?, seranking.Response|seranking.Error

---@class seranking.data.backlinks.export
--- Write a whole link profile to a file. Rejected at once when the plan's exports are used up.
---@field create seranking.data.backlinks.export.create|fun(self, args: seranking.data.backlinks.export.create.Args, options?: seranking.CallOptions): seranking.data.backlinks.export.create.Answer?, seranking.Response|seranking.Error
--- Progress of an export; when complete, the address of its file: gzipped CSV, on another host, for a short time.
---@field status seranking.data.backlinks.export.status|fun(self, args: seranking.data.backlinks.export.status.Args, options?: seranking.CallOptions): seranking.data.backlinks.export.status.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.backlinks.history.list.Row
---@field new_lost_date seranking.Date
---@field new_lost_type string new or lost
---@field url_from string the linking page
---@field url_to string the page linked to
---@field title string title of the linking page
---@field anchor string text of the link
---@field nofollow boolean
---@field image boolean true: the link is an image
---@field link_type string href or redirect
---@field redirect_chain boolean
---@field redirect_chain_urls string[]
---@field reason_lost? string page_not_found, link_removed, redirect, noindex, perhaps others
---@field inlink_rank integer score of the linking page, 0-100
---@field domain_inlink_rank integer score of the linking domain, 0-100
---@field first_seen seranking.Date

---@class seranking.data.backlinks.history.list.Answer
---@field new_lost_backlinks seranking.data.backlinks.history.list.Row[]

---@class seranking.data.backlinks.history.count.Answer.new_lost_backlinks_count
---@field date seranking.Date
---@field new? integer perhaps missing with new_lost_type
---@field lost? integer perhaps missing with new_lost_type

---@class seranking.data.backlinks.history.count.Answer
---@field new_lost_backlinks_count seranking.data.backlinks.history.count.Answer.new_lost_backlinks_count[]

---@class seranking.data.backlinks.history.cumulative.Answer.backlinks_count
---@field date seranking.Date
---@field backlinks integer

---@class seranking.data.backlinks.history.cumulative.Answer
---@field backlinks_count seranking.data.backlinks.history.cumulative.Answer.backlinks_count[]

---@class seranking.data.backlinks.history.list.Args
---@field target string domain, host or page whose backlinks to return
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host
---@field new_lost_type? "new"|"lost" only new or only lost ones; by default both
---@field date_from? seranking.Day first day; default yesterday
---@field date_to? seranking.Day last day; default today
---@field link_type? "href"|"redirect" only links of this kind
---@field anchor_type? "text"|"image"|"undefined" only links with such an anchor
---@field dofollow? "dofollow"|"nofollow"|"undefined" only links of this kind; the words differ from those of nofollow_filter
---@field url_from? string only links from this page
---@field limit? integer most rows to return; each costs credits (1 to 10000); default 100
---@field order_by? "new_lost_date"|"domain_inlink_rank"|"inlink_rank" what to sort by, highest first; default new_lost_date

---@class seranking.data.backlinks.history.list: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.history.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.backlinks.history.list.Args, options?: seranking.WalkOptions): fun(): seranking.data.backlinks.history.list.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.backlinks.history.list.Args, options?: seranking.WalkOptions): seranking.data.backlinks.history.list.Row[]?, seranking.Error?

---@class seranking.data.backlinks.history.count.Args
---@field target string domain, host or page whose backlinks to return
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host
---@field new_lost_type? "new"|"lost" only new or only lost ones; by default both
---@field date_from? seranking.Day first day; default yesterday
---@field date_to? seranking.Day last day; default today
---@field link_type? "href"|"redirect" only links of this kind
---@field anchor_type? "text"|"image"|"undefined" only links with such an anchor
---@field dofollow? "dofollow"|"nofollow"|"undefined" only links of this kind; the words differ from those of nofollow_filter
---@field url_from? string only links from this page

---@class seranking.data.backlinks.history.count: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.history.count.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.backlinks.history.cumulative.Args
---@field target string domain, host or page whose backlinks to return
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host
---@field date_from? seranking.Day first day
---@field date_to? seranking.Day last day

---@class seranking.data.backlinks.history.cumulative: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.history.cumulative.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.backlinks.history
--- New and lost backlinks between two days. Cut at limit: ask for fewer days at a time.
---@field list seranking.data.backlinks.history.list|fun(self, args: seranking.data.backlinks.history.list.Args, options?: seranking.CallOptions): seranking.data.backlinks.history.list.Answer?, seranking.Response|seranking.Error
--- New and lost backlinks, counted day by day.
---@field count seranking.data.backlinks.history.count|fun(self, args: seranking.data.backlinks.history.count.Args, options?: seranking.CallOptions): seranking.data.backlinks.history.count.Answer?, seranking.Response|seranking.Error
--- Number of backlinks, day by day.
---@field cumulative seranking.data.backlinks.history.cumulative|fun(self, args: seranking.data.backlinks.history.cumulative.Args, options?: seranking.CallOptions): seranking.data.backlinks.history.cumulative.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.backlinks.indexed_pages.list.Row
---@field url string
---@field backlinks integer
---@field refdomains integer linking domains
---@field dofollow_backlinks integer
---@field nofollow_backlinks integer
---@field first_seen seranking.Date
---@field last_visited seranking.Date

---@class seranking.data.backlinks.indexed_pages.list.Answer
---@field pages seranking.data.backlinks.indexed_pages.list.Row[]

---@class seranking.data.backlinks.indexed_pages.list.Args
---@field target string domain, host or page whose backlinks to return
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host
---@field order_by? "backlinks"|"refdomains" what to sort by, highest first; default backlinks
---@field limit? integer most rows to return; each costs credits (1 to 10000); default 100

---@class seranking.data.backlinks.indexed_pages.list: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.indexed_pages.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.backlinks.indexed_pages.list.Args, options?: seranking.WalkOptions): fun(): seranking.data.backlinks.indexed_pages.list.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.backlinks.indexed_pages.list.Args, options?: seranking.WalkOptions): seranking.data.backlinks.indexed_pages.list.Row[]?, seranking.Error?

---@class seranking.data.backlinks.indexed_pages
--- The target's own pages that have backlinks.
---@field list seranking.data.backlinks.indexed_pages.list|fun(self, args: seranking.data.backlinks.indexed_pages.list.Args, options?: seranking.CallOptions): seranking.data.backlinks.indexed_pages.list.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.backlinks.refdomains.list.Row
---@field refdomain string
---@field backlinks integer
---@field dofollow_backlinks integer
---@field first_seen seranking.Date
---@field domain_inlink_rank integer score of the domain, 0-100

---@class seranking.data.backlinks.refdomains.list.Answer
---@field refdomains seranking.data.backlinks.refdomains.list.Row[]

---@class seranking.data.backlinks.refdomains.count.Answer.metrics
---@field target string
---@field refdomains integer

---@class seranking.data.backlinks.refdomains.count.Answer
---@field metrics seranking.data.backlinks.refdomains.count.Answer.metrics[]

---@class seranking.data.backlinks.refdomains.list.Args
---@field target string domain, host or page whose backlinks to return
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host
---@field order_by? "date_found"|"domain_inlink_rank"|"inlink_rank" what to sort by, highest first; default date_found
---@field limit? integer most rows to return; each costs credits (1 to 10000); default 100

---@class seranking.data.backlinks.refdomains.list: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.refdomains.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.backlinks.refdomains.list.Args, options?: seranking.WalkOptions): fun(): seranking.data.backlinks.refdomains.list.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.backlinks.refdomains.list.Args, options?: seranking.WalkOptions): seranking.data.backlinks.refdomains.list.Row[]?, seranking.Error?

---@class seranking.data.backlinks.refdomains.count.Args
---@field target string|string[] domains, hosts or pages; each costs credits
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host

---@class seranking.data.backlinks.refdomains.count: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.refdomains.count.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.backlinks.refdomains
--- The domains that link to the target.
---@field list seranking.data.backlinks.refdomains.list|fun(self, args: seranking.data.backlinks.refdomains.list.Args, options?: seranking.CallOptions): seranking.data.backlinks.refdomains.list.Answer?, seranking.Response|seranking.Error
--- Number of referring domains of each target.
---@field count seranking.data.backlinks.refdomains.count|fun(self, args: seranking.data.backlinks.refdomains.count.Args, options?: seranking.CallOptions): seranking.data.backlinks.refdomains.count.Answer?, seranking.Response|seranking.Error
---@field history seranking.data.backlinks.refdomains.history
---@field operations fun(self): fun(): string?, any

---@class seranking.data.backlinks.refdomains.history.list.Row
---@field new_lost_date seranking.Date
---@field new_lost_type string new or lost
---@field refdomain string
---@field backlinks integer
---@field dofollow_backlinks integer
---@field first_seen seranking.Date
---@field domain_inlink_rank integer score of the domain, 0-100

---@class seranking.data.backlinks.refdomains.history.list.Answer
---@field new_lost_refdomains seranking.data.backlinks.refdomains.history.list.Row[]

---@class seranking.data.backlinks.refdomains.history.count.Answer.new_lost_refdomains_count
---@field date seranking.Date
---@field new? integer perhaps missing with new_lost_type
---@field lost? integer perhaps missing with new_lost_type

---@class seranking.data.backlinks.refdomains.history.count.Answer
---@field new_lost_refdomains_count seranking.data.backlinks.refdomains.history.count.Answer.new_lost_refdomains_count[]

---@class seranking.data.backlinks.refdomains.history.list.Args
---@field target string domain, host or page whose backlinks to return
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host
---@field new_lost_type? "new"|"lost" only new or only lost ones; by default both
---@field date_from? seranking.Day first day; default yesterday
---@field date_to? seranking.Day last day; default today
---@field order_by? "new_lost_date"|"domain_inlink_rank"|"inlink_rank" what to sort by, highest first; default new_lost_date
---@field limit? integer most rows to return; each costs credits (1 to 10000); default 100

---@class seranking.data.backlinks.refdomains.history.list: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.refdomains.history.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.backlinks.refdomains.history.list.Args, options?: seranking.WalkOptions): fun(): seranking.data.backlinks.refdomains.history.list.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.backlinks.refdomains.history.list.Args, options?: seranking.WalkOptions): seranking.data.backlinks.refdomains.history.list.Row[]?, seranking.Error?

---@class seranking.data.backlinks.refdomains.history.count.Args
---@field target string domain, host or page whose backlinks to return
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host
---@field new_lost_type? "new"|"lost" only new or only lost ones; by default both
---@field date_from? seranking.Day first day; default yesterday
---@field date_to? seranking.Day last day; default today

---@class seranking.data.backlinks.refdomains.history.count: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.refdomains.history.count.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.backlinks.refdomains.history
--- New and lost referring domains between two days. Cut at limit: ask for fewer days at a time.
---@field list seranking.data.backlinks.refdomains.history.list|fun(self, args: seranking.data.backlinks.refdomains.history.list.Args, options?: seranking.CallOptions): seranking.data.backlinks.refdomains.history.list.Answer?, seranking.Response|seranking.Error
--- New and lost referring domains, counted day by day.
---@field count seranking.data.backlinks.refdomains.history.count|fun(self, args: seranking.data.backlinks.refdomains.history.count.Args, options?: seranking.CallOptions): seranking.data.backlinks.refdomains.history.count.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.backlinks.referring_ips.list.Row
---@field ip string
---@field backlinks integer
---@field refdomains integer linking domains
---@field dofollow_backlinks integer
---@field nofollow_backlinks integer
---@field first_seen seranking.Date
---@field last_visited seranking.Date

---@class seranking.data.backlinks.referring_ips.list.Answer
---@field ips seranking.data.backlinks.referring_ips.list.Row[]

---@class seranking.data.backlinks.referring_ips.count.Answer.metrics
---@field target string
---@field ips integer

---@class seranking.data.backlinks.referring_ips.count.Answer
---@field metrics seranking.data.backlinks.referring_ips.count.Answer.metrics[]

---@class seranking.data.backlinks.referring_ips.list.Args
---@field target string domain, host or page whose backlinks to return
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host
---@field order_by? "backlinks"|"refdomains" what to sort by, highest first; default backlinks
---@field limit? integer most rows to return; each costs credits (1 to 10000); default 100

---@class seranking.data.backlinks.referring_ips.list: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.referring_ips.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.backlinks.referring_ips.list.Args, options?: seranking.WalkOptions): fun(): seranking.data.backlinks.referring_ips.list.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.backlinks.referring_ips.list.Args, options?: seranking.WalkOptions): seranking.data.backlinks.referring_ips.list.Row[]?, seranking.Error?

---@class seranking.data.backlinks.referring_ips.count.Args
---@field target string|string[] domains, hosts or pages; each costs credits
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host

---@class seranking.data.backlinks.referring_ips.count: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.referring_ips.count.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.backlinks.referring_ips
--- The IP addresses that backlinks come from.
---@field list seranking.data.backlinks.referring_ips.list|fun(self, args: seranking.data.backlinks.referring_ips.list.Args, options?: seranking.CallOptions): seranking.data.backlinks.referring_ips.list.Answer?, seranking.Response|seranking.Error
--- Number of IP addresses that link to each target.
---@field count seranking.data.backlinks.referring_ips.count|fun(self, args: seranking.data.backlinks.referring_ips.count.Args, options?: seranking.CallOptions): seranking.data.backlinks.referring_ips.count.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.backlinks.referring_subnets.count.Answer.metrics
---@field target string
---@field subnets integer

---@class seranking.data.backlinks.referring_subnets.count.Answer
---@field metrics seranking.data.backlinks.referring_subnets.count.Answer.metrics[]

---@class seranking.data.backlinks.referring_subnets.count.Args
---@field target string|string[] domains, hosts or pages; each costs credits
---@field mode? "domain"|"host"|"url" domain: with all subdomains; host: with or without www; url: that page. (Elsewhere, scope = domain means one host); default host

---@class seranking.data.backlinks.referring_subnets.count: seranking.Operation
---@field dry_run fun(self, args: seranking.data.backlinks.referring_subnets.count.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.backlinks.referring_subnets
--- Number of class C networks that link to each target. There is no list of them.
---@field count seranking.data.backlinks.referring_subnets.count|fun(self, args: seranking.data.backlinks.referring_subnets.count.Args, options?: seranking.CallOptions): seranking.data.backlinks.referring_subnets.count.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.domain
---@field ads seranking.data.domain.ads
---@field competitors seranking.data.domain.competitors
---@field keywords seranking.data.domain.keywords
---@field overview seranking.data.domain.overview
---@field pages seranking.data.domain.pages
---@field subdomains seranking.data.domain.subdomains
---@field operations fun(self): fun(): string?, any

---@class seranking.data.domain.ads.by_domain.Row.snippets
---@field position integer
---@field snippet_title string
---@field snippet_description string
---@field snippet_display_url string
---@field snippet_count integer other sources call it snippet_num or snippets_count
---@field url string target of the link

---@class seranking.data.domain.ads.by_domain.Row
---@field keyword string
---@field ads_count integer
---@field coverage number
---@field competition number 0-1
---@field cpc number price of a click
---@field volume integer searches a month
---@field traffic integer visits a month, estimated
---@field snippets table<string, seranking.data.domain.ads.by_domain.Row.snippets> month (YYYY-MM) to the ad of that month

---@class seranking.data.domain.ads.by_keyword.Row
---@field domain string
---@field ads_count integer
---@field keywords_count integer keywords that it advertises on
---@field traffic_sum integer visits a month, estimated
---@field price_sum number value of the traffic
---@field snippets table<string, seranking.data.domain.ads.by_domain.Row.snippets> month (YYYY-MM) to the ad of that month

---@class seranking.data.domain.ads.by_domain.Args
---@field domain string the advertiser's domain
---@field source string country database, two small letters; the United Kingdom is uk
---@field from? seranking.Day first month
---@field to? seranking.Day last month
---@field page? integer page, from 1 (at least 1); default 1
---@field limit? integer rows a page (1 to 100); default 100

---@class seranking.data.domain.ads.by_domain: seranking.Operation
---@field dry_run fun(self, args: seranking.data.domain.ads.by_domain.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.domain.ads.by_domain.Args, options?: seranking.WalkOptions): fun(): seranking.data.domain.ads.by_domain.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.domain.ads.by_domain.Args, options?: seranking.WalkOptions): seranking.data.domain.ads.by_domain.Row[]?, seranking.Error?

---@class seranking.data.domain.ads.by_keyword.Args
---@field keyword string the keyword of the ads
---@field source string country database, two small letters; the United Kingdom is uk
---@field from? seranking.Day first month
---@field to? seranking.Day last month
---@field page? integer page, from 1 (at least 1); default 1
---@field limit? integer rows a page (1 to 100); default 100

---@class seranking.data.domain.ads.by_keyword: seranking.Operation
---@field dry_run fun(self, args: seranking.data.domain.ads.by_keyword.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.domain.ads.by_keyword.Args, options?: seranking.WalkOptions): fun(): seranking.data.domain.ads.by_keyword.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.domain.ads.by_keyword.Args, options?: seranking.WalkOptions): seranking.data.domain.ads.by_keyword.Row[]?, seranking.Error?

---@class seranking.data.domain.ads
--- Keywords that a site advertised on, with its ads, by month.
---@field by_domain seranking.data.domain.ads.by_domain|fun(self, args: seranking.data.domain.ads.by_domain.Args, options?: seranking.CallOptions): seranking.data.domain.ads.by_domain.Row[]?, seranking.Response|seranking.Error
--- Sites that advertised on a keyword, with their ads, by month.
---@field by_keyword seranking.data.domain.ads.by_keyword|fun(self, args: seranking.data.domain.ads.by_keyword.Args, options?: seranking.CallOptions): seranking.data.domain.ads.by_keyword.Row[]?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.domain.competitors.list.Row
---@field domain string
---@field common_keywords integer
---@field total_keywords? integer with stats only, like the rest
---@field missing_keywords? integer keywords that the competitor has and the site lacks
---@field traffic_sum? integer visits a month, estimated
---@field price_sum? number value of the traffic
---@field domain_relevance? number

---@class seranking.data.domain.competitors.list.Args
---@field source string country database, two small letters; the United Kingdom is uk
---@field domain? string domain or host, without a scheme
---@field url? string one page instead of a domain; takes precedence over domain
---@field type? "organic"|"adv" organic or paid results; default organic
---@field stats? seranking.Flag 1: add each competitor's totals; default 0

---@class seranking.data.domain.competitors.list: seranking.Operation
---@field dry_run fun(self, args: seranking.data.domain.competitors.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.domain.competitors.list.Args, options?: seranking.WalkOptions): fun(): seranking.data.domain.competitors.list.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.domain.competitors.list.Args, options?: seranking.WalkOptions): seranking.data.domain.competitors.list.Row[]?, seranking.Error?

---@class seranking.data.domain.competitors
--- Sites that rank for the same keywords: about 500 at most, in no order. url takes precedence over domain.
---@field list seranking.data.domain.competitors.list|fun(self, args: seranking.data.domain.competitors.list.Args, options?: seranking.CallOptions): seranking.data.domain.competitors.list.Row[]?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.domain.keywords.list.Row
---@field block_type? string kind of result: organic …
---@field block_position? integer place of the block on the results page
---@field keyword string
---@field position integer
---@field prev_pos? integer the month before; 0 or missing for new keywords
---@field previous_position? integer with year and month, instead of prev_pos
---@field volume integer searches a month; text with year and month
---@field cpc number price of a click
---@field competition number 0-1
---@field url string page that ranks
---@field difficulty integer 0-100
---@field total_sites? integer results that the search engine reports; missing with year and month
---@field traffic integer visits a month, estimated; text with year and month
---@field traffic_percent number share of the site's traffic
---@field price number value of the traffic
---@field intents? string[] missing with type = adv
---@field serp_features? string[] missing with type = adv
---@field block? string|integer paid rows only, like the next five: place of the ad
---@field snippet_num? integer
---@field snippets_count? integer
---@field snippet_title? string
---@field snippet_description? string
---@field snippet_display_url? string

---@class seranking.data.domain.keywords.comparison.Row
---@field keyword string
---@field volume integer searches a month
---@field cpc number price of a click
---@field competition number 0-1
---@field difficulty integer 0-100
---@field total_sites integer results that the search engine reports
---@field position integer position of the first site, like the next three
---@field url string
---@field price number value of the traffic
---@field traffic integer visits a month, estimated
---@field compare_position? integer position of the second site, like the next three; missing or empty with diff
---@field compare_url? string
---@field compare_price? number
---@field compare_traffic? integer

---@class seranking.data.domain.keywords.list.Filter.MultiKeywordExcluded
---@field type "begins"|"contains"|"ends"|"exact" how the value must match
---@field value string not empty

---@class seranking.data.domain.keywords.list.Filter.SerpFeatures2
---@field mode "with_link"|"without_link" whether the site appears in them
---@field value string|string[] the features

---@class seranking.data.domain.keywords.list.Filter
---@field characters_count? seranking.Range characters of the keyword
---@field competition? seranking.Range 0-1 in rows; the filter may want 0-100
---@field cpc? seranking.Range price of a click
---@field difficulty? seranking.Range 0-100
---@field intents? "I"|"N"|"T"|"C"|"L"|("I"|"N"|"T"|"C"|"L")[] informational, navigational, transactional, commercial, local
---@field keyword? string text in the keyword, case-sensitive
---@field keyword_count? seranking.Range words of the keyword
---@field multi_keyword_excluded? seranking.data.domain.keywords.list.Filter.MultiKeywordExcluded[][] keywords to leave out: a list of alternatives, each a list of { type, value } that must all match
---@field multi_keyword_included? seranking.data.domain.keywords.list.Filter.MultiKeywordExcluded[][] keywords to keep: a list of alternatives, each a list of { type, value } that must all match
---@field position? seranking.Range position
---@field price? seranking.Range value of the traffic
---@field serp_features? string|string[] features of the results page, any of them; words that the API does not know are silently ignored
---@field serp_features_2? seranking.data.domain.keywords.list.Filter.SerpFeatures2 features of the results page that the site does, or does not, appear in
---@field traffic? seranking.Range visits a month
---@field traffic_percent? seranking.Range share of the site's traffic, %
---@field url? seranking.data.domain.keywords.list.Filter.MultiKeywordExcluded[][] pages to keep: a list of alternatives, each a list of { type, value } that must all match
---@field volume? seranking.Range searches a month

---@class seranking.data.domain.keywords.list.Args
---@field source string country database, two small letters; the United Kingdom is uk
---@field domain? string domain or host, without a scheme
---@field url? string one exact page instead of a domain; for patterns use filter.url
---@field type? "organic"|"adv" organic or paid results; default organic
---@field with_subdomains? seranking.Flag 0: without subdomains; default 1
---@field order_field? "traffic"|"volume"|"position"|"cpc"|"competition"|"kei"|"difficulty"|"traffic_percent"|"price" what to sort by; the last two are uncertain; default traffic
---@field order_type? "asc"|"desc" order; default desc
---@field page? integer page, from 1 (at least 1); default 1
---@field limit? integer rows a page (1 to 1000); default 100
---@field cols? "keyword"|"position"|"prev_pos"|"volume"|"cpc"|"competition"|"url"|"kei"|"total_sites"|"traffic"|"traffic_percent"|"price"|"block"|"snippet_num"|"snippets_count"|"snippet_title"|"snippet_description"|"snippet_display_url"|("keyword"|"position"|"prev_pos"|"volume"|"cpc"|"competition"|"url"|"kei"|"total_sites"|"traffic"|"traffic_percent"|"price"|"block"|"snippet_num"|"snippets_count"|"snippet_title"|"snippet_description"|"snippet_display_url")[] columns to return
---@field pos_change? "up"|"down"|"new"|"lost"|"diff"|"same" only rows with this change since the month before
---@field year? integer with month: a past month; its rows have other members. Known from one source
---@field month? integer with year (1 to 12)
---@field filter? seranking.data.domain.keywords.list.Filter which rows to keep

---@class seranking.data.domain.keywords.list: seranking.Operation
---@field dry_run fun(self, args: seranking.data.domain.keywords.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.domain.keywords.list.Args, options?: seranking.WalkOptions): fun(): seranking.data.domain.keywords.list.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.domain.keywords.list.Args, options?: seranking.WalkOptions): seranking.data.domain.keywords.list.Row[]?, seranking.Error?

---@class seranking.data.domain.keywords.comparison.Filter
---@field competition? seranking.Range 0-1
---@field cpc? seranking.Range price of a click
---@field difficulty? seranking.Range 0-100
---@field intents? "I"|"N"|"T"|"C"|"L"|("I"|"N"|"T"|"C"|"L")[] informational, navigational, transactional, commercial, local
---@field keyword? string text in the keyword, case-sensitive
---@field multi_keyword_excluded? seranking.data.domain.keywords.list.Filter.MultiKeywordExcluded[][] keywords to leave out: a list of alternatives, each a list of { type, value } that must all match
---@field multi_keyword_included? seranking.data.domain.keywords.list.Filter.MultiKeywordExcluded[][] keywords to keep: a list of alternatives, each a list of { type, value } that must all match
---@field serp_features? string|string[] features of the results page, any of them; words that the API does not know are silently ignored
---@field volume? seranking.Range searches a month

---@class seranking.data.domain.keywords.comparison.Args
---@field source string country database, two small letters; the United Kingdom is uk
---@field domain? string domain or host, without a scheme
---@field url? string one exact page instead of a domain; for patterns use filter.url
---@field compare string the second site or page, of the same kind as the first
---@field type? "organic"|"adv" organic or paid results; default organic
---@field diff? seranking.Flag 0: keywords of both sites; 1: those of the first that the second lacks, so put the competitor first; default 0
---@field page? integer page, from 1 (at least 1); default 1
---@field limit? integer rows a page (1 to 1000); default 100
---@field cols? "keyword"|"volume"|"cpc"|"competition"|"kei"|"total_sites"|"position"|"url"|"price"|"traffic"|"compare_position"|"compare_url"|"compare_price"|"compare_traffic"|("keyword"|"volume"|"cpc"|"competition"|"kei"|"total_sites"|"position"|"url"|"price"|"traffic"|"compare_position"|"compare_url"|"compare_price"|"compare_traffic")[] columns to return
---@field order_field? "keyword"|"volume"|"cpc"|"competition"|"difficulty"|"position" what to sort by; default keyword
---@field order_type? "asc"|"desc" order; default asc
---@field filter? seranking.data.domain.keywords.comparison.Filter which rows to keep

---@class seranking.data.domain.keywords.comparison: seranking.Operation
---@field dry_run fun(self, args: seranking.data.domain.keywords.comparison.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.domain.keywords.comparison.Args, options?: seranking.WalkOptions): fun(): seranking.data.domain.keywords.comparison.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.domain.keywords.comparison.Args, options?: seranking.WalkOptions): seranking.data.domain.keywords.comparison.Row[]?, seranking.Error?

---@class seranking.data.domain.keywords
--- Keywords that a domain or a page ranks for. url takes precedence over domain.
---@field list seranking.data.domain.keywords.list|fun(self, args: seranking.data.domain.keywords.list.Args, options?: seranking.CallOptions): seranking.data.domain.keywords.list.Row[]?, seranking.Response|seranking.Error
--- Keywords that two sites share or, with diff, that only the first has.
---@field comparison seranking.data.domain.keywords.comparison|fun(self, args: seranking.data.domain.keywords.comparison.Args, options?: seranking.CallOptions): seranking.data.domain.keywords.comparison.Row[]?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.domain.overview.db.Answer.organic
---@field base_domain string
---@field year integer month that the figures are of
---@field month integer
---@field keywords_count integer keywords that it ranks for
---@field traffic_sum integer visits a month, estimated
---@field price_sum number cost of these visits as ads
---@field keywords_new_count integer since the month before
---@field keywords_up_count integer
---@field keywords_down_count integer
---@field keywords_equal_count integer
---@field keywords_lost_count integer
---@field top1_5 integer keywords in these positions
---@field top6_10 integer keywords in these positions
---@field top11_20 integer keywords in these positions
---@field top21_50 integer keywords in these positions
---@field top51_100 integer keywords in these positions

---@class seranking.data.domain.overview.db.Answer.adv
---@field base_domain string
---@field year integer month that the figures are of
---@field month integer
---@field keywords_count integer keywords that it ranks for
---@field traffic_sum integer visits a month, estimated
---@field price_sum number cost of these visits as ads
---@field keywords_new_count integer since the month before
---@field keywords_up_count integer
---@field keywords_down_count integer
---@field keywords_equal_count integer
---@field keywords_lost_count integer
---@field top1_2 integer keywords in these positions
---@field top3_5 integer keywords in these positions
---@field top6_8 integer keywords in these positions
---@field top9_11 integer keywords in these positions

---@class seranking.data.domain.overview.db.Answer
---@field organic seranking.data.domain.overview.db.Answer.organic
---@field adv seranking.data.domain.overview.db.Answer.adv

---@class seranking.data.domain.overview.worldwide.Answer.organic.positions_tops
---@field top1_5 integer keywords in these positions
---@field top6_10 integer keywords in these positions
---@field top11_20 integer keywords in these positions
---@field top21_50 integer keywords in these positions
---@field top51_100 integer keywords in these positions

---@class seranking.data.domain.overview.worldwide.Answer.organic
---@field source string worldwide in the first row, then country databases
---@field country string
---@field keywords_count integer keywords that it ranks for
---@field traffic_sum integer visits a month, estimated
---@field price_sum number cost of these visits as ads
---@field positions_new_count integer since the month before
---@field positions_up_count integer
---@field positions_down_count integer
---@field positions_equal_count integer
---@field positions_lost_count integer
---@field positions_tops seranking.data.domain.overview.worldwide.Answer.organic.positions_tops

---@class seranking.data.domain.overview.worldwide.Answer.adv.positions_tops
---@field top1_2 integer keywords in these positions
---@field top3_5 integer keywords in these positions
---@field top6_8 integer keywords in these positions
---@field top9_11 integer keywords in these positions

---@class seranking.data.domain.overview.worldwide.Answer.adv
---@field source string worldwide in the first row, then country databases
---@field country string
---@field keywords_count integer keywords that it ranks for
---@field traffic_sum integer visits a month, estimated
---@field price_sum number cost of these visits as ads
---@field positions_new_count integer since the month before
---@field positions_up_count integer
---@field positions_down_count integer
---@field positions_equal_count integer
---@field positions_lost_count integer
---@field positions_tops seranking.data.domain.overview.worldwide.Answer.adv.positions_tops

---@class seranking.data.domain.overview.worldwide.Answer
---@field organic seranking.data.domain.overview.worldwide.Answer.organic[]
---@field adv seranking.data.domain.overview.worldwide.Answer.adv[]

---@class seranking.data.domain.overview.worldwide_url.Answer.organic
---@field source string worldwide
---@field keywords_count integer keywords that it ranks for
---@field traffic_sum integer visits a month, estimated
---@field price_sum number cost of these visits as ads

---@class seranking.data.domain.overview.worldwide_url.Answer.adv
---@field source string
---@field keywords_count integer
---@field traffic_sum integer
---@field price_sum number

---@class seranking.data.domain.overview.worldwide_url.Answer
---@field organic seranking.data.domain.overview.worldwide_url.Answer.organic[]
---@field adv seranking.data.domain.overview.worldwide_url.Answer.adv[]

---@class seranking.data.domain.overview.history.Row
---@field year integer
---@field month integer
---@field keywords_count integer keywords that it ranked for
---@field traffic_sum integer visits in the month, estimated
---@field price_sum number cost of these visits as ads
---@field top1_5? integer organic results only, like the next four
---@field top6_10? integer
---@field top11_20? integer
---@field top21_50? integer
---@field top51_100? integer
---@field top1_2? integer paid results only, like the next three
---@field top3_5? integer
---@field top6_8? integer
---@field top9_11? integer

---@class seranking.data.domain.overview.db.Args
---@field source string country database, two small letters; the United Kingdom is uk
---@field domain? string domain or host, without a scheme
---@field url? string one page instead of a domain; takes precedence over domain
---@field with_subdomains? seranking.Flag 0: without subdomains; default 1

---@class seranking.data.domain.overview.db: seranking.Operation
---@field dry_run fun(self, args: seranking.data.domain.overview.db.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.domain.overview.worldwide.Args
---@field domain string domain or host, without a scheme
---@field fields? "price"|"traffic"|"keywords"|"positions_diff"|"positions_tops"|("price"|"traffic"|"keywords"|"positions_diff"|"positions_tops")[] groups of figures to return
---@field show_zones_list? seranking.Flag 1: add a row for each country; default 0
---@field currency? string currency of prices, ISO 4217; default USD
---@field with_subdomains? seranking.Flag 0: without subdomains; default 1

---@class seranking.data.domain.overview.worldwide: seranking.Operation
---@field dry_run fun(self, args: seranking.data.domain.overview.worldwide.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.domain.overview.worldwide_url.Args
---@field url string address of a page, with its scheme
---@field fields? "keywords"|"traffic"|"price"|("keywords"|"traffic"|"price")[] groups of figures to return

---@class seranking.data.domain.overview.worldwide_url: seranking.Operation
---@field dry_run fun(self, args: seranking.data.domain.overview.worldwide_url.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.domain.overview.history.Args
---@field source string country database, two small letters; the United Kingdom is uk
---@field domain? string domain or host, without a scheme
---@field url? string one page instead of a domain; takes precedence over domain
---@field type? "organic"|"adv" organic or paid results; default organic
---@field with_subdomains? seranking.Flag 0: without subdomains; default 1

---@class seranking.data.domain.overview.history: seranking.Operation
---@field dry_run fun(self, args: seranking.data.domain.overview.history.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.domain.overview.history.Args, options?: seranking.WalkOptions): fun(): seranking.data.domain.overview.history.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.domain.overview.history.Args, options?: seranking.WalkOptions): seranking.data.domain.overview.history.Row[]?, seranking.Error?

---@class seranking.data.domain.overview
--- Totals of a domain or a page in one country. url takes precedence over domain.
---@field db seranking.data.domain.overview.db|fun(self, args: seranking.data.domain.overview.db.Args, options?: seranking.CallOptions): seranking.data.domain.overview.db.Answer?, seranking.Response|seranking.Error
--- Totals of a domain over all countries. Gains and losses are called positions_… here, keywords_… in db.
---@field worldwide seranking.data.domain.overview.worldwide|fun(self, args: seranking.data.domain.overview.worldwide.Args, options?: seranking.CallOptions): seranking.data.domain.overview.worldwide.Answer?, seranking.Response|seranking.Error
--- Totals of one page over all countries.
---@field worldwide_url seranking.data.domain.overview.worldwide_url|fun(self, args: seranking.data.domain.overview.worldwide_url.Args, options?: seranking.CallOptions): seranking.data.domain.overview.worldwide_url.Answer?, seranking.Response|seranking.Error
--- Totals month by month, for as long as the site is known. url takes precedence over domain.
---@field history seranking.data.domain.overview.history|fun(self, args: seranking.data.domain.overview.history.Args, options?: seranking.CallOptions): seranking.data.domain.overview.history.Row[]?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.domain.pages.list.Row.intents
---@field count integer keywords
---@field percents number share of the page's keywords
---@field traffic number

---@class seranking.data.domain.pages.list.Row
---@field url string
---@field title? string
---@field keywords_count integer keywords that it ranks for
---@field traffic_sum integer visits a month, estimated
---@field traffic_percent number share of the site's traffic
---@field price_sum number value of the traffic
---@field intents? table<string, seranking.data.domain.pages.list.Row.intents> by letter of the intent, perhaps lower case

---@class seranking.data.domain.pages.list.Filter.DomainUrl
---@field type "begins"|"contains"|"ends"|"exact" how the value must match
---@field value string not empty

---@class seranking.data.domain.pages.list.Filter
---@field domain_traffic_percent? seranking.Range share of the domain's traffic, %
---@field domain_url? seranking.data.domain.pages.list.Filter.DomainUrl[][] addresses to keep: a list of alternatives, each a list of { type, value } that must all match
---@field keywords_count? seranking.Range number of keywords that it ranks for
---@field price_sum? seranking.Range value of the traffic
---@field traffic_sum? seranking.Range visits a month

---@class seranking.data.domain.pages.list.Args
---@field target string domain or host, without a scheme
---@field scope "base_domain"|"domain"|"url" base_domain: with all subdomains; domain: that host alone (mode = domain of data.backlinks includes subdomains)
---@field source string country database, two small letters; the United Kingdom is uk
---@field type? "organic"|"adv" organic or paid results; default organic
---@field order_field? "keywords_count"|"traffic_sum"|"traffic_percent"|"price_sum" what to sort by; default keywords_count
---@field order_type? "asc"|"desc" order; default desc
---@field offset? integer rows to skip (at least 0); default 0
---@field limit? integer most rows to return (1 to 1000); default 100
---@field filter? seranking.data.domain.pages.list.Filter which rows to keep

---@class seranking.data.domain.pages.list: seranking.Operation
---@field dry_run fun(self, args: seranking.data.domain.pages.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.domain.pages.list.Args, options?: seranking.WalkOptions): fun(): seranking.data.domain.pages.list.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.domain.pages.list.Args, options?: seranking.WalkOptions): seranking.data.domain.pages.list.Row[]?, seranking.Error?

---@class seranking.data.domain.pages
--- Pages of a site that rank, with their totals.
---@field list seranking.data.domain.pages.list|fun(self, args: seranking.data.domain.pages.list.Args, options?: seranking.CallOptions): seranking.data.domain.pages.list.Row[]?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.domain.subdomains.list.Row
---@field url string the subdomain
---@field keywords_count integer keywords that it ranks for
---@field traffic_sum integer visits a month, estimated
---@field traffic_percent number share of the site's traffic
---@field price_sum number value of the traffic

---@class seranking.data.domain.subdomains.list.Filter.DomainUrl
---@field type "begins"|"contains"|"ends"|"exact" how the value must match
---@field value string not empty

---@class seranking.data.domain.subdomains.list.Filter
---@field domain_traffic_percent? seranking.Range share of the domain's traffic, %
---@field domain_url? seranking.data.domain.subdomains.list.Filter.DomainUrl[][] addresses to keep: a list of alternatives, each a list of { type, value } that must all match
---@field keywords_count? seranking.Range number of keywords that it ranks for
---@field price_sum? seranking.Range value of the traffic
---@field traffic_sum? seranking.Range visits a month

---@class seranking.data.domain.subdomains.list.Args
---@field target string domain or host, without a scheme
---@field scope "base_domain"|"domain" base_domain: with all subdomains; domain: that host alone; the results may be the same
---@field source string country database, two small letters; the United Kingdom is uk
---@field type? "organic"|"adv" organic or paid results; default organic
---@field order_field? "keywords_count"|"traffic_sum"|"traffic_percent"|"price_sum" what to sort by; default keywords_count
---@field order_type? "asc"|"desc" order; default desc
---@field offset? integer rows to skip (at least 0); default 0
---@field limit? integer most rows to return (1 to 1000); default 100
---@field filter? seranking.data.domain.subdomains.list.Filter which rows to keep

---@class seranking.data.domain.subdomains.list: seranking.Operation
---@field dry_run fun(self, args: seranking.data.domain.subdomains.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.domain.subdomains.list.Args, options?: seranking.WalkOptions): fun(): seranking.data.domain.subdomains.list.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.domain.subdomains.list.Args, options?: seranking.WalkOptions): seranking.data.domain.subdomains.list.Row[]?, seranking.Error?

---@class seranking.data.domain.subdomains
--- Subdomains of a site that rank. Give the main domain: a subdomain has none.
---@field list seranking.data.domain.subdomains.list|fun(self, args: seranking.data.domain.subdomains.list.Args, options?: seranking.CallOptions): seranking.data.domain.subdomains.list.Row[]?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.keywords.export.Row
---@field is_data_found boolean false: unknown keyword, without metrics
---@field keyword string
---@field volume? integer searches a month
---@field cpc? number price of a click
---@field competition? number 0-1
---@field difficulty? integer 0-100
---@field history_trend? table<string, integer> month (YYYY-MM-01) to searches
---@field intents? string[] missing with cols

---@class seranking.data.keywords.similar.Row
---@field keyword string
---@field cpc number price of a click
---@field difficulty integer 0-100
---@field volume integer searches a month
---@field competition number 0-1
---@field serp_features string[]
---@field intents string[]
---@field history_trend? table<string, integer> month (YYYY-MM-01) to searches; with history_trend only

---@class seranking.data.keywords.similar.Answer
---@field total integer keywords in all
---@field keywords seranking.data.keywords.similar.Row[]

---@class seranking.data.keywords.related.Row
---@field keyword string
---@field cpc number price of a click
---@field difficulty integer 0-100
---@field volume integer searches a month
---@field competition number 0-1
---@field serp_features string[]
---@field intents string[]
---@field history_trend? table<string, integer> month (YYYY-MM-01) to searches; with history_trend only
---@field relevance number how near it is

---@class seranking.data.keywords.related.Answer
---@field total integer keywords in all
---@field keywords seranking.data.keywords.related.Row[]

---@class seranking.data.keywords.longtail.Answer
---@field total integer keywords in all
---@field keywords string[]

---@class seranking.data.keywords.export.Args
---@field source string country database, two small letters; the United Kingdom is uk
---@field keywords string|string[] the keywords
---@field sort? "volume"|"cpc"|"difficulty"|"competition"|"history_trend" what to sort by; default cpc
---@field sort_order? "asc"|"desc" order; default desc
---@field cols? "keyword"|"volume"|"cpc"|"competition"|"difficulty"|"history_trend"|("keyword"|"volume"|"cpc"|"competition"|"difficulty"|"history_trend")[] columns to return
---@field history_from? seranking.Day first month of the history; the day is ignored. Known from one source
---@field history_to? seranking.Day last month of the history, at most 12 in all. Known from one source

---@class seranking.data.keywords.export: seranking.Operation
---@field dry_run fun(self, args: seranking.data.keywords.export.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.keywords.export.Args, options?: seranking.WalkOptions): fun(): seranking.data.keywords.export.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.keywords.export.Args, options?: seranking.WalkOptions): seranking.data.keywords.export.Row[]?, seranking.Error?

---@class seranking.data.keywords.similar.Filter.MultiKeywordExcluded
---@field type "begins"|"contains"|"ends"|"exact" how the value must match
---@field value string not empty

---@class seranking.data.keywords.similar.Filter
---@field characters_count? seranking.Range characters of the keyword
---@field competition? seranking.Range 0-1
---@field cpc? seranking.Range price of a click
---@field difficulty? seranking.Range 0-100
---@field intents? "I"|"N"|"T"|"C"|"L"|("I"|"N"|"T"|"C"|"L")[] informational, navigational, transactional, commercial, local
---@field keyword_count? seranking.Range words of the keyword
---@field multi_keyword_excluded? seranking.data.keywords.similar.Filter.MultiKeywordExcluded[][] keywords to leave out: a list of alternatives, each a list of { type, value } that must all match
---@field multi_keyword_included? seranking.data.keywords.similar.Filter.MultiKeywordExcluded[][] keywords to keep: a list of alternatives, each a list of { type, value } that must all match
---@field serp_features? string|string[] features of the results page, any of them; words that the API does not know are silently ignored
---@field volume? seranking.Range searches a month

---@class seranking.data.keywords.similar.Args
---@field source string country database, two small letters; the United Kingdom is uk
---@field keyword string seed keyword
---@field limit? integer most rows to return; each costs credits (at least 1); default 100
---@field offset? integer rows to skip (at least 0); default 0
---@field sort? "keyword"|"volume"|"cpc"|"difficulty"|"competition" what to sort by
---@field sort_order? "asc"|"desc" order; default desc
---@field history_trend? boolean true: add searches by month; default false
---@field filter? seranking.data.keywords.similar.Filter which rows to keep

---@class seranking.data.keywords.similar: seranking.Operation
---@field dry_run fun(self, args: seranking.data.keywords.similar.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.keywords.similar.Args, options?: seranking.WalkOptions): fun(): seranking.data.keywords.similar.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.keywords.similar.Args, options?: seranking.WalkOptions): seranking.data.keywords.similar.Row[]?, seranking.Error?

---@class seranking.data.keywords.related.Args
---@field source string country database, two small letters; the United Kingdom is uk
---@field keyword string seed keyword
---@field limit? integer most rows to return; each costs credits (at least 1); default 100
---@field offset? integer rows to skip (at least 0); default 0
---@field sort? "keyword"|"volume"|"cpc"|"difficulty"|"competition" what to sort by
---@field sort_order? "asc"|"desc" order; default desc
---@field history_trend? boolean true: add searches by month; default false
---@field filter? seranking.data.keywords.similar.Filter which rows to keep

---@class seranking.data.keywords.related: seranking.Operation
---@field dry_run fun(self, args: seranking.data.keywords.related.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.keywords.related.Args, options?: seranking.WalkOptions): fun(): seranking.data.keywords.related.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.keywords.related.Args, options?: seranking.WalkOptions): seranking.data.keywords.related.Row[]?, seranking.Error?

---@class seranking.data.keywords.questions.Args
---@field source string country database, two small letters; the United Kingdom is uk
---@field keyword string seed keyword
---@field limit? integer most rows to return; each costs credits (at least 1); default 100
---@field offset? integer rows to skip (at least 0); default 0
---@field sort? "keyword"|"volume"|"cpc"|"difficulty"|"competition" what to sort by
---@field sort_order? "asc"|"desc" order; default desc
---@field history_trend? boolean true: add searches by month; default false
---@field filter? seranking.data.keywords.similar.Filter which rows to keep

---@class seranking.data.keywords.questions: seranking.Operation
---@field dry_run fun(self, args: seranking.data.keywords.questions.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.keywords.questions.Args, options?: seranking.WalkOptions): fun(): seranking.data.keywords.similar.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.keywords.questions.Args, options?: seranking.WalkOptions): seranking.data.keywords.similar.Row[]?, seranking.Error?

---@class seranking.data.keywords.longtail.Args
---@field source string country database, two small letters; the United Kingdom is uk
---@field keyword string seed keyword
---@field limit? integer most rows to return; each costs credits (at least 1); default 100
---@field offset? integer rows to skip (at least 0); default 0
---@field sort? "keyword"|"volume"|"cpc"|"difficulty"|"competition" what to sort by
---@field sort_order? "asc"|"desc" order; default desc
---@field filter? seranking.data.keywords.similar.Filter which rows to keep

---@class seranking.data.keywords.longtail: seranking.Operation
---@field dry_run fun(self, args: seranking.data.keywords.longtail.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.keywords.longtail.Args, options?: seranking.WalkOptions): fun(): string?, seranking.Response?
---@field all fun(self, args: seranking.data.keywords.longtail.Args, options?: seranking.WalkOptions): string[]?, seranking.Error?

---@class seranking.data.keywords
--- Metrics of up to 5,000 keywords, answered at once: no job and no file, despite the name.
---@field export seranking.data.keywords.export|fun(self, args: seranking.data.keywords.export.Args, options?: seranking.CallOptions): seranking.data.keywords.export.Row[]?, seranking.Response|seranking.Error
--- Keywords that contain a keyword, or nearly.
---@field similar seranking.data.keywords.similar|fun(self, args: seranking.data.keywords.similar.Args, options?: seranking.CallOptions): seranking.data.keywords.similar.Answer?, seranking.Response|seranking.Error
--- Keywords with a similar meaning, judged by the results that they share.
---@field related seranking.data.keywords.related|fun(self, args: seranking.data.keywords.related.Args, options?: seranking.CallOptions): seranking.data.keywords.related.Answer?, seranking.Response|seranking.Error
--- Questions around a keyword.
---@field questions seranking.data.keywords.questions|fun(self, args: seranking.data.keywords.questions.Args, options?: seranking.CallOptions): seranking.data.keywords.similar.Answer?, seranking.Response|seranking.Error
--- Longer forms of a keyword, as text only.
---@field longtail seranking.data.keywords.longtail|fun(self, args: seranking.data.keywords.longtail.Args, options?: seranking.CallOptions): seranking.data.keywords.longtail.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.data.serp
---@field classic seranking.data.serp.classic
---@field operations fun(self): fun(): string?, any

---@class seranking.data.serp.classic.add_tasks.Row
---@field id integer task_id of other calls
---@field query string
---@field location_id integer

---@class seranking.data.serp.classic.list_tasks.Row
---@field id integer
---@field query? string
---@field status? string processing while the task waits
---@field is_completed? boolean
---@field tag? string

---@class seranking.data.serp.classic.task_results.Answer.request_metadata
---@field keyword string the request, like the next four
---@field search_engine? string
---@field device string
---@field location_id integer
---@field language_code string

---@class seranking.data.serp.classic.task_results.Answer.summary
---@field total_results integer results that the search engine reports

---@class seranking.data.serp.classic.task_results.Answer.items
---@field type string organic, ads …; the other members depend on it
---@field position string place on the page (center …), not the rank
---@field rank_absolute integer the rank
---@field domain string
---@field url string
---@field title string
---@field description string
---@field breadcrumb? string
---@field highlighted_terms string[]

---@class seranking.data.serp.classic.task_results.Answer
---@field status? string processing while the task waits, then no other member is there
---@field request_metadata seranking.data.serp.classic.task_results.Answer.request_metadata
---@field summary seranking.data.serp.classic.task_results.Answer.summary
---@field items seranking.data.serp.classic.task_results.Answer.items[]

---@class seranking.data.serp.classic.task_results_advanced.Answer.items
---@field type string organic, ads …; the other members depend on it
---@field position string place on the page (center …), not the rank
---@field rank_absolute integer the rank
---@field domain string
---@field url string
---@field title string
---@field description string
---@field breadcrumb? string
---@field highlighted_terms string[]
---@field searches table[]
---@field links table[]

---@class seranking.data.serp.classic.task_results_advanced.Answer
---@field status? string processing while the task waits, then no other member is there
---@field request_metadata seranking.data.serp.classic.task_results.Answer.request_metadata
---@field summary seranking.data.serp.classic.task_results.Answer.summary
---@field items seranking.data.serp.classic.task_results_advanced.Answer.items[]

---@class seranking.data.serp.classic.locations.Row
---@field id integer
---@field name? string
---@field location_type? string
---@field country_code? string
---@field google_ads_location_id? integer with include

---@class seranking.data.serp.classic.add_tasks.Args
---@field search_engine "google" google is the only documented one
---@field device "desktop"|"mobile" device of the results
---@field language_code string language of the results page, two letters
---@field location_id? seranking.Id the place: id of locations
---@field google_ads_location_id? seranking.Id Google's number of the place. Known from one source
---@field query string|string[] phrases to search for, at most 255 characters each; each makes a task and costs credits
---@field tag? string a label for the callback, at most 255 characters
---@field pingback_url? string address to call when a task is done; $id and $tag in it are replaced

---@class seranking.data.serp.classic.add_tasks: seranking.Operation
---@field dry_run fun(self, args: seranking.data.serp.classic.add_tasks.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.serp.classic.add_tasks.Args, options?: seranking.WalkOptions): fun(): seranking.data.serp.classic.add_tasks.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.serp.classic.add_tasks.Args, options?: seranking.WalkOptions): seranking.data.serp.classic.add_tasks.Row[]?, seranking.Error?
---@field wait fun(self, args: seranking.data.serp.classic.add_tasks.Args, options?: seranking.WaitOptions): seranking.data.serp.classic.task_results.Answer[]?, seranking.Response|seranking.Error

---@class seranking.data.serp.classic.list_tasks: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.NoArgs, options?: seranking.WalkOptions): fun(): seranking.data.serp.classic.list_tasks.Row?, seranking.Response?
---@field all fun(self, args?: seranking.NoArgs, options?: seranking.WalkOptions): seranking.data.serp.classic.list_tasks.Row[]?, seranking.Error?

---@class seranking.data.serp.classic.task_results.Args
---@field task_id? seranking.Id the task: id of add_tasks

---@class seranking.data.serp.classic.task_results: seranking.Operation
---@field dry_run fun(self, args?: seranking.data.serp.classic.task_results.Args, options?: seranking.CallOptions): seranking.DryRun
---@field wait fun(self, args?: seranking.data.serp.classic.task_results.Args, options?: seranking.WaitOptions): seranking.data.serp.classic.task_results.Answer?, seranking.Response|seranking.Error

---@class seranking.data.serp.classic.task_results_advanced.Args
---@field task_id? seranking.Id the task: id of add_tasks

---@class seranking.data.serp.classic.task_results_advanced: seranking.Operation
---@field dry_run fun(self, args?: seranking.data.serp.classic.task_results_advanced.Args, options?: seranking.CallOptions): seranking.DryRun
---@field wait fun(self, args?: seranking.data.serp.classic.task_results_advanced.Args, options?: seranking.WaitOptions): seranking.data.serp.classic.task_results_advanced.Answer?, seranking.Response|seranking.Error

---@class seranking.data.serp.classic.task_html.Args
---@field task_id? seranking.Id the task: id of add_tasks

---@class seranking.data.serp.classic.task_html: seranking.Operation
---@field dry_run fun(self, args?: seranking.data.serp.classic.task_html.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.serp.classic.locations.Args
---@field country_code string country, two letters, ISO 3166 (so gb, not uk)
---@field q string part of the place's name, at least 2 characters
---@field include? "google_ads_location_id" add Google's number of each place

---@class seranking.data.serp.classic.locations: seranking.Operation
---@field dry_run fun(self, args: seranking.data.serp.classic.locations.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.serp.classic.locations.Args, options?: seranking.WalkOptions): fun(): seranking.data.serp.classic.locations.Row?, seranking.Response?
---@field all fun(self, args: seranking.data.serp.classic.locations.Args, options?: seranking.WalkOptions): seranking.data.serp.classic.locations.Row[]?, seranking.Error?

---@class seranking.data.serp.classic
--- Collect results pages: a task for each phrase. Usually done within a minute, kept for a day.
---@field add_tasks seranking.data.serp.classic.add_tasks|fun(self, args: seranking.data.serp.classic.add_tasks.Args, options?: seranking.CallOptions): seranking.data.serp.classic.add_tasks.Row[]?, seranking.Response|seranking.Error
--- Tasks of the last 24 hours.
---@field list_tasks seranking.data.serp.classic.list_tasks|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.data.serp.classic.list_tasks.Row[]?, seranking.Response|seranking.Error
--- Results of a task: organic results, ads, featured snippet. While the task waits, only a status.
---@field task_results seranking.data.serp.classic.task_results|fun(self, args?: seranking.data.serp.classic.task_results.Args, options?: seranking.CallOptions): seranking.data.serp.classic.task_results.Answer?, seranking.Response|seranking.Error
--- Results of a task, with blocks of every kind: questions, related searches, AI overview, maps.
---@field task_results_advanced seranking.data.serp.classic.task_results_advanced|fun(self, args?: seranking.data.serp.classic.task_results_advanced.Args, options?: seranking.CallOptions): seranking.data.serp.classic.task_results_advanced.Answer?, seranking.Response|seranking.Error
--- The results pages as HTML, in a ZIP file. Error 409 while the task waits, 404 after a day.
---@field task_html seranking.data.serp.classic.task_html|fun(self, args?: seranking.data.serp.classic.task_html.Args, options?: seranking.CallOptions): string?, seranking.Response|seranking.Error
--- Places in a country, by part of their name; id is the location_id of other calls.
---@field locations seranking.data.serp.classic.locations|fun(self, args: seranking.data.serp.classic.locations.Args, options?: seranking.CallOptions): seranking.data.serp.classic.locations.Row[]?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(task_id: seranking.Id): seranking.data.serp.classic

---@class seranking.data.site_audit
---@field audits seranking.data.site_audit.audits
---@field operations fun(self): fun(): string?, any

---@class seranking.data.site_audit.audits.create_standard.Answer
---@field id integer audit_id of other calls

---@class seranking.data.site_audit.audits.list.Row.stats
---@field crawled integer pages
---@field errors integer
---@field warnings integer
---@field notices integer
---@field score integer 0-100

---@class seranking.data.site_audit.audits.list.Row
---@field id integer audit_id of other calls
---@field group_id integer
---@field url string
---@field title string
---@field has_project boolean
---@field site_id? integer the project
---@field last_update seranking.Time
---@field status string queued, processing, finished, cancelled, canceled or expired
---@field error? string
---@field error_params? table
---@field stats seranking.data.site_audit.audits.list.Row.stats
---@field is_new boolean
---@field owner_account_id integer
---@field version integer

---@class seranking.data.site_audit.audits.list.Answer
---@field items seranking.data.site_audit.audits.list.Row[]
---@field total integer audits in all

---@class seranking.data.site_audit.audits.status.Answer
---@field status string queued, processing, finished, cancelled, canceled or expired
---@field total_pages integer
---@field total_warnings integer
---@field total_errors integer
---@field total_passed integer
---@field start_time seranking.Time
---@field audit_time? seranking.Time end of the crawl

---@class seranking.data.site_audit.audits.report.Answer.domain_props
---@field domain string
---@field dt integer domain trust
---@field domains integer linking domains
---@field expdate string
---@field updated string
---@field backlinks integer
---@field index_google integer pages in Google's index

---@class seranking.data.site_audit.audits.report.Answer.chromeux
---@field mobile? table
---@field desktop? table

---@class seranking.data.site_audit.audits.report.Answer.sections.props
---@field code string
---@field status string error, warning, notice or passed
---@field name string
---@field value number pages

---@class seranking.data.site_audit.audits.report.Answer.sections
---@field uid string
---@field name string
---@field props table<string, seranking.data.site_audit.audits.report.Answer.sections.props> issues by code; a list in older docs

---@class seranking.data.site_audit.audits.report.Answer
---@field is_finished boolean
---@field score_percent integer 0-100
---@field weighted_score_percent integer 0-100
---@field total_pages integer
---@field total_errors integer
---@field total_warnings integer
---@field total_notices integer
---@field total_passed integer
---@field audit_time seranking.Time
---@field version integer
---@field screenshot? string
---@field domain_props seranking.data.site_audit.audits.report.Answer.domain_props
---@field chromeux seranking.data.site_audit.audits.report.Answer.chromeux
---@field sections seranking.data.site_audit.audits.report.Answer.sections[]

---@class seranking.data.site_audit.audits.pages.Row
---@field id integer url_id of issues
---@field url string
---@field url_len integer characters
---@field type string html …
---@field url_protocol string
---@field sitemap integer 1: in the sitemap
---@field status integer HTTP status
---@field size integer bytes
---@field depth integer clicks from the first page
---@field noindex integer
---@field first_ms integer milliseconds to the first byte
---@field load_ms integer milliseconds to the last byte
---@field robots string
---@field nofollow integer
---@field xrobots? string
---@field title string
---@field title_len integer characters
---@field description string
---@field description_len integer characters
---@field chars integer characters of the page
---@field h1 string
---@field h1_len integer characters
---@field h2 string
---@field h2_len integer characters
---@field html_ratio number
---@field blocked_robots integer
---@field canonical_url string
---@field inlinks integer links to it within the site

---@class seranking.data.site_audit.audits.pages.Answer
---@field items seranking.data.site_audit.audits.pages.Row[]
---@field total integer pages in all

---@class seranking.data.site_audit.audits.issue_pages.Answer
---@field total_urls integer pages in all
---@field urls (string|table)[]
---@field urls_type string

---@class seranking.data.site_audit.audits.issues.Row.snippet
---@field type string
---@field value string

---@class seranking.data.site_audit.audits.issues.Row
---@field code string
---@field type string error, warning or notice
---@field group string
---@field snippet seranking.data.site_audit.audits.issues.Row.snippet

---@class seranking.data.site_audit.audits.issues.Answer
---@field url string
---@field page_data table members of pages, as numbers here
---@field issues seranking.data.site_audit.audits.issues.Row[]

---@class seranking.data.site_audit.audits.links.Row
---@field url string target of the link
---@field id integer
---@field status integer HTTP status
---@field type string internal or external
---@field source_url string page that contains the link
---@field source_noindex integer
---@field nofollow integer
---@field alt? string
---@field anchor_type string
---@field title? string

---@class seranking.data.site_audit.audits.links.Answer
---@field items seranking.data.site_audit.audits.links.Row[]
---@field total integer links in all

---@class seranking.data.site_audit.audits.history.Answer.totals
---@field total_pages integer
---@field total_warnings integer
---@field total_errors integer
---@field total_passed integer

---@class seranking.data.site_audit.audits.history.Answer
---@field audit_time seranking.Time
---@field version integer
---@field domain_data table
---@field settings table as in create_standard
---@field pages_data table<string, integer>
---@field totals seranking.data.site_audit.audits.history.Answer.totals

---@class seranking.data.site_audit.audits.create_standard.Settings
---@field allow? string|string[] path prefixes: crawl nothing else
---@field check_robots? seranking.Flag 1: obey robots.txt; default 1
---@field custom_params? string|string[] names of parameters for ignore_params = 2
---@field disabled_issues? string|string[] codes of issues not to look for; replaces the list
---@field disallow? string|string[] path prefixes not to crawl
---@field disallow_ext? string|string[] external addresses not to check
---@field hide? string|string[] path prefixes to leave out of the report
---@field ignore_nofollow? seranking.Flag 1: skip links marked nofollow; default 0
---@field ignore_noindex? seranking.Flag 1: skip pages marked noindex; default 0
---@field ignore_params? 0|1|2 query parameters: 0 keep, 1 drop, 2 drop those in custom_params; default 0
---@field login? string user name for HTTP basic authentication
---@field max_depth? integer most clicks from the first page (1 to 100); default 10
---@field max_description_len? integer longest acceptable one, in characters (1 to 10000); default 158
---@field max_h1_len? integer longest acceptable H1, in characters (1 to 10000); default 100
---@field max_h2_len? integer longest acceptable H2, in characters (1 to 10000); default 100
---@field max_pages? integer most pages to crawl; each counts against the plan (1 to 300000); default 1000
---@field max_redirects? integer most redirects in a row (1 to 50); default 5
---@field max_req? integer most requests a second (1 to 500); default 500
---@field max_size? integer largest acceptable page, in KB (1 to 100000); default 3000
---@field max_title_len? integer longest acceptable one, in characters (1 to 10000); default 65
---@field min_description_len? integer shortest acceptable description, in characters (1 to 10000); default 1
---@field min_title_len? integer shortest acceptable title, in characters (1 to 10000); default 20
---@field min_words? integer fewest acceptable words of a page (1 to 10000); default 250
---@field password? string password for HTTP basic authentication
---@field report_email? string recipient; old: use report_emails
---@field report_emails? string|string[] recipients
---@field send_report? seranking.Flag 1, the default: mail a report after the run. Set 0 in tests; default 1
---@field source_file? seranking.Flag 1: crawl the pages of client.audit.source_pages; the Data API can't upload them; default 0
---@field source_site? seranking.Flag 1: follow the site's links; default 1
---@field source_sitemap? seranking.Flag 1: crawl the pages of the sitemap; default 1
---@field source_subdomain? seranking.Flag 1: crawl subdomains; default 0
---@field user_agent? integer the crawler or browser to identify as, by number (0 to 13); default 0

---@class seranking.data.site_audit.audits.create_standard.Args
---@field domain string site to crawl
---@field title? string name of the report, at most 300 characters; by default the domain
---@field settings? seranking.data.site_audit.audits.create_standard.Settings how to crawl

---@class seranking.data.site_audit.audits.create_standard: seranking.Operation
---@field dry_run fun(self, args: seranking.data.site_audit.audits.create_standard.Args, options?: seranking.CallOptions): seranking.DryRun
---@field wait fun(self, args: seranking.data.site_audit.audits.create_standard.Args, options?: seranking.WaitOptions): seranking.data.site_audit.audits.status.Answer?, seranking.Response|seranking.Error

---@class seranking.data.site_audit.audits.create_advanced.Args
---@field domain string site to crawl
---@field title? string name of the report, at most 300 characters; by default the domain
---@field settings? seranking.data.site_audit.audits.create_standard.Settings how to crawl

---@class seranking.data.site_audit.audits.create_advanced: seranking.Operation
---@field dry_run fun(self, args: seranking.data.site_audit.audits.create_advanced.Args, options?: seranking.CallOptions): seranking.DryRun
---@field wait fun(self, args: seranking.data.site_audit.audits.create_advanced.Args, options?: seranking.WaitOptions): seranking.data.site_audit.audits.status.Answer?, seranking.Response|seranking.Error

---@class seranking.data.site_audit.audits.list.Args
---@field limit? integer most rows to return (at least 1); default 100
---@field offset? integer rows to skip (at least 0); default 0
---@field search? string text in the title or the address
---@field date_start? seranking.Day only audits from this day on
---@field date_end? seranking.Day only audits up to this day

---@class seranking.data.site_audit.audits.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.data.site_audit.audits.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.data.site_audit.audits.list.Args, options?: seranking.WalkOptions): fun(): seranking.data.site_audit.audits.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.data.site_audit.audits.list.Args, options?: seranking.WalkOptions): seranking.data.site_audit.audits.list.Row[]?, seranking.Error?

---@class seranking.data.site_audit.audits.update.Args
---@field audit_id? seranking.Id the audit: id of create_standard, create_advanced and list
---@field title string new name of the report, at most 300 characters

---@class seranking.data.site_audit.audits.update: seranking.Operation
---@field dry_run fun(self, args: seranking.data.site_audit.audits.update.Args|table, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.site_audit.audits.delete.Args
---@field audit_id? seranking.Id the audit: id of create_standard, create_advanced and list

---@class seranking.data.site_audit.audits.delete: seranking.Operation
---@field dry_run fun(self, args?: seranking.data.site_audit.audits.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.site_audit.audits.status.Args
---@field audit_id? seranking.Id the audit: id of create_standard, create_advanced and list

---@class seranking.data.site_audit.audits.status: seranking.Operation
---@field dry_run fun(self, args?: seranking.data.site_audit.audits.status.Args, options?: seranking.CallOptions): seranking.DryRun
---@field wait fun(self, args?: seranking.data.site_audit.audits.status.Args, options?: seranking.WaitOptions): seranking.data.site_audit.audits.status.Answer?, seranking.Response|seranking.Error

---@class seranking.data.site_audit.audits.report.Args
---@field audit_id? seranking.Id the audit: id of create_standard, create_advanced and list

---@class seranking.data.site_audit.audits.report: seranking.Operation
---@field dry_run fun(self, args?: seranking.data.site_audit.audits.report.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.site_audit.audits.pages.Args
---@field audit_id? seranking.Id the audit: id of create_standard, create_advanced and list
---@field limit? integer most rows to return (at least 1); default 100
---@field offset? integer rows to skip (at least 0); default 0

---@class seranking.data.site_audit.audits.pages: seranking.Operation
---@field dry_run fun(self, args?: seranking.data.site_audit.audits.pages.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.data.site_audit.audits.pages.Args, options?: seranking.WalkOptions): fun(): seranking.data.site_audit.audits.pages.Row?, seranking.Response?
---@field all fun(self, args?: seranking.data.site_audit.audits.pages.Args, options?: seranking.WalkOptions): seranking.data.site_audit.audits.pages.Row[]?, seranking.Error?

---@class seranking.data.site_audit.audits.issue_pages.Args
---@field audit_id? seranking.Id the audit: id of create_standard, create_advanced and list
---@field code string code of an issue, from report: title_duplicate …
---@field limit? integer most rows to return (at least 1); default 100
---@field offset? integer rows to skip (at least 0); default 0

---@class seranking.data.site_audit.audits.issue_pages: seranking.Operation
---@field dry_run fun(self, args: seranking.data.site_audit.audits.issue_pages.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.data.site_audit.audits.issue_pages.Args, options?: seranking.WalkOptions): fun(): (string|table)?, seranking.Response?
---@field all fun(self, args: seranking.data.site_audit.audits.issue_pages.Args, options?: seranking.WalkOptions): (string|table)[]?, seranking.Error?

---@class seranking.data.site_audit.audits.issues.Args
---@field audit_id? seranking.Id the audit: id of create_standard, create_advanced and list
---@field url_id? seranking.Id the page: id of pages
---@field url? string the page, by its address
---@field limit? integer most rows to return (at least 1); default 100
---@field offset? integer rows to skip (at least 0); default 0

---@class seranking.data.site_audit.audits.issues: seranking.Operation
---@field dry_run fun(self, args?: seranking.data.site_audit.audits.issues.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.data.site_audit.audits.issues.Args, options?: seranking.WalkOptions): fun(): seranking.data.site_audit.audits.issues.Row?, seranking.Response?
---@field all fun(self, args?: seranking.data.site_audit.audits.issues.Args, options?: seranking.WalkOptions): seranking.data.site_audit.audits.issues.Row[]?, seranking.Error?

---@class seranking.data.site_audit.audits.links.Filter
---@field param "status"|"type"|"source_noindex"|"nofollow"|"anchor_type" what to look at
---@field type? "and"|"or" how it combines with the conditions before; not in the first
---@field value seranking.Text value to compare with

---@class seranking.data.site_audit.audits.links.Args
---@field audit_id? seranking.Id the audit: id of create_standard, create_advanced and list
---@field page_type? "all"|"internal"|"external" target of the links; default all
---@field limit? integer most rows to return (at least 1); default 100
---@field offset? integer rows to skip (at least 0); default 0
---@field filter? seranking.data.site_audit.audits.links.Filter|seranking.data.site_audit.audits.links.Filter[] conditions, in order

---@class seranking.data.site_audit.audits.links: seranking.Operation
---@field dry_run fun(self, args?: seranking.data.site_audit.audits.links.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.data.site_audit.audits.links.Args, options?: seranking.WalkOptions): fun(): seranking.data.site_audit.audits.links.Row?, seranking.Response?
---@field all fun(self, args?: seranking.data.site_audit.audits.links.Args, options?: seranking.WalkOptions): seranking.data.site_audit.audits.links.Row[]?, seranking.Error?

---@class seranking.data.site_audit.audits.history.Args
---@field audit_id? seranking.Id the audit: id of create_standard, create_advanced and list
---@field date seranking.Day day of the run

---@class seranking.data.site_audit.audits.history: seranking.Operation
---@field dry_run fun(self, args: seranking.data.site_audit.audits.history.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.data.site_audit.audits.recheck_standard.Args
---@field audit_id? seranking.Id the audit: id of create_standard, create_advanced and list

---@class seranking.data.site_audit.audits.recheck_standard: seranking.Operation
---@field dry_run fun(self, args?: seranking.data.site_audit.audits.recheck_standard.Args, options?: seranking.CallOptions): seranking.DryRun
---@field wait fun(self, args?: seranking.data.site_audit.audits.recheck_standard.Args, options?: seranking.WaitOptions): seranking.data.site_audit.audits.status.Answer?, seranking.Response|seranking.Error

---@class seranking.data.site_audit.audits.recheck_advanced.Args
---@field audit_id? seranking.Id the audit: id of create_standard, create_advanced and list

---@class seranking.data.site_audit.audits.recheck_advanced: seranking.Operation
---@field dry_run fun(self, args?: seranking.data.site_audit.audits.recheck_advanced.Args, options?: seranking.CallOptions): seranking.DryRun
---@field wait fun(self, args?: seranking.data.site_audit.audits.recheck_advanced.Args, options?: seranking.WaitOptions): seranking.data.site_audit.audits.status.Answer?, seranking.Response|seranking.Error

---@class seranking.data.site_audit.audits
--- Start a crawl. Mails a report at its end unless settings.send_report = 0.
---@field create_standard seranking.data.site_audit.audits.create_standard|fun(self, args: seranking.data.site_audit.audits.create_standard.Args, options?: seranking.CallOptions): seranking.data.site_audit.audits.create_standard.Answer?, seranking.Response|seranking.Error
--- Start a crawl that runs the pages' JavaScript. Mails a report at its end unless settings.send_report = 0.
---@field create_advanced seranking.data.site_audit.audits.create_advanced|fun(self, args: seranking.data.site_audit.audits.create_advanced.Args, options?: seranking.CallOptions): seranking.data.site_audit.audits.create_standard.Answer?, seranking.Response|seranking.Error
--- The account's audits.
---@field list seranking.data.site_audit.audits.list|fun(self, args?: seranking.data.site_audit.audits.list.Args, options?: seranking.CallOptions): seranking.data.site_audit.audits.list.Answer?, seranking.Response|seranking.Error
--- Rename an audit.
---@field update seranking.data.site_audit.audits.update|fun(self, args: seranking.data.site_audit.audits.update.Args|table, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Delete an audit for good.
---@field delete seranking.data.site_audit.audits.delete|fun(self, args?: seranking.data.site_audit.audits.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Progress and totals of a crawl.
---@field status seranking.data.site_audit.audits.status|fun(self, args?: seranking.data.site_audit.audits.status.Args, options?: seranking.CallOptions): seranking.data.site_audit.audits.status.Answer?, seranking.Response|seranking.Error
--- What a crawl found, by section; before its end only is_finished = false.
---@field report seranking.data.site_audit.audits.report|fun(self, args?: seranking.data.site_audit.audits.report.Args, options?: seranking.CallOptions): seranking.data.site_audit.audits.report.Answer?, seranking.Response|seranking.Error
--- The crawled pages, with about 60 members each; those named here are certain.
---@field pages seranking.data.site_audit.audits.pages|fun(self, args?: seranking.data.site_audit.audits.pages.Args, options?: seranking.CallOptions): seranking.data.site_audit.audits.pages.Answer?, seranking.Response|seranking.Error
--- Pages that have an issue; urls_type says what the rows are.
---@field issue_pages seranking.data.site_audit.audits.issue_pages|fun(self, args: seranking.data.site_audit.audits.issue_pages.Args, options?: seranking.CallOptions): seranking.data.site_audit.audits.issue_pages.Answer?, seranking.Response|seranking.Error
--- Issues of one page.
---@field issues seranking.data.site_audit.audits.issues|fun(self, args?: seranking.data.site_audit.audits.issues.Args, options?: seranking.CallOptions): seranking.data.site_audit.audits.issues.Answer?, seranking.Response|seranking.Error
--- The links that the crawl found.
---@field links seranking.data.site_audit.audits.links|fun(self, args?: seranking.data.site_audit.audits.links.Args, options?: seranking.CallOptions): seranking.data.site_audit.audits.links.Answer?, seranking.Response|seranking.Error
--- An earlier run of the audit. settings may hold a login and password: keep them out of logs.
---@field history seranking.data.site_audit.audits.history|fun(self, args: seranking.data.site_audit.audits.history.Args, options?: seranking.CallOptions): seranking.data.site_audit.audits.history.Answer?, seranking.Response|seranking.Error
--- Crawl again with the same settings. During a crawl the call is accepted and charged as well.
---@field recheck_standard seranking.data.site_audit.audits.recheck_standard|fun(self, args?: seranking.data.site_audit.audits.recheck_standard.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Crawl again with JavaScript and the same settings. During a crawl the call is accepted and charged as well.
---@field recheck_advanced seranking.data.site_audit.audits.recheck_advanced|fun(self, args?: seranking.data.site_audit.audits.recheck_advanced.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(audit_id: seranking.Id): seranking.data.site_audit.audits

---@class seranking.visible.brands.list.Row.aliases
---@field title? string

---@class seranking.visible.brands.list.Row
---@field id integer
---@field title string
---@field domain string
---@field is_primary boolean your own brand
---@field aliases seranking.visible.brands.list.Row.aliases[]

---@class seranking.visible.brands.mentioned.Row
---@field id? integer
---@field title? string

---@class seranking.visible.brands.metrics.Row
---@field brand_id? integer the dimension
---@field [string] number

---@class seranking.visible.brands.metrics.Answer.meta.columns
---@field dynamic integer[]

---@class seranking.visible.brands.metrics.Answer.meta
---@field columns seranking.visible.brands.metrics.Answer.meta.columns

---@class seranking.visible.brands.metrics.Answer
---@field meta seranking.visible.brands.metrics.Answer.meta
---@field items seranking.visible.brands.metrics.Row[]

---@class seranking.visible.brands.update.Answer
---@field id? integer
---@field title? string
---@field domain? string
---@field is_primary? boolean
---@field aliases seranking.visible.brands.list.Row.aliases[]

---@class seranking.visible.brands.list.Args
---@field project_id? string the project: id of client.visible.projects:list

---@class seranking.visible.brands.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.visible.brands.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.visible.brands.list.Args, options?: seranking.WalkOptions): fun(): seranking.visible.brands.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.visible.brands.list.Args, options?: seranking.WalkOptions): seranking.visible.brands.list.Row[]?, seranking.Error?

---@class seranking.visible.brands.create.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field title string the brand's name, unique in the project
---@field domain string address of the brand's site, with its scheme
---@field aliases? string|string[] other names of the brand, unique in the project

---@class seranking.visible.brands.create: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.brands.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.visible.brands.mentioned.Args
---@field project_id? string the project: id of client.visible.projects:list

---@class seranking.visible.brands.mentioned: seranking.Operation
---@field dry_run fun(self, args?: seranking.visible.brands.mentioned.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.visible.brands.mentioned.Args, options?: seranking.WalkOptions): fun(): seranking.visible.brands.mentioned.Row?, seranking.Response?
---@field all fun(self, args?: seranking.visible.brands.mentioned.Args, options?: seranking.WalkOptions): seranking.visible.brands.mentioned.Row[]?, seranking.Error?

---@class seranking.visible.brands.metrics.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field dimensions "topic_id"|"brand_id"|"prompt_id"|("topic_id"|"brand_id"|"prompt_id")[] what rows are about, in this order, none twice; of two or three the last makes columns, whose members are named <id>_<metric>
---@field metrics "visibility_score"|"avg_position"|"sentiment_score"|"total_mentions"|"rank"|"total_response_count"|"positive_pct"|"neutral_pct"|"negative_pct"|"total_all_mentions"|"unique_brands_count"|"share_of_voice"|("visibility_score"|"avg_position"|"sentiment_score"|"total_mentions"|"rank"|"total_response_count"|"positive_pct"|"neutral_pct"|"negative_pct"|"total_all_mentions"|"unique_brands_count"|"share_of_voice")[] figures of each row
---@field date_from seranking.Day first day
---@field date_to seranking.Day last day
---@field compare_from? seranking.Day first day to compare with: numbers become objects
---@field compare_to? seranking.Day last day to compare with
---@field model_types? "chatgpt"|"google_gemini"|"perplexity"|"google_ai_mode"|"google_ai_overview"|("chatgpt"|"google_gemini"|"perplexity"|"google_ai_mode"|"google_ai_overview")[] only these AI models
---@field country_codes? string|string[] only these countries: US, UK (not GB) …
---@field topic_ids? seranking.Id|seranking.Id[] only these topics
---@field sentiments? "positive"|"neutral"|"negative"|("positive"|"neutral"|"negative")[] only answers of these moods
---@field tracked_brand_ids? seranking.Id|seranking.Id[] only answers that name these brands
---@field sort? string a metric, or one of a column: visibility_score[brand_id=12]; default: the first of metrics
---@field sort_order? "asc"|"desc" order; default desc
---@field limit? integer rows a page (at least 1); default 50
---@field offset? integer rows to skip (at least 0); default 0

---@class seranking.visible.brands.metrics: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.brands.metrics.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.visible.brands.metrics.Args, options?: seranking.WalkOptions): fun(): seranking.visible.brands.metrics.Row?, seranking.Response?
---@field all fun(self, args: seranking.visible.brands.metrics.Args, options?: seranking.WalkOptions): seranking.visible.brands.metrics.Row[]?, seranking.Error?

---@class seranking.visible.brands.update.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field brand_id seranking.Id the brand: id of client.visible.brands:list
---@field domain? string address of the brand's site, with its scheme
---@field aliases? string|string[] all other names of the brand: replaces the ones there, and {} removes them

---@class seranking.visible.brands.update: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.brands.update.Args|table, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.visible.brands.delete.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field brand_id seranking.Id the brand: id of client.visible.brands:list

---@class seranking.visible.brands.delete: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.brands.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.visible.brands
--- Tracked brands; your own comes first.
---@field list seranking.visible.brands.list|fun(self, args?: seranking.visible.brands.list.Args, options?: seranking.CallOptions): seranking.visible.brands.list.Row[]?, seranking.Response|seranking.Error
--- Add a competitor.
---@field create seranking.visible.brands.create|fun(self, args: seranking.visible.brands.create.Args, options?: seranking.CallOptions): seranking.visible.brands.list.Row?, seranking.Response|seranking.Error
--- Brands that the models named, tracked or not. The list is not paged, and grows with every spelling.
---@field mentioned seranking.visible.brands.mentioned|fun(self, args?: seranking.visible.brands.mentioned.Args, options?: seranking.CallOptions): seranking.visible.brands.mentioned.Row[]?, seranking.Response|seranking.Error
--- Figures by brand, topic or prompt. No value: no data. The call returns the answer as it is; each and all return the rows.
---@field metrics seranking.visible.brands.metrics|fun(self, args: seranking.visible.brands.metrics.Args, options?: seranking.CallOptions): (seranking.visible.brands.metrics.Answer|true)?, seranking.Response|seranking.Error
--- Change a brand's address, or its aliases, which are replaced as a whole.
---@field update seranking.visible.brands.update|fun(self, args: seranking.visible.brands.update.Args|table, options?: seranking.CallOptions): (seranking.visible.brands.update.Answer|true)?, seranking.Response|seranking.Error
--- Remove a competitor and its aliases.
---@field delete seranking.visible.brands.delete|fun(self, args: seranking.visible.brands.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field aliases seranking.visible.brands.aliases
---@field operations fun(self): fun(): string?, any
---@overload fun(project_id: seranking.Id): seranking.visible.brands

---@class seranking.visible.brands.aliases.add.Answer.aliases
---@field title? string

---@class seranking.visible.brands.aliases.add.Answer
---@field aliases seranking.visible.brands.aliases.add.Answer.aliases[]

---@class seranking.visible.brands.aliases.add.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field brand_id? seranking.Id the brand: id of client.visible.brands:list
---@field aliases string|string[] names to add, unique in the project

---@class seranking.visible.brands.aliases.add: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.brands.aliases.add.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.visible.brands.aliases
--- Add other names to a brand.
---@field add seranking.visible.brands.aliases.add|fun(self, args: seranking.visible.brands.aliases.add.Args, options?: seranking.CallOptions): (seranking.visible.brands.aliases.add.Answer|true)?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(brand_id: seranking.Id): seranking.visible.brands.aliases

---@class seranking.visible.projects.list.Row
---@field id string a UUID
---@field domain string
---@field title? string
---@field brand_names string[]
---@field status string queued, processing, success or error
---@field created_at? seranking.Time
---@field last_checked_at? seranking.Time
---@field models string[]

---@class seranking.visible.projects.create.Answer
---@field id string of the new project, a UUID

---@class seranking.visible.projects.get.Answer.project.topics
---@field id? integer where topics are not at the top
---@field title? string

---@class seranking.visible.projects.get.Answer.project
---@field status string queued, processing, success or error
---@field topics seranking.visible.projects.get.Answer.project.topics[]

---@class seranking.visible.projects.get.Answer.check
---@field processed_percent number of the prompts

---@class seranking.visible.projects.get.Answer.topics
---@field id? integer at the top, or in project
---@field title? string
---@field prompts_count? integer

---@class seranking.visible.projects.get.Answer.brands
---@field id? integer
---@field title? string

---@class seranking.visible.projects.get.Answer
---@field project seranking.visible.projects.get.Answer.project
---@field check seranking.visible.projects.get.Answer.check
---@field topics seranking.visible.projects.get.Answer.topics[]
---@field check_dates seranking.Date[]
---@field next_check? seranking.Time
---@field brands seranking.visible.projects.get.Answer.brands[]

---@class seranking.visible.projects.list: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args?: seranking.NoArgs, options?: seranking.WalkOptions): fun(): seranking.visible.projects.list.Row?, seranking.Response?
---@field all fun(self, args?: seranking.NoArgs, options?: seranking.WalkOptions): seranking.visible.projects.list.Row[]?, seranking.Error?

---@class seranking.visible.projects.create.Args
---@field domain string address of the brand's site, with its scheme
---@field country_code "US"|"UK"|"CA"|"FR"|"DE"|"NL"|"ES"|"AT"|"BE"|"AU"|"NZ"|"IT"|"JP"|"KR"|"SG"|"IN"|"AE"|"BR"|"MX"|"CH"|"DK"|"SE"|"NO"|"FI"|"IE"|"IS"|"LU"|"PT"|"HK"|"TH"|"MY"|"ID"|"PH"|"IL"|"AR"|"CL"|"CO"|"ZA"|"CZ"|"GR"|"TR"|"PL" country to ask from, two capital letters; the United Kingdom is UK
---@field lang_code "en"|"fr"|"de"|"nl"|"es"|"it"|"ja"|"ko"|"hi"|"ar"|"pt"|"da"|"sv"|"nb"|"fi"|"ga"|"is"|"lb"|"zh"|"th"|"ms"|"id"|"tl"|"he"|"af"|"cs"|"el"|"tr"|"pl" language to ask in, two small letters
---@field brand_names string|string[] names of your brand; the first becomes the primary brand (assumed)
---@field topics string|string[] titles of topics

---@class seranking.visible.projects.create: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.projects.create.Args, options?: seranking.CallOptions): seranking.DryRun
---@field wait fun(self, args: seranking.visible.projects.create.Args, options?: seranking.WaitOptions): seranking.visible.projects.get.Answer?, seranking.Response|seranking.Error

---@class seranking.visible.projects.get.Args
---@field project_id? string the project: id of client.visible.projects:list

---@class seranking.visible.projects.get: seranking.Operation
---@field dry_run fun(self, args?: seranking.visible.projects.get.Args, options?: seranking.CallOptions): seranking.DryRun
---@field wait fun(self, args?: seranking.visible.projects.get.Args, options?: seranking.WaitOptions): seranking.visible.projects.get.Answer?, seranking.Response|seranking.Error

---@class seranking.visible.projects.delete.Args
---@field project_id? string the project: id of client.visible.projects:list

---@class seranking.visible.projects.delete: seranking.Operation
---@field dry_run fun(self, args?: seranking.visible.projects.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.visible.projects
--- Projects of the organisation.
---@field list seranking.visible.projects.list|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.visible.projects.list.Row[]?, seranking.Response|seranking.Error
--- Start tracking a brand. The service makes prompts for the topics and asks them; wait ends when it has.
---@field create seranking.visible.projects.create|fun(self, args: seranking.visible.projects.create.Args, options?: seranking.CallOptions): seranking.visible.projects.create.Answer?, seranking.Response|seranking.Error
--- A project: state of its check, topics, dates, competitors.
---@field get seranking.visible.projects.get|fun(self, args?: seranking.visible.projects.get.Args, options?: seranking.CallOptions): seranking.visible.projects.get.Answer?, seranking.Response|seranking.Error
--- Delete a project. The service can restore it, but no call that does is known.
---@field delete seranking.visible.projects.delete|fun(self, args?: seranking.visible.projects.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(project_id: seranking.Id): seranking.visible.projects

---@class seranking.visible.prompts.list.Row
---@field id integer
---@field text? string
---@field topic_id? integer
---@field visibility? number|table
---@field avg_position? number|table
---@field mentions? number|table
---@field sentiments? number|table

---@class seranking.visible.prompts.create.Answer
---@field ids integer[]

---@class seranking.visible.prompts.get.Answer
---@field id integer
---@field text string
---@field topic_id integer
---@field created_at seranking.Time
---@field is_parsed boolean whether it has results

---@class seranking.visible.prompts.list.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field group_mode? "prompt"|"topic" what rows are: prompts, or topics with the figures of theirs; default prompt
---@field date_from seranking.Day first day
---@field date_to seranking.Day last day
---@field compare_from? seranking.Day first day to compare with: numbers become objects
---@field compare_to? seranking.Day last day to compare with
---@field model_types? "chatgpt"|"google_gemini"|"perplexity"|"google_ai_mode"|"google_ai_overview"|("chatgpt"|"google_gemini"|"perplexity"|"google_ai_mode"|"google_ai_overview")[] only these AI models
---@field country_codes? string|string[] only these countries: US, UK (not GB) …
---@field topic_ids? seranking.Id|seranking.Id[] only these topics
---@field sentiments? "positive"|"neutral"|"negative"|("positive"|"neutral"|"negative")[] only answers of these moods
---@field tracked_brand_ids? seranking.Id|seranking.Id[] only answers that name these brands
---@field search_query? string only prompts with this in their text
---@field sort? "visibility"|"avg_position"|"mentions"|"sentiments" figure to sort by
---@field sort_order? "asc"|"desc" order; default desc
---@field limit? integer rows a page (at least 1); default 1000
---@field offset? integer rows to skip (at least 0); default 0

---@class seranking.visible.prompts.list: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.prompts.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.visible.prompts.list.Args, options?: seranking.WalkOptions): fun(): seranking.visible.prompts.list.Row?, seranking.Response?
---@field all fun(self, args: seranking.visible.prompts.list.Args, options?: seranking.WalkOptions): seranking.visible.prompts.list.Row[]?, seranking.Error?

---@class seranking.visible.prompts.create.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field topic_id seranking.Id the topic: id of topics in client.visible.projects:get
---@field prompts string|string[] texts of the new prompts

---@class seranking.visible.prompts.create: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.prompts.create.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.visible.prompts.delete.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field prompt_ids seranking.Id|seranking.Id[] the prompts

---@class seranking.visible.prompts.delete: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.prompts.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.visible.prompts.move.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field topic_id seranking.Id the topic that they go to
---@field prompt_ids? seranking.Id|seranking.Id[] prompts to move
---@field topic_ids? seranking.Id|seranking.Id[] topics whose prompts all move

---@class seranking.visible.prompts.move: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.prompts.move.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.visible.prompts.get.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field prompt_id seranking.Id the prompt: id of client.visible.prompts:list

---@class seranking.visible.prompts.get: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.prompts.get.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.visible.prompts
--- Prompts with their visibility, or topics with the figures of their prompts.
---@field list seranking.visible.prompts.list|fun(self, args: seranking.visible.prompts.list.Args, options?: seranking.CallOptions): seranking.visible.prompts.list.Row[]?, seranking.Response|seranking.Error
--- Add prompts to a topic. The models are asked soon after. Returns the ids, in a shape that no source shows.
---@field create seranking.visible.prompts.create|fun(self, args: seranking.visible.prompts.create.Args, options?: seranking.CallOptions): (seranking.visible.prompts.create.Answer|true)?, seranking.Response|seranking.Error
--- Delete prompts with their results.
---@field delete seranking.visible.prompts.delete|fun(self, args: seranking.visible.prompts.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- Move prompts to a topic of the same project: all or none.
---@field move seranking.visible.prompts.move|fun(self, args: seranking.visible.prompts.move.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
--- A prompt.
---@field get seranking.visible.prompts.get|fun(self, args: seranking.visible.prompts.get.Args, options?: seranking.CallOptions): seranking.visible.prompts.get.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(project_id: seranking.Id): seranking.visible.prompts

---@class seranking.visible.results.list.Row.brands
---@field id? integer
---@field title? string

---@class seranking.visible.results.list.Row
---@field id integer
---@field text? string
---@field brands seranking.visible.results.list.Row.brands[]
---@field sentiment? string
---@field avg_position? number
---@field model_type? string
---@field has_urls? boolean

---@class seranking.visible.results.get.Answer
---@field id integer
---@field text string
---@field urls string[]
---@field brands seranking.visible.results.list.Row.brands[]
---@field sentiment? string
---@field avg_position? number
---@field model_type? string

---@class seranking.visible.results.list.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field prompt_id seranking.Id the prompt: id of client.visible.prompts:list
---@field date_from seranking.Day first day
---@field date_to seranking.Day last day
---@field compare_from? seranking.Day first day to compare with: numbers become objects
---@field compare_to? seranking.Day last day to compare with
---@field model_types? "chatgpt"|"google_gemini"|"perplexity"|"google_ai_mode"|"google_ai_overview"|("chatgpt"|"google_gemini"|"perplexity"|"google_ai_mode"|"google_ai_overview")[] only these AI models
---@field topic_ids? seranking.Id|seranking.Id[] only these topics
---@field sentiments? "positive"|"neutral"|"negative"|("positive"|"neutral"|"negative")[] only answers of these moods
---@field tracked_brand_ids? seranking.Id|seranking.Id[] only answers that name these brands
---@field limit? integer rows a page (at least 1); default 1000
---@field offset? integer rows to skip (at least 0); default 0

---@class seranking.visible.results.list: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.results.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.visible.results.list.Args, options?: seranking.WalkOptions): fun(): seranking.visible.results.list.Row?, seranking.Response?
---@field all fun(self, args: seranking.visible.results.list.Args, options?: seranking.WalkOptions): seranking.visible.results.list.Row[]?, seranking.Error?

---@class seranking.visible.results.get.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field prompt_id seranking.Id the prompt: id of client.visible.prompts:list
---@field result_id seranking.Id the result: id of client.visible.results:list

---@class seranking.visible.results.get: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.results.get.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.visible.results.dump.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field prompt_id seranking.Id the prompt: id of client.visible.prompts:list
---@field result_id seranking.Id the result: id of client.visible.results:list

---@class seranking.visible.results.dump: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.results.dump.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.visible.results
--- Results of a prompt, one for each run of a model. The service's metrics may count a few less.
---@field list seranking.visible.results.list|fun(self, args: seranking.visible.results.list.Args, options?: seranking.CallOptions): seranking.visible.results.list.Row[]?, seranking.Response|seranking.Error
--- A result: the whole text, cited pages, brands.
---@field get seranking.visible.results.get|fun(self, args: seranking.visible.results.get.Args, options?: seranking.CallOptions): seranking.visible.results.get.Answer?, seranking.Response|seranking.Error
--- The model's answer as its provider gave it: HTML, returned as a string.
---@field dump seranking.visible.results.dump|fun(self, args: seranking.visible.results.dump.Args, options?: seranking.CallOptions): string?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(project_id: seranking.Id): seranking.visible.results

---@class seranking.visible.sources.list.Row.ai_answers_count
---@field values number[]
---@field delta? number

---@class seranking.visible.sources.list.Row.coverage
---@field values number[]

---@class seranking.visible.sources.list.Row
---@field domain_id integer
---@field domain? string
---@field url? string
---@field ai_answers_count seranking.visible.sources.list.Row.ai_answers_count
---@field coverage seranking.visible.sources.list.Row.coverage
---@field prompts_count seranking.visible.sources.list.Row.coverage
---@field pages seranking.visible.sources.list.Row.coverage
---@field mention_rate seranking.visible.sources.list.Row.coverage
---@field my_brand_mentions_count seranking.visible.sources.list.Row.coverage
---@field my_brand_mentions? integer of a page: 1, 0 or -1
---@field competitors_count seranking.visible.sources.list.Row.coverage
---@field gap_score seranking.visible.sources.list.Row.coverage
---@field first_seen seranking.Date
---@field last_seen seranking.Date
---@field last_check_date? seranking.Date of a page

---@class seranking.visible.sources.list.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field date_from seranking.Day first day
---@field date_to seranking.Day last day
---@field compare_from? seranking.Day first day to compare with: numbers become objects
---@field compare_to? seranking.Day last day to compare with
---@field source_type? "domain"|"url" what rows are: sites or pages; default domain
---@field model_types? "chatgpt"|"google_gemini"|"perplexity"|"google_ai_mode"|"google_ai_overview"|("chatgpt"|"google_gemini"|"perplexity"|"google_ai_mode"|"google_ai_overview")[] only these AI models
---@field country_codes? string|string[] only these countries: US, UK (not GB) …
---@field topic_ids? seranking.Id|seranking.Id[] only these topics
---@field sentiments? "positive"|"neutral"|"negative"|("positive"|"neutral"|"negative")[] only answers of these moods
---@field tracked_brand_ids? seranking.Id|seranking.Id[] only answers that name these brands
---@field prompt_ids? seranking.Id|seranking.Id[] only answers to these prompts
---@field search_query? string only sources with this in their address
---@field domain_id? seranking.Id only pages of this site: domain_id of a row
---@field types? "file"|"video"|"social"|"forum"|"q&a"|"documentation"|"wiki"|"news"|"blog"|"product"|"job"|"educational"|"local"|"app"|"search"|"homepage"|"other"|("file"|"video"|"social"|"forum"|"q&a"|"documentation"|"wiki"|"news"|"blog"|"product"|"job"|"educational"|"local"|"app"|"search"|"homepage"|"other")[] only pages of these kinds
---@field is_my_brand_mentions? 1|0|-1 names your brand: 1 yes, 0 no, -1 not known
---@field competitors_count_from? integer fewest competitors that it names (at least 0)
---@field competitors_count_to? integer most competitors that it names (at least 0)
---@field brand_ids? seranking.Id|seranking.Id[] only sources that name these brands
---@field brand_match_mode? "any"|"all" whether it must name any or all of brand_ids; default any
---@field sort? string figure to sort by; sites and pages have different ones
---@field sort_order? "asc"|"desc" order; default desc
---@field limit? integer rows a page (1 to 10000); default 1000
---@field offset? integer rows to skip (at least 0); default 0

---@class seranking.visible.sources.list: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.sources.list.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.visible.sources.list.Args, options?: seranking.WalkOptions): fun(): seranking.visible.sources.list.Row?, seranking.Response?
---@field all fun(self, args: seranking.visible.sources.list.Args, options?: seranking.WalkOptions): seranking.visible.sources.list.Row[]?, seranking.Error?

---@class seranking.visible.sources
--- Sites or pages that the models cited. Figures have `values`: one, or two and a `delta` if you compare.
---@field list seranking.visible.sources.list|fun(self, args: seranking.visible.sources.list.Args, options?: seranking.CallOptions): seranking.visible.sources.list.Row[]?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(project_id: seranking.Id): seranking.visible.sources

---@class seranking.visible.subscription.get.Answer.limits
---@field max? integer of projects, prompts and seats
---@field used? integer
---@field available? integer

---@class seranking.visible.subscription.get.Answer
---@field plan? string
---@field status string
---@field period? table
---@field renewal? boolean
---@field limits table<string, seranking.visible.subscription.get.Answer.limits>

---@class seranking.visible.subscription.get: seranking.Operation
---@field dry_run fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.visible.subscription
--- The plan, and what is left of it. Calls cost no credits; projects, prompts and seats are limited.
---@field get seranking.visible.subscription.get|fun(self, args?: seranking.NoArgs, options?: seranking.CallOptions): seranking.visible.subscription.get.Answer?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any

---@class seranking.visible.topics.create.Row
---@field id integer
---@field title string

---@class seranking.visible.topics.create.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field titles string|string[] titles of the new topics

---@class seranking.visible.topics.create: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.topics.create.Args, options?: seranking.CallOptions): seranking.DryRun
---@field each fun(self, args: seranking.visible.topics.create.Args, options?: seranking.WalkOptions): fun(): seranking.visible.topics.create.Row?, seranking.Response?
---@field all fun(self, args: seranking.visible.topics.create.Args, options?: seranking.WalkOptions): seranking.visible.topics.create.Row[]?, seranking.Error?

---@class seranking.visible.topics.update.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field topic_id seranking.Id the topic: id of topics in client.visible.projects:get
---@field title string the new title

---@class seranking.visible.topics.update: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.topics.update.Args|table, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.visible.topics.delete.Args
---@field project_id? string the project: id of client.visible.projects:list
---@field topic_id seranking.Id the topic: id of topics in client.visible.projects:get

---@class seranking.visible.topics.delete: seranking.Operation
---@field dry_run fun(self, args: seranking.visible.topics.delete.Args, options?: seranking.CallOptions): seranking.DryRun

---@class seranking.visible.topics
--- Make topics.
---@field create seranking.visible.topics.create|fun(self, args: seranking.visible.topics.create.Args, options?: seranking.CallOptions): seranking.visible.topics.create.Row[]?, seranking.Response|seranking.Error
--- Rename a topic.
---@field update seranking.visible.topics.update|fun(self, args: seranking.visible.topics.update.Args|table, options?: seranking.CallOptions): seranking.visible.topics.create.Row?, seranking.Response|seranking.Error
--- Delete a topic with its prompts and their results.
---@field delete seranking.visible.topics.delete|fun(self, args: seranking.visible.topics.delete.Args, options?: seranking.CallOptions): true?, seranking.Response|seranking.Error
---@field operations fun(self): fun(): string?, any
---@overload fun(project_id: seranking.Id): seranking.visible.topics

return seranking

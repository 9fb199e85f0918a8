--- Every error kind and code: its meaning, what to do, and whether a retry helps.
-- SPDX-License-Identifier: MIT
--
-- Source of docs/errors.md, the types in library/ and the hints of errors. Messages of single endpoints are in
-- seranking.api.messages. A spec checks that the sources use no other kind or code.
--
-- A kind: its name, `meaning`, `action` (what to do), `retry`, `sent`, and its codes. A code: its name, its meaning, and
--   hint    what the user can do; the default of `err.hint`
--   action  used in the docs only, where the error has no hint or words it differently
--   retry   `err.retryable`, if it differs from the kind's: "yes", "no", "safe" (yes if the call may be sent twice or was not
--           sent at all), or a sentence
--   sent    `err.sent`, if it differs from the kind's: "yes", "no", "perhaps"

local KEY = "check the key: v4 keys are 40 hexadecimal digits, v1 keys look like a UUID"
local NO_FILES = "allow the process more files (ulimit -n; worker_connections and worker_rlimit_nofile in nginx)"
local REPORT = "Report it: the library or the server has a bug."
local OTHER_END = "check base_url: another server may be answering"

return {
  {
    "auth", meaning = "The key is missing, wrong, or not for this API.", action = "Set the right key.",
    retry = "no", sent = "yes",
    { "no_key", "No API key was given.", sent = "no",
      hint = "set the option `token` or SERANKING_TOKEN (in the account: Settings, API), token_file or profile; token = false "
        .. "sends no key" },
    { "key_file", "The file that should have the key is missing, unreadable, open to other users, or broken; or it has no such "
      .. "profile.", sent = "no", action = "The message names the file." },
    { "invalid_key", "The text can't be a key: it is empty, or contains a blank, a control character or a non-ASCII byte.",
      sent = "no", action = "Pass the key alone, without the word Token and without a line break." },
    { "wrong_key", "The key has the shape of another generation's: SE Visible takes v1 keys.", sent = "no",
      action = "The hint names the option for the right key." },
    { "no_token", "The API says that no key was sent.",
      hint = "a key was sent; this host may be retired for it: make a key for the new API and use api = \"v1\"",
      action = "Set the key. If one was sent, the host may be retired for it: make a key for the new API, and use "
        .. "`api = \"v1\"`." },
    { "incorrect_token", "The API does not know the key.", hint = KEY },
    { "unauthorized", "HTTP 401: the API refuses the key.", hint = KEY },
  },
  {
    "access", meaning = "The key is fine; the account, plan or owner does not allow the call.",
    action = "Look at the account's plan and at the object's owner.", retry = "no", sent = "yes",
    { "forbidden", "HTTP 403 with an unknown message." },
    { "payment_required", "HTTP 402." },
  },
  {
    "invalid", meaning = "The request or an option is wrong.", action = "Change the request.", retry = "no", sent = "yes",
    { "bad_request", "HTTP 400 with an unknown message." },
    { "method_not_allowed", "HTTP 405: the path does not take this method." },
    { "conflict", "HTTP 409: the object's state does not allow it now." },
    { "request_too_large", "HTTP 413 or 414: the body or the address is too long.",
      hint = "send less at once: split the list, or the text" },
    { "unsupported_media_type", "HTTP 415." },
    { "unprocessable", "HTTP 422: the API understood the request but can't carry it out." },
    { "http_error", "Another HTTP status from 400 to 499." },
    { "bad_option", "An option of seranking.new, or its environment variable, has an invalid value.", sent = "no",
      action = "The message names the option." },
    { "failed", "The status is a success, but the body contains only an error message." },
    { "cassette", "`seranking.record` can't write its file.", sent = "no", action = "The message says why." },
    { "not_in_v4", "The operation exists in v1 only.", sent = "no", action = "Use the operation in `err.instead`." },
    { "not_in_v1", "The operation exists in v4 only.", sent = "no", action = "Use the operation in `err.instead`." },
    { "budget", "The call may cost more than the option budget leaves.", sent = "no",
      action = "Raise budget, or ask for less.", retry = "yes if calls in flight may give some of it back, else no" },
    { "max_cost", "The next page of a walk may cost more than max_cost leaves.", sent = "no",
      action = "Continue with `err.resume` and a higher max_cost." },
    { "cut", "A list was cut at the server's limit and has no next page.",
      action = "The hint names the operation that walks the whole list." },
    { "job_<state>", "A job ended without a result: `job_cancelled`, `job_rejected`, `job_expired` … `err.answer` is the "
      .. "last status.", action = "Start the job again." },
  },
  {
    "not_found", meaning = "The object does not exist.", action = "Check the id. On v1, the path may be wrong instead.",
    retry = "no", sent = "yes",
    { "not_found", "HTTP 404." },
  },
  {
    "rate_limit", meaning = "Too many requests, according to the server or the library's own limiter.",
    action = "Wait for `err.retry_after` seconds.", retry = "yes", sent = "no",
    { "too_many_requests", "HTTP 429 after the last retry.", sent = "yes",
      hint = "other programs use this key, or ran a moment ago: give each its share with the option rate" },
    { "no_slot", "The limiter has no free slot before the deadline.",
      hint = "wait for retry_after seconds, or allow a longer timeout" },
    { "unanswered", "The last requests got no answer, so requests are sent one at a time.",
      hint = "wait for retry_after seconds, or allow a longer timeout; limiter():reset() sends at once" },
    { "queue_full", "More calls are waiting for a slot than max_queue allows.",
      hint = "start fewer calls at once, or raise the option max_queue" },
  },
  {
    "blocked", meaning = "Nothing is sent with this key for a while, or the API would block the key or the account.",
    action = "Wait for `err.retry_after` seconds, or lift the ban with `client:limiter():reset()`.", retry = "yes",
    sent = "perhaps",
    { "too_many_requests", "The API answered 429 three times in a row.",
      hint = "wait for retry_after seconds; other programs use this key without sharing its limiter: see docs/limits.md" },
    { "bad_key", "The API refused the key twice in a row.", retry = "yes, with a key that works",
      hint = "set the right key, or the option api or data_token to match it; to send with this key again at once, call "
        .. "client:limiter():reset() (client.data:limiter():reset() for the Data API) or run seranking-limits reset" },
  },
  {
    "server", meaning = "The server failed: HTTP 5xx.", action = "Try again later.", retry = "safe", sent = "yes",
    { "server_error", "HTTP 500, or another 5xx." },
    { "bad_gateway", "HTTP 502." },
    { "unavailable", "HTTP 503." },
    { "gateway_timeout", "HTTP 504: the server took longer than its gateway waits." },
  },
  {
    "timeout", meaning = "The deadline came first.", action = "Allow more time with the option timeout, or ask for less.",
    retry = "safe", sent = "perhaps",
    { "no_connection", "No connection was made in time.", sent = "no",
      hint = "check base_url, proxy and firewall, or raise timeout and connect_timeout" },
    { "no_answer", "The request was sent, but no complete answer arrived in time.", sent = "yes",
      hint = "raise timeout, or ask for less at once" },
    { "request_timeout", "HTTP 408: the server waited too long for the request.", sent = "yes" },
    { "decoding", "The answer arrived in time, but decoding it took too long.", sent = "yes", retry = "no",
      hint = "raise timeout, or ask for less at once" },
    { "job_timeout", "The job is not done yet. `err.job` names it: wait for it again.", sent = "yes", retry = "yes" },
  },
  {
    "network", meaning = "Name resolution, routing or the connection failed.",
    action = "Check the network; try again later.", retry = "safe",
    sent = "perhaps",
    { "dns", "The host's or proxy's name can't be resolved.", sent = "no",
      hint = "check the name in base_url or proxy, and this machine's name server" },
    { "connect", "Nothing accepts connections at the address.", sent = "no",
      hint = "check that the address can be reached from this machine: firewall, proxy, base_url" },
    { "connection_lost", "The connection ended before the answer." },
    { "truncated", "The connection ended in the middle of the answer.", sent = "yes",
      hint = "if it happens again, ask for less at once: a server, proxy or firewall may be cutting long answers" },
    { "refused", "The server says that it did not process the request (HTTP/2).", sent = "no" },
    { "proxy", "The proxy did not let the request through.", sent = "no", retry = "no if the proxy refuses, else safe",
      hint = "check the option proxy, or https_proxy and all_proxy in the environment" },
    { "limiter", "The shared rate limiter can't be reached.", sent = "no", retry = "yes, unless its address is wrong",
      action = "Repair Redis or the shared folder, or allow `on_limiter_error = \"process\"`." },
    { "no_descriptors", "The process has no file descriptor left, or nginx no connection.", sent = "no", hint = NO_FILES },
    { "no_thread", "The thread that carries out calls in event loops can't be started or reached.", sent = "no" },
    { "poll_failed", "The system can't wait for the network.",
      action = "Allow the process more files (ulimit -n)." },
  },
  {
    "tls", meaning = "The certificate or the handshake failed.", action = "Check base_url, the clock and the CA.", retry = "no",
    sent = "no",
    { "certificate", "The server's certificate is not trusted, not for this address or not for today.",
      action = "Name your CA with ca_file, or check base_url and the clock: another server may be answering." },
    { "ca_file", "The file named by ca_file can't be read.", hint = "check that ca_file is a readable PEM file" },
    { "client_certificate", "The server wants a client certificate.",
      hint = "client certificates are not supported: check base_url" },
    { "handshake", "No TLS connection could be made.", action = "The message says why." },
  },
  {
    "decode", meaning = "The answer's body can't be read.",
    action = "Check base_url: another server may be answering. `err.body` is the start of the body.", retry = "no",
    sent = "yes",
    { "bad_json", "The body is not JSON." },
    { "bad_encoding", "The body can't be decompressed.",
      hint = "it does not match its Content-Encoding: " .. OTHER_END },
    { "empty_body", "The body is empty, but the operation returns one.",
      hint = "check whether it was carried out; client:request returns true for an empty answer" },
    { "unexpected", "The body is JSON of another shape.", action = "`client:request` returns the answer as it is." },
    { "no_job", "The answer that started a job does not name the job." },
  },
  {
    "too_large", meaning = "The answer exceeds a limit, or memory.", action = "Ask for less at once.", retry = "no",
    sent = "yes",
    { "body", "The answer is larger than max_body.", hint = "raise max_body, or ask for less at once" },
    { "headers", "The answer's headers are larger than 64 KiB.", hint = OTHER_END },
    { "out_of_memory", "Memory ran out.", sent = "perhaps" },
  },
  {
    "cancelled", meaning = "The program gave up the call.", action = "Nothing, if you meant it.", retry = "no",
    sent = "perhaps",
    { "cancelled", "The call was cancelled, or its client was closed." },
    { "closed", "The client was closed while it waited for a job. `err.job` names the job." },
    { "forked", "The process forked while the call was in flight.",
      hint = "calls do not survive a fork: repeat it in the child" },
    { "interrupted", "Another coroutine is waiting for a page of the walk, or an error was raised inside its request.",
      action = "Use a walk in one coroutine only. Continue with `err.resume` if it is set." },
    { "not_awaited", "The event loop gave up waiting." },
    { "not_started", "An item of a map with stop_on_error came after the first error.", sent = "no" },
    { "on_progress", "on_progress raised `err.raised`. `err.job` names the job." },
    { "stopped", "The thread that carries out calls has stopped." },
  },
  {
    "protocol", meaning = "The answer is not the HTTP that was expected, or a list contradicts itself.",
    action = "Check base_url: another server may be answering.", retry = "no", sent = "yes",
    { "redirect", "HTTP 3xx: the server points elsewhere.",
      hint = "check base_url: redirects are not followed, to protect the key" },
    { "unexpected_status", "A status that an API does not use, such as 304.",
      hint = "check base_url: a cache or a proxy may have answered instead of the API" },
    { "bad_answer", "The answer is not HTTP, or breaks its rules.", hint = OTHER_END },
    { "unsupported", "This libcurl can't send the request.", sent = "no",
      hint = "this libcurl can't send the request: it is too large, or libcurl lacks a feature" },
    { "no_rows", "A page of a walk has no list of rows. `err.answer` is the page." },
    { "short", "A walk ended with fewer rows than the server promised." },
    { "page_repeats", "The server gave the same page again." },
    { "cursor_repeats", "The server gave the same cursor again." },
    { "empty_pages", "Many pages in a row were empty." },
    { "unknown_call", "The thread that carries out calls does not know the call.", sent = "no", action = REPORT },
    { "not_done", "The thread reported a call as done that is not.", sent = "perhaps", action = REPORT },
  },
  {
    "phase", meaning = "The call was made where it can't wait.", action = "Make it elsewhere.", retry = "no", sent = "no",
    { "would_block", "nginx can't wait in this phase.",
      hint = "hand the work to ngx.timer.at(0, …), or set blocking = true and accept that the worker stops meanwhile" },
    { "cant_yield", "The coroutine can't be suspended here.", action = "Call from a coroutine, outside C functions." },
  },
}

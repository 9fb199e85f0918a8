--- Changes to the sources that the tests must find: see spec/mutations/run.lua.
-- SPDX-License-Identifier: MIT
--
-- Each: what it breaks; the file; the text that is there once; the text instead; the tests of which one must fail: C tests
-- ("test_sr_limit") and spec files ("pages" for spec/pages_spec.lua).

return {
  -- ---- the limit ----
  { "a slot cools down for half a window", "src/limit/sr_limit.c",
    [[                                                   : now + rate->window;
  if (slot->state != SR_SLOT_HELD)]],
    [[                                                   : now + rate->window / 2;
  if (slot->state != SR_SLOT_HELD)]], "test_sr_limit" },
  { "a request is sent after its lease has ended", "src/limit/sr_limit.c",
    "if (now >= slot->send_by || now < read_hold(limit, now) ||", "if (now < read_hold(limit, now) ||",
    "test_sr_limit test_sr_interleave test_sr_engine_limit" },
  { "the last look before sending passes a hold", "src/limit/sr_limit.c",
    "if (now >= slot->send_by || now < read_hold(limit, now) ||", "if (now >= slot->send_by ||",
    "test_sr_limit test_sr_interleave test_sr_engine_limit" },
  { "slots are given out during a hold", "src/limit/sr_limit.c",
    "for (i = 0; i < count && now >= held; i++) {", "for (i = 0; i < count; i++) {", "test_sr_limit" },
  { "a hold lasts half as long", "src/limit/sr_limit.c",
    "raise_to(limit, &limit->held, now + hold))", "raise_to(limit, &limit->held, now + hold / 2))",
    "test_sr_limit test_sr_circuit" },
  { "the circuit opens with the fourth 429", "src/limit/sr_limit.c",
    "++c->strikes >= SR_STRIKES", "++c->strikes > SR_STRIKES", "test_sr_circuit" },
  { "every ban is the shortest", "src/limit/sr_limit.c",
    "c->time = now + ban_of(level);", "c->time = now + ban_of(0);", "test_sr_circuit" },
  { "after a ban everybody probes", "src/limit/sr_limit.c",
    [[    ruling->at = at;
    if (at != MINE)
      return 0;
    slot->probe = mine;]],
    [[    ruling->at = at;
    slot->probe = mine;]], "test_sr_circuit" },
  { "low priority takes the last slot", "src/limit/sr_limit.c",
    "return want->low && want->rate.slots > 1 ? want->rate.slots - 1 : want->rate.slots;", "return want->rate.slots;",
    "test_sr_limit limiter" },
  { "silence never slows anybody down", "src/limit/sr_limit.c",
    "q->level += q->level < SR_SILENCE_LEVELS;", ";", "test_sr_silence" },

  -- ---- the engine ----
  { "what may have been carried out is sent again", "src/http/sr_retry.c",
    "return !failure->error->lasting && (failure->repeatable || !failure->sent);", "return !failure->error->lasting;",
    "test_sr_retry test_sr_engine_answer" },
  { "a retry may begin after the deadline", "src/http/sr_engine.c",
    [[call->attempts > call->retries ||
      pause >= call->deadline - now) {]],
    "call->attempts > call->retries) {", "test_sr_engine test_sr_engine_answer retry" },
  { "a paid call that was sent is sent again", "src/http/sr_engine.c",
    "(call->paid && call->sent) || ", "", "test_sr_engine_answer test_sr_engine data_costs" },
  { "a failed attempt keeps its slot", "src/http/sr_engine.c",
    "  sr_gate_give(call, now, sr_outcome_without_answer(call, reach != SR_UNSENT), 0);\n  sr_outcome_mask(call);",
    "  sr_outcome_mask(call);", "test_sr_engine_limit test_sr_engine_answer test_sr_engine" },
  { "the queue takes one call too many", "src/http/sr_engine.c",
    "return waiting >= max ? waiting : 0;", "return waiting > max ? waiting : 0;",
    "test_sr_engine test_sr_engine_limit limiter" },
  { "a short Retry-After shortens the hold below a window", "src/http/sr_outcome.c",
    "return hold > window ? hold : window;", "return hold;", "test_sr_engine_limit test_sr_engine_ban test_sr_engine" },
  { "a server's failure counts as the success that closes the circuit", "src/http/sr_outcome.c",
    "if (call->status >= 500)\n    return SR_OUTCOME_ANSWERED;", "if (call->status >= 500)\n    return SR_OUTCOME_FINE;",
    "test_sr_engine_ban test_sr_engine_limit test_sr_circuit" },
  { "err.sent is never true", "src/http/sr_engine.c",
    "  call->sent |= reach == SR_SENT;\n  call->retry_after = -1;", "  call->retry_after = -1;",
    "test_sr_engine_answer test_sr_engine test_sr_engine_net" },
  { "keys are shown", "src/http/sr_config.c",
    "return sr_mask_hide(&config->query_mask, text, sr_mask_hide(&config->key_mask, text, len));",
    "(void)config;\n  (void)text;\n  return len;",
    "test_sr_config" },
  { "an answer that was cut short has the code of a lost connection", "src/http/sr_error_curl.c",
    [[{CURLE_PARTIAL_FILE, SR_NETWORK, "truncated"}]], [[{CURLE_PARTIAL_FILE, SR_NETWORK, "connection_lost"}]],
    "test_sr_error http_answer" },
  { "a forked child keeps its parent's sockets", "src/base/sr_fork.c",
    "      close(entry->fd);\n  }\n  table.count = 0;", "      (void)0;\n  }\n  table.count = 0;", "fork test_sr_worker" },
  { "a call that nobody waits for goes on", "src/worker/sr_job.c",
    "    if (cancel)\n      sr_engine_cancel(job->call);", "    (void)cancel;", "test_sr_job test_sr_worker loop" },
  { "whole numbers beyond 2^63 wrap around", "src/lua/lseranking_json.c",
    "whole <= (uint64_t)INT64_MAX + (*from == '-')) {", "whole <= UINT64_MAX) {", "json" },

  -- ---- walks, jobs and costs ----
  { "the first page that is shorter than asked for ends a walk", "lua/seranking/walk/pages.lua",
    "return asked and got < asked and walk.longest >= asked", "return asked and got < asked", "pages" },
  { "a walk gives a row more than max_rows", "lua/seranking/walk/pages.lua",
    "elseif walk.left <= 0 then", "elseif walk.left < 0 then", "pages" },
  { "a walk asks for more rows than are wanted", "lua/seranking/walk/page_size.lua",
    "size = min(size, wanted)", "size = wanted and size", "pages" },
  { "a resumed walk delivers rows again", "lua/seranking/walk/resume.lua",
    "place.at = walk.page_at + walk.at", "place.at = walk.page_at", "resume" },
  { "a budget can be overspent by a credit", "lua/seranking/walk/costs.lua",
    "if most > 0 and most > left then", "if most > 0 and most > left + 1 then", "data_costs pages_errors" },
  { "calls in flight are not held against the budget", "lua/seranking/walk/costs.lua",
    "return client._budget - spent.credits - spent.doubtful - doubtful - set_aside",
    "return client._budget - spent.credits - spent.doubtful - doubtful, set_aside", "data_costs" },
  { "a rejected job is waited for", "lua/seranking/walk/jobs.lua",
    [[if outcome == "bad" and not stale then]], [[if outcome == "worse" and not stale then]], "jobs" },

  -- ---- arguments, answers, options ----
  { "February 29 is a day of every year", "lua/seranking/request/params.lua",
    "and (leap or month ~= 2 or day ~= 29) then", "and (leap or month) then", "client_arguments values" },
  { "an id may be negative", "lua/seranking/request/params.lua",
    "if whole(value) and value >= 0 then", "if whole(value) then", "client_resources client_arguments values" },
  { "texts of numbers above 2^53 become numbers", "lua/seranking/answer/numbers.lua",
    "or value % 1 == 0 and (value >= MAX_EXACT or value <= -MAX_EXACT) then", "then", "numbers" },
  { "max_queue may be 0", "lua/seranking/options.lua", [["max_queue", kinds.whole(1, 1000000)]],
    [["max_queue", kinds.whole(0, 1000000)]], "options" },

  -- ---- the fake ----
  { "the fake lets one request more into a window", "fake/lua/seranking/fake/limit.lua",
    "size(state.arrivals) >= self.limit", "size(state.arrivals) > self.limit", "fake/spec/fake_spec.lua" },
  { "the fake's bans don't grow", "fake/lua/seranking/fake/limit.lua",
    "local ban = FIRST_BAN * 2 ^ state.bans", "local ban = FIRST_BAN", "fake/spec/fake_spec.lua" },
}

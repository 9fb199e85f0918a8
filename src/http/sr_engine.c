/* The state machine that moves calls.
** SPDX-License-Identifier: MIT */
#include "http/sr_engine.h"

#include "base/sr_curl.h"
#include "base/sr_fork.h"
#include "base/sr_sigpipe.h"
#include "http/sr_link.h"
#include "http/sr_multi.h"
#include "http/sr_retry.h"
#include "http/sr_transfer.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/*
** Processes that wait for the same slot look again within this long of each other, not all at the
** same moment.
*/
#define SPREAD (3 * SR_MILLISECOND)

/* Who waits for the end of a ban looks this often whether somebody has ended it. */
#define LOOK_EVERY (10 * SR_SECOND)

/* "2026-11-25 22:26:54 UTC" */
enum { SR_TIME_NAME = 32 };

/* As much of the body of an answer that is no success is kept, to find its message and to show it. */
#define SHOWN_MAX ((size_t)65536)

/* How long connections are kept without a call. */
#define IDLE_TIME (60 * SR_SECOND)

/*
** libcurl fails to wait or to work: a pause between attempts, and after how many in a row the calls
** that it has in hand end.
*/
#define FAILURE_PAUSE (50 * SR_MILLISECOND)
enum { FAILURES_MAX = 3 };

struct sr_engine {
  struct sr_clock clock;
  uint64_t random;
  int external;
  unsigned forks; /* sr_fork_count of the process whose libcurl handles these are */
  int tls;        /* it has had calls over TLS */
  struct sr_multi multi;
  struct sr_call *first; /* all calls under way, in the order they came into their present state */
  struct sr_call *last;
  sr_time idle_since;             /* when a call changed its state last */
  int polls_failed, works_failed; /* in a row */
  int queued;                     /* calls in SR_STATE_QUEUED */
  sr_time look_at; /* no deadline or back-off is over before this time: most steps need not look */
  struct sr_call *ready_first, *ready_last; /* tagged calls that need their owner */
  struct sr_links links;
  struct curl_waitfd *polled; /* see add_watches */
};

/* ---- the list of calls under way ---- */

static void link_last(struct sr_engine *engine, struct sr_call *call) {
  call->next = NULL;
  call->prev = engine->last;
  if (engine->last != NULL)
    engine->last->next = call;
  else
    engine->first = call;
  engine->last = call;
}

static void unlink_call(struct sr_engine *engine, struct sr_call *call) {
  if (call->prev != NULL)
    call->prev->next = call->next;
  else
    engine->first = call->next;
  if (call->next != NULL)
    call->next->prev = call->prev;
  else
    engine->last = call->prev;
  call->prev = call->next = NULL;
}

/* A tagged call needs its owner. */
static void make_ready(struct sr_engine *engine, struct sr_call *call) {
  if (call->tag == 0 || call->ready_at != NULL)
    return;
  call->ready_at = engine;
  call->ready_next = NULL;
  call->ready_prev = engine->ready_last;
  if (engine->ready_last != NULL)
    engine->ready_last->ready_next = call;
  else
    engine->ready_first = call;
  engine->ready_last = call;
}

static sr_time now_of(const struct sr_engine *engine) {
  return engine->clock.now(engine->clock.ctx);
}

static void count_queued(struct sr_call *call, int by) {
  call->engine->queued += by;
  if (call->link != NULL) {
    call->link->waiting += by;
    sr_config_add_waiting(call->config, by);
  }
}

/* Every change of state goes through here; time spent waiting for slots is added up. */
static void enter(struct sr_call *call, enum sr_state state, sr_time now) {
  struct sr_engine *engine = call->engine;
  if (call->state == SR_STATE_QUEUED) {
    call->waited += now - call->since;
    count_queued(call, -1);
  }
  call->state = state;
  call->since = engine->idle_since = now;
  if (state == SR_STATE_QUEUED)
    count_queued(call, 1);
  if (state == SR_STATE_BACKOFF && call->due < engine->look_at)
    engine->look_at = call->due;
  unlink_call(engine, call);
  if (state == SR_STATE_DONE) {
    call->elapsed = now - call->started;
    if (call->link != NULL)
      sr_links_put(&engine->links, call->link, now);
    call->link = NULL;
    call->engine = NULL;
    make_ready(engine, call);
  } else {
    link_last(engine, call);
  }
}

/* ---- transfers ---- */

/*
** Takes the call's transfer out of libcurl and gives it back. Closes its connection if it was under
** way.
*/
static void drop_transfer(struct sr_call *call) {
  struct sr_transfer *transfer = call->transfer;
  if (transfer == NULL)
    return;
  call->transfer = NULL;
  sr_multi_stop(&call->engine->multi, transfer);
}

/* ---- events ---- */

static struct sr_event *add_event(struct sr_call *call, enum sr_event_type type, sr_time seconds) {
  struct sr_event *event;
  if (call->event_count == SR_EVENTS_MAX) {
    call->events_lost++;
    return NULL;
  }
  event = &call->events[call->event_count++];
  memset(event, 0, sizeof *event);
  event->type = type;
  event->seconds = seconds;
  event->attempt = call->attempts;
  event->status = call->status;
  event->code = call->error.code;
  return event;
}

/* ---- limiters ---- */

/* The limiter of a client's calls, to be put back by sr_links_put. NULL when memory ran out. */
static struct link *link_of(struct sr_engine *engine, const struct sr_config *config) {
  if (config->driver != NULL)
    (void)sr_curl_start(); /* drivers use libcurl, too, and it must be begun once */
  return sr_links_get(&engine->links, config);
}

/*
** Gives the call's slots back. Where the process's own limiter stands in for one on a server, a call
** holds a slot of both: so this process alone never goes over, whenever the server comes and goes.
*/
static enum sr_change give_slot(struct sr_call *call, sr_time now, enum sr_outcome outcome,
                                sr_time hold) {
  const struct sr_rate *rate = &call->config->rate;
  struct link *link = call->link;
  enum sr_change change = SR_CHANGE_NONE;
  if (link == NULL || (call->slot.state == SR_SLOT_NONE && call->own_slot.state == SR_SLOT_NONE))
    return SR_CHANGE_NONE;
  if (call->slot.state == SR_SLOT_ASKED)
    link->asked--;
  if (outcome == SR_OUTCOME_UNSENT)
    link->not_before = 0; /* it is free at once */
  if (call->own_slot.state != SR_SLOT_NONE)
    change = sr_local_driver.give(link->own, rate, now, &call->own_slot, outcome, hold);
  if (call->slot.state != SR_SLOT_NONE)
    change = link->driver->give(link->limiter, rate, now, &call->slot, outcome, hold);
  return change;
}

/* The last look, right before the request goes out. */
static int may_send(struct sr_call *call, sr_time now) {
  const struct sr_rate *rate = &call->config->rate;
  struct link *link = call->link;
  if (link == NULL)
    return 1;
  if (call->own_slot.state == SR_SLOT_HELD &&
      !sr_local_driver.start(link->own, rate, now, &call->own_slot))
    return 0;
  if (call->slot.state != SR_SLOT_HELD)
    return 1;
  if (link->driver->start == NULL)
    return now < call->slot.send_by;
  return link->driver->start(link->limiter, rate, now, &call->slot);
}

static void tell_fallback(struct sr_call *call, const char *problem) {
  struct sr_event *event;
  if (problem[0] == '\0') {
    call->link->told = 0;
  } else if (!call->link->told) {
    call->link->told = 1;
    event = add_event(call, SR_EVENT_LIMITER_FALLBACK, 0);
    if (event != NULL)
      memcpy(event->problem, problem, sizeof event->problem);
  }
}

/* Asks for a slot. FAILED only when nothing may stand in for the limiter. */
static enum sr_verdict take_slot(struct sr_call *call, sr_time now, struct sr_ruling *ruling) {
  const struct sr_config *config = call->config;
  struct link *link = call->link;
  struct sr_want want;
  enum sr_verdict verdict;
  int asked = call->slot.state == SR_SLOT_ASKED, alone = link->own != NULL && config->fall_back;
  want.rate = config->rate;
  want.low = call->low;
  want.send_time = config->send_time;
  want.lease = call->deadline + config->rate.window + SR_LATE_COUNT;
  memset(ruling, 0, sizeof *ruling);
  if (alone && call->own_slot.state == SR_SLOT_NONE) {
    verdict = sr_local_driver.take(link->own, &want, now, &call->own_slot, ruling);
    if (verdict != SR_LIMIT_GRANTED)
      return verdict;
  }
  verdict = link->driver->take(link->limiter, &want, now, &call->slot, ruling);
  link->asked += (call->slot.state == SR_SLOT_ASKED) - asked;
  if (verdict == SR_LIMIT_ASKED)
    return verdict;
  if (verdict != SR_LIMIT_FAILED || alone)
    tell_fallback(call, ruling->problem);
  if (verdict == SR_LIMIT_FAILED && alone)
    return SR_LIMIT_GRANTED; /* the own slot is held */
  if (verdict != SR_LIMIT_GRANTED && alone)
    sr_local_driver.give(link->own, &config->rate, now, &call->own_slot, SR_OUTCOME_UNSENT, 0);
  return verdict;
}

/* ---- the end of an attempt ---- */

static void error_of_answer(struct sr_call *call) {
  char type[128], location[256];
  struct sr_answer answer;
  sr_call_header(call, "content-type", type, sizeof type);
  sr_call_header(call, "location", location, sizeof location);
  location[strcspn(location, "?#")] = '\0'; /* a query may hold a session or a signature */
  answer.status = call->status;
  answer.config = call->config;
  answer.content_type = type;
  answer.location = location;
  answer.body = sr_buf_text(&call->answer);
  answer.body_len = call->answer.len;
  sr_error_from_http(&call->error, &answer);
}

static void redact(const struct sr_call *call, struct sr_buf *buf) {
  if (buf->len > 0)
    buf->len = sr_config_redact(call->config, buf->data, buf->len);
}

/* An answer that is not a success is only shown: the rest of a large one is not looked at. */
static void hide_remains(struct sr_call *call) {
  redact(call, &call->head);
  if (call->answer.len > SHOWN_MAX)
    call->answer.len = SHOWN_MAX;
  redact(call, &call->answer);
}

/*
** Ends the call with what `error` says, as kind `kind` code `code` if there was no attempt that
** could say it better.
*/
static void end_without_answer(struct sr_call *call, sr_time now, enum sr_kind kind,
                               const char *code, const char *text) {
  if (call->error.kind == SR_NO_ERROR)
    sr_error_set(&call->error, kind, code, NULL, "%s", text);
  drop_transfer(call);
  hide_remains(call);
  enter(call, SR_STATE_DONE, now);
}

/*
** How long until the next attempt makes sense: the server's word, a window after a 429, or a
** back-off.
*/
static sr_time pause_of(struct sr_engine *engine, struct sr_call *call) {
  sr_time pause = sr_retry_backoff(call->attempts, sr_random(&engine->random));
  sr_time window = call->config->rate.window;
  if (call->error.kind == SR_RATE_LIMIT && pause < window)
    pause = window;
  return call->retry_after > pause ? call->retry_after : pause;
}

/* Waits for the next attempt if one is allowed and can still begin, else ends the call. */
static void repeat_or_end(struct sr_engine *engine, struct sr_call *call, int sent, sr_time now) {
  struct sr_failure failure;
  sr_time pause;
  failure.error = &call->error;
  failure.sent = sent;
  failure.repeatable = call->repeatable;
  call->retryable = sr_retry_useful(&failure);
  pause = pause_of(engine, call);
  if (!call->retryable || (call->paid && call->sent) || call->attempts > call->retries ||
      pause >= call->deadline - now) {
    if (call->error.kind == SR_RATE_LIMIT && call->retry_after < call->config->rate.window)
      call->retry_after = call->config->rate.window; /* the limiter holds that long */
    enter(call, SR_STATE_DONE, now);
    return;
  }
  call->due = now + pause;
  add_event(call, SR_EVENT_RETRY, pause);
  enter(call, SR_STATE_BACKOFF, now);
}

/* For how long a 429 holds all calls: the server's word, within reason, but at least a window. */
static sr_time hold_of(sr_time retry_after, sr_time window) {
  sr_time longest = window > SR_HOLD_MAX ? window : SR_HOLD_MAX;
  if (retry_after > longest)
    retry_after = longest;
  return retry_after > window ? retry_after : window;
}

/* What an answer tells about the key. call->error is set unless it is a success. */
static enum sr_outcome outcome_of(const struct sr_call *call) {
  const char *code = call->error.kind == SR_NO_ERROR ? "" : call->error.code;
  if (call->status == 429)
    return SR_OUTCOME_REFUSED;
  if (call->status >= 500)
    return SR_OUTCOME_ANSWERED;
  if (call->error.kind == SR_AUTH) /* without a key, or on a host that refuses all: no news */
    return call->config->key.len > 0 && strcmp(code, "no_token") != 0 ? SR_OUTCOME_BAD_KEY
                                                                      : SR_OUTCOME_ANSWERED;
  return SR_OUTCOME_FINE;
}

/* What the limiter is told of a request that ended without a whole answer. */
static enum sr_outcome without_answer(const struct sr_call *call, int sent) {
  const char *status = call->head.len > 0 ? strchr(call->head.data, ' ') : NULL;
  if (!sent)
    return SR_OUTCOME_UNSENT;
  return status != NULL && status[1] >= '2' ? SR_OUTCOME_ANSWERED : SR_OUTCOME_SILENT;
}

/* When a time will come, for logs: they are read later. */
static void name_time(char out[SR_TIME_NAME], sr_time left) {
  time_t when = time(NULL) + (time_t)((left + SR_SECOND - 1) / SR_SECOND);
  struct tm tm;
  out[0] = '\0';
  if (gmtime_r(&when, &tm) != NULL)
    strftime(out, SR_TIME_NAME, "%Y-%m-%d %H:%M:%S UTC", &tm);
}

/* Nobody may send before `until`. */
static void blocked(struct sr_call *call, sr_time now, const struct sr_ruling *ruling) {
  sr_time left = ruling->at > now ? ruling->at - now : 0;
  int status = call->status;
  char until[SR_TIME_NAME];
  name_time(until, left);
  if (ruling->block == SR_BLOCK_KEY)
    sr_error_set(&call->error, SR_BLOCKED, "bad_key", NULL,
                 "the API has refused this key twice in a row: nothing is sent with it until %s",
                 until);
  else
    sr_error_set(
        &call->error, SR_BLOCKED, "too_many_requests", NULL,
        "the API answered 429 three times in a row: nothing is sent with this key until %s", until);
  call->error.status = status;
  call->retry_after = left;
  call->retryable = call->repeatable || !call->in_doubt;
  add_event(call, SR_EVENT_BLOCKED, left);
}

/* Tells the limiter what an answer says. Returns what that has changed for everybody. */
static enum sr_change settle(struct sr_call *call, sr_time now) {
  sr_time hold = hold_of(call->retry_after, call->config->rate.window);
  enum sr_outcome outcome = outcome_of(call);
  enum sr_change change = give_slot(call, now, outcome, hold);
  if (outcome == SR_OUTCOME_REFUSED)
    add_event(call, SR_EVENT_RATE_LIMITED, hold);
  if (change == SR_CHANGE_UNBLOCKED)
    add_event(call, SR_EVENT_UNBLOCKED, 0);
  return change;
}

/* Until when nobody may send, as far as is known. */
static void see_block(const struct sr_call *call, sr_time now, struct sr_ruling *ruling) {
  struct link *link = call->link;
  struct sr_limit_view view;
  memset(ruling, 0, sizeof *ruling);
  memset(&view, 0, sizeof view);
  view.rate = call->config->rate;
  link->driver->view(link->limiter, now, &view);
  ruling->block = view.block;
  ruling->at = view.blocked_until;
  if (link->own == NULL || !call->config->fall_back)
    return;
  sr_local_driver.view(link->own, now, &view);
  if (view.block != SR_BLOCK_NONE && view.blocked_until > ruling->at) {
    ruling->block = view.block;
    ruling->at = view.blocked_until;
  }
}

/*
** This call's answer was one too many: says so. Returns whether it waits until the ban is over, and
** then goes on; otherwise its error is complete.
*/
static int waits_for_ban(struct sr_call *call, sr_time now) {
  struct sr_ruling ruling;
  int waits;
  see_block(call, now, &ruling);
  waits = call->wait_blocked && !call->paid && call->attempts <= call->retries &&
          ruling.at < call->deadline;
  if (ruling.block == SR_BLOCK_KEY || waits) /* a refusal's own words say it better */
    add_event(call, SR_EVENT_BLOCKED, ruling.at - now);
  else
    blocked(call, now, &ruling);
  call->ban_told = 1;
  return waits && ruling.block != SR_BLOCK_KEY;
}

/*
** One attempt is over: call->error is set if there was no answer, call->status if there was.
*/
static void attempt_over(struct sr_engine *engine, struct sr_call *call, enum sr_reach reach) {
  sr_time now = now_of(engine);
  int sent = reach == SR_SENT;
  int answered = call->error.kind == SR_NO_ERROR;
  drop_transfer(call);
  call->sent |= sent;
  redact(call, &call->head);
  call->retry_after = -1;
  if (answered && call->status >= 200 && call->status < 300) {
    settle(call, now);
    enter(call, SR_STATE_DONE, now);
    return;
  }
  if (!answered) {
    give_slot(call, now, without_answer(call, reach != SR_UNSENT), 0);
    hide_remains(call);
  } else {
    char value[64];
    hide_remains(call);
    error_of_answer(call);
    sr_call_header(call, "retry-after", value, sizeof value);
    call->retry_after = sr_retry_after(value, time(NULL));
    if (call->status == 404 && call->in_doubt && strcmp(call->method, "DELETE") == 0)
      call->error.hint =
          "an earlier attempt failed without a clear answer, and may have deleted it";
  }
  sr_config_redact(call->config, call->error.message, strlen(call->error.message));
  call->in_doubt |= sent && (!answered || call->error.kind == SR_SERVER);
  if (answered && settle(call, now) == SR_CHANGE_BLOCKED && !waits_for_ban(call, now)) {
    enter(call, SR_STATE_DONE, now);
    return;
  }
  repeat_or_end(engine, call, sent, now);
}

/* ---- the beginning of one ---- */

static void begin_attempt(struct sr_engine *engine, struct sr_call *call, sr_time now) {
  struct sr_transfer *transfer;
  CURLcode code = CURLE_OUT_OF_MEMORY;
  call->attempts++;
  call->ban_told = 0;
  memset(&call->error, 0, sizeof call->error);
  call->status = 0;
  sr_buf_clear(&call->head);
  sr_buf_clear(&call->answer);
  enter(call, SR_STATE_SENDING, now);
  if (engine->external) {
    make_ready(engine, call); /* or sr_engine_run hands it out */
    return;
  }
  transfer = sr_multi_get(&engine->multi);
  if (transfer != NULL)
    code = sr_transfer_begin(transfer, call, sr_engine_time_left(call));
  if (code != CURLE_OK) {
    sr_transfer_delete(transfer);
  } else if (sr_multi_start(&engine->multi, transfer) == 0) {
    call->transfer = transfer;
    return;
  } else {
    code = CURLE_OUT_OF_MEMORY;
  }
  sr_error_from_curl(&call->error, (int)code, 0, "");
  attempt_over(engine, call, SR_UNSENT);
}

/* Whether requests go one at a time because the last ones got no answer. */
static int is_spaced(const struct sr_call *call, sr_time now) {
  struct link *link = call->link;
  struct sr_limit_view view;
  memset(&view, 0, sizeof view);
  view.rate = call->config->rate;
  link->driver->view(link->limiter, now, &view);
  if (view.silent || link->own == NULL || !call->config->fall_back)
    return view.silent;
  sr_local_driver.view(link->own, now, &view);
  return view.silent;
}

static void set_no_slot(struct sr_call *call, sr_time now) {
  const struct sr_rate *rate = &call->config->rate;
  if (call->link != NULL && is_spaced(call, now))
    sr_error_set(
        &call->error, SR_RATE_LIMIT, "unanswered", NULL,
        "the last requests with this key got no answer, so one is sent at a time, and no turn "
        "comes within the timeout of %.3g s",
        (double)call->timeout / 1e9);
  else
    sr_error_set(
        &call->error, SR_RATE_LIMIT, "no_slot", NULL,
        "%d requests in %.3g s are allowed, and no turn comes within the timeout of %.3g s",
        rate->slots, (double)rate->window / 1e9, (double)call->timeout / 1e9);
}

static void no_slot(struct sr_call *call, sr_time now, sr_time earliest) {
  give_slot(call, now, SR_OUTCOME_UNSENT, 0); /* that may have been asked for */
  call->retry_after = earliest > now ? earliest - now : 0;
  call->retryable = 1;
  if (call->error.kind == SR_NO_ERROR)
    set_no_slot(call, now);
  enter(call, SR_STATE_DONE, now);
}

/* How many of the slots a call may use. */
static int usable(const struct sr_call *call) {
  int slots = call->config->rate.slots;
  return call->low && slots > 1 ? slots - 1 : slots;
}

/* How many of the calls before it can take every slot that `call` can: those of low priority don't stand in its way. */
static int count_ahead(const struct sr_engine *engine, const struct sr_call *call) {
  const struct sr_call *other;
  int count = 0;
  for (other = engine->first; other != NULL && other != call; other = other->next)
    count += other->state == SR_STATE_QUEUED && other->link == call->link &&
             usable(other) >= usable(call);
  return count;
}

/* When it could have a slot, with `ahead` others before it. */
static sr_time earliest_of(const struct sr_call *call, sr_time now, int ahead) {
  struct sr_rate rate = call->config->rate;
  rate.slots = usable(call);
  return call->link->driver->earliest(call->link->limiter, &rate, now, (unsigned)ahead);
}

/* Into the queue for a slot; or to the end, when its turn can't come before its deadline. */
static void queue(struct sr_engine *engine, struct sr_call *call, sr_time now) {
  struct sr_ruling ruling;
  sr_time earliest;
  enter(call, SR_STATE_QUEUED, now);
  call->due = now;
  if (call->link == NULL)
    return;
  earliest = earliest_of(call, now, count_ahead(engine, call));
  if (earliest < call->deadline)
    return;
  see_block(call, now, &ruling);
  if (ruling.block != SR_BLOCK_NONE && ruling.at > now) {
    blocked(call, now, &ruling);
    enter(call, SR_STATE_DONE, now);
  } else {
    no_slot(call, now, earliest);
  }
}

/* The time came for which the slot was taken, and the request is not sent: back to the queue. */
static void take_again(struct sr_engine *engine, struct sr_call *call, sr_time now) {
  drop_transfer(call);
  give_slot(call, now, SR_OUTCOME_UNSENT, 0);
  memset(&call->error, 0, sizeof call->error);
  call->attempts--;
  call->retryable = call->repeatable || !call->sent;
  if (now < call->deadline)
    queue(engine, call, now);
  else
    end_without_answer(call, now, SR_TIMEOUT, "no_connection", "no connection before the deadline");
}

/* ---- libcurl's failures, and its connections ---- */

/*
** What libcurl said to its being asked to wait or to work. After a few failures in a row the attempts
** that it has in hand end: nobody could tell when something comes for them.
*/
static void note(struct sr_engine *engine, CURLMcode code, int *failures) {
  struct sr_call *call, *next;
  *failures = code == CURLM_OK ? 0 : *failures + 1;
  if (*failures < FAILURES_MAX)
    return;
  *failures = 0;
  for (call = engine->first; call != NULL; call = next) {
    int sent;
    next = call->next;
    if (call->transfer == NULL)
      continue;
    sent = sr_transfer_sent(call->transfer);
    sr_error_set(&call->error, SR_NETWORK, "poll_failed", NULL,
                 "waiting for the network failed: %s", curl_multi_strerror(code));
    attempt_over(engine, call, sent ? SR_SENT : SR_UNSENT);
  }
}

/*
** Closes the connections of an engine that has used none for a while: the servers have closed most of
** them, and nobody looks.
*/
static void drop_idle(struct sr_engine *engine, sr_time now) {
  struct sr_sigpipe sigpipe;
  if (!engine->multi.has_connections || engine->multi.running > 0 ||
      now - engine->idle_since < IDLE_TIME)
    return;
  engine->idle_since = now;
  sr_sigpipe_hold(&sigpipe, engine->tls);
  if (sr_multi_renew(&engine->multi) == 0)
    sr_links_trim(&engine->links, now);
  sr_sigpipe_release(&sigpipe);
}

/* ---- steps ---- */

/* Lets libcurl work, and takes what it finished. */
static void collect(struct sr_engine *engine) {
  struct sr_transfer *transfer;
  CURLcode code;
  if (engine->multi.running == 0)
    return;
  note(engine, sr_multi_work(&engine->multi), &engine->works_failed);
  while ((transfer = sr_multi_finished(&engine->multi, &code)) != NULL) {
    struct sr_call *call = transfer->call;
    enum sr_reach reach;
    if (transfer->late) {
      take_again(engine, call, now_of(engine));
      continue;
    }
    reach = sr_transfer_finish(transfer, code, &call->error);
    attempt_over(engine, call, reach);
  }
}

/*
** Deadlines and back-offs that are due. A call that changes its state moves to the end of the list:
** seen once more at most, and then not due.
*/
static void look_at_clock(struct sr_engine *engine, sr_time now) {
  struct sr_call *call, *next;
  if (now < engine->look_at)
    return;
  for (call = engine->first; call != NULL; call = next) {
    next = call->next;
    if (call->state == SR_STATE_BACKOFF && call->due <= now && now < call->deadline) {
      queue(engine, call, now);
    } else if (now >= call->deadline) {
      if (call->state == SR_STATE_QUEUED) {
        no_slot(call, now, call->link != NULL ? earliest_of(call, now, 0) : now);
      } else if (call->state == SR_STATE_SENDING && !engine->external) {
        int sent = sr_transfer_sent(call->transfer);
        call->sent |= sent;
        give_slot(call, now, without_answer(call, sent), 0);
        call->retryable = call->repeatable || !call->sent;
        end_without_answer(call, now, SR_TIMEOUT, call->sent ? "no_answer" : "no_connection",
                           call->sent ? "no answer before the deadline"
                                      : "no connection before the deadline");
      } else if (call->state == SR_STATE_BACKOFF) {
        end_without_answer(call, now, SR_TIMEOUT, "no_answer", "no answer before the deadline");
      }
    }
  }
  engine->look_at = SR_NEVER;
  for (call = engine->first; call != NULL; call = call->next) {
    sr_time at =
        call->state == SR_STATE_BACKOFF && call->due < call->deadline ? call->due : call->deadline;
    if (at < engine->look_at)
      engine->look_at = at;
  }
}

/* A slot has come, or no limit is wanted: reports how long it took, unless that is next to nothing. */
static void begin_call(struct sr_engine *engine, struct sr_call *call, sr_time now) {
  if (now - call->since >= 2 * SR_MILLISECOND)
    add_event(call, SR_EVENT_WAIT, now - call->since);
  begin_attempt(engine, call, now);
}

/* The limiter is out of reach, and nothing may stand in for it. */
static void limiter_failed(struct sr_call *call, sr_time now, const struct sr_ruling *ruling) {
  call->retryable = !ruling->lasting;
  if (call->error.kind == SR_NO_ERROR)
    sr_error_set(
        &call->error, SR_NETWORK, "limiter",
        ruling->lasting
            ? "nothing was sent: mend the address in the option limiter, or what it leads to"
            : "nothing was sent: repeat it later, or let calls go on with a limit of this "
              "process alone by on_limiter_error = \"process\"",
        "the shared rate limiter is out of reach: %s", ruling->problem);
  enter(call, SR_STATE_DONE, now);
}

/* When a queued call can ask its limiter again. SR_NEVER: when an answer has come. */
static sr_time ask_at(const struct sr_call *call) {
  const struct link *link = call->link;
  if (link == NULL || call->slot.state == SR_SLOT_ASKED)
    return call->due;
  if (link->asked >= call->config->rate.slots)
    return SR_NEVER;
  return usable(call) <= link->full && link->not_before > call->due ? link->not_before : call->due;
}

/* Several processes may wait for this time: not all at the same moment. */
static sr_time spread(struct sr_engine *engine, const struct sr_call *call, sr_time at) {
  int alone = call->config->driver == NULL && !call->config->local.shared;
  return alone ? at : at + (sr_time)(sr_random(&engine->random) * (double)SPREAD);
}

/* Until it is over, or somebody has ended it. */
static void wait_for_ban(struct sr_engine *engine, struct sr_call *call, sr_time now,
                         const struct sr_ruling *ruling) {
  sr_time look = now + LOOK_EVERY;
  if (!call->ban_told)
    add_event(call, SR_EVENT_BLOCKED, ruling->at - now);
  call->ban_told = 1;
  call->due = spread(engine, call, ruling->at < look ? ruling->at : look);
}

/* What the limiter says to a queued call. Returns 1 when an attempt began. */
static int ask_limiter(struct sr_engine *engine, struct sr_call *call, sr_time now) {
  struct link *link = call->link;
  struct sr_ruling ruling;
  sr_time earliest;
  if (now < ask_at(call))
    return 0;
  if (link == NULL) {
    begin_call(engine, call, now);
    return 1;
  }
  switch (take_slot(call, now, &ruling)) {
  case SR_LIMIT_GRANTED:
    begin_call(engine, call, now);
    return 1;
  case SR_LIMIT_WAIT:
    earliest = earliest_of(call, now, 0);
    if (earliest >= call->deadline) { /* a 429 holds everybody for longer */
      no_slot(call, now, earliest);
      return 0;
    }
    link->full = usable(call);
    link->not_before =
        spread(engine, call, ruling.at < now + LOOK_EVERY ? ruling.at : now + LOOK_EVERY);
    return 0;
  case SR_LIMIT_BLOCKED:
    if (call->wait_blocked && ruling.at < call->deadline) {
      wait_for_ban(engine, call, now, &ruling);
      return 0;
    }
    blocked(call, now, &ruling);
    enter(call, SR_STATE_DONE, now);
    return 0;
  case SR_LIMIT_FAILED:
    limiter_failed(call, now, &ruling);
    return 0;
  default:
    return 0; /* asked */
  }
}

/*
** Sends the queued calls that get a slot, first come first served for each limit. Returns how many
** began.
*/
static int begin_queued(struct sr_engine *engine, sr_time now) {
  struct sr_call *call, *next;
  int begun = 0;
  if (engine->queued == 0)
    return 0;
  for (call = engine->first; call != NULL; call = next) {
    next = call->next;
    if (call->state == SR_STATE_QUEUED && now < call->deadline)
      begun += ask_limiter(engine, call, now);
  }
  return begun;
}

/* Lets the limiters that must ask somebody else read and write. */
static void work_limiters(struct sr_engine *engine, sr_time now) {
  struct link *link;
  for (link = engine->links.asking; link != NULL; link = link->next_that_asks) {
    enum sr_change change;
    link->driver->work(link->limiter, now);
    while ((change = link->driver->news(link->limiter)) != SR_CHANGE_NONE) {
      struct sr_call *call = engine->first;
      while (call != NULL && call->link != link)
        call = call->next;
      if (call != NULL) { /* whichever is under way tells it */
        struct sr_ruling ruling;
        see_block(call, now, &ruling);
        add_event(call, change == SR_CHANGE_BLOCKED ? SR_EVENT_BLOCKED : SR_EVENT_UNBLOCKED,
                  ruling.at > now ? ruling.at - now : 0);
      }
    }
  }
}

/*
** In another process than the one that made the handles: they are the parent's, as are the calls.
*/
static void forget_parent(struct sr_engine *engine) {
  struct sr_call *call, *next;
  engine->forks = sr_fork_count();
  engine->random ^= (uint64_t)getpid() << 32; /* or all children would come again at once */
  sr_multi_forget(&engine->multi);            /* sr_fork has closed the descriptors behind it */
  engine->polls_failed = engine->works_failed = 0;
  sr_links_forked(&engine->links);
  for (call = engine->first; call != NULL; call = next) {
    next = call->next;
    call->transfer = NULL;
    memset(&call->slot, 0, sizeof call->slot); /* the parent gives them back */
    memset(&call->own_slot, 0, sizeof call->own_slot);
    sr_error_set(&call->error, SR_CANCELLED, "forked", NULL,
                 "the process forked while the call was under way");
    enter(call, SR_STATE_DONE, now_of(engine));
  }
}

static void check_process(struct sr_engine *engine) {
  if (engine->forks != sr_fork_count())
    forget_parent(engine);
}

/* ---- public ---- */

struct sr_engine *sr_engine_new(const struct sr_engine_options *options) {
  struct sr_engine *engine = sr_fork_watch() == 0 ? calloc(1, sizeof *engine) : NULL;
  if (engine == NULL)
    return NULL;
  engine->clock = options->clock;
  engine->random = options->seed;
  engine->external = options->external;
  engine->forks = sr_fork_count();
  sr_multi_init(&engine->multi);
  return engine;
}

void sr_engine_delete(struct sr_engine *engine) {
  struct sr_sigpipe sigpipe;
  if (engine == NULL)
    return;
  check_process(engine);
  sr_sigpipe_hold(&sigpipe, engine->tls);
  while (engine->first != NULL)
    sr_engine_cancel(engine->first);
  sr_links_close(&engine->links);
  sr_multi_fini(&engine->multi);
  sr_sigpipe_release(&sigpipe);
  free(engine->polled);
  while (sr_engine_ready(engine) != NULL)
    ;
  free(engine);
}

/*
** How many calls wait, if those are as many as the client wants. Those that get a slot at once, or
** are just being asked for, do not wait.
*/
static int too_many(struct sr_engine *engine, const struct sr_call *call, sr_time now) {
  int max = call->config->max_queue, waiting;
  if (max <= 0 || call->link->waiting < max)
    return 0;
  begin_queued(engine, now);
  waiting = call->link->waiting - call->link->asked;
  return waiting >= max ? waiting : 0;
}

void sr_engine_submit(struct sr_engine *engine, struct sr_call *call) {
  sr_time now = now_of(engine);
  int waiting;
  check_process(engine);
  call->engine = engine;
  call->link = NULL;
  call->started = call->since = now;
  call->deadline = now + call->timeout;
  call->real_time = engine->clock.now == sr_clock_monotonic.now;
  if (call->deadline < engine->look_at)
    engine->look_at = call->deadline;
  engine->tls |= !call->config->plain_http;
  link_last(engine, call);
  if (call->config->key.len == 0 && !call->config->token_off) {
    sr_error_set(&call->error, SR_AUTH, "no_key", NULL, "there is no API key to send");
    enter(call, SR_STATE_DONE, now);
    return;
  }
  if (call->config->limited && (call->link = link_of(engine, call->config)) == NULL) {
    sr_error_no_memory(&call->error);
    enter(call, SR_STATE_DONE, now);
    return;
  }
  waiting = call->link != NULL ? too_many(engine, call, now) : 0;
  if (waiting > 0) {
    call->retryable = 1;
    call->retry_after = call->config->rate.window;
    sr_error_set(&call->error, SR_RATE_LIMIT, "queue_full", NULL,
                 "%d calls of this client wait for their turn already", waiting);
    enter(call, SR_STATE_DONE, now);
    return;
  }
  queue(engine, call, now);
}

void sr_engine_submit_tagged(struct sr_engine *engine, struct sr_call *call, uint64_t tag) {
  call->tag = tag;
  sr_engine_submit(engine, call);
}

void sr_engine_forget(struct sr_call *call) {
  struct sr_engine *engine = call->ready_at;
  if (engine == NULL)
    return;
  if (call->ready_prev != NULL)
    call->ready_prev->ready_next = call->ready_next;
  else
    engine->ready_first = call->ready_next;
  if (call->ready_next != NULL)
    call->ready_next->ready_prev = call->ready_prev;
  else
    engine->ready_last = call->ready_prev;
  call->ready_at = NULL;
  call->ready_prev = call->ready_next = NULL;
}

/*
** Whether an attempt that is about to be handed out comes too late for its slot: back to the queue
** with it.
*/
static int taken_again(struct sr_engine *engine, struct sr_call *call) {
  sr_time now = now_of(engine);
  if (call->state != SR_STATE_SENDING || may_send(call, now))
    return 0;
  take_again(engine, call, now);
  return 1;
}

struct sr_call *sr_engine_ready(struct sr_engine *engine) {
  struct sr_call *call;
  do {
    call = engine->ready_first;
    if (call != NULL)
      sr_engine_forget(call);
  } while (call != NULL && taken_again(engine, call));
  return call;
}

void sr_engine_cancel(struct sr_call *call) {
  struct sr_engine *engine = call->engine;
  struct sr_sigpipe sigpipe;
  sr_time now;
  if (engine == NULL)
    return;
  check_process(engine);
  if (call->state == SR_STATE_DONE)
    return;
  sr_sigpipe_hold(&sigpipe, engine->tls);
  now = now_of(engine);
  if (call->state == SR_STATE_SENDING) {
    int sent = call->transfer == NULL || sr_transfer_sent(call->transfer);
    call->sent |= sent;
    give_slot(call, now, without_answer(call, sent), 0);
  }
  give_slot(call, now, SR_OUTCOME_UNSENT, 0); /* one that was only asked for */
  drop_transfer(call);
  sr_sigpipe_release(&sigpipe);
  hide_remains(call);
  sr_error_set(&call->error, SR_CANCELLED, "cancelled", NULL, "the call was cancelled");
  enter(call, SR_STATE_DONE, now);
}

int sr_engine_may_send(struct sr_call *call) {
  return may_send(call, now_of(call->engine));
}

uint64_t sr_engine_round(const struct sr_engine *engine) {
  return engine->multi.rounds;
}

sr_time sr_engine_now(const struct sr_engine *engine) {
  return now_of(engine);
}

void sr_engine_step(struct sr_engine *engine) {
  sr_time now;
  check_process(engine);
  now = now_of(engine);
  drop_idle(engine, now);
  begin_queued(engine, now); /* so that libcurl works once a step, not twice */
  collect(engine);
  now = now_of(engine);
  work_limiters(engine, now);
  look_at_clock(engine, now);
  if (begin_queued(engine, now) > 0)
    collect(engine);
}

static sr_time wake_after(const struct sr_engine *engine, sr_time now) {
  const struct sr_call *call;
  const struct link *link;
  sr_time wake = SR_NEVER;
  for (call = engine->first; call != NULL; call = call->next) {
    sr_time at = call->deadline;
    if (call->state == SR_STATE_SENDING && engine->external)
      continue; /* the driver's to end */
    if (call->state == SR_STATE_BACKOFF && call->due < at)
      at = call->due;
    if (call->state == SR_STATE_QUEUED) {
      sr_time ask = ask_at(call);
      if (ask < at && call->slot.state != SR_SLOT_ASKED)
        at = ask;
    }
    if (at < wake)
      wake = at;
  }
  if (engine->multi.running == 0 && engine->multi.has_connections &&
      engine->idle_since + IDLE_TIME < wake)
    wake = engine->idle_since + IDLE_TIME;
  for (link = engine->links.asking; link != NULL; link = link->next_that_asks) {
    sr_time at = link->driver->wake != NULL ? link->driver->wake(link->limiter) : SR_NEVER;
    if (at < wake)
      wake = at;
  }
  return wake < now ? now : wake;
}

sr_time sr_engine_wake(struct sr_engine *engine) {
  check_process(engine);
  return wake_after(engine, now_of(engine));
}

/* Adds the descriptors that a limiter wants to be polled to an array with room for SR_WATCH_MAX. */
static unsigned watches_of(const struct link *link, struct curl_waitfd *fds) {
  struct sr_watch watches[SR_WATCH_MAX];
  int i, count = link->driver->watch != NULL ? link->driver->watch(link->limiter, watches) : 0;
  for (i = 0; i < count; i++) {
    fds[i].fd = watches[i].fd;
    fds[i].events = 0;
    fds[i].revents = 0;
    if (watches[i].events & POLLIN)
      fds[i].events |= CURL_WAIT_POLLIN;
    if (watches[i].events & POLLOUT)
      fds[i].events |= CURL_WAIT_POLLOUT;
  }
  return (unsigned)count;
}

/*
** `extra` and what limiters want to be polled, in one array of the engine's; `*all` is how many.
** `extra` itself when there is nothing to add, or no memory.
*/
static struct curl_waitfd *add_watches(struct sr_engine *engine, struct curl_waitfd *extra,
                                       unsigned count, unsigned *all) {
  const struct link *link;
  struct curl_waitfd *more;
  size_t room = 0;
  *all = count;
  for (link = engine->links.asking; link != NULL; link = link->next_that_asks)
    room += link->driver->watch != NULL ? SR_WATCH_MAX : 0;
  if (room == 0)
    return extra;
  more = realloc(engine->polled, (count + room) * sizeof *more);
  if (more == NULL)
    return extra;
  engine->polled = more;
  if (count > 0)
    memcpy(more, extra, count * sizeof *more);
  for (link = engine->links.asking; link != NULL; link = link->next_that_asks)
    *all += watches_of(link, more + *all);
  return more;
}

static void sleep_until(struct sr_engine *engine, sr_time when) {
  if (engine->clock.sleep != NULL)
    engine->clock.sleep(engine->clock.ctx, when);
  else
    sr_sleep_until(when);
}

/* Nobody can tell which are: their owner, who never blocks, tries them all. */
static void take_for_ready(struct curl_waitfd *fds, unsigned count) {
  unsigned i;
  for (i = 0; i < count; i++)
    fds[i].revents = fds[i].events;
}

/* Waits for the descriptors of libcurl, of limiters and `extra`, or for time alone. */
static void wait_until(struct sr_engine *engine, struct curl_waitfd *extra, unsigned count,
                       sr_time now, sr_time when) {
  struct curl_waitfd *fds;
  unsigned all;
  if (when <= now)
    return;
  fds = add_watches(engine, extra, count, &all);
  if (engine->multi.running > 0 || all > 0) {
    CURLMcode code = sr_multi_poll(&engine->multi, fds, all, when - now);
    if (code == CURLM_OK && fds != extra && count > 0)
      memcpy(extra, fds, count * sizeof fds[0]);
    if (code != CURLM_OK) {
      sleep_until(engine, when < now + FAILURE_PAUSE ? when : now + FAILURE_PAUSE);
      take_for_ready(extra, count);
    }
    note(engine, code, &engine->polls_failed);
  } else {
    sleep_until(engine, when);
  }
}

/* The limiter of a client, to be put back; NULL: it has none. */
static struct link *ready_link(struct sr_engine *engine, const struct sr_config *config) {
  check_process(engine);
  drop_idle(engine, now_of(engine));
  return config->limited ? link_of(engine, config) : NULL;
}

static void fill_view(struct sr_engine *engine, struct link *link, const struct sr_config *config,
                      struct sr_limit_view *view) {
  memset(view, 0, sizeof *view);
  view->rate = config->rate;
  view->scope = view->place = "";
  link->driver->view(link->limiter, now_of(engine), view);
}

/* Lets a limiter on a server finish what it has to say and to ask. */
static void settle_link(struct sr_engine *engine, struct link *link, sr_time max_wait) {
  sr_time now = now_of(engine), until = now + max_wait;
  while (link->driver->idle != NULL && !link->driver->idle(link->limiter) && now < until) {
    sr_time wake = link->driver->wake(link->limiter);
    wait_until(engine, NULL, 0, now, wake < until ? wake : until);
    now = now_of(engine);
    link->driver->work(link->limiter, now);
  }
}

int sr_engine_view_limit(struct sr_engine *engine, const struct sr_config *config, sr_time max_wait,
                         struct sr_limit_view *view) {
  struct link *link = ready_link(engine, config);
  if (link == NULL)
    return 0;
  begin_queued(engine, now_of(engine)); /* whoever gets a slot at once does not wait */
  fill_view(engine, link, config, view);
  if (link->driver->idle != NULL && max_wait > 0) { /* that was the question */
    settle_link(engine, link, max_wait);
    fill_view(engine, link, config, view);
    settle_link(engine, link, max_wait);
  }
  sr_links_put(&engine->links, link, now_of(engine));
  return 1;
}

int sr_engine_reset_limit(struct sr_engine *engine, const struct sr_config *config,
                          sr_time max_wait) {
  struct link *link = ready_link(engine, config);
  struct sr_call *call;
  int done;
  if (link == NULL)
    return 0;
  link->driver->reset(link->limiter, now_of(engine));
  link->not_before = 0;
  for (call = engine->first; call != NULL; call = call->next)
    if (call->state == SR_STATE_QUEUED && call->link == link)
      call->due = now_of(engine); /* it may be waiting for the end of the ban */
  settle_link(engine, link, max_wait);
  done = link->driver->idle == NULL || link->driver->idle(link->limiter);
  sr_links_put(&engine->links, link, now_of(engine));
  return done;
}

/* Waits until the engine has to be stepped, at most until `until`. */
static void wait_for_step(struct sr_engine *engine, sr_time now, sr_time until) {
  sr_time wake = wake_after(engine, now);
  wait_until(engine, NULL, 0, now, wake < until ? wake : until);
}

enum sr_run sr_engine_run(struct sr_engine *engine, struct sr_call *call, sr_time max_wait) {
  sr_time until = now_of(engine) + max_wait;
  enum sr_run outcome = SR_RUN_PENDING;
  struct sr_sigpipe sigpipe;
  sr_sigpipe_hold(&sigpipe, engine->tls);
  for (;;) {
    sr_time now;
    sr_engine_step(engine);
    if (call->state == SR_STATE_DONE) {
      outcome = SR_RUN_DONE;
      break;
    }
    now = now_of(engine);
    if (engine->external && call->state == SR_STATE_SENDING) {
      if (taken_again(engine, call))
        continue;
      outcome = SR_RUN_EXTERNAL;
      break;
    }
    if (now >= until)
      break;
    wait_for_step(engine, now, until);
  }
  sr_sigpipe_release(&sigpipe);
  return outcome;
}

struct sr_call *sr_engine_next(struct sr_engine *engine, sr_time max_wait) {
  struct sr_call *call = sr_engine_ready(engine);
  sr_time until;
  struct sr_sigpipe sigpipe;
  if (call != NULL)
    return call;
  until = now_of(engine) + max_wait;
  sr_sigpipe_hold(&sigpipe, engine->tls);
  for (;;) {
    sr_time now;
    sr_engine_step(engine);
    call = sr_engine_ready(engine);
    now = now_of(engine);
    if (call != NULL || now >= until)
      break;
    wait_for_step(engine, now, until);
  }
  sr_sigpipe_release(&sigpipe);
  return call;
}

int sr_engine_open(struct sr_engine *engine) {
  check_process(engine);
  if (sr_multi_open(&engine->multi) != 0) {
    errno = ENOMEM;
    return -1;
  }
  /* libcurl does without its means to be woken when no descriptors are left for that */
  if (curl_multi_wakeup(engine->multi.handle) != CURLM_OK) {
    errno = EMFILE;
    return -1;
  }
  return 0;
}

void sr_engine_poll(struct sr_engine *engine, struct curl_waitfd *extra, unsigned count,
                    sr_time max_wait) {
  sr_time now = now_of(engine), wake = wake_after(engine, now);
  wait_until(engine, extra, count, now, max_wait < wake - now ? now + max_wait : wake);
}

void sr_engine_interrupt(struct sr_engine *engine) {
  sr_multi_wake(&engine->multi);
}

void sr_engine_answer(struct sr_call *call, int status, const char *head, size_t head_len,
                      const char *body, size_t body_len) {
  struct sr_engine *engine = call->engine;
  if (engine != NULL)
    check_process(engine);
  if (engine == NULL || call->state != SR_STATE_SENDING)
    return;
  sr_buf_clear(&call->head);
  sr_buf_clear(&call->answer);
  call->status = status;
  if (head_len > call->max_headers || body_len > call->max_body) {
    call->status = 0;
    sr_error_set(&call->error, SR_TOO_LARGE, head_len > call->max_headers ? "headers" : "body",
                 NULL, "the answer is larger than the limit");
  } else if (sr_buf_append(&call->head, head, head_len) != 0 ||
             sr_buf_append(&call->answer, body, body_len) != 0) {
    call->status = 0;
    sr_error_no_memory(&call->error);
  } else if (now_of(engine) >= call->deadline) {
    call->status = 0;
    sr_error_set(&call->error, SR_TIMEOUT, "no_answer", NULL, "no answer before the deadline");
  }
  call->http_version = "1.1";
  attempt_over(engine, call, SR_SENT);
}

void sr_engine_fail(struct sr_call *call, const struct sr_error *error, int sent) {
  if (call->engine != NULL)
    check_process(call->engine);
  if (call->engine == NULL || call->state != SR_STATE_SENDING)
    return;
  call->error = *error;
  attempt_over(call->engine, call, sent ? SR_SENT : SR_UNSENT);
}

sr_time sr_engine_time_left(const struct sr_call *call) {
  sr_time now, left, attempt;
  if (call->engine == NULL)
    return 0;
  now = now_of(call->engine);
  left = call->deadline - now;
  attempt = call->since + call->attempt_timeout -
            now; /* it has been in its state since the attempt began */
  if (call->attempt_timeout > 0 && attempt < left)
    left = attempt;
  return left > 0 ? left : 0;
}

void sr_engine_sleep(struct sr_engine *engine, sr_time duration) {
  sleep_until(engine, now_of(engine) + duration);
}

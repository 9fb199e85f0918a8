/* A limiter that must ask a server; the test plays the server.
** SPDX-License-Identifier: MIT */
#ifndef SPEC_ASKING_LIMITER_H
#define SPEC_ASKING_LIMITER_H

#include "engine_support.h"

#include <poll.h>

enum { ASKS = 32 };

/* A pending request for a slot, and its state. */
struct request {
  enum { FREE, PENDING, ANSWERED, ABANDONED } state;
  enum sr_verdict verdict;
  struct sr_ruling ruling;
  struct sr_want want;
};

/* One per process. */
static struct {
  struct sr_limiter *open; /* a dummy address */
  char handle;
  int opens, closes, forks, refuse_to_open, refuse_to_start;
  char settings[64];
  struct request requests[ASKS];
  int takes, given_back_unasked;
  enum sr_outcome outcomes[ASKS]; /* of slots that were held */
  int outcome_count;
  sr_time earliest, wake;
  enum sr_change news;
  int news_after;          /* looks for news before that find none */
  enum sr_change change;   /* result of the next give */
  enum sr_verdict at_once; /* immediate verdict; ASKED: pending */
  const char *problem;     /* of an immediate failure */
  int fd;                  /* to poll, or -1 */
  enum sr_verdict on_work; /* verdict that work gives to pending requests; ASKED: none */
  int works, resets, views;
} server;

static inline const char *server_check(const char *settings) {
  (void)settings;
  return NULL;
}

static inline struct sr_limiter *server_open(const char *settings,
                                             const struct sr_limit_identity *identity) {
  (void)identity;
  if (server.refuse_to_open)
    return NULL;
  server.opens++;
  snprintf(server.settings, sizeof server.settings, "%s", settings);
  return (struct sr_limiter *)(void *)&server.handle;
}

static inline void server_close(struct sr_limiter *limiter) {
  assert_ptr_equal(limiter, &server.handle);
  server.closes++;
}

static inline void server_forked(struct sr_limiter *limiter) {
  (void)limiter;
  server.forks++;
}

/* The answer to a request, as `take` returns it. */
static inline enum sr_verdict conclude(struct request *request, struct sr_slot *slot,
                                       struct sr_ruling *ruling) {
  memset(slot, 0, sizeof *slot);
  *ruling = request->ruling;
  request->state = FREE;
  if (request->verdict == SR_LIMIT_GRANTED) {
    slot->state = SR_SLOT_HELD;
    slot->send_by = request->want.lease - request->want.rate.window - SR_LATE_COUNT;
  }
  return request->verdict;
}

static inline enum sr_verdict server_take(struct sr_limiter *limiter, const struct sr_want *want,
                                          sr_time now, struct sr_slot *slot,
                                          struct sr_ruling *ruling) {
  struct request *request = slot->request;
  (void)limiter;
  (void)now;
  if (slot->state == SR_SLOT_ASKED) {
    if (request->state == ANSWERED)
      return conclude(request, slot, ruling);
    assert_int_equal(request->state, PENDING);
    return SR_LIMIT_ASKED;
  }
  assert_int_equal(slot->state, SR_SLOT_NONE);
  server.takes++;
  for (request = server.requests; request->state != FREE; request++)
    assert_true(request < server.requests + ASKS - 1);
  memset(request, 0, sizeof *request);
  request->want = *want;
  if (server.at_once != SR_LIMIT_ASKED) {
    request->verdict = server.at_once;
    if (server.problem != NULL)
      snprintf(request->ruling.problem, sizeof request->ruling.problem, "%s", server.problem);
    return conclude(request, slot, ruling);
  }
  request->state = PENDING;
  slot->state = SR_SLOT_ASKED;
  slot->request = request;
  return SR_LIMIT_ASKED;
}

static inline int server_start(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                               struct sr_slot *slot) {
  (void)limiter;
  (void)rate;
  return now < slot->send_by && server.refuse_to_start-- <= 0;
}

static inline enum sr_change server_give(struct sr_limiter *limiter, const struct sr_rate *rate,
                                         sr_time now, struct sr_slot *slot, enum sr_outcome outcome,
                                         sr_time hold) {
  enum sr_change change = server.change;
  (void)limiter;
  (void)rate;
  (void)now;
  (void)hold;
  server.change = SR_CHANGE_NONE;
  if (slot->state == SR_SLOT_ASKED)
    ((struct request *)slot->request)->state = ABANDONED;
  else if (slot->state == SR_SLOT_HELD && server.outcome_count < ASKS)
    server.outcomes[server.outcome_count++] = outcome;
  else
    server.given_back_unasked++;
  memset(slot, 0, sizeof *slot);
  return change;
}

static inline sr_time server_earliest(struct sr_limiter *limiter, const struct sr_rate *rate,
                                      sr_time now, unsigned ahead) {
  (void)limiter;
  (void)rate;
  (void)ahead;
  return server.earliest > now ? server.earliest : now;
}

static inline void server_view(struct sr_limiter *limiter, sr_time now,
                               struct sr_limit_view *view) {
  (void)limiter;
  server.views++;
  view->scope = "elsewhere";
  view->place = "server.example";
  (void)now;
}

static inline void server_reset(struct sr_limiter *limiter, sr_time now) {
  (void)limiter;
  (void)now;
  server.resets++;
}

static inline int server_watch(struct sr_limiter *limiter, struct sr_watch *watches) {
  (void)limiter;
  watches[0].fd = server.fd;
  watches[0].events = POLLIN;
  return server.fd >= 0;
}

static inline sr_time server_wake(struct sr_limiter *limiter) {
  (void)limiter;
  return server.wake;
}

static inline void answer_ask(int which, enum sr_verdict verdict, sr_time at) {
  struct request *request = &server.requests[which];
  assert_int_equal(request->state, PENDING);
  request->state = ANSWERED;
  request->verdict = verdict;
  request->ruling.at = at;
  request->ruling.block = verdict == SR_LIMIT_BLOCKED ? SR_BLOCK_RATE : SR_BLOCK_NONE;
}

static inline void server_work(struct sr_limiter *limiter, sr_time now) {
  struct pollfd fd = {server.fd, POLLIN, 0};
  int i, due = server.fd >= 0 ? poll(&fd, 1, 0) == 1 : server.wake <= now;
  (void)limiter;
  server.works++;
  for (i = 0; i < ASKS && due && server.on_work != SR_LIMIT_ASKED; i++)
    if (server.requests[i].state == PENDING)
      answer_ask(i, server.on_work, now);
  if (due && server.fd < 0)
    server.wake = SR_NEVER;
}

static inline enum sr_change server_news(struct sr_limiter *limiter) {
  enum sr_change news = server.news;
  (void)limiter;
  if (server.news_after-- > 0)
    return SR_CHANGE_NONE;
  server.news = SR_CHANGE_NONE;
  return news;
}

static inline int server_idle(struct sr_limiter *limiter) {
  (void)limiter;
  return 1;
}

static const struct sr_limiter_driver asking_driver = {
    .abi = SR_LIMITER_ABI,
    .check = server_check,
    .open = server_open,
    .close = server_close,
    .forked = server_forked,
    .take = server_take,
    .start = server_start,
    .give = server_give,
    .earliest = server_earliest,
    .view = server_view,
    .reset = server_reset,
    .watch = server_watch,
    .wake = server_wake,
    .work = server_work,
    .news = server_news,
    .idle = server_idle,
};

static inline struct sr_settings asking_settings(int slots) {
  struct sr_settings settings = settings_of(fresh_salt(), slots);
  memset(&server, 0, sizeof server);
  server.wake = SR_NEVER;
  server.at_once = server.on_work = SR_LIMIT_ASKED;
  server.fd = -1;
  settings.driver = &asking_driver;
  settings.driver_settings = "server.example";
  return settings;
}

static inline void set_up_asking(struct bench *bench, int slots) {
  struct sr_settings settings = asking_settings(slots);
  set_up_with(bench, &settings);
}

static inline int pending(void) {
  int i, count = 0;
  for (i = 0; i < ASKS; i++)
    count += server.requests[i].state == PENDING;
  return count;
}

#endif

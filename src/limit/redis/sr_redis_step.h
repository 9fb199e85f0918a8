/* One step of the script sr_redis.lua: what is sent for it, and what it answers.
** SPDX-License-Identifier: MIT
**
** The server counts in microseconds of its own clock. Durations are sent, never times; times in
** answers are converted by the time at which the answer came. */
#ifndef SR_REDIS_STEP_H
#define SR_REDIS_STEP_H

#include "base/sr_list.h"
#include "limit/redis/sr_redis_wire.h"
#include "limit/sr_limiter.h"

enum sr_step_kind { SR_STEP_TAKE, SR_STEP_GIVE, SR_STEP_RESET, SR_STEP_VIEW };

/* From being asked for to the server's answer. A take stays as long as its slot. */
struct sr_step {
  struct sr_node node; /* in one of the limiter's lists */
  enum sr_step_kind kind;
  uint64_t number; /* with the limiter's id, the token by which the server knows the request */
  int send_script; /* the server has forgotten the script: send it whole */
  struct sr_rate rate;
  sr_time asked;          /* when it was asked for; GIVE: when the request was over */
  int in_flight;          /* sent, and not answered */
  sr_time sent;           /* when */
  struct sr_want want;    /* TAKE */
  int orphan;             /* TAKE: nobody wants the answer any more */
  int forked;             /* from before a fork: means nothing in this process */
  enum sr_verdict answer; /* TAKE: ASKED until it is known */
  struct sr_ruling ruling;
  int index; /* of the slot; -1: not known */
  int probe, lone;
  sr_time send_by;
  int send_time; /* GIVE */
  enum sr_outcome outcome;
  sr_time window, hold; /* GIVE: both from `asked` on */
  sr_time expires;      /* GIVE, RESET: not worth telling any more */
};

/* The first step of a list, and the one after `step`; NULL: there is none. */
static inline struct sr_step *sr_step_first(const struct sr_list *list) {
  /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): freed steps are in no list */
  return SR_LIST_FIRST(list, struct sr_step, node);
}

static inline struct sr_step *sr_step_next(const struct sr_list *list, const struct sr_step *step) {
  return SR_LIST_NEXT(list, step, struct sr_step, node);
}

/* The state of the limit as the server told it last. Times by the server's clock, in microseconds. */
struct sr_snapshot {
  int known;
  sr_time at;         /* when it came, by our clock */
  int64_t server_now; /* the server's time then */
  int64_t held, until, probe;
  int64_t next; /* not 0: one request goes at a time, the next one then */
  enum sr_block block;
  int level, strikes, slots;
  int64_t free_at[SR_LIMIT_SLOTS];
  int leased[SR_LIMIT_SLOTS];
};

/* What the script answers. */
struct sr_step_answer {
  int code; /* TAKE: 0 granted, 1 wait, 2 blocked. GIVE: 0, 1 it has blocked, 2 it has unblocked */
  int64_t at; /* when to ask again */
  int index, probe;
  struct sr_snapshot state;
};

/* The script, for sr_wire. */
extern const char sr_redis_script[];

/* Sends it on a wire that is up. `id`: of the limiter; `key`: of the hash. */
void sr_step_send(struct sr_step *step, struct sr_wire *wire, const char *id, const char *key,
                  sr_time now);

/* Reads a reply that came `now`. 0: it is no answer of the script to this step. */
int sr_step_read(struct sr_step_answer *answer, const struct sr_step *step, const redisReply *reply,
                 sr_time now);

/*
** A server's time by our clock. The server's "now" was before its answer came, so the result is too
** early only by as long ago as the `now` of sr_step_read was read.
*/
sr_time sr_snapshot_time(const struct sr_snapshot *seen, int64_t at);

#endif

/* The steps of a Redis limiter on their way to the server and back.
** SPDX-License-Identifier: MIT
**
** The queue connects when there is something to send, sends steps in order, and keeps what the server
** must still learn when the connection is lost. */
#ifndef SR_REDIS_QUEUE_H
#define SR_REDIS_QUEUE_H

#include "base/sr_buf.h"
#include "limit/redis/sr_redis_step.h"

enum { SR_REDIS_ID = 17 }; /* 16 hexadecimal digits and a NUL */

struct sr_limiter {
  struct sr_redis_address address;
  struct sr_wire wire;
  struct sr_buf key;        /* of the hash */
  char id[SR_REDIS_ID];     /* of this limiter in this process, random */
  uint64_t number;          /* of the last step */
  struct sr_rate rate;      /* of the last step, for those that have none */
  struct sr_list waiting;   /* steps to be sent, in order */
  struct sr_list in_flight; /* sent, in the order in which answers come */
  struct sr_list answered;  /* takes that are answered, or whose slot is held */
  struct sr_snapshot seen;
  sr_time held_until; /* no request is sent before: a 429 of which the server does not know yet */
  sr_time tell_at;    /* when the server may be told again what it refused to be told */
  int failures;       /* attempts to connect in a row without an answer to a step */
  sr_time retry_at;   /* the next one */
  int has_answered;   /* the server has, since it was lost last */
  int lost;           /* it has answered once, until `lost_at` */
  sr_time lost_at;
  char problem[SR_WIRE_PROBLEM]; /* why it is out of reach; "" when it is not */
  int lasting;                   /* it is so until somebody changes a setting */
  int blocked, unblocked;        /* news that nobody has asked for yet */
};

/* A new step, waiting to be sent. NULL when memory ran out. */
struct sr_step *sr_queue_add(struct sr_limiter *limiter, enum sr_step_kind kind,
                             const struct sr_rate *rate, sr_time now);

/* Removes a step from its list and frees it. */
void sr_queue_drop(struct sr_step *step);

/* Turns a take into a step that gives its slot back as unsent. */
void sr_queue_undo(struct sr_limiter *limiter, struct sr_step *step, sr_time now);

/* Ends a take that nobody could answer. */
void sr_queue_fail(struct sr_limiter *limiter, struct sr_step *step, const char *problem);

/* Sends what waits, or connects for it. */
void sr_queue_send(struct sr_limiter *limiter, sr_time now);

/* Reads what has come, then sends. */
void sr_queue_work(struct sr_limiter *limiter, sr_time now);

/* When sr_queue_work is due for time alone; SR_NEVER. */
sr_time sr_queue_wake(const struct sr_limiter *limiter);

#endif

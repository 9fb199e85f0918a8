/* The limiter of many machines.
** SPDX-License-Identifier: MIT */
#include "limit/redis/sr_redis.h"

#include "base/sr_fork.h"
#include "limit/redis/sr_redis_wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How long calls wait for a server that was there a moment ago to come back. */
#define GRACE SR_REDIS_TIMEOUT

/* Between attempts to connect. While something is to be told the server it is tried more often. */
#define BACKOFF_MIN  (SR_SECOND / 20)
#define BACKOFF_TELL (SR_SECOND / 2)
#define BACKOFF_MAX  (2 * SR_SECOND)

/* What is known of the server is asked for again when it is older and somebody looks at it. */
#define VIEW_FRESH  (SR_SECOND / 20)
/* Older knowledge does not refuse a call. */
#define BOUND_FRESH SR_SECOND

enum { TOKEN_SIZE = 48, NUMBER_SIZE = 24, ID_SIZE = 17, ARGS_MAX = 16, ANSWER_HEAD = 12 };

/* Embedded by the Makefile from sr_redis.lua, without its comments. */
static const char script[] = {
#include "sr_redis_script.h"
    0};

/* ---- operations ---- */

enum kind { TAKE, GIVE, RESET, VIEW };

/* A step, from being asked for to the server's answer. A take stays for as long as its slot. */
struct op {
  struct op *prev, *next;
  enum kind kind;
  uint64_t number; /* with the limiter's id the token, by which the server knows the request */
  int whole;       /* send the script itself: the server has forgotten it */
  struct sr_rate rate;
  sr_time asked; /* when it was asked for; GIVE: when the request was over */
  int under_way; /* sent, not answered */
  sr_time sent;
  struct sr_want want;    /* TAKE */
  int orphan;             /* TAKE: nobody asks for the answer any more */
  int foreign;            /* from before a fork: means nothing in this process */
  enum sr_verdict answer; /* TAKE: ASKED until it is known */
  struct sr_ruling ruling;
  int index; /* -1: not known */
  int probe;
  sr_time send_by;
  int send_time; /* GIVE */
  enum sr_outcome outcome;
  sr_time window, hold; /* GIVE: both from `asked` on */
  sr_time expires;      /* GIVE, RESET: not worth telling any more */
};

/* A ring with a head: no special cases. */
struct list {
  struct op head;
};

/* What the server said last of the state of the limit. */
struct snapshot {
  int known;
  sr_time at;         /* when it came */
  int64_t server_now; /* the server's time then */
  int64_t held, until, probe;
  int64_t next; /* not 0: one request goes at a time, the next one then */
  enum sr_block block;
  int level, strikes, slots;
  int64_t free_at[SR_LIMIT_SLOTS];
  int leased[SR_LIMIT_SLOTS];
};

struct sr_limiter {
  struct sr_redis_address address;
  struct sr_wire wire;
  struct sr_buf key;   /* of the hash */
  char id[ID_SIZE];    /* of this limiter in this process, random */
  uint64_t number;     /* of the last operation */
  struct sr_rate rate; /* as it was last, for steps that have none */
  struct list waiting; /* to be sent, in order */
  struct list flight;  /* sent, in the order in which answers come */
  struct list resting; /* takes that are answered, or whose slot is held */
  struct snapshot seen;
  sr_time tell_at;  /* no sooner is the server told what it refused to be told */
  int failures;     /* attempts to connect in a row without an answer to a step */
  sr_time retry_at; /* the next one */
  int worked;       /* the server has answered since the last loss of it */
  int lost;         /* it did once, until `lost_at` */
  sr_time lost_at;
  char problem[SR_WIRE_PROBLEM]; /* why it is out of reach; "" when it is not */
  int lasting;                   /* it is so until somebody changes a setting */
  int blocked, unblocked;        /* news not told yet */
};

static void list_init(struct list *list) {
  list->head.prev = list->head.next = &list->head;
}

static struct op *first(struct list *list) {
  return list->head.next != &list->head ? list->head.next : NULL;
}

static struct op *after(struct list *list, struct op *op) {
  return op->next != &list->head ? op->next : NULL;
}

/* It is a ring of its own then: taking it out again is harmless. */
static void take_out(struct op *op) {
  op->prev->next = op->next;
  op->next->prev = op->prev;
  op->prev = op->next = op;
}

static struct op *take_first(struct list *list) {
  struct op *op = first(list);
  if (op == NULL)
    return NULL;
  list->head.next = op->next;
  op->next->prev = &list->head;
  op->prev = op->next = op;
  return op;
}

static void put_before(struct op *place, struct op *op) {
  op->prev = place->prev;
  op->next = place;
  place->prev->next = op;
  place->prev = op;
}

static void put_last(struct list *list, struct op *op) {
  put_before(&list->head, op);
}

static void put_first(struct list *list, struct op *op) {
  put_before(list->head.next, op);
}

static void move_last(struct list *list, struct op *op) {
  take_out(op);
  put_last(list, op);
}

static void drop(struct op *op) {
  take_out(op);
  free(op);
}

/* A new one that waits to be sent. NULL when memory ran out. */
static struct op *new_op(struct sr_limiter *limiter, enum kind kind, const struct sr_rate *rate,
                         sr_time now) {
  struct op *op = calloc(1, sizeof *op);
  if (op == NULL)
    return NULL;
  limiter->rate = *rate;
  op->kind = kind;
  op->rate = *rate;
  op->number = ++limiter->number;
  op->asked = now;
  op->answer = SR_LIMIT_ASKED;
  op->index = -1;
  put_last(&limiter->waiting, op);
  return op;
}

/* A random name: the server must never take one limiter for another. */
static void new_id(struct sr_limiter *limiter) {
  snprintf(limiter->id, sizeof limiter->id, "%016" PRIx64, sr_random_seed());
}

/* ---- times ---- */

/* To the server's microseconds, rounded up: a slot is kept rather longer. */
static int64_t to_us(sr_time t) {
  return t <= 0 ? 0 : (t + 999) / 1000;
}

/*
** A server's time on our clock. What the server called "now" was at the latest when its answer came,
** so this is not too early; but for an answer that comes while we already work: then a take says
** SR_LIMIT_WAIT once more.
*/
static sr_time to_local(const struct snapshot *seen, int64_t at) {
  int64_t longest = SR_NEVER / 4 / 1000;
  if (at - seen->server_now > longest) /* nobody can have meant that */
    at = seen->server_now + longest;
  return seen->at + (at - seen->server_now) * 1000;
}

/* ---- sending ---- */

static const char *outcome_name(enum sr_outcome outcome) {
  switch (outcome) {
  case SR_OUTCOME_UNSENT:
    return "unsent";
  case SR_OUTCOME_SILENT:
    return "silent";
  case SR_OUTCOME_FINE:
    return "fine";
  case SR_OUTCOME_REFUSED:
    return "refused";
  case SR_OUTCOME_BAD_KEY:
    return "bad_key";
  default:
    return "answered";
  }
}

static const char *step_name(enum kind kind) {
  static const char *const names[] = {"take", "give", "reset", "view"};
  return names[kind];
}

/* The arguments of a command, and room for those that are numbers. */
struct command {
  int argc;
  const char *argv[ARGS_MAX];
  char numbers[ARGS_MAX][NUMBER_SIZE];
};

static void add(struct command *command, const char *text) {
  command->argv[command->argc++] = text;
}

static void add_number(struct command *command, int64_t number) {
  char *text = command->numbers[command->argc];
  snprintf(text, NUMBER_SIZE, "%" PRId64, number);
  add(command, text);
}

/* Durations count from now on: what has passed since the operation was asked for is taken off. */
static void send_op(struct sr_limiter *limiter, struct op *op, sr_time now) {
  struct command command;
  char token[TOKEN_SIZE];
  const struct sr_rate *rate = &op->rate;
  command.argc = 0;
  snprintf(token, sizeof token, "%s-%" PRIu64, limiter->id, op->number);
  add(&command, op->whole ? "EVAL" : "EVALSHA");
  add(&command, op->whole ? script : limiter->wire.sha);
  add(&command, "1");
  add(&command, limiter->key.data);
  add(&command, step_name(op->kind));
  add(&command, limiter->wire.run);
  add_number(&command, rate->slots);
  add_number(&command, to_us(rate->window));
  add_number(&command, to_us(rate->window + SR_LATE_COUNT));
  if (op->kind == TAKE || op->kind == GIVE)
    add(&command, token);
  if (op->kind == TAKE) {
    add_number(&command, op->want.low);
    add_number(&command, op->want.send_time);
    add_number(&command, to_us(op->want.lease - now));
    op->send_by = op->want.lease - rate->window - SR_LATE_COUNT;
  } else if (op->kind == GIVE) {
    sr_time passed = now - op->asked;
    add_number(&command, op->index);
    add_number(&command, op->send_time);
    add(&command, outcome_name(op->outcome));
    add_number(&command, to_us(op->window - passed));
    add_number(&command, to_us(op->hold - passed));
  }
  op->sent = now;
  op->under_way = 1;
  move_last(&limiter->flight, op);
  sr_wire_send(&limiter->wire, command.argc, command.argv);
}

/* ---- when the server can't be reached ---- */

static void set_problem(struct sr_limiter *limiter, const char *problem, int lasting) {
  snprintf(limiter->problem, sizeof limiter->problem, "%s", problem);
  limiter->lasting = lasting;
}

/* The slot of a request that will not be sent is given back. */
static void undo(struct sr_limiter *limiter, struct op *op, sr_time now) {
  op->kind = GIVE;
  op->outcome = SR_OUTCOME_UNSENT;
  op->asked = now;
  op->window = op->hold = 0;
  op->expires = op->want.lease + SR_REDIS_TIMEOUT;
  op->whole = 0;
  move_last(&limiter->waiting, op);
}

static void answer_failed(struct sr_limiter *limiter, struct op *op, const char *problem) {
  op->answer = SR_LIMIT_FAILED;
  memset(&op->ruling, 0, sizeof op->ruling);
  snprintf(op->ruling.problem, sizeof op->ruling.problem, "%s", problem);
  op->ruling.lasting = limiter->lasting;
  move_last(&limiter->resting, op);
}

static void no_answer(struct sr_limiter *limiter, struct op *op) {
  char problem[SR_WIRE_PROBLEM];
  snprintf(problem, sizeof problem, "%.80s: no answer within %d s", limiter->address.place.data,
           (int)(SR_REDIS_TIMEOUT / SR_SECOND));
  answer_failed(limiter, op, limiter->problem[0] != '\0' ? limiter->problem : problem);
}

/* Ends whatever somebody waits for. What is to be told the server stays. */
static void fail_waiting(struct sr_limiter *limiter) {
  struct op *op, *next;
  for (op = first(&limiter->waiting); op != NULL; op = next) {
    next = after(&limiter->waiting, op);
    if (op->kind == TAKE)
      answer_failed(limiter, op, limiter->problem);
    else if (op->kind == VIEW)
      drop(op);
  }
}

static int in_grace(const struct sr_limiter *limiter, sr_time now) {
  return limiter->lost && now - limiter->lost_at < GRACE;
}

/*
** What was under way waits again. A take may have been carried out although its answer is lost: it
** gets another name, and the slot of the old one is given back.
*/
static void take_back(struct sr_limiter *limiter, sr_time now) {
  struct op *op;
  while ((op = limiter->flight.head.prev) != &limiter->flight.head) {
    struct op *old;
    take_out(op);
    put_first(&limiter->waiting, op);
    op->whole = op->under_way = 0;
    if (op->kind != TAKE)
      continue;
    if (op->orphan) {
      undo(limiter, op, now);
      continue;
    }
    old = calloc(1, sizeof *old); /* if memory ran out, the lease will end it */
    if (old != NULL) {
      old->want = op->want;
      old->rate = op->rate;
      old->number = op->number;
      old->index = -1;
      put_last(&limiter->waiting, old);
      undo(limiter, old, now);
    }
    op->number = ++limiter->number;
  }
}

static sr_time backoff(struct sr_limiter *limiter) {
  struct op *op;
  sr_time pause = BACKOFF_MIN, most = BACKOFF_MAX;
  int i;
  for (op = first(&limiter->waiting); op != NULL; op = after(&limiter->waiting, op))
    if (op->kind == GIVE || op->kind == TAKE)
      most = BACKOFF_TELL;
  for (i = 1; i < limiter->failures && pause < most; i++)
    pause *= 2;
  return pause < most ? pause : most;
}

/* The connection has just gone down. The first time it is made anew at once. */
static void went_down(struct sr_limiter *limiter, sr_time now) {
  set_problem(limiter, limiter->wire.problem, limiter->wire.lasting);
  take_back(limiter, now);
  if (limiter->worked) {
    limiter->worked = 0;
    limiter->lost = 1;
    limiter->lost_at = now;
    limiter->failures = 0;
    limiter->retry_at = now;
  } else {
    limiter->failures++;
    limiter->retry_at = now + backoff(limiter);
  }
}

static void drop_expired(struct sr_limiter *limiter, sr_time now) {
  struct op *op, *next;
  for (op = first(&limiter->waiting); op != NULL; op = next) {
    next = after(&limiter->waiting, op);
    if ((op->kind == GIVE || op->kind == RESET) && now >= op->expires)
      drop(op);
    else if (op->kind == TAKE && now - op->asked >= SR_REDIS_TIMEOUT)
      no_answer(limiter, op);
  }
}

/* The first operation that may be sent now. */
static struct op *next_to_send(struct sr_limiter *limiter, sr_time now) {
  struct op *op = first(&limiter->waiting);
  while (op != NULL && op->kind == GIVE && now < limiter->tell_at)
    op = after(&limiter->waiting, op);
  return op;
}

/* Sends what waits, or connects for it. */
static void move(struct sr_limiter *limiter, sr_time now) {
  struct op *op;
  drop_expired(limiter, now);
  while ((op = next_to_send(limiter, now)) != NULL) {
    if (limiter->wire.state == SR_WIRE_UP) {
      send_op(limiter, op, now);
      if (limiter->wire.state == SR_WIRE_DOWN)
        went_down(limiter, now);
    } else if (limiter->wire.state != SR_WIRE_DOWN) {
      return;
    } else if (now >= limiter->retry_at) {
      sr_wire_connect(&limiter->wire, now);
      if (limiter->wire.state == SR_WIRE_DOWN)
        went_down(limiter, now);
    } else {
      if (!in_grace(limiter, now))
        fail_waiting(limiter);
      return;
    }
  }
}

/* ---- answers ---- */

/* What sr_redis.lua answers. */
struct answer {
  int code;
  int64_t at; /* when to ask again */
  int index, probe;
  struct snapshot state;
};

static enum sr_block block_of(int64_t code) {
  return code == 1 ? SR_BLOCK_RATE : code == 2 ? SR_BLOCK_KEY : SR_BLOCK_NONE;
}

/* Whether `reply` has the form of an answer for `slots` slots, and what it says. */
static int read_answer(struct answer *out, const redisReply *reply, int slots, sr_time now) {
  int64_t head[ANSWER_HEAD] = {0};
  struct snapshot *state = &out->state;
  int i;
  memset(out, 0, sizeof *out);
  if (reply->type != REDIS_REPLY_ARRAY || (int)reply->elements != ANSWER_HEAD + slots)
    return 0;
  for (i = 0; i < ANSWER_HEAD + slots; i++) {
    const redisReply *element = reply->element[i];
    if (element->type != REDIS_REPLY_INTEGER)
      return 0;
    if (i < ANSWER_HEAD) {
      head[i] = element->integer;
    } else {
      state->free_at[i - ANSWER_HEAD] = element->integer / 2;
      state->leased[i - ANSWER_HEAD] = (int)(element->integer % 2);
    }
  }
  out->code = (int)head[0];
  out->at = head[1];
  out->index = (int)head[2];
  out->probe = (int)head[3];
  state->known = 1;
  state->at = now;
  state->server_now = head[4];
  state->held = head[5];
  state->block = block_of(head[6]);
  state->until = head[7];
  state->probe = head[8];
  state->level = (int)head[9];
  state->strikes = (int)head[10];
  state->next = head[11];
  state->slots = slots;
  return 1;
}

static void take_answered(struct sr_limiter *limiter, struct op *op, const struct answer *answer,
                          sr_time now) {
  static const enum sr_verdict verdicts[] = {SR_LIMIT_GRANTED, SR_LIMIT_WAIT, SR_LIMIT_BLOCKED};
  memset(&op->ruling, 0, sizeof op->ruling);
  op->ruling.at = to_local(&answer->state, answer->at);
  op->ruling.block = answer->state.block;
  op->ruling.silent = answer->state.next != 0;
  op->index = answer->index;
  op->probe = answer->probe;
  op->answer = verdicts[answer->code];
  if (!op->orphan)
    move_last(&limiter->resting, op);
  else if (op->answer == SR_LIMIT_GRANTED)
    undo(limiter, op, now);
  else
    drop(op);
}

/* `op` was answered by an error: some go away with another connection, some with time. */
static void refused(struct sr_limiter *limiter, struct op *op, const char *error, sr_time now) {
  char why[SR_WIRE_PROBLEM], problem[SR_WIRE_PROBLEM];
  int lasting;
  if (sr_wire_error_is(error, "NOSCRIPT") && !op->whole) {
    op->whole = 1;
    move_last(&limiter->waiting, op);
    return;
  }
  lasting = sr_wire_explain(&limiter->wire, error, why, sizeof why);
  if (sr_wire_error_is(error, "LOADING") || sr_wire_error_is(error, "READONLY") ||
      sr_wire_error_is(error, "MASTERDOWN") || sr_wire_error_is(error, "NOAUTH")) {
    put_first(&limiter->flight, op); /* it will be taken back with the others */
    sr_wire_fail(&limiter->wire, "%s", why);
    limiter->wire.lasting = lasting;
    return;
  }
  snprintf(problem, sizeof problem, "%.80s: %.77s", limiter->address.place.data, why);
  set_problem(limiter, problem, lasting);
  if (op->kind == TAKE && !op->orphan) {
    answer_failed(limiter, op, problem);
  } else if (op->kind == GIVE) {
    limiter->tell_at = now + BACKOFF_TELL;
    move_last(&limiter->waiting, op);
  } else {
    drop(op);
  }
}

/* `reply` is the answer to the first operation under way. The connection may be down afterwards. */
static void answered(struct sr_limiter *limiter, const redisReply *reply, sr_time now) {
  struct op *op = take_first(&limiter->flight);
  struct answer answer;
  if (op == NULL) {
    sr_wire_fail(&limiter->wire, "it said something that it was not asked");
    return;
  }
  op->under_way = 0;
  if (reply->type == REDIS_REPLY_ERROR) {
    refused(limiter, op, reply->str, now);
    return;
  }
  if (!read_answer(&answer, reply, op->rate.slots, now) || answer.code < 0 || answer.code > 2) {
    put_first(&limiter->flight, op);
    sr_wire_fail(&limiter->wire, "it gave an answer that the limiter's script does not give");
    return;
  }
  limiter->seen = answer.state;
  limiter->worked = 1;
  limiter->lost = 0;
  limiter->failures = 0;
  set_problem(limiter, "", 0);
  if (op->kind == TAKE) {
    take_answered(limiter, op, &answer, now);
    return;
  }
  if (op->kind == GIVE) {
    limiter->blocked += answer.code == 1;
    limiter->unblocked += answer.code == 2;
  }
  drop(op);
}

/* ---- the driver ---- */

static const char *check(const char *settings) {
  struct sr_redis_address address;
  const char *problem = sr_redis_address_parse(&address, settings);
  if (problem == NULL)
    sr_redis_address_fini(&address);
  return problem;
}

static void free_all(struct list *list) {
  struct op *op, *next;
  for (op = first(list); op != NULL; op = next) {
    next = after(list, op);
    free(op);
  }
}

static void close_limiter(struct sr_limiter *limiter) {
  if (limiter == NULL)
    return;
  free_all(&limiter->waiting);
  free_all(&limiter->flight);
  free_all(&limiter->resting);
  sr_wire_fini(&limiter->wire);
  sr_redis_address_fini(&limiter->address);
  sr_buf_fini(&limiter->key);
  free(limiter);
}

static struct sr_limiter *open_limiter(const char *settings,
                                       const struct sr_limit_identity *identity) {
  struct sr_limiter *limiter = sr_fork_watch() == 0 ? calloc(1, sizeof *limiter) : NULL;
  char name[NUMBER_SIZE];
  if (limiter == NULL)
    return NULL;
  list_init(&limiter->waiting);
  list_init(&limiter->flight);
  list_init(&limiter->resting);
  limiter->wire.address = &limiter->address;
  limiter->wire.script = script;
  limiter->rate.slots = 1;
  limiter->rate.window = SR_SECOND;
  new_id(limiter);
  snprintf(name, sizeof name, "%016" PRIx64, identity->name);
  if (sr_redis_address_parse(&limiter->address, settings) == NULL &&
      sr_buf_puts(&limiter->key, limiter->address.prefix.data) == 0 &&
      sr_buf_puts(&limiter->key, name) == 0)
    return limiter;
  close_limiter(limiter);
  return NULL;
}

static void forked(struct sr_limiter *limiter) {
  struct op *op, *next;
  sr_wire_forget(&limiter->wire);
  new_id(limiter);
  for (op = first(&limiter->flight); op != NULL; op = next) {
    next = after(&limiter->flight, op);
    op->under_way = 0;
    move_last(&limiter->waiting, op);
  }
  for (op = first(&limiter->waiting); op != NULL; op = next) {
    next = after(&limiter->waiting, op);
    if (op->kind == TAKE && !op->orphan)
      answer_failed(limiter, op, "the process forked");
    else
      drop(op); /* the parent tells it */
  }
  for (op = first(&limiter->resting); op != NULL; op = after(&limiter->resting, op))
    op->foreign = 1;
  limiter->failures = limiter->worked = limiter->lost = 0;
  limiter->blocked = limiter->unblocked = 0;
  limiter->retry_at = limiter->tell_at = 0;
}

/* The verdict on the operation of `slot`, which is empty afterwards if none is held. */
static enum sr_verdict take_verdict(struct op *op, struct sr_slot *slot, struct sr_ruling *ruling) {
  enum sr_verdict verdict = op->answer;
  if (verdict == SR_LIMIT_ASKED)
    return verdict;
  *ruling = op->ruling;
  memset(slot, 0, sizeof *slot);
  if (verdict != SR_LIMIT_GRANTED || op->foreign) {
    drop(op);
    return verdict == SR_LIMIT_GRANTED ? SR_LIMIT_FAILED : verdict;
  }
  slot->state = SR_SLOT_HELD;
  slot->index = op->index;
  slot->send_time = op->want.send_time;
  slot->stamp = (int64_t)op->number;
  slot->probe = op->probe;
  slot->send_by = op->send_by;
  slot->request = op;
  return verdict;
}

static enum sr_verdict take(struct sr_limiter *limiter, const struct sr_want *want, sr_time now,
                            struct sr_slot *slot, struct sr_ruling *ruling) {
  if (slot->state == SR_SLOT_NONE) {
    struct op *op = new_op(limiter, TAKE, &want->rate, now);
    memset(ruling, 0, sizeof *ruling);
    if (op == NULL) {
      snprintf(ruling->problem, sizeof ruling->problem, "memory ran out");
      return SR_LIMIT_FAILED;
    }
    op->want = *want;
    slot->state = SR_SLOT_ASKED;
    slot->request = op;
    move(limiter, now);
  }
  return take_verdict(slot->request, slot, ruling);
}

/* How long the others are stopped by a 429. */
static sr_time hold_of(sr_time hold, sr_time window) {
  sr_time longest = window > SR_HOLD_MAX ? window : SR_HOLD_MAX;
  if (hold > longest)
    hold = longest;
  return hold > window ? hold : window;
}

static enum sr_change give(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                           struct sr_slot *slot, enum sr_outcome outcome, sr_time hold) {
  struct op *op = slot->request;
  int held = slot->state == SR_SLOT_HELD;
  if (slot->state == SR_SLOT_NONE)
    return SR_CHANGE_NONE;
  memset(slot, 0, sizeof *slot);
  if (op->foreign || (!held && op->answer != SR_LIMIT_GRANTED && !op->under_way)) {
    drop(op);
  } else if (op->under_way) {
    op->orphan = 1;
  } else {
    undo(limiter, op, now);
    if (held) {
      op->outcome = outcome;
      op->send_time = op->want.send_time;
      op->rate = *rate;
      op->window = rate->window + (outcome == SR_OUTCOME_SILENT ? SR_LATE_COUNT : 0);
      op->hold = outcome == SR_OUTCOME_REFUSED ? hold_of(hold, rate->window) : 0;
      if (op->expires < now + op->hold)
        op->expires = now + op->hold;
    }
    move(limiter, now);
  }
  return SR_CHANGE_NONE; /* told by `news` when the server has said so */
}

/*
** What is known may be old. A slot that was leased then may have come back right afterwards; what is
** too old bounds nothing, or a call could be refused for ever by what was true once.
*/
static sr_time earliest(struct sr_limiter *limiter, const struct sr_rate *rate, sr_time now,
                        unsigned ahead) {
  const struct snapshot *seen = &limiter->seen;
  sr_time at[SR_LIMIT_SLOTS];
  int i, soonest;
  if (!seen->known || now - seen->at > BOUND_FRESH || rate->slots > seen->slots)
    return now;
  at[0] = SR_NEVER; /* a rate has at least one slot */
  for (i = 0; i < rate->slots; i++) {
    at[i] = to_local(seen, seen->free_at[i]);
    if (seen->leased[i] && at[i] > seen->at + rate->window)
      at[i] = seen->at + rate->window;
    if (at[i] < to_local(seen, seen->held))
      at[i] = to_local(seen, seen->held);
    if (seen->next != 0 && at[i] < to_local(seen, seen->next))
      at[i] = to_local(seen, seen->next);
    if (at[i] < now)
      at[i] = now;
  }
  for (;;) { /* the others before it take the first slot each, and give it back at once */
    for (i = soonest = 0; i < rate->slots; i++)
      if (at[i] < at[soonest])
        soonest = i;
    if (ahead-- == 0)
      return at[soonest];
    at[soonest] += rate->window;
  }
}

static int has(struct list *list, enum kind kind) {
  struct op *op;
  for (op = first(list); op != NULL; op = after(list, op))
    if (op->kind == kind)
      return 1;
  return 0;
}

/* Asks for what is new as well: it is known when the limiter is idle. */
static void view(struct sr_limiter *limiter, sr_time now, struct sr_limit_view *out) {
  const struct snapshot *seen = &limiter->seen;
  struct sr_rate rate = out->rate;
  int i;
  if ((!seen->known || now - seen->at > VIEW_FRESH) && !has(&limiter->waiting, VIEW) &&
      !has(&limiter->flight, VIEW) && new_op(limiter, VIEW, &rate, now) != NULL)
    move(limiter, now);
  memset(out, 0, sizeof *out);
  out->rate = rate;
  for (i = 0; i < rate.slots; i++) {
    int known = seen->known && i < seen->slots;
    out->free_at[i] = known ? to_local(seen, seen->free_at[i]) : now;
    out->leased[i] = known && seen->leased[i] && out->free_at[i] > now;
  }
  out->held_until = now;
  if (seen->known && seen->held > seen->server_now)
    out->held_until = to_local(seen, seen->held);
  if (seen->known) {
    out->block = seen->block;
    out->blocked_until = seen->block != SR_BLOCK_NONE ? to_local(seen, seen->until) : 0;
    out->probing = seen->block != SR_BLOCK_NONE && to_local(seen, seen->probe) > now;
    out->level = seen->level;
    out->strikes = seen->strikes;
    out->silent = seen->next != 0;
    out->silent_until = seen->next != 0 ? to_local(seen, seen->next) : 0;
  }
  out->scope = "redis";
  out->place = limiter->address.place.data;
  snprintf(out->problem, sizeof out->problem, "%s", limiter->problem);
}

static void reset(struct sr_limiter *limiter, sr_time now) {
  struct sr_rate rate = limiter->rate;
  struct op *op = new_op(limiter, RESET, &rate, now);
  if (op == NULL)
    return;
  op->expires = now + SR_REDIS_TIMEOUT;
  move(limiter, now);
}

static int watch(struct sr_limiter *limiter, struct sr_watch *watches) {
  return sr_wire_watch(&limiter->wire, watches);
}

static void sooner(sr_time *wake, sr_time at) {
  if (at < *wake)
    *wake = at;
}

static sr_time wake(struct sr_limiter *limiter) {
  sr_time at = sr_wire_wake(&limiter->wire);
  struct op *op = first(&limiter->flight);
  int up = limiter->wire.state == SR_WIRE_UP;
  if (op != NULL)
    sooner(&at, op->sent + SR_REDIS_TIMEOUT);
  for (op = first(&limiter->waiting); op != NULL; op = after(&limiter->waiting, op)) {
    sooner(&at, op->kind == TAKE   ? op->asked + SR_REDIS_TIMEOUT
                : op->kind == VIEW ? SR_NEVER
                                   : op->expires);
    if (limiter->wire.state == SR_WIRE_DOWN)
      sooner(&at, limiter->retry_at);
    else if (up && op->kind == GIVE)
      sooner(&at, limiter->tell_at);
  }
  return at;
}

static void receive(struct sr_limiter *limiter, sr_time now) {
  const struct op *op;
  sr_wire_work(&limiter->wire, now);
  while (limiter->wire.state == SR_WIRE_UP) {
    redisReply *reply = sr_wire_reply(&limiter->wire);
    if (reply == NULL)
      break;
    answered(limiter, reply, now);
    freeReplyObject(reply);
  }
  op = first(&limiter->flight);
  if (limiter->wire.state == SR_WIRE_UP && op != NULL && now - op->sent >= SR_REDIS_TIMEOUT)
    sr_wire_fail(&limiter->wire, "no answer within %d s", (int)(SR_REDIS_TIMEOUT / SR_SECOND));
  if (limiter->wire.state == SR_WIRE_DOWN)
    went_down(limiter, now);
}

static void work(struct sr_limiter *limiter, sr_time now) {
  if (limiter->wire.state != SR_WIRE_DOWN)
    receive(limiter, now);
  move(limiter, now);
}

static enum sr_change news(struct sr_limiter *limiter) {
  if (limiter->blocked > 0) {
    limiter->blocked--;
    return SR_CHANGE_BLOCKED;
  }
  if (limiter->unblocked > 0) {
    limiter->unblocked--;
    return SR_CHANGE_UNBLOCKED;
  }
  return SR_CHANGE_NONE;
}

static int tells(struct list *list) {
  struct op *op;
  for (op = first(list); op != NULL; op = after(list, op))
    if (op->kind != TAKE || op->orphan)
      return 1;
  return 0;
}

static int idle(struct sr_limiter *limiter) {
  return !tells(&limiter->waiting) && !tells(&limiter->flight);
}

/* The server keeps the limit; what it has not been told yet is here alone. */
static sr_time keep_until(struct sr_limiter *limiter, sr_time now) {
  int busy = first(&limiter->waiting) != NULL || first(&limiter->flight) != NULL ||
             first(&limiter->resting) != NULL;
  (void)now;
  return busy ? SR_NEVER : 0;
}

const struct sr_limiter_driver sr_redis_driver = {
    .abi = SR_LIMITER_ABI,
    .check = check,
    .open = open_limiter,
    .close = close_limiter,
    .forked = forked,
    .take = take,
    .give = give,
    .earliest = earliest,
    .keep_until = keep_until,
    .view = view,
    .reset = reset,
    .watch = watch,
    .wake = wake,
    .work = work,
    .news = news,
    .idle = idle,
};

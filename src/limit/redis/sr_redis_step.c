/* One step of the script sr_redis.lua: what is sent for it, and what it answers.
** SPDX-License-Identifier: MIT */
#include "limit/redis/sr_redis_step.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { TOKEN_SIZE = 48, NUMBER_SIZE = 24, ARGS_MAX = 16, ANSWER_HEAD = 12 };

/* Embedded by the Makefile, without its comments. */
const char sr_redis_script[] = {
#include "sr_redis_script.h"
    0};

/* Microseconds, rounded up: a slot is rather kept longer. */
static int64_t to_us(sr_time t) {
  return t <= 0 ? 0 : (t + 999) / 1000;
}

sr_time sr_snapshot_time(const struct sr_snapshot *seen, int64_t at) {
  const int64_t most = SR_NEVER / 4 / 1000; /* more is nonsense, and could overflow */
  int64_t left = at - seen->server_now;
  left = left > most ? most : left < -most ? -most : left;
  return seen->at + left * 1000;
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

static const char *step_name(enum sr_step_kind kind) {
  static const char *const names[] = {"take", "give", "reset", "view"};
  return names[kind];
}

/* A command's arguments, with room for those that are numbers. */
struct command {
  int argc;
  const char *argv[ARGS_MAX];
  char numbers[ARGS_MAX][NUMBER_SIZE];
};

static void add_arg(struct command *command, const char *text) {
  command->argv[command->argc++] = text;
}

static void add_number(struct command *command, int64_t number) {
  char *text = command->numbers[command->argc];
  snprintf(text, NUMBER_SIZE, "%" PRId64, number);
  add_arg(command, text);
}

static void add_take(struct command *command, struct sr_step *step, sr_time now) {
  add_number(command, step->want.low);
  add_number(command, step->want.send_time);
  add_number(command, to_us(step->want.lease - now));
  step->send_by = step->want.lease - step->rate.window - SR_LATE_COUNT;
}

/* Durations count from now on: the time since the request was over is taken off. */
static void add_give(struct command *command, const struct sr_step *step, sr_time now) {
  sr_time passed = now - step->asked;
  add_number(command, step->index);
  add_number(command, step->send_time);
  add_arg(command, outcome_name(step->outcome));
  add_number(command, to_us(step->window - passed));
  add_number(command, to_us(step->hold - passed));
}

void sr_step_send(struct sr_step *step, struct sr_wire *wire, const char *id, const char *key,
                  sr_time now) {
  struct command command;
  char token[TOKEN_SIZE];
  command.argc = 0;
  snprintf(token, sizeof token, "%s-%" PRIu64, id, step->number);
  add_arg(&command, step->send_script ? "EVAL" : "EVALSHA");
  add_arg(&command, step->send_script ? sr_redis_script : wire->sha);
  add_arg(&command, "1");
  add_arg(&command, key);
  add_arg(&command, step_name(step->kind));
  add_arg(&command, wire->run);
  add_number(&command, step->rate.slots);
  add_number(&command, to_us(step->rate.window));
  add_number(&command, to_us(step->rate.window + SR_LATE_COUNT));
  if (step->kind == SR_STEP_TAKE || step->kind == SR_STEP_GIVE)
    add_arg(&command, token);
  if (step->kind == SR_STEP_TAKE)
    add_take(&command, step, now);
  else if (step->kind == SR_STEP_GIVE)
    add_give(&command, step, now);
  step->sent = now;
  step->in_flight = 1;
  sr_wire_send(wire, command.argc, command.argv);
}

/* ---- answers ---- */

/* No honest number is as large: differences of two can't overflow. */
static int64_t bounded(int64_t number) {
  const int64_t most = INT64_MAX / 4;
  return number > most ? most : number < -most ? -most : number;
}

static enum sr_block block_of(int64_t code) {
  return code == 1 ? SR_BLOCK_RATE : code == 2 ? SR_BLOCK_KEY : SR_BLOCK_NONE;
}

/* The numbers in front of the slots. */
static void read_head(struct sr_step_answer *answer, const int64_t head[ANSWER_HEAD]) {
  struct sr_snapshot *state = &answer->state;
  answer->code = (int)head[0];
  answer->at = head[1];
  answer->index = (int)head[2];
  answer->probe = (int)head[3];
  state->server_now = head[4];
  state->held = head[5];
  state->block = block_of(head[6]);
  state->until = head[7];
  state->probe = head[8];
  state->level = (int)head[9];
  state->strikes = (int)head[10];
  state->next = head[11];
}

int sr_step_read(struct sr_step_answer *answer, const struct sr_step *step, const redisReply *reply,
                 sr_time now) {
  int64_t head[ANSWER_HEAD] = {0};
  struct sr_snapshot *state = &answer->state;
  int i, slots = step->rate.slots;
  memset(answer, 0, sizeof *answer);
  if (reply->type != REDIS_REPLY_ARRAY || (int)reply->elements != ANSWER_HEAD + slots)
    return 0;
  for (i = 0; i < ANSWER_HEAD + slots; i++) {
    const redisReply *element = reply->element[i];
    if (element->type != REDIS_REPLY_INTEGER)
      return 0;
    if (i < ANSWER_HEAD) {
      head[i] = bounded(element->integer);
    } else {
      state->free_at[i - ANSWER_HEAD] = element->integer / 2;
      state->leased[i - ANSWER_HEAD] = (int)(element->integer % 2);
    }
  }
  read_head(answer, head);
  state->known = 1;
  state->at = now;
  state->slots = slots;
  if (step->kind == SR_STEP_TAKE && answer->code == 0 &&
      (answer->index < 0 || answer->index >= slots))
    return 0;
  return answer->code >= 0 && answer->code <= 2;
}

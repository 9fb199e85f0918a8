/* Fuzz target: whatever an address of a Redis server says and whatever a server replies. An address
** is refused without its password, and a reply is an answer or is not.
** SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include "limit/redis/sr_redis_address.h"
#include "limit/redis/sr_redis_step.h"

#include <stdio.h>

#define PASSWORD "Pa55wordOfMine"

static const char *check_address(struct fuzz_bytes *bytes) {
  static const char *const words[] = {
      "redis://", "rediss://", "unix:",     "/",     "@",    ":",      "6379",        "0",
      "?",        "&",         "=",         "db",    "user", "prefix", "ca_file",     "%",
      "%00",      "%2f",       "localhost", "[::1]", "#",    " ",      "99999999999", "default"};
  unsigned how = fuzz_byte(bytes);
  struct fuzz_text rest, text;
  struct sr_redis_address address;
  const char *refusal, *problem = NULL;
  memset(&address, 0, sizeof address);
  fuzz_words(&rest, bytes, words, sizeof words / sizeof words[0]);
  text.len = 0;
  fuzz_add_string(&text, how % 4 == 1   ? "redis://:" PASSWORD "@"
                         : how % 4 == 2 ? "rediss://user:" PASSWORD "@"
                                        : "");
  fuzz_add_string(&text, rest.data);
  if (how % 4 == 3) {
    fuzz_add_string(&text, strchr(rest.data, '?') == NULL ? "?" : "&");
    fuzz_add_string(&text, "password=" PASSWORD);
  }
  refusal = sr_redis_address_parse(&address, text.data);
  if (refusal != NULL && strstr(refusal, PASSWORD) != NULL)
    problem = "a refusal shows the password";
  else if (refusal != NULL && (address.url.data != NULL || address.password.data != NULL ||
                               address.place.data != NULL))
    problem = "a refused address is not empty";
  else if (refusal == NULL && address.url.len == 0 && address.path.len == 0)
    problem = "an address leads nowhere";
  else if (refusal == NULL && address.place.len == 0)
    problem = "an address has nothing to be shown by";
  else if (refusal == NULL && strstr(address.place.data, PASSWORD) != NULL)
    problem = "an address shows its password";
  sr_redis_address_fini(&address);
  return problem;
}

/* A reply of the script's shape: an array of so many numbers, most of them small. */
static void make_answer(struct fuzz_text *text, struct fuzz_bytes *bytes, int count) {
  static const char *const numbers[] = {"0",
                                        "1",
                                        "2",
                                        "-1",
                                        "3",
                                        "63",
                                        "64",
                                        "4294967296",
                                        "60000000",
                                        "9223372036854775807",
                                        "-9223372036854775808"};
  char head[32];
  int i;
  text->len = 0;
  snprintf(head, sizeof head, "*%d\r\n", count);
  fuzz_add_string(text, head);
  for (i = 0; i < count; i++) {
    fuzz_add_string(text, ":");
    fuzz_add_string(text, numbers[fuzz_byte(bytes) % (sizeof numbers / sizeof numbers[0])]);
    fuzz_add_string(text, "\r\n");
  }
}

static void make_anything(struct fuzz_text *text, struct fuzz_bytes *bytes) {
  static const char *const words[] = {
      "*",           "$",        ":",      "+",      "-",
      "\r\n",        "0",        "1",      "9",      "12",
      "$1\r\n1\r\n", ":0\r\n",   "*2\r\n", "-1",     "9223372036854775807",
      "$20\r\n",     "NOSCRIPT", "_",      "#t\r\n", "%",
      "~",           ",nan\r\n", "*0\r\n"};
  fuzz_words(text, bytes, words, sizeof words / sizeof words[0]);
}

static const char *check_answer(const struct sr_step *step, const struct sr_step_answer *answer) {
  if (answer->code < 0 || answer->code > 2)
    return "an answer has a code that means nothing";
  if (step->kind == SR_STEP_TAKE && answer->code == 0 &&
      (answer->index < 0 || answer->index >= step->rate.slots))
    return "a slot is granted that there is not";
  if (answer->state.slots != step->rate.slots)
    return "an answer has not as many slots as the limit";
  return NULL;
}

static const char *check_reply(struct fuzz_bytes *bytes) {
  struct fuzz_text text;
  struct sr_step step;
  struct sr_step_answer answer;
  redisReader *reader = redisReaderCreate();
  void *reply = NULL;
  const char *problem = NULL;
  unsigned kind = fuzz_byte(bytes);
  memset(&step, 0, sizeof step);
  step.kind = (enum sr_step_kind)(kind % 4);
  step.rate.slots = 1 + (int)(kind / 4 % 4);
  step.rate.window = SR_SECOND;
  if (kind < 200)
    make_answer(&text, bytes, 12 + step.rate.slots);
  else
    make_anything(&text, bytes);
  if (reader == NULL)
    return NULL;
  redisReaderFeed(reader, text.data, text.len);
  while (problem == NULL && redisReaderGetReply(reader, &reply) == REDIS_OK && reply != NULL) {
    if (sr_step_read(&answer, &step, reply, 100 * SR_SECOND))
      problem = check_answer(&step, &answer);
    freeReplyObject(reply);
    reply = NULL;
  }
  redisReaderFree(reader);
  return problem;
}

const char *fuzz_one(const uint8_t *data, size_t len) {
  struct fuzz_bytes bytes = {data, len};
  return fuzz_byte(&bytes) < 128 ? check_address(&bytes) : check_reply(&bytes);
}

/* The cost of a take and give back on Redis, compared with one round trip to the same server. Prints
** both in microseconds: "PING OURS".
** SPDX-License-Identifier: MIT
**
** redis SOCKET CALLS */
#include "limit/redis/sr_redis.h"

#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static sr_time now_is(void) {
  return sr_clock_monotonic.now(NULL);
}

static int fail(const char *what, const char *why) {
  fprintf(stderr, "%s: %s\n", what, why);
  return 1;
}

/* Waits briefly for the server, and runs the limiter's work. */
static void turn(struct sr_limiter *limiter) {
  struct sr_watch watches[SR_WATCH_MAX];
  struct pollfd fds[SR_WATCH_MAX];
  int i, count = sr_redis_driver.watch(limiter, watches);
  for (i = 0; i < count; i++) {
    fds[i].fd = watches[i].fd;
    fds[i].events = watches[i].events;
  }
  poll(fds, (nfds_t)count, 10);
  sr_redis_driver.work(limiter, now_is());
}

/* Takes a slot and waits for the verdict. */
static enum sr_verdict take(struct sr_limiter *limiter, const struct sr_want *want,
                            struct sr_slot *slot, struct sr_ruling *ruling) {
  enum sr_verdict verdict;
  memset(slot, 0, sizeof *slot);
  while ((verdict = sr_redis_driver.take(limiter, want, now_is(), slot, ruling)) == SR_LIMIT_ASKED)
    turn(limiter);
  return verdict;
}

int main(int argc, char **argv) {
  const struct sr_limit_identity identity = {1, "", ""};
  struct sr_limiter *limiter;
  struct sr_want want;
  struct sr_slot slot;
  struct sr_ruling ruling;
  redisContext *plain;
  char address[200];
  sr_time begun, floor, ours;
  int i, calls;
  if (argc != 3)
    return fail("usage", "redis SOCKET CALLS");
  calls = atoi(argv[2]);
  snprintf(address, sizeof address, "unix:%s", argv[1]);
  plain = redisConnectUnix(argv[1]);
  if (plain == NULL || plain->err != 0)
    return fail("redisConnectUnix", plain != NULL ? plain->errstr : "no memory");
  begun = now_is();
  for (i = 0; i < calls; i++)
    freeReplyObject(redisCommand(plain, "PING"));
  floor = now_is() - begun;
  redisFree(plain);

  limiter = sr_redis_driver.open(address, &identity);
  if (limiter == NULL)
    return fail("open", "no memory");
  memset(&want, 0, sizeof want);
  want.rate.slots = 5;
  want.rate.window = SR_MILLISECOND;
  want.lease = now_is() + 3600 * SR_SECOND;
  while (take(limiter, &want, &slot, &ruling) == SR_LIMIT_WAIT)
    sr_sleep_until(ruling.at);
  begun = now_is();
  for (i = 0; i < calls; i++) {
    sr_redis_driver.give(limiter, &want.rate, now_is(), &slot, SR_OUTCOME_UNSENT, 0);
    if (take(limiter, &want, &slot, &ruling) != SR_LIMIT_GRANTED)
      return fail("take", ruling.problem);
  }
  ours = now_is() - begun;
  sr_redis_driver.give(limiter, &want.rate, now_is(), &slot, SR_OUTCOME_UNSENT, 0);
  while (!sr_redis_driver.idle(limiter)) /* else the slot stays leased */
    turn(limiter);
  sr_redis_driver.close(limiter);
  printf("%.2f %.2f\n", (double)floor / calls / 1e3, (double)ours / calls / 1e3);
  return 0;
}

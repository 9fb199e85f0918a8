/* When an attempt may be repeated.
** SPDX-License-Identifier: MIT */
#include "http/sr_retry.h"

#include <curl/curl.h>
#include <string.h>

/* Seconds. A longer pause is as good as never, and could overflow a time. */
#define RETRY_AFTER_MAX (365 * (sr_time)86400)

int sr_retry_useful(const struct sr_failure *failure) {
  switch (failure->error->kind) {
  case SR_RATE_LIMIT: /* refused, so not carried out */
    return 1;
  case SR_NETWORK:
  case SR_TIMEOUT:
  case SR_SERVER:
    return !failure->error->lasting && (failure->repeatable || !failure->sent);
  default:
    return 0;
  }
}

sr_time sr_retry_backoff(int attempt, double random) {
  sr_time bound = SR_BACKOFF_BASE;
  while (--attempt > 0 && bound < SR_BACKOFF_CAP)
    bound *= 2;
  return (sr_time)((double)bound * random);
}

sr_time sr_retry_after(const char *value, time_t wall) {
  const char *p;
  sr_time seconds = 0;
  time_t date;
  while (*value == ' ' || *value == '\t')
    value++;
  for (p = value; *p >= '0' && *p <= '9'; p++)
    if (seconds < RETRY_AFTER_MAX)
      seconds = seconds * 10 + (*p - '0');
  if (p > value && p[strspn(p, " \t")] == '\0')
    return (seconds < RETRY_AFTER_MAX ? seconds : RETRY_AFTER_MAX) * SR_SECOND;
  date = p > value ? (time_t)-1 : curl_getdate(value, NULL); /* a date begins with its weekday */
  if (date == (time_t)-1)
    return -1;
  if (date <= wall)
    return 0;
  return (date - wall < RETRY_AFTER_MAX ? date - wall : RETRY_AFTER_MAX) * SR_SECOND;
}

double sr_random(uint64_t *state) {
  uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  z ^= z >> 31;
  return (double)(z >> 11) / 9007199254740992.0; /* 53 bits over 2^53 */
}

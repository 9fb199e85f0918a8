/* Reads the numbers of JSON: whole ones as they are, others as the nearest double.
** SPDX-License-Identifier: MIT */
#ifndef SR_NUMBER_H
#define SR_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* Longest number, in characters. A longer one is refused: reading it could take too long. */
enum { SR_NUMBER_MAX = 4095 };

struct sr_number {
  int whole; /* `integer` has it: no dot, no exponent, and 64 bits hold it */
  int64_t integer;
  double value; /* the nearest one, ties to even; -0 keeps its sign */
};

/*
** Reads the number at `*p`, whose first character is a digit or a minus, and moves `*p` behind it.
** Returns NULL; or what is wrong, with `*p` where it is wrong. Reads no byte at `end`.
*/
const char *sr_number_read(const char **p, const char *end, struct sr_number *number);

/* Most digits that sr_number_short reads. */
enum { SR_NUMBER_SHORT = 15 };

/*
** The same for most whole numbers: short ones without a sign, a dot or an exponent, if more text follows.
** Returns the end of the number, or NULL if it is another one.
*/
static inline const char *sr_number_short(const char *p, const char *end, int64_t *integer) {
  const char *stop = end - p > SR_NUMBER_SHORT ? p + SR_NUMBER_SHORT + 1 : end;
  if ((unsigned)(*p - '1') > 8) /* 0 may be a leading zero */
    return NULL;
  *integer = *p++ - '0';
  for (; p < stop && (unsigned)(*p - '0') < 10; p++)
    *integer = *integer * 10 + (*p - '0');
  if (p == stop)
    return NULL;
  return *p == '.' || *p == 'e' || *p == 'E' ? NULL : p;
}

#endif

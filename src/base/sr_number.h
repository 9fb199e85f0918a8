/* Reads the numbers of JSON: whole ones as they are, others as the nearest double.
** SPDX-License-Identifier: MIT */
#ifndef SR_NUMBER_H
#define SR_NUMBER_H

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

#endif

/* Numbers of JSON. Three ways lead to the nearest double: one division or multiplication of exact doubles
** (Clinger), one division of 128 bits, whose remainder tells how to round, and strtod for the rest.
** SPDX-License-Identifier: MIT */
#include "base/sr_number.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Powers of ten that a double holds, and that 64 bits hold. */
enum { EXACT_POWERS = 22, WHOLE_POWERS = 19 };

/* Decimal digits that always fit 64 bits. */
enum { DIGITS_MAX = 19 };

/* Exponents beyond this give zero or infinity, whatever the digits are: there are fewer than 5,000. */
enum { EXPONENT_MAX = 100000 };

/* Whole numbers up to this are exact doubles. */
#define EXACT_MAX (UINT64_C(1) << DBL_MANT_DIG)

/* Whether doubles are calculated as doubles: extra bits would round twice. */
#if defined(FLT_EVAL_METHOD) && FLT_EVAL_METHOD == 0
#define ROUNDS_ONCE 1
#else
#define ROUNDS_ONCE 0
#endif

static const double powers[EXACT_POWERS + 1] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                                1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

static int is_digit(const char *p, const char *end) {
  return p < end && (unsigned)(*p - '0') < 10;
}

/* strtod, after replacing the dot by the locale's decimal point. */
static double by_strtod(const char *from, const char *to) {
  char copy[SR_NUMBER_MAX + 64];
  const char *point = localeconv()->decimal_point;
  size_t len = (size_t)(to - from), point_len = strlen(point);
  const char *dot = memchr(from, '.', len);
  size_t before = dot != NULL ? (size_t)(dot - from) : len;
  if (len + point_len >= sizeof copy)
    return NAN; /* no locale has such a point */
  memcpy(copy, from, before);
  if (dot != NULL) {
    memcpy(copy + before, point, point_len);
    memcpy(copy + before + point_len, dot + 1, len - before - 1);
    len += point_len - 1;
  }
  copy[len] = '\0';
  return strtod(copy, NULL);
}

#if defined(__SIZEOF_INT128__) && DBL_MANT_DIG == 53
__extension__ typedef unsigned __int128 uint128;

/*
** The double nearest to `digits` / 10^`places`; neither is 0, and 10^`places` fits 64 bits. The quotient
** has at least 63 bits, so those below a double's 53 and the remainder tell how to round.
*/
static double divided(uint64_t digits, int places) {
  uint64_t divisor = 1, quotient, low, half;
  uint128 dividend;
  int i, up, down, drop;
  for (i = 0; i < places; i++)
    divisor *= 10;
  up = __builtin_clzll(digits);
  down = __builtin_clzll(divisor);
  dividend = (uint128)(digits << up) << 63;
  divisor <<= down;
  quotient = (uint64_t)(dividend / divisor);
  drop = 64 - __builtin_clzll(quotient) - DBL_MANT_DIG;
  low = quotient & ((UINT64_C(1) << drop) - 1);
  half = UINT64_C(1) << (drop - 1);
  i = dividend % divisor != 0;
  quotient >>= drop;
  if (low > half || (low == half && (i || (quotient & 1) != 0)))
    quotient++;
  return ldexp((double)quotient, drop + down - up - 63);
}
#define DIVIDES 1
#else
#define divided(digits, places) NAN
#define DIVIDES                 0
#endif

/* The double nearest to `digits` * 10^`exponent`. Returns 0 if it takes strtod. */
static int nearest(uint64_t digits, long exponent, double *value) {
  if (digits == 0 || exponent == 0) {
    *value = (double)digits;
    return 1;
  }
  if (ROUNDS_ONCE && digits <= EXACT_MAX && exponent >= -EXACT_POWERS && exponent <= EXACT_POWERS) {
    *value = exponent < 0 ? (double)digits / powers[-exponent] : (double)digits * powers[exponent];
    return 1;
  }
  if (DIVIDES && exponent < 0 && exponent >= -WHOLE_POWERS) {
    *value = divided(digits, (int)-exponent);
    return 1;
  }
  return 0;
}

static const char *bad(const char *from, const char *p, const char *problem) {
  return p - from > SR_NUMBER_MAX ? "number of more than 4095 characters" : problem;
}

/* Reads digits behind those that `*whole` has. Returns their end. */
static const char *read_digits(const char *p, const char *end, uint64_t *whole) {
  for (; is_digit(p, end); p++)
    *whole = *whole * 10 + (uint64_t)(*p - '0');
  return p;
}

/* Reads an exponent, behind its letter, and adds it. Returns its end; `*digits` is where its digits begin. */
static const char *read_exponent(const char *p, const char *end, const char **digits,
                                 long *exponent) {
  int below = p < end && *p == '-';
  long power = 0;
  if (p < end && (*p == '+' || *p == '-'))
    p++;
  for (*digits = p; is_digit(p, end); p++)
    power = power < EXPONENT_MAX ? power * 10 + (*p - '0') : power;
  *exponent += below ? -power : power;
  return p;
}

/* How many of `count` digits there are without leading zeros: 0.00000000000000000001 has one. */
static long significant(const char *digits, long count) {
  for (; count > 0 && (*digits == '0' || *digits == '.'); digits++)
    count -= *digits == '0';
  return count;
}

const char *sr_number_read(const char **p, const char *end, struct sr_number *number) {
  const char *from = *p, *at = from, *digits, *after_whole;
  uint64_t whole = 0;
  long exponent = 0, count;
  int negative = *at == '-';
  if (end - from > SR_NUMBER_MAX)
    end = from + SR_NUMBER_MAX + 1;
  digits = at += negative;
  *p = at;
  if (!is_digit(at, end))
    return "number without digits";
  if (*at == '0' && is_digit(at + 1, end))
    return "number with a leading zero";
  *p = at = after_whole = read_digits(at, end, &whole);
  count = at - digits;
  if (count < DIGITS_MAX && (at == end || (*at != '.' && *at != 'e' && *at != 'E'))) {
    number->whole = 1;
    number->integer = negative ? -(int64_t)whole : (int64_t)whole;
    number->value = negative ? -(double)whole : (double)whole;
    return NULL;
  }
  if (at < end && *at == '.') {
    *p = at = read_digits(at + 1, end, &whole);
    exponent = after_whole + 1 - at;
    count -= exponent;
    if (exponent == 0)
      return bad(from, at, "decimal point without digits after it");
  }
  if (at < end && (*at == 'e' || *at == 'E')) {
    const char *power;
    *p = at = read_exponent(at + 1, end, &power, &exponent);
    if (at == power)
      return bad(from, at, "exponent without digits");
  }
  if (at - from > SR_NUMBER_MAX)
    return bad(from, at, NULL);
  if (count > DIGITS_MAX)
    count = significant(digits, count);
  number->whole =
      at == after_whole && count <= DIGITS_MAX && whole <= (uint64_t)INT64_MAX + (uint64_t)negative;
  if (number->whole)
    number->integer = (int64_t)(negative ? 0 - whole : whole);
  if (count <= DIGITS_MAX && nearest(whole, exponent, &number->value)) {
    if (negative)
      number->value = -number->value;
    return NULL;
  }
  number->value = by_strtod(from, at);
  if (!isinf(number->value))
    return NULL;
  *p = from;
  return "number out of range";
}

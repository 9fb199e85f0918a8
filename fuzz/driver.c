/* Runs a fuzz target: as libFuzzer's entry where FUZZ_ENGINE is defined, else over a generator:
**   TARGET [RUNS [SEED]]
** SPDX-License-Identifier: MIT */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>

static void report(const char *problem, const uint8_t *data, size_t len) {
  size_t i;
  fprintf(stderr, "%s\ncase:", problem);
  for (i = 0; i < len; i++)
    fprintf(stderr, " %02x", data[i]);
  fprintf(stderr, "\n");
  abort();
}

#ifdef FUZZ_ENGINE

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  const char *problem = fuzz_one(data, len);
  if (problem != NULL)
    report(problem, data, len);
  return 0;
}

#else

int main(int argc, char **argv) {
  unsigned long runs = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000, i;
  uint64_t x = argc > 2 ? strtoull(argv[2], NULL, 10) | 1 : 88172645463325252u;
  for (i = 0; i < runs; i++) {
    uint8_t data[48];
    size_t len = 8 + (size_t)(i % 41), k;
    const char *problem;
    for (k = 0; k < len; k++) { /* xorshift64 */
      x ^= x << 13;
      x ^= x >> 7;
      x ^= x << 17;
      data[k] = (uint8_t)(x >> 32);
    }
    problem = fuzz_one(data, len);
    if (problem != NULL)
      report(problem, data, len);
  }
  printf("%lu runs, nothing found\n", runs);
  return 0;
}

#endif

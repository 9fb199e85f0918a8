/* Test support: cmocka, checks with messages, a deterministic random generator.
** SPDX-License-Identifier: MIT */
#ifndef SPEC_SUPPORT_H
#define SPEC_SUPPORT_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A check with a printf-style message. */
#define CHECK(condition, ...)                                                                      \
  do {                                                                                             \
    if (!(condition))                                                                              \
      support_fail(__FILE__, __LINE__, __VA_ARGS__);                                               \
  } while (0)

static inline void support_fail(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static inline void support_fail(const char *file, int line, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vprint_error(format, args);
  va_end(args);
  print_error("\n");
  _fail(file, line);
}

/* Makes a private folder, below TMPDIR. Returns 0; -1 if it can't, also where `size` is too small for its path. */
static inline int new_folder(char *path, size_t size, const char *name) {
  const char *tmp = getenv("TMPDIR");
  int len =
      snprintf(path, size, "%s/%s-XXXXXX", tmp != NULL && tmp[0] != '\0' ? tmp : "/tmp", name);
  return len > 0 && (size_t)len < size && mkdtemp(path) != NULL ? 0 : -1;
}

/* xorshift64*: the same on every machine, and independent of the generator under test. */
struct chance {
  uint64_t state;
};

static inline uint64_t chance_next(struct chance *chance) {
  uint64_t x = chance->state;
  x ^= x >> 12;
  x ^= x << 25;
  x ^= x >> 27;
  chance->state = x;
  return x * UINT64_C(2685821657736338717);
}

/* A whole number in [low, high]. */
static inline int64_t chance_between(struct chance *chance, int64_t low, int64_t high) {
  return low + (int64_t)((chance_next(chance) >> 1) % (uint64_t)(high - low + 1));
}

/* The number of rounds to run: `count` divided by TEST_DIVISOR (for valgrind). */
static inline int rounds(int count) {
  const char *divisor = getenv("TEST_DIVISOR");
  int by = divisor != NULL ? atoi(divisor) : 1;
  return by > 1 ? (count + by - 1) / by : count;
}

static inline int under_valgrind(void) {
  const char *preloaded = getenv("LD_PRELOAD");
  return preloaded != NULL && strstr(preloaded, "vgpreload") != NULL;
}

/* The number of open descriptors; those of valgrind, which lie above the program's limit, do not count. */
static inline int open_fds(void) {
  DIR *stream = opendir("/proc/self/fd");
  long limit = sysconf(_SC_OPEN_MAX);
  struct dirent *entry;
  int count = 0;
  if (stream == NULL)
    return 0;
  while ((entry = readdir(stream)) != NULL)
    count += entry->d_name[0] != '.' && atol(entry->d_name) < limit;
  closedir(stream);
  return count;
}

/* Waits for a forked child. Returns the status that it exits with. */
static inline int exit_status(pid_t child) {
  int how = -1;
  assert_int_equal(waitpid(child, &how, 0), child);
  CHECK(WIFEXITED(how), "the child ended with %x", (unsigned)how);
  return WEXITSTATUS(how);
}

/* A copy without a NUL: ASan and valgrind detect reads past its end. */
static inline char *exact_copy(const char *text, size_t len) {
  char *copy = malloc(len > 0 ? len : 1);
  assert_non_null(copy);
  if (len > 0)
    memcpy(copy, text, len);
  return copy;
}

/* Whether `text` is valid UTF-8 (RFC 3629). Independent of the code under test: decodes each character.
 */
static inline int is_utf8(const char *text, size_t len) {
  static const long least[] = {0, 0, 0x80, 0x800, 0x10000};
  size_t i = 0;
  while (i < len) {
    unsigned char c = (unsigned char)text[i];
    size_t width = c < 0x80             ? 1
                   : (c & 0xe0) == 0xc0 ? 2
                   : (c & 0xf0) == 0xe0 ? 3
                   : (c & 0xf8) == 0xf0 ? 4
                                        : 0;
    long code = width == 1 ? c : width == 0 ? 0 : c & (0x7f >> width);
    size_t k;
    if (width == 0 || width > len - i)
      return 0;
    for (k = 1; k < width; k++) {
      unsigned char d = (unsigned char)text[i + k];
      if ((d & 0xc0) != 0x80)
        return 0;
      code = code * 64 + (d & 0x3f);
    }
    if (code < least[width] || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
      return 0;
    i += width;
  }
  return 1;
}

/* One line of valid UTF-8 without control characters. */
static inline int is_clean_line(const char *text, size_t len) {
  size_t i;
  for (i = 0; i < len; i++)
    if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
      return 0;
  return is_utf8(text, len);
}

#endif

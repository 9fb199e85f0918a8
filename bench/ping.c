/* Pings an HTTP server at a fixed rate and prints percentiles of its latencies.
** SPDX-License-Identifier: MIT
**
** bench-ping PORT PATH SECONDS PID: sends a GET each millisecond on one connection to the process PID, which
** answers with the nanoseconds of its processor time in 20 digits. Prints the milliseconds "p50 p99 p99.9
** most" from when a request was due to the end of its answer, so that a stall counts for all requests that are
** due in it. A second line has the same of the processor time that the process took meanwhile: what other
** programs took is not in it. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVERY = 1000000 }; /* nanoseconds */

static long long now(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void wait_until(long long when) {
  struct timespec t = {when / 1000000000, when % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0) {
  }
}

static int fail(const char *what) {
  fprintf(stderr, "ping: %s\n", what);
  return 1;
}

/* Reads one answer. Returns the number in it; -1: there was none. */
static long long read_answer(int fd) {
  char text[4096];
  size_t len = 0;
  while (len < sizeof text - 1) {
    const char *body;
    ssize_t n = read(fd, text + len, sizeof text - 1 - len);
    if (n <= 0)
      return -1;
    len += (size_t)n;
    text[len] = '\0';
    body = strstr(text, "\r\n\r\n");
    if (body != NULL && text + len >= body + 4 + 20)
      return memcmp(text, "HTTP/1.1 200", 12) == 0 ? atoll(body + 4) : -1;
  }
  return -1;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void print_percentiles(double *ms, int count) {
  qsort(ms, (size_t)count, sizeof *ms, compare);
  printf("%.3f %.3f %.3f %.3f\n", ms[count / 2], ms[(long long)count * 99 / 100],
         ms[(long long)count * 999 / 1000], ms[count - 1]);
}

int main(int argc, char **argv) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  char request[256];
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1, count, room, i, cpu_count = 0;
  double *ms, *cpu_ms;
  clockid_t cpu;
  long long start;
  if (argc != 5 || (count = atoi(argv[3]) * 1000) <= 0)
    return fail("PORT PATH SECONDS PID expected");
  room = 100 * count;
  ms = malloc((size_t)count * sizeof *ms);
  cpu_ms = malloc((size_t)room * sizeof *cpu_ms);
  address.sin_port = htons((unsigned short)atoi(argv[1]));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (ms == NULL || cpu_ms == NULL || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
    return fail("no connection");
  if (clock_getcpuclockid(atoi(argv[4]), &cpu) != 0)
    return fail("no such process");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", argv[2]);
  start = now(CLOCK_MONOTONIC);
  for (i = 0; i < count; i++) {
    long long due = start + (long long)i * EVERY, before, after;
    double took;
    wait_until(due);
    before = now(cpu);
    if (write(fd, request, strlen(request)) < 0 || (after = read_answer(fd)) < 0)
      return fail("no answer");
    ms[i] = (double)(now(CLOCK_MONOTONIC) - due) / 1e6;
    took = (double)(after - before) / 1e6;
    /* those that would have been due in it */
    for (took = took < 0 ? 0 : took; cpu_count < room; took -= (double)EVERY / 1e6) {
      cpu_ms[cpu_count++] = took;
      if (took <= (double)EVERY / 1e6)
        break;
    }
  }
  print_percentiles(ms, count);
  print_percentiles(cpu_ms, cpu_count);
  return 0;
}

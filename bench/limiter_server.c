/* A server that checks a rate limit: it timestamps every request, refuses those over the limit in a
** rolling window, answers the others after a random delay, and reports at the end.
** SPDX-License-Identifier: MIT
**
** limiter-server LIMIT WINDOW_MS LATENCY_MS REFUSE: prints its port (loopback), ends when its stdin
** closes, then prints one line: requests, refusals, the most in any window, requests per second, the
** bound LIMIT / (WINDOW + mean latency), and how many arrived in the window after request number
** REFUSE, which is always refused (0: none is). Keep-alive, a thread per connection; requests have no
** body. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LOG_MAX = 1000000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int64_t arrivals[LOG_MAX]; /* in order */
static int count, refused, answered, refuse;
static int64_t window, latency, latencies;
static int limit, first; /* first: the oldest arrival in the window */
static uint64_t chance = 88172645463325252u;

static int64_t now(void) {
  struct timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

/* Counts a request. Returns the delay of its answer, or -1 to refuse it. */
static int64_t count_one(void) {
  int64_t delay = -1;
  pthread_mutex_lock(&mutex);
  if (count < LOG_MAX)
    arrivals[count++] = now();
  while (arrivals[count - 1] - arrivals[first] >= window)
    first++;
  if (count - first > limit || count == refuse) {
    refused++;
  } else {
    chance ^= chance << 13; /* xorshift64 */
    chance ^= chance >> 7;
    chance ^= chance << 17;
    delay = latency > 0 ? (int64_t)(chance % (uint64_t)latency) : 0;
  }
  pthread_mutex_unlock(&mutex);
  return delay;
}

static void wait_for(int64_t delay) {
  int64_t before = now();
  struct timespec ts;
  ts.tv_sec = (time_t)(delay / 1000000000);
  ts.tv_nsec = (long)(delay % 1000000000);
  nanosleep(&ts, NULL);
  pthread_mutex_lock(&mutex);
  latencies += now() - before;
  answered++;
  pthread_mutex_unlock(&mutex);
}

static int answer(int fd) {
  int64_t delay = count_one();
  const char *status = delay < 0 ? "429 Too Many Requests" : "200 OK";
  const char *body = delay < 0 ? "{\"message\":\"Too Many Requests\"}" : "{\"value\":1}";
  char text[256];
  int len = snprintf(text, sizeof text,
                     "HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                     "\r\n%s",
                     status, strlen(body), body);
  if (delay >= 0)
    wait_for(delay);
  return send(fd, text, (size_t)len, 0) == len ? 0 : -1;
}

static void *serve(void *arg) {
  int fd = (int)(long)arg;
  char buffer[4096];
  size_t used = 0;
  for (;;) {
    ssize_t n = recv(fd, buffer + used, sizeof buffer - used - 1, 0);
    if (n <= 0)
      break;
    used += (size_t)n;
    buffer[used] = '\0';
    if (strstr(buffer, "\r\n\r\n") != NULL) {
      used = 0;
      if (answer(fd) != 0)
        break;
    }
  }
  close(fd);
  return NULL;
}

static void *accept_all(void *arg) {
  int listener = (int)(long)arg, one = 1;
  for (;;) {
    pthread_t thread;
    int fd = accept(listener, NULL, NULL);
    if (fd < 0)
      continue;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (pthread_create(&thread, NULL, serve, (void *)(long)fd) == 0)
      pthread_detach(thread);
    else
      close(fd);
  }
  return NULL;
}

static int most_in_a_window(void) {
  int i, from = 0, most = 0;
  for (i = 0; i < count; i++) {
    while (arrivals[i] - arrivals[from] >= window)
      from++;
    if (i - from + 1 > most)
      most = i - from + 1;
  }
  return most;
}

/* Over the middle 80 %: without the burst at the start and the stragglers at the end. */
static double rate(void) {
  int low = count / 10, high = count - 1 - count / 10;
  return high > low ? (high - low) / ((double)(arrivals[high] - arrivals[low]) / 1e9) : 0;
}

static int in_the_window_after_the_refusal(void) {
  int i, after = 0;
  for (i = refuse; refuse > 0 && i < count; i++)
    after += arrivals[i] - arrivals[refuse - 1] < window;
  return after;
}

int main(int argc, char **argv) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t len = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  pthread_t thread;
  char c;
  if (argc != 5)
    return 2;
  signal(SIGPIPE, SIG_IGN);
  limit = atoi(argv[1]);
  window = atoll(argv[2]) * 1000000;
  latency = atoll(argv[3]) * 1000000;
  refuse = atoi(argv[4]);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(listener, 512) != 0 || getsockname(listener, (struct sockaddr *)&address, &len) != 0)
    return 1;
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  if (pthread_create(&thread, NULL, accept_all, (void *)(long)listener) != 0)
    return 1;
  while (read(0, &c, 1) > 0)
    ;
  pthread_mutex_lock(&mutex);
  printf("%d %d %d %.2f %.2f %d\n", count, refused, most_in_a_window(), rate(),
         limit / ((double)window / 1e9 + (answered > 0 ? (double)latencies / answered / 1e9 : 0)),
         in_the_window_after_the_refusal());
  return 0;
}

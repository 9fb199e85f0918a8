/* A server for benchmarks: sends the same answer to every request, at once or after a latency.
** SPDX-License-Identifier: MIT
**
** bench-server BODY-FILE [MILLISECONDS]: serves the file as JSON on a free loopback port, prints the port, exits
** when its stdin closes. A thread per connection, keep-alive. It only looks for the blank line that ends
** a request (requests have no body). If the file has "next":"0000000", the number is that of the request, plus
** one: pages of a walk by cursor, for one client at a time. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char *answer;
static size_t answer_len;
static struct timespec latency;
static char *cursor; /* seven digits in `answer`; NULL: it has none */

static void load(const char *path) {
  FILE *file = fopen(path, "rb");
  long size;
  int head;
  if (file == NULL || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
    exit(1);
  rewind(file);
  answer = malloc((size_t)size + 512);
  if (answer == NULL)
    exit(1);
  head = sprintf(
      answer,
      "HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Tue, 24 Nov 2026 00:00:00 GMT\r\n"
      "Content-Type: application/json\r\nContent-Length: %ld\r\nCache-Control: no-cache\r\n\r\n",
      size);
  if (fread(answer + head, 1, (size_t)size, file) != (size_t)size)
    exit(1);
  answer_len = (size_t)head + (size_t)size;
  answer[answer_len] = '\0';
  cursor = strstr(answer, "\"next\":\"0000000\"");
  if (cursor != NULL)
    cursor += strlen("\"next\":\"");
  fclose(file);
}

static void set_cursor(const char *request) {
  const char *given = strstr(request, "next=");
  char text[16];
  snprintf(text, sizeof text, "%07ld", 1 + (given != NULL ? strtol(given + 5, NULL, 10) : 0));
  memcpy(cursor, text, 7);
}

static int send_all(int fd) {
  size_t done = 0;
  while (done < answer_len) {
    ssize_t n = send(fd, answer + done, answer_len - done, 0);
    if (n <= 0)
      return -1;
    done += (size_t)n;
  }
  return 0;
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
      if (cursor != NULL)
        set_cursor(buffer);
      if (latency.tv_nsec > 0)
        nanosleep(&latency, NULL);
      if (send_all(fd) != 0)
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

int main(int argc, char **argv) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t len = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  pthread_t thread;
  char c;
  if (argc != 2 && argc != 3)
    return 2;
  if (argc == 3)
    latency.tv_nsec = atol(argv[2]) * 1000000;
  signal(SIGPIPE, SIG_IGN);
  load(argv[1]);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(listener, 64) != 0 || getsockname(listener, (struct sockaddr *)&address, &len) != 0)
    return 1;
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  if (pthread_create(&thread, NULL, accept_all, (void *)(long)listener) != 0)
    return 1;
  while (read(0, &c, 1) > 0)
    ;
  return 0;
}

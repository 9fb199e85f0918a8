/* Forks, and the descriptors that a child must not keep.
** SPDX-License-Identifier: MIT */
#include "http/sr_fork.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/sockios.h>
#endif

static atomic_uint forks;

/* A descriptor, and what it led to: nobody's descriptor is closed because it has an old number. */
struct entry {
  int fd;
  dev_t device;
  ino_t inode;
};

static struct {
  pthread_mutex_t lock;
  struct entry *entries;
  size_t count, size;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void before_fork(void) {
  pthread_mutex_lock(&table.lock);
}

static void after_fork_in_parent(void) {
  pthread_mutex_unlock(&table.lock);
}

/* Only what is safe in a signal handler: another thread may have been inside malloc. */
static void after_fork_in_child(void) {
  size_t i;
  for (i = 0; i < table.count; i++) {
    const struct entry *entry = &table.entries[i];
    struct stat st;
    if (fstat(entry->fd, &st) == 0 && st.st_dev == entry->device && st.st_ino == entry->inode)
      close(entry->fd);
  }
  table.count = 0;
  atomic_fetch_add(&forks, 1);
  pthread_mutex_unlock(&table.lock);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int watching;

static void watch(void) {
  watching = pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

int sr_fork_watch(void) {
  pthread_once(&once, watch);
  return watching;
}

unsigned sr_fork_count(void) {
  return atomic_load(&forks);
}

/* ---- the table. Under the lock. ---- */

/* 0, or -1 when memory ran out. */
static int add(int fd) {
  struct stat st;
  if (table.count == table.size) {
    size_t size = table.size == 0 ? 16 : 2 * table.size;
    struct entry *larger = realloc(table.entries, size * sizeof *larger);
    if (larger == NULL)
      return -1;
    table.entries = larger;
    table.size = size;
  }
  if (fstat(fd, &st) != 0)
    return -1;
  table.entries[table.count].fd = fd;
  table.entries[table.count].device = st.st_dev;
  table.entries[table.count].inode = st.st_ino;
  table.count++;
  return 0;
}

/* The newest first: connections that live long are at the beginning. */
static void drop(int fd) {
  size_t i;
  for (i = table.count; i > 0; i--)
    if (table.entries[i - 1].fd == fd) {
      table.entries[i - 1] = table.entries[--table.count];
      return;
    }
}

int sr_fork_socket(int family, int type, int protocol) {
  int fd;
  pthread_mutex_lock(&table.lock);
#ifdef SOCK_CLOEXEC
  fd = socket(family, type | SOCK_CLOEXEC, protocol);
#else
  fd = socket(family, type, protocol);
  if (fd >= 0)
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
#endif
  if (fd >= 0 && add(fd) != 0) {
    close(fd);
    fd = -1;
  }
  pthread_mutex_unlock(&table.lock);
  return fd;
}

void sr_fork_close(int fd) {
  pthread_mutex_lock(&table.lock);
  drop(fd);
  close(fd);
  pthread_mutex_unlock(&table.lock);
}

/* ---- libcurl's own descriptors ---- */

/* How far above the lowest free descriptor they are looked for: other threads open some meanwhile. */
enum { NEAR = 16 };

/* Whether something that was sent from this end, or to it, has not been read. */
static int is_filled(int fd) {
  struct pollfd poll_fd = {fd, POLLIN, 0};
  int count = 0;
#ifdef SIOCOUTQ
  if (ioctl(fd, SIOCOUTQ, &count) == 0 && count > 0)
    return 1;
#endif
  return (ioctl(fd, FIONREAD, &count) == 0 && count > 0) ||
         (poll(&poll_fd, 1, 0) == 1 && (poll_fd.revents & POLLIN));
}

/* Whether each wake-up fills it and each poll empties it. */
static int is_waker(CURLM *multi, int fd) {
  int turn, filled = 1;
  for (turn = 0; turn < 3 && filled && !is_filled(fd); turn++) {
    curl_multi_wakeup(multi);
    filled = is_filled(fd);
    curl_multi_poll(multi, NULL, 0, 0, NULL);
  }
  return turn == 3 && filled && !is_filled(fd);
}

CURLM *sr_fork_multi(struct sr_wakers *wakers) {
  int fd, count = 0, lowest = sr_fork_socket(AF_UNIX, SOCK_STREAM, 0);
  CURLM *multi;
  wakers->fds[0] = wakers->fds[1] = -1;
  if (lowest >= 0)
    sr_fork_close(lowest);
  multi = curl_multi_init();
  if (multi == NULL || lowest < 0)
    return multi;
  for (fd = lowest; fd < lowest + NEAR && count < SR_WAKERS; fd++)
    if (is_waker(multi, fd)) {
      pthread_mutex_lock(&table.lock);
      if (add(fd) == 0)
        wakers->fds[count++] = fd;
      pthread_mutex_unlock(&table.lock);
    }
  return multi;
}

void sr_fork_multi_cleanup(CURLM *multi, struct sr_wakers *wakers) {
  int i;
  if (multi == NULL)
    return;
  pthread_mutex_lock(&table.lock);
  for (i = 0; i < SR_WAKERS; i++)
    drop(wakers->fds[i]);
  pthread_mutex_unlock(&table.lock);
  wakers->fds[0] = wakers->fds[1] = -1;
  curl_multi_cleanup(
      multi); /* a child forked before this line keeps them: nobody waits for their end */
}

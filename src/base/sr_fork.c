/* Counts forks, and closes descriptors that a child must not keep.
** SPDX-License-Identifier: MIT */
#include "base/sr_fork.h"

#include "base/sr_fd.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static atomic_uint forks;

/* A descriptor and the file it refers to: its number may be another file's by the time of a fork. */
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

/* Calls async-signal-safe functions only: another thread may have been inside malloc. */
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

/* ---- the table; the caller holds the lock ---- */

/* 0, or -1 when memory ran out. */
static int table_add(int fd) {
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

/* Searches from the newest entry: connections that live long are at the beginning. */
static void table_remove(int fd) {
  size_t i;
  for (i = table.count; i > 0; i--)
    if (table.entries[i - 1].fd == fd) {
      table.entries[i - 1] = table.entries[--table.count];
      return;
    }
}

/* ---- public ---- */

/* Lists a descriptor that was opened under the lock, if it was, and releases the lock. */
static int list_opened(int fd) {
  if (fd >= 0 && table_add(fd) != 0)
    sr_fd_close(&fd);
  pthread_mutex_unlock(&table.lock);
  return fd;
}

int sr_fork_socket(int family, int type, int protocol) {
  pthread_mutex_lock(&table.lock);
  return list_opened(sr_fd_socket(family, type, protocol));
}

int sr_fork_accept(int listener) {
  pthread_mutex_lock(&table.lock);
  return list_opened(sr_fd_accept(listener));
}

int sr_fork_open(const char *path, int flags) {
  pthread_mutex_lock(&table.lock);
  return list_opened(open(path, flags | O_CLOEXEC));
}

void sr_fork_close(int fd) {
  pthread_mutex_lock(&table.lock);
  table_remove(fd);
  close(fd);
  pthread_mutex_unlock(&table.lock);
}

int sr_fork_add(int fd) {
  int added;
  pthread_mutex_lock(&table.lock);
  added = table_add(fd);
  pthread_mutex_unlock(&table.lock);
  return added;
}

void sr_fork_remove(int fd) {
  pthread_mutex_lock(&table.lock);
  table_remove(fd);
  pthread_mutex_unlock(&table.lock);
}

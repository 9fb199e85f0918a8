/* The slots of a limit in a mapped file.
** SPDX-License-Identifier: MIT */
#include "limit/sr_share.h"

#include "base/sr_fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAGIC "srlimit1"

/* Tests run another process's steps at these points. */
#ifndef SR_FAULT
#define SR_FAULT(point) ((void)0)
#endif

/* What the file holds, in the machine's own byte order: it never leaves the machine. */
struct page {
  char magic[8];
  uint64_t name;
  char key_hint[16];
  char base_url[192]; /* cut off when longer */
  _Atomic int64_t rate_slots, rate_window;
  struct sr_limit limit;
};

enum { FILE_SIZE = 4096, PATH_SIZE = 512 };

/* A file of this machine's own address goes when it was not used for this long. */
#define LOOPBACK_UNUSED (600 * SR_SECOND)

/* How many files of others are looked at when a process removes what is of no use. */
enum { SWEEP_MAX = 256 };

/* How often to try a file again that somebody else is removing, and after how many nanoseconds. */
enum { OPEN_TRIES = 20 };
#define OPEN_PAUSE 50000

/* Temporary files that are older were left by processes that were killed. */
enum { TEMPORARY_MAX_S = 60 };
#define TEMPORARY ".new-"

_Static_assert(sizeof(struct page) <= FILE_SIZE, "the file is one page");

struct sr_share {
  struct page *page;
  int group; /* as in sr_share_place */
  dev_t device;
  ino_t inode;
  char path[PATH_SIZE];
};

static void *report(char *problem, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void *report(char *problem, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(problem, SR_SHARE_PROBLEM, format, args);
  va_end(args);
  return NULL;
}

static void *report_errno(char *problem, const char *what) {
  char text[SR_ERRNO_TEXT];
  return report(problem, "%.80s: %s", what, sr_errno_text(errno, text));
}

/* ---- names ---- */

/*
** 32 bits that differ from boot to boot; 0 and errno where the system has none. (A random number would
** give the programs of one boot different files.)
*/
static unsigned boot_of_machine(void) {
  char id[64];
  unsigned hash = 2166136261U;
  ssize_t len, i;
  int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return 0;
  len = read(fd, id, sizeof id);
  if (len <= 0) {
    int problem = len == 0 ? EIO : errno;
    close(fd);
    errno = problem;
    return 0;
  }
  close(fd);
  for (i = 0; i < len; i++)
    hash = (hash ^ (unsigned char)id[i]) * 16777619U;
  return hash != 0 ? hash : 1;
}

/* "0123456789abcdef-01234567.limit" */
enum { NAME_SIZE = 16 + 1 + 8 + 6 + 1 };

static void make_name(char out[NAME_SIZE], uint64_t name, unsigned boot) {
  snprintf(out, NAME_SIZE, "%016llx-%08x.limit", (unsigned long long)name, boot);
}

/* The opposite of make_name. 0: it is not a name of ours. */
static int parse_name(const char *text, uint64_t *name, unsigned *boot) {
  char again[NAME_SIZE], *end;
  *name = strtoull(text, &end, 16);
  if (end != text + 16 || *end != '-')
    return 0;
  *boot = (unsigned)strtoul(end + 1, NULL, 16);
  make_name(again, *name, *boot);
  return strcmp(again, text) == 0;
}

/* ---- the directory ---- */

/*
** Opens the directory, if only its owner (or group) can put anything into it; else -1 and `problem`.
** `make`: makes it if it is missing.
*/
static int open_dir(const char *path, int group, int make, char *problem) {
  struct stat st;
  int fd;
  if (make && mkdir(path, 0700) != 0 && errno != EEXIST) {
    char text[SR_ERRNO_TEXT];
    report(problem, "%.80s: can't be made: %s", path, sr_errno_text(errno, text));
    return -1;
  }
  fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) {
    if (errno == ELOOP || errno == ENOTDIR)
      report(problem, "%.80s: is not a directory (links are not followed)", path);
    else
      report_errno(problem, path);
    return -1;
  }
  if (fstat(fd, &st) != 0) {
    report_errno(problem, path);
  } else if (!group && st.st_uid != geteuid()) {
    report(problem, "%.80s: belongs to another user", path);
  } else if (st.st_mode & (group ? 0002 : 0022)) {
    report(problem, "%.80s: others can write to it: chmod %s", path, group ? "o-w" : "go-w");
  } else {
    return fd;
  }
  close(fd);
  return -1;
}

/* The environment, as last read. Never changed or freed: another thread may be reading it. */
struct environment {
  const struct environment *before;
  char runtime_dir[PATH_SIZE], tmpdir[PATH_SIZE]; /* "": no path, or one that is too long */
};
static const struct environment empty;
static _Atomic(const struct environment *) environment;

static void note_path(char out[PATH_SIZE], const char *name) {
  const char *value = getenv(name);
  if (value != NULL && value[0] == '/' && strlen(value) < PATH_SIZE)
    memcpy(out, value, strlen(value) + 1);
}

void sr_share_environment(void) {
  const struct environment *known = atomic_load(&environment);
  struct environment now = {0}, *copy;
  note_path(now.runtime_dir, "XDG_RUNTIME_DIR");
  note_path(now.tmpdir, "TMPDIR");
  if (known != NULL && strcmp(known->runtime_dir, now.runtime_dir) == 0 &&
      strcmp(known->tmpdir, now.tmpdir) == 0)
    return;
  copy = malloc(sizeof *copy);
  if (copy == NULL)
    return;
  *copy = now;
  copy->before = known;
  atomic_store(&environment, copy);
}

/* The directories to try when none is named, best first. 0: this one does not exist here. */
static int candidate(int which, char out[PATH_SIZE]) {
  const struct environment *known = atomic_load(&environment);
  int len;
  if (known == NULL)
    known = &empty;
  switch (which) {
  case 0: /* unlike $XDG_RUNTIME_DIR, the same for a user's login, cron jobs and services */
    if (access("/dev/shm", W_OK | X_OK) != 0)
      return 0;
    len = snprintf(out, PATH_SIZE, "/dev/shm/seranking-%lu", (unsigned long)geteuid());
    break;
  case 1:
    if (known->runtime_dir[0] == '\0')
      return 0;
    len = snprintf(out, PATH_SIZE, "%s/seranking", known->runtime_dir);
    break;
  default:
    len = snprintf(out, PATH_SIZE, "%s/seranking-%lu",
                   known->tmpdir[0] != '\0' ? known->tmpdir : "/tmp", (unsigned long)geteuid());
  }
  return len > 0 && len < PATH_SIZE;
}

/* Opens the directory and writes its path to `out`. -1 and `problem`. */
static int find_dir(const struct sr_share_place *place, int make, char out[PATH_SIZE],
                    char *problem) {
  char first[SR_SHARE_PROBLEM] = "", why[SR_SHARE_PROBLEM];
  int which, fd;
  if (place->dir != NULL) {
    if (strlen(place->dir) >= PATH_SIZE - NAME_SIZE) {
      report(problem, "state_dir: the path is too long");
      return -1;
    }
    memcpy(out, place->dir, strlen(place->dir) + 1);
    problem[0] = '\0';
    return open_dir(out, place->group, make && !place->group, problem);
  }
  for (which = 0; which < 3; which++) {
    if (!candidate(which, out) || strlen(out) >= PATH_SIZE - NAME_SIZE)
      continue;
    fd = open_dir(out, 0, make, why);
    if (fd >= 0) { /* `problem`: other programs may be able to use the better one */
      report(problem, "%s", first);
      return fd;
    }
    if (first[0] == '\0')
      memcpy(first, why, sizeof first);
  }
  report(problem, "%s", first[0] != '\0' ? first : "no directory to keep it in");
  return -1;
}

/* ---- the file ---- */

/*
** A new file under a name that nobody else takes, not even a process of the same number in another
** container. A kill leaves it behind: sr_share_sweep removes it. -1 and errno.
*/
static int make_temporary(int dir, char *name, size_t size) {
  int fd, tries = 0;
  do {
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    snprintf(name, size, TEMPORARY "%ld-%lx-%lx", (long)getpid(), (long)ts.tv_sec, ts.tv_nsec);
    fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  } while (fd < 0 && errno == EEXIST && ++tries < 100);
  return fd;
}

/* Makes a complete file and links it to its name, unless another process was faster. 0, or -1 and errno. */
static int make_file(int dir, const char *name, int group, const struct sr_limit_identity *who) {
  char temporary[64];
  struct page *page;
  struct stat st;
  int failed = -1, problem, fd = make_temporary(dir, temporary, sizeof temporary);
  if (fd < 0)
    return -1;
  page = calloc(1, FILE_SIZE);
  if (page != NULL) {
    memcpy(page->magic, MAGIC, sizeof page->magic);
    page->name = who->name;
    snprintf(page->key_hint, sizeof page->key_hint, "%s", who->key_hint);
    snprintf(page->base_url, sizeof page->base_url, "%s", who->base_url);
    errno = ENOSPC; /* if less is written, the disk is full */
    failed = pwrite(fd, page, FILE_SIZE, 0) != FILE_SIZE ||
             (group && (fstat(dir, &st) != 0 || fchown(fd, (uid_t)-1, st.st_gid) != 0)) ||
             fchmod(fd, group ? 0660 : 0600) != 0; /* whatever the umask is */
    SR_FAULT("written");
    failed = failed || (linkat(dir, temporary, dir, name, 0) != 0 && errno != EEXIST);
  }
  problem = errno;
  free(page);
  close(fd);
  unlinkat(dir, temporary, 0);
  errno = problem;
  return failed ? -1 : 0;
}

/* NULL, or why a file must not be used. `of_dir`: its directory. */
static const char *wrong_with(const struct stat *st, const struct stat *of_dir, int group) {
  if (!S_ISREG(st->st_mode))
    return "is not a file";
  if (!group && st->st_uid != geteuid())
    return "belongs to another user";
  if (group && st->st_gid != of_dir->st_gid)
    return "belongs to another group than its directory";
  if (st->st_mode & (group ? 0002 : 0022))
    return "others can write to it";
  if (st->st_size != FILE_SIZE)
    return "is damaged (not one page long): remove it while no program uses the key";
  return NULL;
}

/* NULL and `problem`, or NULL, `problem` NULL and errno. */
static struct page *map_file(int fd, uint64_t name, const char **problem) {
  struct page *page = mmap(NULL, FILE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  *problem = NULL;
  if (page == MAP_FAILED)
    return NULL;
  if (memcmp(page->magic, MAGIC, sizeof page->magic) == 0 && page->name == name)
    return page;
  *problem = "is not a file of ours, or of another version: remove it while no program uses the "
             "key";
  munmap(page, FILE_SIZE);
  return NULL;
}

/* Opens an existing file. -1, errno 0 and `problem`; or -1, `problem` NULL and errno. */
static int open_file(int dir, const char *name, int group, struct stat *st, const char **problem) {
  struct stat of_dir;
  int failed = 0, fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  *problem = NULL;
  if (fd < 0)
    return -1;
  if (fstat(fd, st) != 0 || fstat(dir, &of_dir) != 0)
    failed = errno;
  else
    *problem = wrong_with(st, &of_dir, group);
  if (failed == 0 && *problem == NULL)
    return fd;
  close(fd);
  errno = failed;
  return -1;
}

/* ---- removing it ---- */

static int is_at(int dir, const char *name, const struct stat *file) {
  struct stat st;
  return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_dev == file->st_dev &&
         st.st_ino == file->st_ino;
}

/* Whether it is the limit of a server on this machine, as tests and the fake API have them. */
static int is_of_loopback(const struct page *page) {
  static const char *const hosts[] = {"http://127.", "http://localhost", "http://[::1]"};
  size_t i;
  for (i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
    if (strncmp(page->base_url, hosts[i], strlen(hosts[i])) == 0)
      return 1;
  return 0;
}

/*
** Removes the name if it still leads to `file`. The directory's lock makes that one step: the name may be
** that of the file's successor a moment later. Where directories can't be locked it goes on without.
*/
static int unlink_file(int dir, const char *name, const struct stat *file) {
  int removed;
  if (flock(dir, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    return 0;
  removed = is_at(dir, name, file);
  SR_FAULT("checked");
  removed = removed && unlinkat(dir, name, 0) == 0;
  (void)flock(dir, LOCK_UN);
  return removed;
}

/*
** Removes the file if it is as good as new, or belongs to a loopback address and was not used since
** `unused_since`. Retires the block before: no process that has it mapped gets a slot of it afterwards.
*/
static int remove_file(int dir, const char *name, int fd, struct page *page, sr_time now,
                       sr_time unused_since) {
  struct stat st;
  /* one process at a time retires a block; the lock ends with the descriptor */
  if (fstat(fd, &st) != 0 || flock(fd, LOCK_EX | LOCK_NB) != 0 || !is_at(dir, name, &st))
    return 0;
  SR_FAULT("locked");
  if (!sr_limit_retire(&page->limit, now, 0) &&
      !(is_of_loopback(page) && sr_limit_retire(&page->limit, unused_since, 1)))
    return 0;
  SR_FAULT("retired");
  return unlink_file(dir, name, &st);
}

/* ---- opening it ---- */

/* Opens or makes the file and maps it. `*fd` stays open. NULL and `wrong`, or NULL and errno. */
static struct page *open_page(int dir, const char *name, int group,
                              const struct sr_limit_identity *who, int *fd, struct stat *st,
                              const char **wrong) {
  struct page *page;
  *fd = open_file(dir, name, group, st, wrong);
  if (*fd < 0 && errno == ENOENT && make_file(dir, name, group, who) == 0)
    *fd = open_file(dir, name, group, st, wrong);
  if (*fd < 0)
    return NULL;
  page = map_file(*fd, who->name, wrong);
  if (page == NULL) {
    int problem = errno;
    close(*fd);
    errno = problem;
  }
  return page;
}

/*
** The page of the file. One whose block has moved is being removed, or its remover died or is stopped, or
** it is damaged: removes it, and merges what it says into the next one.
*/
static struct page *open_live_page(int dir, const char *name, int group,
                                   const struct sr_limit_identity *who, struct stat *st,
                                   const char **wrong) {
  static const struct timespec pause = {0, OPEN_PAUSE};
  struct page *page, *left = NULL;
  int fd, tries;
  for (tries = 0; (page = open_page(dir, name, group, who, &fd, st, wrong)) != NULL; tries++) {
    int removed = 0;
    SR_FAULT("opened");
    if (sr_limit_moved(&page->limit) && tries < OPEN_TRIES)
      removed = unlink_file(dir, name, st);
    else
      tries = OPEN_TRIES;
    close(fd);
    if (tries == OPEN_TRIES)
      break;
    if (removed && left == NULL)
      left = page;
    else
      munmap(page, FILE_SIZE);
    if (!removed)
      nanosleep(&pause, NULL); /* another process is at it */
  }
  if (left != NULL) {
    if (page != NULL)
      sr_limit_merge(&page->limit, &left->limit);
    munmap(left, FILE_SIZE);
  }
  return page;
}

struct sr_share *sr_share_open(const struct sr_share_place *place,
                               const struct sr_limit_identity *identity, char *problem) {
  struct sr_share *share = calloc(1, sizeof *share);
  const char *wrong = NULL;
  char name[NAME_SIZE], text[SR_ERRNO_TEXT];
  struct stat st;
  unsigned boot;
  int dir;
  if (share == NULL)
    return report(problem, "memory ran out");
  dir = find_dir(place, 1, share->path, problem);
  if (dir < 0) {
    free(share);
    return NULL;
  }
  boot = boot_of_machine();
  if (boot == 0) {
    report(problem,
           "/proc/sys/kernel/random/boot_id: %s; without it, files can't be told from those of an "
           "earlier boot",
           sr_errno_text(errno, text));
    close(dir);
    free(share);
    return NULL;
  }
  make_name(name, identity->name, boot);
  share->page = open_live_page(dir, name, place->group, identity, &st, &wrong);
  if (share->page == NULL && wrong == NULL)
    wrong = errno == ELOOP ? "is a link" : sr_errno_text(errno, text);
  close(dir);
  if (share->page != NULL) {
    size_t len = strlen(share->path);
    snprintf(share->path + len, PATH_SIZE - len, "/%s", name);
    share->group = place->group;
    share->device = st.st_dev;
    share->inode = st.st_ino;
    return share;
  }
  report(problem, "%.60s/%s: %s", share->path, name, wrong);
  free(share);
  return NULL;
}

/* A descriptor of the file's directory, -1 and errno; `name` is set to the file's name in it. */
static int dir_of(const struct sr_share *share, const char **name) {
  char path[PATH_SIZE];
  const char *slash = strrchr(share->path, '/');
  *name = slash + 1;
  snprintf(path, sizeof path, "%.*s", (int)(slash - share->path), share->path);
  return open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int sr_share_remove(struct sr_share *share, sr_time now) {
  struct stat st;
  const char *name;
  int removed = 0, dir = dir_of(share, &name), fd = -1;
  if (dir >= 0)
    fd = openat(dir, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (fd >= 0)
    removed = fstat(fd, &st) == 0 && st.st_dev == share->device && st.st_ino == share->inode &&
              remove_file(dir, name, fd, share->page, now, now - LOOPBACK_UNUSED);
  sr_fd_close(&fd);
  sr_fd_close(&dir);
  return removed;
}

void sr_share_close(struct sr_share *share) {
  if (share == NULL)
    return;
  munmap(share->page, FILE_SIZE);
  free(share);
}

struct sr_limit *sr_share_limit(struct sr_share *share) {
  return &share->page->limit;
}

const char *sr_share_path(const struct sr_share *share) {
  return share->path;
}

int sr_share_current(const struct sr_share *share) {
  struct stat st;
  return lstat(share->path, &st) == 0 && st.st_dev == share->device && st.st_ino == share->inode &&
         st.st_size == FILE_SIZE;
}

void sr_share_note(struct sr_share *share, const struct sr_rate *rate) {
  if (atomic_load(&share->page->rate_slots) != rate->slots)
    atomic_store(&share->page->rate_slots, rate->slots);
  if (atomic_load(&share->page->rate_window) != rate->window)
    atomic_store(&share->page->rate_window, rate->window);
}

/* ---- all files of a directory ---- */

/* closedir leaves `dir` open. NULL and errno. */
static DIR *list_dir(int dir) {
  int copy = sr_fd_dup(dir);
  DIR *stream = copy >= 0 ? fdopendir(copy) : NULL;
  if (stream == NULL && copy >= 0)
    close(copy);
  return stream;
}

/* Opens and maps a file of ours of this boot. NULL: it is not one, or can't be used. */
static struct page *open_other(int dir, const char *file, int group, unsigned boot, int *fd) {
  const char *problem;
  struct page *page;
  struct stat st;
  uint64_t name;
  unsigned of_boot;
  if (!parse_name(file, &name, &of_boot) || of_boot != boot)
    return NULL;
  *fd = open_file(dir, file, group, &st, &problem);
  if (*fd < 0)
    return NULL;
  page = map_file(*fd, name, &problem);
  if (page == NULL)
    close(*fd);
  return page;
}

static void remove_temporary(int dir, const char *file) {
  struct stat st;
  struct timespec wall;
  clock_gettime(CLOCK_REALTIME, &wall);
  if (fstatat(dir, file, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
      wall.tv_sec - st.st_mtime > TEMPORARY_MAX_S)
    unlinkat(dir, file, 0);
}

/* A file that a sweep comes by. */
static void sweep_file(int dir, const char *file, int group, unsigned boot, sr_time now) {
  struct page *page;
  int fd;
  if (strncmp(file, TEMPORARY, sizeof TEMPORARY - 1) == 0)
    remove_temporary(dir, file);
  page = open_other(dir, file, group, boot, &fd);
  if (page == NULL)
    return;
  remove_file(dir, file, fd, page, now, now - LOOPBACK_UNUSED);
  munmap(page, FILE_SIZE);
  close(fd);
}

void sr_share_sweep(struct sr_share *share, sr_time now) {
  static atomic_uint begin; /* how many files to skip: the last sweep has looked at these */
  unsigned boot = boot_of_machine(), skip = atomic_load(&begin), seen = 0;
  const char *own;
  int dir = dir_of(share, &own);
  DIR *stream = dir >= 0 ? list_dir(dir) : NULL;
  struct dirent *found = NULL;
  while (stream != NULL && seen < skip + SWEEP_MAX && (found = readdir(stream)) != NULL)
    if (seen++ >= skip && strcmp(found->d_name, own) != 0)
      sweep_file(dir, found->d_name, share->group, boot, now);
  atomic_store(&begin, found != NULL ? seen : 0);
  if (stream != NULL)
    closedir(stream);
  sr_fd_close(&dir);
}

/* Copies what a file says. */
static void read_page(struct sr_share_entry *entry, struct page *page, unsigned boot, sr_time now,
                      const char *reset) {
  struct sr_rate rate;
  rate.slots = (int)atomic_load(&page->rate_slots);
  rate.window = atomic_load(&page->rate_window);
  memcpy(entry->key_hint, page->key_hint, sizeof entry->key_hint);
  memcpy(entry->base_url, page->base_url, sizeof entry->base_url);
  entry->key_hint[sizeof entry->key_hint - 1] = entry->base_url[sizeof entry->base_url - 1] = '\0';
  if (boot != boot_of_machine()) {
    snprintf(entry->problem, sizeof entry->problem,
             "is from an earlier boot: it can be removed (seranking limits prune)");
    return;
  }
  if (rate.slots > 0 && rate.slots <= SR_LIMIT_SLOTS && rate.window > 0 &&
      rate.window <= 86400 * SR_SECOND)
    entry->view.rate = rate;
  if (reset != NULL && strcmp(entry->name, reset) == 0)
    sr_limit_reset(&page->limit);
  sr_limit_view(&page->limit, now, &entry->view);
}

/* What sr_share_list_init does with each file. */
struct visit {
  int dir, group;
  sr_time now;
  const char *reset;
  int prune;
};

/* `name` and `boot` are those in the file's name. */
static void visit_file(struct sr_share_entry *entry, const char *file, uint64_t name, unsigned boot,
                       const struct visit *visit) {
  char text[SR_ERRNO_TEXT];
  const char *problem = NULL;
  struct page *page;
  struct stat st;
  int fd;
  snprintf(entry->name, sizeof entry->name, "%016llx", (unsigned long long)name);
  fd = open_file(visit->dir, file, visit->group, &st, &problem);
  if (fd < 0) {
    snprintf(entry->problem, sizeof entry->problem, "%s",
             problem != NULL ? problem : sr_errno_text(errno, text));
    return;
  }
  page = map_file(fd, name, &problem);
  if (page == NULL) {
    snprintf(entry->problem, sizeof entry->problem, "%s",
             problem != NULL ? problem : sr_errno_text(errno, text));
    close(fd);
    return;
  }
  read_page(entry, page, boot, visit->now, visit->reset);
  if (visit->prune && boot != boot_of_machine())
    entry->removed = unlinkat(visit->dir, file, 0) == 0;
  else if (visit->prune)
    entry->removed = remove_file(visit->dir, file, fd, page, visit->now, visit->now);
  close(fd);
  munmap(page, FILE_SIZE);
}

/* Adds a zeroed entry. NULL when memory ran out. */
static struct sr_share_entry *add_entry(struct sr_share_list *list) {
  struct sr_share_entry *more =
      realloc(list->entries, (size_t)(list->count + 1) * sizeof list->entries[0]);
  if (more == NULL)
    return NULL;
  list->entries = more;
  return memset(&more[list->count++], 0, sizeof *more);
}

static int read_dir(struct sr_share_list *list, const struct visit *visit, char *problem) {
  struct dirent *found;
  int result = 0;
  DIR *stream = list_dir(visit->dir);
  if (stream == NULL) {
    report_errno(problem, list->dir);
    return -1;
  }
  while ((found = readdir(stream)) != NULL) {
    struct sr_share_entry *entry;
    uint64_t name;
    unsigned boot;
    if (!parse_name(found->d_name, &name, &boot))
      continue;
    entry = add_entry(list);
    if (entry == NULL) {
      report(problem, "memory ran out");
      result = -1;
      break;
    }
    snprintf(entry->path, sizeof entry->path, "%.470s/%.40s", list->dir, found->d_name);
    visit_file(entry, found->d_name, name, boot, visit);
  }
  closedir(stream);
  return result;
}

int sr_share_list_init(struct sr_share_list *list, const struct sr_share_place *place, sr_time now,
                       const char *reset, int prune, char *problem) {
  struct visit visit = {0, place->group, now, reset, prune};
  int result;
  memset(list, 0, sizeof *list);
  visit.dir = find_dir(place, 0, list->dir, problem);
  if (visit.dir < 0)
    return -1;
  result = read_dir(list, &visit, problem);
  close(visit.dir);
  return result;
}

void sr_share_list_fini(struct sr_share_list *list) {
  free(list->entries);
  memset(list, 0, sizeof *list);
}

/* The private unix socket on which the worker thread accepts connections of its own process.
** SPDX-License-Identifier: MIT */
#include "worker/sr_listener.h"

#include "base/sr_base.h"
#include "base/sr_fd.h"
#include "base/sr_fork.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Connections that may wait to be accepted. connect() of one more fails with EAGAIN. */
enum { BACKLOG = 4096 };

/* The names of the socket and, but for the process and something random, of its folder. */
#define SOCKET_NAME   "/s"
#define FOLDER_PREFIX "seranking-"
enum { FOLDER_MAX = SR_LISTENER_PATH - sizeof SOCKET_NAME };

static void close_listed(int *fd) {
  if (*fd >= 0)
    sr_fork_close(*fd);
  *fd = -1;
}

/* ---- addresses ---- */

static void fill_address(struct sockaddr_un *address, const char *path) {
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, path, strlen(path) + 1);
}

/* -1 and errno. */
static int listen_at(const char *path) {
  struct sockaddr_un address;
  int fd = sr_fork_socket(AF_UNIX, SOCK_STREAM, 0), problem;
  fill_address(&address, path);
  if (fd >= 0 && sr_fd_set_nonblocking(fd) == 0 &&
      bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 && listen(fd, BACKLOG) == 0)
    return fd;
  problem = errno;
  close_listed(&fd);
  errno = problem;
  return -1;
}

/* Whether no process listens at a name any more. */
static int is_abandoned(const char *path) {
  struct sockaddr_un address;
  int fd = sr_fd_socket(AF_UNIX, SOCK_STREAM, 0), abandoned;
  fill_address(&address, path);
  abandoned = fd >= 0 && sr_fd_set_nonblocking(fd) == 0 &&
              connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 &&
              errno == ECONNREFUSED;
  sr_fd_close(&fd);
  return abandoned;
}

/* ---- the folder and the name ---- */

/* Removes the names that killed processes have left in `base`. `own` is not one of them. */
static void sweep(const char *base, const char *own) {
  DIR *directory = opendir(base);
  struct dirent *entry;
  while (directory != NULL && (entry = readdir(directory)) != NULL) {
    char folder[SR_LISTENER_PATH], path[SR_LISTENER_PATH];
    struct stat about;
    if (strncmp(entry->d_name, FOLDER_PREFIX, sizeof FOLDER_PREFIX - 1) != 0 ||
        (size_t)snprintf(folder, sizeof folder, "%s/%s", base, entry->d_name) >= sizeof folder ||
        (size_t)snprintf(path, sizeof path, "%s" SOCKET_NAME, folder) >= sizeof path ||
        strcmp(folder, own) == 0 || lstat(folder, &about) != 0 || !S_ISDIR(about.st_mode) ||
        about.st_uid != geteuid() || !is_abandoned(path))
      continue;
    unlink(path);
    rmdir(folder);
  }
  if (directory != NULL)
    closedir(directory);
}

static void remove_folder(struct sr_listener *listener) {
  char path[SR_LISTENER_PATH + sizeof SOCKET_NAME];
  if (listener->folder[0] == '\0')
    return;
  snprintf(path, sizeof path, "%s" SOCKET_NAME, listener->folder);
  unlink(path);
  rmdir(listener->folder);
  listener->folder[0] = '\0';
}

/*
** Removes the name and keeps a descriptor of it, if there is a /proc to reach it by. 0, or -1 and
** errno.
*/
static int unlink_name(struct sr_listener *listener) {
#if SR_LINUX
  char path[SR_LISTENER_PATH];
  listener->name_fd = sr_fork_open(listener->path, O_PATH);
  if (listener->name_fd < 0)
    return -1;
  snprintf(path, sizeof path, "/proc/self/fd/%d", listener->name_fd);
  if (access(path, F_OK) == 0) {
    remove_folder(listener);
    memcpy(listener->path, path, sizeof path);
  } else {
    close_listed(&listener->name_fd);
  }
#else
  (void)listener;
#endif
  return 0;
}

/* Listens in a new folder in `base`. 0, or -1 and errno. */
static int listen_in(struct sr_listener *listener, const char *base) {
  int problem;
  if ((size_t)snprintf(listener->folder, sizeof listener->folder, "%s/" FOLDER_PREFIX "%ld-XXXXXX",
                       base, (long)getpid()) > FOLDER_MAX) {
    listener->folder[0] = '\0';
    errno = ENAMETOOLONG;
    return -1;
  }
  if (mkdtemp(listener->folder) == NULL) {
    listener->folder[0] = '\0';
    return -1;
  }
  snprintf(listener->path, sizeof listener->path, "%.*s" SOCKET_NAME, FOLDER_MAX, listener->folder);
  listener->fd = listen_at(listener->path);
  if (listener->fd >= 0 && unlink_name(listener) == 0) {
    if (listener->name_fd < 0)
      sweep(base, listener->folder);
    return 0;
  }
  problem = errno;
  remove_folder(listener);
  close_listed(&listener->fd);
  errno = problem;
  return -1;
}

/* ---- public ---- */

int sr_listener_open(struct sr_listener *listener) {
  const char *tmpdir = getenv("TMPDIR");
  const char *bases[] = {tmpdir != NULL && tmpdir[0] != '\0' ? tmpdir : "/tmp", "/tmp", "/dev/shm",
                         "/var/tmp"};
  size_t i;
  memset(listener, 0, sizeof *listener);
  listener->fd = listener->name_fd = -1;
  listener->spare_fd = sr_fork_open("/dev/null", O_RDONLY);
  for (i = 0; listener->spare_fd >= 0 && i < sizeof bases / sizeof bases[0]; i++)
    if (listen_in(listener, bases[i]) == 0)
      return 0;
  sr_listener_close(listener);
  return -1;
}

void sr_listener_close(struct sr_listener *listener) {
  int problem = errno;
  remove_folder(listener);
  close_listed(&listener->fd);
  close_listed(&listener->spare_fd);
  close_listed(&listener->name_fd);
  errno = problem;
}

/*
** Whether the other end is this process, so that nobody else can wait for its calls, or cancel
** them.
*/
static int is_own(int fd) {
#if SR_LINUX
  struct ucred peer;
  socklen_t len = sizeof peer;
  return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.pid == getpid();
#else
  (void)fd;
  return 1; /* only processes of this user get into the folder */
#endif
}

static int is_would_block(int problem) {
  return problem == EAGAIN || problem == EWOULDBLOCK;
}

/* Accepts with the spare descriptor, answers and closes. */
static enum sr_accept refuse(struct sr_listener *listener, char refusal) {
  enum sr_accept outcome = SR_ACCEPT_REFUSED;
  int fd;
  close_listed(&listener->spare_fd);
  fd = sr_fork_accept(listener->fd);
  if (fd >= 0) {
    (void)send(fd, &refusal, 1, MSG_NOSIGNAL);
    sr_fork_close(fd);
  } else { /* nobody is waiting, or another thread took the descriptor */
    outcome = is_would_block(errno) ? SR_ACCEPT_NONE : SR_ACCEPT_FAILED;
  }
  listener->spare_fd = sr_fork_open("/dev/null", O_RDONLY);
  return outcome;
}

enum sr_accept sr_listener_accept(struct sr_listener *listener, char refusal, int *fd) {
  if (listener->spare_fd < 0)
    listener->spare_fd = sr_fork_open("/dev/null", O_RDONLY);
  do
    *fd = sr_fork_accept(listener->fd);
  while (*fd < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (*fd >= 0 && is_own(*fd))
    return SR_ACCEPT_DONE;
  if (*fd >= 0) {
    close_listed(fd);
    return SR_ACCEPT_FOREIGN;
  }
  if (is_would_block(errno))
    return SR_ACCEPT_NONE;
  return errno == EMFILE || errno == ENFILE ? refuse(listener, refusal) : SR_ACCEPT_FAILED;
}

/* Forks: how many there were, and the descriptors that a child must not keep.
** SPDX-License-Identifier: MIT
**
** A forked child has a copy of every descriptor. While it keeps those of libcurl's connections, the
** server does not see the parent close them. So every socket that libcurl opens is in one table of
** the process, and the child closes its copies before fork() returns. Closing a copy sends nothing:
** the parent's connections go on.
**
** vfork and posix_spawn run no handler; their children lose the descriptors by close-on-exec.
**
** All functions may be called from any thread. The lock of the table is the innermost one: whoever
** has a fork handler of his own registers it after sr_fork_watch. */
#ifndef SR_FORK_H
#define SR_FORK_H

#include <curl/curl.h>

/* Call it before any other function here. 0, or an error number if forks can't be watched. */
int sr_fork_watch(void);

/* How many forks lie between the first process and this one. Costs no system call. */
unsigned sr_fork_count(void);

/* socket(2) with close-on-exec, in the table. -1 and errno. */
int sr_fork_socket(int family, int type, int protocol);

/* Takes a descriptor of sr_fork_socket off the table and closes it, in one step for a fork. */
void sr_fork_close(int fd);

/*
** The descriptors by which libcurl wakes up curl_multi_poll. libcurl tells nobody which they are; a
** wake-up fills them and a poll empties them.
*/
enum { SR_WAKERS = 2 };
struct sr_wakers {
  int fds[SR_WAKERS]; /* -1: none */
};

/* curl_multi_init, with its wake-up descriptors in the table. NULL when memory ran out. */
CURLM *sr_fork_multi(struct sr_wakers *wakers);

/* curl_multi_cleanup for a handle of sr_fork_multi. NULL is allowed. */
void sr_fork_multi_cleanup(CURLM *multi, struct sr_wakers *wakers);

#endif

/* Counts forks, and closes descriptors that a child must not keep.
** SPDX-License-Identifier: MIT
**
** A forked child has a copy of every descriptor. While it keeps the copy of a connection, the server
** does not see the parent close it. So the sockets of connections are listed in one table of the
** process, and the child closes its copies before fork() returns. That sends nothing: the parent's
** connections go on.
**
** vfork and posix_spawn run no handler; their children lose the descriptors by close-on-exec.
**
** Any thread may call these functions. The table's lock is the innermost one: register other fork
** handlers after sr_fork_watch. */
#ifndef SR_FORK_H
#define SR_FORK_H

/* Call it before any other function here. 0, or an error number if forks can't be watched. */
int sr_fork_watch(void);

/* How many forks lie between the first process and this one. Makes no system call. */
unsigned sr_fork_count(void);

/* sr_fd_socket, sr_fd_accept and open(2) with close-on-exec, listed in the table. -1 and errno. */
int sr_fork_socket(int family, int type, int protocol);
int sr_fork_accept(int listener);
int sr_fork_open(const char *path, int flags);

/* Removes a descriptor from the table and closes it; no fork comes in between. */
void sr_fork_close(int fd);

/* Lists an open descriptor in the table. 0, or -1 when memory ran out. */
int sr_fork_add(int fd);

/* Removes a descriptor from the table, if it is there, and leaves it open. */
void sr_fork_remove(int fd);

#endif

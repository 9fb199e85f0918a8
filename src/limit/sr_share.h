/* The slots of a limit in a file that all processes of a user map, or of a group of users.
** SPDX-License-Identifier: MIT
**
** The file is one page in a directory that nobody else can write to, named by a hash of key and
** address. It is written under another name and then linked to its own, so no process ever finds half
** of it, and using it takes no lock. Removing it does: the file's lock while its block is retired, and
** the directory's between the last check of the name and its removal. Nobody waits for either. A
** process that is stopped while it removes a file delays nobody, unless it is stopped right before the
** last system call: then the limit grants nothing until it goes on.
**
** Times are those of the monotonic clock, which begins anew with each boot; the name says which boot. */
#ifndef SR_SHARE_H
#define SR_SHARE_H

#include "limit/sr_limit.h"

struct sr_share;

/* Where the file is. */
struct sr_share_place {
  const char *dir; /* NULL: the first of /dev/shm/seranking-UID, $XDG_RUNTIME_DIR/seranking,
                      $TMPDIR (or /tmp)/seranking-UID that can be used */
  int group;       /* the directory's group may read and write it too; `dir` must exist then */
};

/*
** Reads the environment variables that the directories depend on, for all later openings. Call it on a
** thread on which the program may change its environment, not on one of ours.
*/
void sr_share_environment(void);

/* Room for what went wrong, on one line. */
enum { SR_SHARE_PROBLEM = 160 };

/*
** Opens or makes the file of an identity and maps it. NULL when that is impossible or not safe:
** `problem` says why, and what to do. Otherwise `problem` is empty, or says why a better directory
** can't be used.
*/
struct sr_share *sr_share_open(const struct sr_share_place *place,
                               const struct sr_limit_identity *identity, char *problem);

/*
** Removes the file if it is still at its path and as good as new (sr_limit_last). Processes that have it
** open notice, and make another one when they need it. 1: it was removed.
*/
int sr_share_remove(struct sr_share *share, sr_time now);

/*
** Removes other files of the directory: those that are as good as new; those of an address of this
** machine (http://127.0.0.1, localhost, [::1]) that were not used for ten minutes; and what killed
** processes left. Looks at a limited number of files; the next sweep goes on behind them.
*/
void sr_share_sweep(struct sr_share *share, sr_time now);

/* Unmaps it. NULL is allowed. */
void sr_share_close(struct sr_share *share);

/* Its slots; they live as long as `share`. */
struct sr_limit *sr_share_limit(struct sr_share *share);
const char *sr_share_path(const struct sr_share *share);

/* Whether the file is still the one at its path: something may have removed it. */
int sr_share_current(const struct sr_share *share);

/* Notes the rate that the slots are used with, for sr_share_list_init. */
void sr_share_note(struct sr_share *share, const struct sr_rate *rate);

/* A copy of what one file says. */
struct sr_share_entry {
  char name[17]; /* 16 hexadecimal digits */
  char path[512];
  char key_hint[16];
  char base_url[192];
  struct sr_limit_view view;      /* rate.slots 0: not known. Its strings are not set */
  char problem[SR_SHARE_PROBLEM]; /* why it can't be used, or "" */
  int removed;                    /* 1: it has been removed */
};

struct sr_share_list {
  char dir[512];
  struct sr_share_entry *entries; /* owned */
  int count;
};

/*
** Lists the files of the directory at `place`, which it does not make. Ends ban and hold of the one
** called `reset` before (NULL: of none). `prune` removes files that are as good as new, those of
** addresses of this machine and those of an earlier boot; they are listed all the same. 0, or -1 and
** `problem`. Call sr_share_list_fini after -1 too.
*/
int sr_share_list_init(struct sr_share_list *list, const struct sr_share_place *place, sr_time now,
                       const char *reset, int prune, char *problem);
void sr_share_list_fini(struct sr_share_list *list);

#endif

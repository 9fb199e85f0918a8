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
  int group;       /* the directory's group may read and write it too; `dir` must be there then */
};

/*
** Reads the environment variables that the directories depend on, for all that is opened from now on.
** Call it where the program may change its environment, not on a thread of ours.
*/
void sr_share_environment(void);

/* For messages of this file: what went wrong, on one line. */
enum { SR_SHARE_PROBLEM = 160 };

/*
** Opens or makes the file of an identity and maps it. NULL when that is not possible, or not safe:
** `problem` says why, and what to do. Otherwise `problem` is empty, or says why a better directory
** could not be used.
*/
struct sr_share *sr_share_open(const struct sr_share_place *place,
                               const struct sr_limit_identity *identity, char *problem);

/*
** Removes the file, if it is still at its path and says nothing any more. Processes that have it open
** notice, and make a new one when they need it. 1 when it was removed.
*/
int sr_share_remove(struct sr_share *share, sr_time now);

/*
** Removes other files of the same directory that say nothing any more; those of an address of this
** machine (http://127.0.0.1, localhost, [::1]) when they were not used for ten minutes, whatever they say.
** Looks at a limited number of them.
*/
void sr_share_sweep(struct sr_share *share, sr_time now);

/* Unmaps it. NULL is allowed. */
void sr_share_close(struct sr_share *share);

/* The slots in it; alive as long as `share`. */
struct sr_limit *sr_share_limit(struct sr_share *share);
const char *sr_share_path(const struct sr_share *share);

/* Whether the file is still the one at its path: a clean-up may have removed it. */
int sr_share_current(const struct sr_share *share);

/* Notes with which rate the slots are used, for people who look at the file. */
void sr_share_note(struct sr_share *share, const struct sr_rate *rate);

/* One file of a directory: a copy of what it says. */
struct sr_share_entry {
  char name[17]; /* 16 hexadecimal digits */
  char path[512];
  char key_hint[16];
  char base_url[192];
  struct sr_limit_view view;      /* rate.slots 0: not known. Its strings are not set */
  char problem[SR_SHARE_PROBLEM]; /* why it is of no use, or "" */
  int removed;                    /* 1: there is no such file any more */
};

struct sr_share_list {
  char dir[512];
  struct sr_share_entry *entries; /* owned */
  int count;
};

/*
** The files of the directory at `place`, which it finds but does not make. Before, ban and hold of
** the one called `reset` are ended (NULL: of none). `prune`: files that say nothing any more, of addresses
** of this machine or of an earlier boot are removed; the list still has them. 0, or -1 and `problem`.
** Fini also after -1.
*/
int sr_share_list_init(struct sr_share_list *list, const struct sr_share_place *place, sr_time now,
                       const char *reset, int prune, char *problem);
void sr_share_list_fini(struct sr_share_list *list);

#endif

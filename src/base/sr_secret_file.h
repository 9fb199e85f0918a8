/* Reads a file that holds a secret.
** SPDX-License-Identifier: MIT */
#ifndef SR_SECRET_FILE_H
#define SR_SECRET_FILE_H

#include <stddef.h>

/* More than a file of keys needs. */
enum { SR_SECRET_FILE_MAX = 65536, SR_SECRET_PROBLEM_SIZE = 160 };

struct sr_secret_file {
  char text[SR_SECRET_FILE_MAX];
  size_t len;
  char problem[SR_SECRET_PROBLEM_SIZE]; /* goes on after the file's name: "can't be read: …" */
};

enum sr_secret {
  SR_SECRET_READ,
  SR_SECRET_MISSING, /* no file of this name */
  SR_SECRET_REFUSED  /* with `problem` */
};

/*
** As ssh does with private keys, refuses a regular file of this user that other users may read or
** change. Pipes and files of other users are read as they are: their owner decides who else may.
*/
enum sr_secret sr_secret_file_read(const char *path, struct sr_secret_file *file);

#endif

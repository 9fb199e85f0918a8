/* Test support: a folder for each test, and its contents.
** SPDX-License-Identifier: MIT */
#ifndef SPEC_FOLDER_H
#define SPEC_FOLDER_H

#include "support.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[100];

static inline int make_folder(void **state) {
  (void)state;
  return new_folder(folder, sizeof folder, "sr_test");
}

/* The number of files; `also_remove` removes them. */
static inline int files(int also_remove) {
  DIR *stream = opendir(folder);
  struct dirent *entry;
  int count = 0;
  assert_non_null(stream);
  while ((entry = readdir(stream)) != NULL) {
    char path[400];
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
      continue;
    snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
    count++;
    if (also_remove)
      unlink(path);
  }
  closedir(stream);
  return count;
}

static inline int remove_folder(void **state) {
  (void)state;
  chmod(folder, 0700);
  files(1);
  return rmdir(folder);
}

#endif

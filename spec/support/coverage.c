/* Linked into the coverage build. gcov writes its counts where a process exits: here also where the child of a C test
** ends with _exit or exec, and so that processes of other users can add theirs.
** SPDX-License-Identifier: MIT */
#include <gcov.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Before gcov's own destructor. */
static void __attribute__((destructor)) let_others_write(void) {
  umask(0);
}

static void dump(void) {
  mode_t before = umask(0);
  __gcov_dump();
  umask(before);
}

void _exit(int status) {
  dump();
  for (;;)
    syscall(SYS_exit_group, status);
}

int execlp(const char *file, const char *first, ...) {
  char *list[16] = {(char *)first};
  size_t count = 1;
  va_list args;
  va_start(args, first);
  while (count < 15 && list[count - 1] != NULL)
    list[count++] = va_arg(args, char *);
  va_end(args);
  dump();
  return execvp(file, list);
}

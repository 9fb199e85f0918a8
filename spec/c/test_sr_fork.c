/* Forks: their count, and the descriptors that a child does not keep.
** SPDX-License-Identifier: MIT */
#include "support.h"

#include "base/sr_fork.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static int is_open(int fd) {
  return fcntl(fd, F_GETFD) >= 0;
}

static void a_child_is_counted_and_its_parent_is_not(void **state) {
  unsigned before = sr_fork_count();
  pid_t child;
  (void)state;
  child = fork();
  if (child == 0)
    _exit(sr_fork_count() == before + 1 ? 0 : 1);
  assert_int_equal(exit_status(child), 0);
  assert_int_equal(sr_fork_count(), before);
}

static void a_child_has_no_copy_of_listed_descriptors(void **state) {
  int fd = sr_fork_socket(AF_UNIX, SOCK_STREAM, 0),
      removed = sr_fork_socket(AF_UNIX, SOCK_STREAM, 0);
  pid_t child;
  (void)state;
  assert_true(fd >= 0 && removed >= 0);
  sr_fork_remove(removed);
  child = fork();
  if (child == 0)
    _exit(!is_open(fd) && is_open(removed) ? 0 : 1);
  assert_int_equal(exit_status(child), 0);
  assert_true(is_open(fd));
  sr_fork_close(fd);
  close(removed);
}

/* Somebody else may close a listed descriptor: its number is then the next file's. */
static void a_child_keeps_a_file_that_has_the_number_of_a_listed_descriptor(void **state) {
  int fd = sr_fork_socket(AF_UNIX, SOCK_STREAM, 0), other = open("/dev/null", O_RDONLY | O_CLOEXEC);
  pid_t child;
  (void)state;
  assert_true(fd >= 0 && other >= 0);
  assert_int_equal(dup2(other, fd), fd);
  child = fork();
  if (child == 0)
    _exit(is_open(fd) ? 0 : 1);
  assert_int_equal(exit_status(child), 0);
  sr_fork_close(fd);
  close(other);
}

/* Or it is nobody's. */
static void a_child_of_a_process_with_a_closed_listed_descriptor_loses_nothing_else(void **state) {
  int closed = sr_fork_socket(AF_UNIX, SOCK_STREAM, 0),
      listed = sr_fork_socket(AF_UNIX, SOCK_STREAM, 0), kept = open("/dev/null", O_RDONLY);
  pid_t child;
  (void)state;
  assert_true(closed >= 0 && listed >= 0 && kept >= 0);
  close(closed);
  child = fork();
  if (child == 0)
    _exit(is_open(kept) && !is_open(listed) ? 0 : 1);
  assert_int_equal(exit_status(child), 0);
  sr_fork_remove(closed);
  sr_fork_close(listed);
  close(kept);
}

static int set_up(void **state) {
  (void)state;
  return sr_fork_watch();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_child_is_counted_and_its_parent_is_not),
      cmocka_unit_test(a_child_has_no_copy_of_listed_descriptors),
      cmocka_unit_test(a_child_keeps_a_file_that_has_the_number_of_a_listed_descriptor),
      cmocka_unit_test(a_child_of_a_process_with_a_closed_listed_descriptor_loses_nothing_else),
  };
  return cmocka_run_group_tests_name("sr_fork", tests, set_up, NULL);
}

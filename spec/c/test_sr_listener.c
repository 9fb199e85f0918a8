/* The worker's socket: its path, its removal, and access to it.
** SPDX-License-Identifier: MIT */
#include "worker_support.h"

#include "base/sr_fork.h"

#include <sys/resource.h>
#include <sys/stat.h>

#ifdef __linux__
#include <sched.h>
#include <sys/mount.h>
#endif

static void open_listener(struct sr_listener *listener) {
  CHECK(sr_listener_open(listener) == 0, "open: %s", strerror(errno));
}

static void the_listener_accepts_connections_of_its_own_process(void **state) {
  struct sr_listener listener;
  int client, fd;
  char byte = 0;
  (void)state;
  open_listener(&listener);
  assert_int_equal(sr_listener_accept(&listener, 'F', &fd), SR_ACCEPT_NONE);
  client = try_connect(listener.path);
  CHECK(client >= 0, "connect: %s", strerror(errno));
  wait_readable(listener.fd);
  assert_int_equal(sr_listener_accept(&listener, 'F', &fd), SR_ACCEPT_DONE);
  CHECK(recv(fd, &byte, 1, 0) < 0 && errno == EAGAIN, "reading blocks");
  CHECK((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0, "programs inherit it");
  assert_int_equal(send(client, "x", 1, 0), 1);
  assert_int_equal(recv(fd, &byte, 1, 0), 1);
  close(client);
  sr_fork_close(fd);
  sr_listener_close(&listener);
}

static void children_and_started_programs_have_none_of_its_descriptors(void **state) {
  struct sr_listener listener;
  int fds[3], client, fd;
  size_t i;
  pid_t child;
  (void)state;
  open_listener(&listener);
  client = try_connect(listener.path);
  assert_int_equal(sr_listener_accept(&listener, 'F', &fd), SR_ACCEPT_DONE);
  fds[0] = listener.fd;
  fds[1] = listener.spare_fd;
  fds[2] = SR_LINUX ? listener.name_fd : fd;
  for (i = 0; i < COUNT(fds); i++)
    CHECK((fcntl(fds[i], F_GETFD) & FD_CLOEXEC) != 0, "programs inherit descriptor %zu", i);
  child = fork();
  if (child == 0) {
    int left = fcntl(fd, F_GETFD) >= 0;
    for (i = 0; i < COUNT(fds); i++)
      left += fcntl(fds[i], F_GETFD) >= 0;
    _exit(left);
  }
  expect_child(child, 0);
  close(client);
  sr_fork_close(fd);
  sr_listener_close(&listener);
}

static void a_connection_of_another_process_is_closed(void **state) {
  struct sr_listener listener;
  enum sr_accept outcome = SR_ACCEPT_NONE;
  char path[64];
  int fd;
  pid_t child;
  (void)state;
  if (!SR_LINUX)
    skip(); /* here only the folder's mode keeps others out */
  open_listener(&listener);
  assert_int_equal(strncmp(listener.path, "/proc/self/fd/", 14), 0);
  snprintf(path, sizeof path, "/proc/%ld/fd/%d", (long)getpid(), listener.name_fd);
  child = fork();
  if (child == 0) {
    char byte;
    int client = try_connect(path);
    _exit(client < 0 ? 2 : recv(client, &byte, 1, 0) <= 0 ? 0 : 1);
  }
  wait_readable(listener.fd);
  outcome = sr_listener_accept(&listener, 'F', &fd);
  assert_int_equal(outcome, SR_ACCEPT_FOREIGN);
  expect_child(child, 0);
  sr_listener_close(&listener);
}

static void its_folder_is_private(void **state) {
  struct sr_listener listener;
  struct stat about;
  (void)state;
  open_listener(&listener);
  if (listener.folder[0] != '\0') {
    assert_int_equal(stat(listener.folder, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);
  }
  assert_int_equal(files_left(), SR_LINUX ? 0 : 1);
  sr_listener_close(&listener);
  assert_int_equal(files_left(), 0);
}

/* Creates the socket file that a killed process leaves behind. */
static void leave_behind(char folder[SR_LISTENER_PATH]) {
  struct sockaddr_un address;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  snprintf(folder, SR_LISTENER_PATH, "%s/seranking-1-dead00", temporary);
  assert_int_equal(mkdir(folder, 0700), 0);
  memset(&address, 0, sizeof address);
  address.sun_family = AF_UNIX;
  assert_true(snprintf(address.sun_path, sizeof address.sun_path, "%s/s", folder) > 0);
  assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
  assert_int_equal(listen(fd, 1), 0);
  close(fd);
}

static void only_names_left_by_killed_processes_are_removed(void **state) {
  struct sr_listener living, listener;
  char dead[SR_LISTENER_PATH];
  struct stat about;
  (void)state;
  if (SR_LINUX)
    skip();
  open_listener(&living);
  leave_behind(dead);
  open_listener(&listener);
  assert_int_equal(stat(dead, &about), -1);
  assert_int_equal(stat(living.folder, &about), 0);
  assert_int_equal(files_left(), 2);
  sr_listener_close(&listener);
  sr_listener_close(&living);
  assert_int_equal(files_left(), 0);
}

#ifdef __linux__
enum { NOT_ALLOWED = 77 };

/* Opening a listener removes the names of killed processes, and nothing else. */
static int sweep_without_proc(void) {
  struct sr_listener living, listener;
  char dead[SR_LISTENER_PATH], others[SR_LISTENER_PATH], path[2 * SR_LISTENER_PATH];
  struct stat about;
  int fd;
  leave_behind(dead);
  if (sr_listener_open(&living) != 0 || stat(dead, &about) == 0)
    return 10;
  leave_behind(dead);
  snprintf(others, sizeof others, "%s/seranking-2-dead00", temporary); /* another user's */
  if (rename(dead, others) != 0 || chown(others, 12345, 12345) != 0)
    return 11;
  snprintf(path, sizeof path, "%s/seranking-3-file00", temporary); /* no folder */
  fd = open(path, O_CREAT | O_WRONLY, 0600);
  close(fd);
  if (sr_listener_open(&listener) != 0)
    return 12;
  if (stat(living.folder, &about) != 0 || stat(listener.folder, &about) != 0 ||
      stat(others, &about) != 0 || stat(path, &about) != 0)
    return 13;
  unlink(path);
  snprintf(path, sizeof path, "%s/s", others);
  unlink(path);
  rmdir(others);
  sr_listener_close(&listener);
  sr_listener_close(&living);
  return files_left() == 0 ? 0 : 14;
}

/* In a child whose /proc is an empty folder. Returns 0 on success. */
static int use_without_proc(void) {
  struct sr_listener listener;
  int client, fd;
  if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", "none", MS_REC | MS_PRIVATE, "") != 0 ||
      mount("none", "/proc", "tmpfs", 0, "") != 0)
    return NOT_ALLOWED;
  if (sr_listener_open(&listener) != 0 || listener.name_fd >= 0)
    return 1;
  if (strncmp(listener.path, temporary, strlen(temporary)) != 0)
    return 2;
  client = try_connect(listener.path);
  if (client < 0 || sr_listener_accept(&listener, 'F', &fd) != SR_ACCEPT_DONE)
    return 3;
  sr_listener_close(&listener);
  return files_left() == 0 ? sweep_without_proc() : 4;
}
#endif

static void without_proc_the_name_stays_until_the_listener_is_closed(void **state) {
  (void)state;
#ifdef __linux__
  pid_t child;
  int status;
  child = fork();
  if (child == 0)
    _exit(use_without_proc());
  status = exit_status(child);
  if (status == NOT_ALLOWED)
    skip(); /* needs root */
  assert_int_equal(status, 0);
#else
  skip();
#endif
}

static void if_a_folder_can_not_be_made_the_next_place_is_used(void **state) {
  struct sr_listener listener;
  char long_path[200];
  (void)state;
  memset(long_path, 'x', sizeof long_path - 1);
  long_path[0] = '/';
  long_path[sizeof long_path - 1] = '\0';
  setenv("TMPDIR", "/nonexistent", 1);
  open_listener(&listener);
  sr_listener_close(&listener);
  setenv("TMPDIR", long_path, 1);
  open_listener(&listener);
  sr_listener_close(&listener);
  setenv("TMPDIR", "", 1);
  open_listener(&listener);
  sr_listener_close(&listener);
  setenv("TMPDIR", temporary, 1);
}

/* A process without a free descriptor. */
struct shortage {
  struct rlimit before;
  int fillers[64];
  size_t count;
};

static void begin_shortage(struct shortage *shortage) {
  struct rlimit low;
  getrlimit(RLIMIT_NOFILE, &shortage->before);
  low = shortage->before;
  low.rlim_cur = COUNT(shortage->fillers);
  setrlimit(RLIMIT_NOFILE, &low);
  for (shortage->count = 0; shortage->count < COUNT(shortage->fillers); shortage->count++)
    if ((shortage->fillers[shortage->count] = dup(0)) < 0)
      break;
}

static void end_shortage(struct shortage *shortage) {
  while (shortage->count > 0)
    close(shortage->fillers[--shortage->count]);
  setrlimit(RLIMIT_NOFILE, &shortage->before);
}

static void without_descriptors_connections_are_refused_with_a_reply(void **state) {
  struct sr_listener listener;
  struct shortage shortage;
  int clients[3], fd;
  size_t i;
  char byte;
  (void)state;
  if (under_valgrind()) /* which keeps descriptors of its own beyond any limit */
    skip();
  open_listener(&listener);
  for (i = 0; i < COUNT(clients); i++)
    clients[i] = try_connect(listener.path);
  begin_shortage(&shortage);
  for (i = 0; i < 2; i++) {
    assert_int_equal(sr_listener_accept(&listener, 'F', &fd), SR_ACCEPT_REFUSED);
    assert_int_equal(recv(clients[i], &byte, 1, 0), 1);
    assert_int_equal(byte, 'F');
    assert_int_equal(recv(clients[i], &byte, 1, 0), 0);
  }
  sr_fork_close(listener.spare_fd); /* as if another thread had taken it */
  listener.spare_fd = -1;
  shortage.fillers[shortage.count++] = dup(0);
  assert_int_equal(sr_listener_accept(&listener, 'F', &fd), SR_ACCEPT_FAILED);
  end_shortage(&shortage);
  assert_int_equal(sr_listener_accept(&listener, 'F', &fd), SR_ACCEPT_DONE);
  CHECK(listener.spare_fd >= 0, "it has no spare descriptor again");
  sr_fork_close(fd);
  for (i = 0; i < COUNT(clients); i++)
    close(clients[i]);
  sr_listener_close(&listener);
}

/* accept() wants a descriptor before it looks whether anybody is waiting. */
static void the_reserved_descriptor_is_kept_while_nobody_connects(void **state) {
  struct sr_listener listener;
  struct shortage shortage;
  int fd;
  (void)state;
  if (under_valgrind())
    skip();
  open_listener(&listener);
  begin_shortage(&shortage);
  assert_int_equal(sr_listener_accept(&listener, 'F', &fd), SR_ACCEPT_NONE);
  CHECK(listener.spare_fd >= 0, "any thread can take it");
  end_shortage(&shortage);
  sr_listener_close(&listener);
}

static int set_up(void **state) {
  (void)state;
  make_temporary();
  return sr_fork_watch();
}

static int tear_down(void **state) {
  (void)state;
  return rmdir(temporary);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_listener_accepts_connections_of_its_own_process),
      cmocka_unit_test(children_and_started_programs_have_none_of_its_descriptors),
      cmocka_unit_test(a_connection_of_another_process_is_closed),
      cmocka_unit_test(its_folder_is_private),
      cmocka_unit_test(only_names_left_by_killed_processes_are_removed),
      cmocka_unit_test(without_proc_the_name_stays_until_the_listener_is_closed),
      cmocka_unit_test(if_a_folder_can_not_be_made_the_next_place_is_used),
      cmocka_unit_test(without_descriptors_connections_are_refused_with_a_reply),
      cmocka_unit_test(the_reserved_descriptor_is_kept_while_nobody_connects),
  };
  return cmocka_run_group_tests_name("sr_listener", tests, set_up, tear_down);
}

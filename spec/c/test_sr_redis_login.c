/* The limiter on Redis: passwords, users and TLS.
** SPDX-License-Identifier: MIT */
#include "redis_hosts.h"

#include <sys/socket.h>

/* ---- logging in ---- */

#define SECRET "s3cret/word"

static void expect_no_secret(const char *text) {
  CHECK(strstr(text, "s3cret") == NULL && strstr(text, "wrong1") == NULL, "%s", text);
}

static void right_passwords_and_users_log_in_and_messages_hide_wrong_ones(void **state) {
  static const struct {
    const char *options, *words; /* NULL: succeeds */
  } rows[] = {
      {"?password=s3cret%2Fword", NULL},
      {"?db=2&password=s3cret%2fword&prefix=a%20b:", NULL},
      {"?user=worker&password=s3cret-too", NULL},
      {"", "it wants a password (NOAUTH)"},
      {"?password=wrong1", "user or password is wrong (WRONGPASS)"},
      {"?user=nobody&password=s3cret%2Fword", "user or password is wrong (WRONGPASS)"},
      {"?user=idler&password=s3cret-too", "this user may not run"},
      {"?db=9999&password=s3cret%2Fword", "DB index is out of range"},
  };
  struct server server;
  size_t i;
  START_WITH(server, "--requirepass", SECRET);
  server_do(&server, "AUTH " SECRET);
  server_do(&server,
            "ACL SETUSER worker on >s3cret-too ~seranking:* +select +script|load +evalsha +eval"
            " +time +hgetall +hset +pexpire");
  server_do(&server, "ACL SETUSER idler on >s3cret-too ~* +@connection");
  for (i = 0; i < COUNT(rows); i++) {
    char address[200];
    struct sr_limiter *limiter;
    struct sr_slot slot;
    struct sr_ruling ruling;
    struct sr_limit_view view;
    snprintf(address, sizeof address, "%s%s", server.address, rows[i].options);
    limiter = host_at(address);
    if (rows[i].words == NULL) {
      enum sr_verdict verdict = take(limiter, 5, &slot, &ruling);
      CHECK(verdict == SR_LIMIT_WAIT, "%s: %s", rows[i].options, ruling.problem);
    } else {
      const char *words = failure(limiter, AT_ONCE);
      expect_words(words, rows[i].words);
      expect_no_secret(words);
    }
    view = view_of(limiter, 5);
    expect_no_secret(view.place);
    expect_no_secret(view.problem);
    driver->close(limiter);
  }
  server_stop(&server);
}

/* Such a server's errors repeat the arguments of unknown commands, including the password. */
static void a_server_without_auth_does_not_reveal_the_password(void **state) {
  struct server server;
  struct sr_limiter *limiter;
  char address[200];
  START_WITH(server, "--rename-command", "AUTH", "");
  snprintf(address, sizeof address, "%s?password=s3cret%%2Fword", server.address);
  limiter = host_at(address);
  expect_no_secret(failure(limiter, AT_ONCE));
  driver->close(limiter);
  server_stop(&server);
}

static void run(const char *format, const char *folder) {
  char command[2000], all[2100];
  snprintf(command, sizeof command, format, folder);
  snprintf(all, sizeof all, "{ %s; } >/dev/null 2>&1", command);
  CHECK(system(all) == 0, "failed: %s", command);
}

/* Makes the server listen on a free port: "port", or "tls-port". Another process may have one, so it tries several. */
static int listen_on(struct server *server, const char *kind) {
  int port, tries;
  for (tries = 0; tries < 1000; tries++) {
    redisReply *reply;
    int done;
    port = 20000 + (int)((unsigned)getpid() * 7 + (unsigned)tries * 101) % 12000;
    reply = redisCommand(server->admin, "CONFIG SET %s %d", kind, port);
    assert_non_null(reply);
    done = reply->type == REDIS_REPLY_STATUS;
    CHECK(done || strstr(reply->str, "listen on this port") != NULL, "%s", reply->str);
    freeReplyObject(reply);
    if (done)
      return port;
  }
  fail_msg("no free port");
  return 0;
}

/* Retries timeouts: under valgrind, TLS may outlast the limiter's own timeout. */
static enum sr_verdict take_in_the_end(struct sr_limiter *limiter, struct sr_slot *slot,
                                       struct sr_ruling *ruling) {
  sr_time until = now_is() + PATIENCE;
  enum sr_verdict verdict;
  do
    verdict = take(limiter, 5, slot, ruling);
  while (verdict == SR_LIMIT_FAILED && strstr(ruling->problem, "within") != NULL &&
         now_is() < until);
  return verdict;
}

static void tls_is_verified_by_the_given_ca_alone(void **state) {
  struct server server;
  char folder[90], files[3][100], address[300];
  struct sr_limiter *limiter;
  struct sr_slot slot;
  struct sr_ruling ruling;
  int i, port, plain;
  (void)state;
  if (!server_available())
    skip();
  assert_int_equal(new_folder(folder, sizeof folder, "sr-redis-tls"), 0);
  run("cd %s && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.pem -subj "
      "/CN=authority && openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout other.key -out "
      "other.pem -subj /CN=other && openssl req -newkey rsa:2048 -nodes -keyout key.pem -out "
      "csr.pem -subj /CN=redis && printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' >ext && "
      "openssl x509 -req -in csr.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile ext "
      "-out cert.pem",
      folder);
  for (i = 0; i < 3; i++)
    snprintf(files[i], sizeof files[i], "%s/%s", folder,
             i == 0   ? "cert.pem"
             : i == 1 ? "key.pem"
                      : "ca.pem");
  {
    const char *const options[] = {"--save",
                                   "",
                                   "--bind",
                                   "127.0.0.1",
                                   "--tls-cert-file",
                                   files[0],
                                   "--tls-key-file",
                                   files[1],
                                   "--tls-ca-cert-file",
                                   files[2],
                                   "--tls-auth-clients",
                                   "no",
                                   "--requirepass",
                                   SECRET,
                                   NULL};
    server_start(&server, options);
  }
  server_do(&server, "AUTH " SECRET);
  port = listen_on(&server, "tls-port");
  snprintf(address, sizeof address, "rediss://:s3cret%%2Fword@127.0.0.1:%d/1?ca_file=%s", port,
           files[2]);
  limiter = host_at(address);
  if (take_in_the_end(limiter, &slot, &ruling) != SR_LIMIT_WAIT)
    fail_msg("%s", ruling.problem);
  server_do(&server, "SELECT 1");
  pass(&server, COLD);
  GRANTED(limiter, 5, &slot);
  assert_int_equal(give(limiter, 5, &slot, SR_OUTCOME_FINE), SR_CHANGE_NONE);
  /* if the server disconnects while TLS writes, SIGPIPE must not kill the program */
  GRANTED(limiter, 5, &slot);
  server_kill(&server);
  for (i = 0; i < 3; i++) {
    struct sr_rate rate = {5, WINDOW};
    driver->give(limiter, &rate, now_is(), &slot, SR_OUTCOME_FINE, 0);
    turn(limiter, now_is() + 50 * MS);
  }
  driver->close(limiter);
  server_run(&server);
  server_do(&server, "AUTH " SECRET);
  port = listen_on(&server, "tls-port");
  plain = listen_on(&server, "port");

  snprintf(address, sizeof address, "rediss://:s3cret%%2Fword@127.0.0.1:%d", port);
  if (!under_valgrind()) {      /* where loading the system's CAs outlasts the limiter's timeout */
    limiter = host_at(address); /* the system does not know this CA */
    assert_int_equal(take_in_the_end(limiter, &slot, &ruling), SR_LIMIT_FAILED);
    expect_words(ruling.problem, "certificate");
    driver->close(limiter);
  }
  snprintf(address, sizeof address, "rediss://:s3cret%%2Fword@127.0.0.1:%d?ca_file=%s/other.pem",
           port, folder);
  limiter = host_at(address); /* nor does a client with another CA */
  assert_int_equal(take_in_the_end(limiter, &slot, &ruling), SR_LIMIT_FAILED);
  expect_words(ruling.problem, "certificate");
  driver->close(limiter);

  snprintf(address, sizeof address, "rediss://:s3cret%%2Fword@127.0.0.1:%d?ca_file=%s", plain,
           files[2]);
  limiter = host_at(address); /* TLS to a port without TLS */
  (void)failure(limiter, PATIENCE);
  driver->close(limiter);

  snprintf(address, sizeof address, "redis://:s3cret%%2Fword@localhost:%d", plain);
  limiter = host_at(address); /* by name, without TLS */
  if (take_in_the_end(limiter, &slot, &ruling) != SR_LIMIT_WAIT)
    fail_msg("%s", ruling.problem);
  driver->close(limiter);

  snprintf(address, sizeof address, "redis://:s3cret%%2Fword@127.0.0.1:%d", port);
  limiter = host_at(address); /* no TLS to a server that wants it */
  expect_no_secret(failure(limiter, PATIENCE));
  driver->close(limiter);
  server_stop(&server);
  run("rm -rf %s", folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(right_passwords_and_users_log_in_and_messages_hide_wrong_ones),
      cmocka_unit_test(a_server_without_auth_does_not_reveal_the_password),
      cmocka_unit_test(tls_is_verified_by_the_given_ca_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}

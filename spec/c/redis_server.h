/* Test support: a private Redis server on a unix socket, and a blocking connection to it.
** SPDX-License-Identifier: MIT */
#ifndef SPEC_REDIS_SERVER_H
#define SPEC_REDIS_SERVER_H

#include "support.h"

#include "base/sr_base.h"

#include <hiredis/hiredis.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { SERVER_START_S = 10, SERVER_ARGS = 40 };

struct server {
  char folder[90];
  char socket[100];
  char address[128];                /* "unix:/…", for the driver */
  const char *options[SERVER_ARGS]; /* additional ones */
  int option_count;
  pid_t pid; /* 0: not running */
  redisContext *admin;
};

static inline sr_time real_now(void) {
  return sr_clock_monotonic.now(NULL);
}

static inline int server_available(void) {
  return system("command -v redis-server >/dev/null 2>&1") == 0;
}

/* Starts or restarts the server. Its folder and saved data survive a stop. */
static inline void server_run(struct server *server) {
  sr_time until = real_now() + SERVER_START_S * SR_SECOND;
  server->pid = fork();
  assert_true(server->pid >= 0);
  if (server->pid == 0) {
    char *argv[SERVER_ARGS + 20];
    const char *usual[] = {"redis-server",
                           "--port",
                           "0",
                           "--unixsocket",
                           server->socket,
                           "--unixsocketperm",
                           "700",
                           "--dir",
                           server->folder,
                           "--logfile",
                           "log",
                           "--daemonize",
                           "no"};
    size_t i, n = 0;
    for (i = 0; i < COUNT(usual); i++)
      argv[n++] = (char *)(uintptr_t)usual[i];
    for (i = 0; i < (size_t)server->option_count; i++)
      argv[n++] = (char *)(uintptr_t)server->options[i];
    argv[n] = NULL;
#ifdef __linux__
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* the server dies with the test */
#endif
    execvp(argv[0], argv);
    _exit(127);
  }
  for (;;) {
    redisReply *reply = NULL;
    server->admin = redisConnectUnix(server->socket);
    assert_non_null(server->admin);
    if (server->admin->err == 0)
      reply = redisCommand(server->admin, "PING");
    if (reply != NULL && (reply->type == REDIS_REPLY_STATUS || strstr(reply->str, "NOAUTH"))) {
      freeReplyObject(reply);
      return;
    }
    if (reply != NULL)
      freeReplyObject(reply);
    redisFree(server->admin);
    CHECK(real_now() < until, "redis-server did not start: see %s/log", server->folder);
    sr_sleep_until(real_now() + 5 * SR_MILLISECOND);
  }
}

/* A new server with more options; the list ends with NULL. */
static inline void server_start(struct server *server, const char *const *options) {
  memset(server, 0, sizeof *server);
  assert_int_equal(new_folder(server->folder, sizeof server->folder, "sr-redis"), 0);
  snprintf(server->socket, sizeof server->socket, "%s/s", server->folder);
  snprintf(server->address, sizeof server->address, "unix:%s", server->socket);
  while (options != NULL && options[server->option_count] != NULL) {
    server->options[server->option_count] = options[server->option_count];
    server->option_count++;
  }
  server_run(server);
}

/* Kills it. */
static inline void server_kill(struct server *server) {
  int status;
  if (server->pid == 0)
    return;
  redisFree(server->admin);
  kill(server->pid, SIGKILL);
  assert_true(waitpid(server->pid, &status, 0) == server->pid);
  server->pid = 0;
}

static inline void server_stop(struct server *server) {
  char command[128];
  server_kill(server);
  snprintf(command, sizeof command, "rm -rf '%s'", server->folder);
  assert_int_equal(system(command), 0);
}

/* Runs a command that must succeed. Returns an integer reply. */
static inline long long server_do(struct server *server, const char *format, ...) {
  va_list args;
  redisReply *reply;
  long long number;
  va_start(args, format);
  reply = redisvCommand(server->admin, format, args);
  va_end(args);
  CHECK(reply != NULL, "%s: %s", format, server->admin->errstr);
  CHECK(reply->type != REDIS_REPLY_ERROR, "%s: %s", format, reply->str);
  number = reply->type == REDIS_REPLY_INTEGER ? reply->integer : 0;
  freeReplyObject(reply);
  return number;
}

/* The number of executions of `command` ("evalsha") since the last CONFIG RESETSTAT. */
static inline long long server_calls(struct server *server, const char *command) {
  char name[64];
  const char *at;
  long long calls;
  redisReply *reply = redisCommand(server->admin, "INFO commandstats");
  assert_non_null(reply);
  assert_int_equal(reply->type, REDIS_REPLY_STRING);
  snprintf(name, sizeof name, "cmdstat_%s:calls=", command);
  at = strstr(reply->str, name);
  calls = at != NULL ? strtoll(at + strlen(name), NULL, 10) : 0;
  freeReplyObject(reply);
  return calls;
}

/*
** Lets time pass for the limit in the hash `key`, by moving all its times into the past. A negative time
** sets the clock back.
*/
static inline void server_pass(struct server *server, const char *key, sr_time by_ns) {
  static const char script[] =
      "local flat = redis.call('HGETALL', KEYS[1])\n"
      "for i = 1, #flat, 2 do\n"
      "  local name, at, rest = flat[i], flat[i + 1]:match('^(%d+)(.*)$')\n"
      "  if at and (name:match('^s%d') or name == 'born' or name == 'held' or name == 'until' or\n"
      "      name == 'probe' or name == 'trouble' or name == 'next' or name == 'lone' or name == "
      "'at') then\n"
      "    at = math.max(0, at - ARGV[1])\n"
      "    redis.call('HSET', KEYS[1], name, string.format('%.0f', at) .. rest)\n"
      "  end\n"
      "end\n"
      "return #flat\n";
  char by[32];
  snprintf(by, sizeof by, "%lld", (long long)by_ns / 1000);
  assert_true(server_do(server, "EVAL %s 1 %s %s", script, key, by) > 0);
}

#endif

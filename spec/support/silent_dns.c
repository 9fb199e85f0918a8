/* Preloaded by specs: lookups of names that end in ".silent" never return, as with a name server
** that does not answer. Built as build/silent_dns.so.
** SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

/* Longer than any test waits. */
enum { SILENCE = 30 };

static int is_silent(const char *name) {
  static const char ending[] = ".silent";
  size_t len = name != NULL ? strlen(name) : 0, end = sizeof ending - 1;
  return len >= end && strcmp(name + len - end, ending) == 0;
}

__attribute__((visibility("default"))) int getaddrinfo(const char *restrict name,
                                                       const char *restrict service,
                                                       const struct addrinfo *restrict hints,
                                                       struct addrinfo **restrict found) {
  int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
  void *symbol;
  if (is_silent(name)) {
    sleep(SILENCE);
    return EAI_AGAIN;
  }
  symbol = dlsym(RTLD_NEXT, "getaddrinfo");
  memcpy(&real, &symbol, sizeof real);
  return real(name, service, hints, found);
}

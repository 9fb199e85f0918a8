/* Test support: functions of libcurl that fail, one at a time. They replace libcurl's in the program.
** SPDX-License-Identifier: MIT */
#ifndef SPEC_FAILING_CURL_H
#define SPEC_FAILING_CURL_H

#include "support.h"

#include <curl/curl.h>
#include <dlfcn.h>

static int asked;    /* calls of these functions since arm() */
static int fail_at;  /* the one that fails; 0: none */
static int begun;    /* libcurl was told to work since arm() */
static int unusable; /* the one that failed was to set up the request, not a handle made ahead */

static int start_fails; /* all calls of curl_global_init */

static inline void arm(int at) {
  asked = begun = unusable = 0;
  fail_at = at;
}

static inline int fails(int is_set_up) {
  if (fail_at == 0 || ++asked != fail_at)
    return 0;
  unusable = is_set_up && !begun;
  return 1;
}

/* Declares `real`, libcurl's function of that name. */
#define REAL(name, result, ...)                                                                    \
  result (*real)(__VA_ARGS__);                                                                     \
  void *symbol = dlsym(RTLD_NEXT, #name);                                                          \
  memcpy(&real, &symbol, sizeof real)

#undef curl_easy_setopt
#undef curl_multi_setopt

/* Numbers and pointers are passed the same way. */
CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...) {
  REAL(curl_easy_setopt, CURLcode, CURL *, CURLoption, ...);
  va_list args;
  void *value;
  va_start(args, option);
  value = va_arg(args, void *);
  va_end(args);
  /* the result of this one means nothing */
  return option != CURLOPT_CAPATH && fails(1) ? CURLE_OUT_OF_MEMORY : real(easy, option, value);
}

CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...) {
  REAL(curl_multi_setopt, CURLMcode, CURLM *, CURLMoption, ...);
  va_list args;
  void *value;
  va_start(args, option);
  value = va_arg(args, void *);
  va_end(args);
  return fails(1) ? CURLM_OUT_OF_MEMORY : real(multi, option, value);
}

CURLcode curl_global_init(long flags) {
  REAL(curl_global_init, CURLcode, long);
  return start_fails ? CURLE_FAILED_INIT : real(flags);
}

CURL *curl_easy_init(void) {
  REAL(curl_easy_init, CURL *, void);
  return fails(1) ? NULL : real();
}

CURLM *curl_multi_init(void) {
  REAL(curl_multi_init, CURLM *, void);
  return fails(1) ? NULL : real();
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy) {
  REAL(curl_multi_add_handle, CURLMcode, CURLM *, CURL *);
  return fails(1) ? CURLM_OUT_OF_MEMORY : real(multi, easy);
}

#endif

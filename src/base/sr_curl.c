/* What every user of libcurl needs once.
** SPDX-License-Identifier: MIT */
#include "base/sr_curl.h"

#include <pthread.h>

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;
static CURLcode curl_started;

static void start_curl(void) {
  curl_started = curl_global_init(CURL_GLOBAL_DEFAULT);
}

CURLcode sr_curl_start(void) {
  pthread_once(&curl_once, start_curl);
  return curl_started;
}

/* What every user of libcurl needs once.
** SPDX-License-Identifier: MIT */
#ifndef SR_CURL_H
#define SR_CURL_H

#include <curl/curl.h>

/*
** Starts libcurl, the first time only; from any thread. CURLE_OK, or why it can't be used. Each module
** of ours starts it once: libcurl counts.
*/
CURLcode sr_curl_start(void);

/* Sets an option of `easy`, unless `code` says that one before it failed. */
#define SR_CURL_SET(code, easy, option, value)                                                     \
  ((code) == CURLE_OK ? (void)((code) = curl_easy_setopt(easy, option, value)) : (void)0)

#endif

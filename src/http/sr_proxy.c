/* Proxies.
** SPDX-License-Identifier: MIT */
#include "http/sr_proxy.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WRITE_IT "; write http://host:port or http://user:password@host:port"

const char sr_proxy_no_memory[] = "could not be read: memory ran out";

static int is_known(const char *scheme) {
  static const char *const schemes[] = {"http",    "https",  "socks",  "socks4",
                                        "socks4a", "socks5", "socks5h"};
  size_t i;
  for (i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
    if (strcasecmp(scheme, schemes[i]) == 0)
      return 1;
  return 0;
}

static CURLUcode read_part(CURLU *url, CURLUPart part, unsigned flags) {
  char *text = NULL;
  CURLUcode code = curl_url_get(url, part, &text, flags);
  curl_free(text);
  return code;
}

static const char *check(CURLU *url, const char *address) {
  static const char bad_password[] =
      "has a user or password that can't be read: write @ as %40, : as %3A, / as %2F, % as %25";
  CURLUcode code;
  char *scheme = NULL;
  const char *p, *host = strstr(address, "://");
  int known;
  for (p = address; *p != '\0'; p++)
    if ((unsigned char)*p <= 0x20 || *p == 0x7f)
      return "holds a blank or a control character" WRITE_IT;
  code = curl_url_set(url, CURLUPART_URL, address, CURLU_NON_SUPPORT_SCHEME | CURLU_GUESS_SCHEME);
  if (code == CURLUE_OUT_OF_MEMORY)
    return sr_proxy_no_memory;
  host = host != NULL ? host + 3 : address;
  p = strchr(host, '@'); /* one before the host, none elsewhere */
  if (p != NULL && (strchr(p + 1, '@') != NULL || p > host + strcspn(host, "/?#")))
    return bad_password;
  if (code == CURLUE_BAD_PORT_NUMBER)
    return "has a port that is not a number from 1 to 65535";
  if (code != CURLUE_OK)
    return strchr(address, '@') != NULL ? bad_password : "is not an address" WRITE_IT;
  if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
    return sr_proxy_no_memory; /* it was parsed, so there is one */
  known = is_known(scheme);
  curl_free(scheme);
  if (!known)
    return "has a scheme that is none of http, https, socks4, socks4a, socks5 and socks5h";
  if (read_part(url, CURLUPART_USER, CURLU_URLDECODE) == CURLUE_URLDECODE ||
      read_part(url, CURLUPART_PASSWORD, CURLU_URLDECODE) == CURLUE_URLDECODE)
    return bad_password;
  return NULL;
}

const char *sr_proxy_check(const char *address) {
  CURLU *url = curl_url();
  const char *problem;
  if (url == NULL)
    return sr_proxy_no_memory;
  problem = check(url, address);
  curl_url_cleanup(url);
  return problem;
}

static const char *value_of(const char *name) {
  const char *value = getenv(name);
  return value != NULL && value[0] != '\0' ? value : NULL;
}

static int may_be_exempt(void) {
  return value_of("no_proxy") != NULL || value_of("NO_PROXY") != NULL;
}

const char *sr_proxy_of_environment(const char **name) {
  static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
  size_t i;
  if (may_be_exempt())
    return NULL;
  for (i = 0; i < sizeof names / sizeof names[0]; i++) {
    const char *value = value_of(names[i]);
    *name = names[i];
    if (value != NULL) /* libcurl takes the first */
      return value;
  }
  return NULL;
}

int sr_proxy_is_http(const char *address) {
  return strncasecmp(address, "socks", 5) != 0 && !may_be_exempt();
}

/* Maps libcurl's codes and messages to errors.
** SPDX-License-Identifier: MIT */
#include "http/sr_error.h"

#include <curl/curl.h>
#include <string.h>

/* ---- texts that need a translation ---- */

/*
** libcurl has one code for many causes, and its words often don't help. These are told apart by its
** text, since there is nothing else.
*/
struct reading {
  const char *text; /* part of libcurl's: two words or more, so that no host name matches */
  enum sr_kind kind;
  const char *code;
  const char *message; /* NULL: libcurl's text */
  const char *hint;
};

#define HINT_WEAK                                                                                  \
  "the server needs a new certificate: this machine's TLS library refuses SHA-1, MD5 and short "   \
  "keys"

#define NOT_ENCODED "the body can't be decompressed"

static const struct reading readings[] = {
    {"HTTP/0.9", SR_PROTOCOL, "bad_answer", "the answer is not HTTP",
     "there is no HTTP server at this address: check host and port of base_url"},
    {"wrong version number", SR_TLS, "handshake", "the server does not speak TLS",
     "check scheme and port of base_url: https needs a port with TLS; a proxy may be in between"},
    {"packet length too long", SR_TLS, "handshake", "the server does not speak TLS",
     "check scheme and port of base_url: https needs a port with TLS; a proxy may be in between"},
    {"alert protocol version", SR_TLS, "handshake", "the server refused TLS 1.2 and TLS 1.3",
     "TLS 1.2 is the oldest version that is allowed: the server has to be updated"},
    {"unsupported protocol", SR_TLS, "handshake", "the server has neither TLS 1.2 nor TLS 1.3",
     "TLS 1.2 is the oldest version that is allowed: the server has to be updated"},
    {"certificate required", SR_TLS, "client_certificate", "the server wants a client certificate",
     NULL},
    {"md too weak", SR_TLS, "certificate", NULL, HINT_WEAK},
    {"key too weak", SR_TLS, "certificate", NULL, HINT_WEAK},
    {"key too small", SR_TLS, "certificate", NULL, HINT_WEAK},
    {"digest algorithm too weak", SR_TLS, "certificate", NULL, HINT_WEAK},
    {"certificate purpose", SR_TLS, "certificate", NULL,
     "the server's certificate is made for another use, such as clients: it needs one for servers"},
    {"nsupported proxy", SR_INVALID, "bad_option", "the proxy's address can't be used",
     "write http://host:port in the option proxy or in https_proxy, HTTPS_PROXY, all_proxy or "
     "ALL_PROXY"},
    {"in chunked-encoding", SR_PROTOCOL, "bad_answer", NULL, NULL},
    {"chunk hex", SR_PROTOCOL, "bad_answer", NULL, NULL},
    {"riting received data", SR_DECODE, "bad_encoding", NOT_ENCODED, NULL},
    {"riting output to destination", SR_DECODE, "bad_encoding", NOT_ENCODED, NULL},
    {"user callback function failed", SR_TOO_LARGE, "headers",
     "the answer's HTTP/2 headers are larger than libcurl takes", NULL},
    {"many CONTINUATION frames", SR_TOO_LARGE, "headers",
     "the answer's HTTP/2 headers are larger than libcurl takes", NULL},
    {"oo large response headers", SR_TOO_LARGE, "headers",
     "the answer's headers are larger than libcurl takes", NULL},
};

static const struct reading *reading_of(const char *text) {
  size_t i;
  for (i = 0; i < sizeof readings / sizeof readings[0]; i++)
    if (strstr(text, readings[i].text) != NULL)
      return &readings[i];
  return NULL;
}

/* Whether a certificate was refused for its issuer, in the words of OpenSSL and GnuTLS. */
static int distrusted(const char *text) {
  return strstr(text, "issuer") != NULL || strstr(text, "self") != NULL ||
         strstr(text, "CAfile") != NULL;
}

/* ---- codes ---- */

struct meaning {
  int code; /* libcurl's; a number where its name is younger than 7.68 */
  enum sr_kind kind;
  const char *word; /* our code */
};

static const struct meaning meanings[] = {
    {CURLE_OPERATION_TIMEDOUT, SR_TIMEOUT, "no_connection"},
    {CURLE_COULDNT_RESOLVE_HOST, SR_NETWORK, "dns"},
    {CURLE_COULDNT_RESOLVE_PROXY, SR_NETWORK, "dns"},
    {CURLE_COULDNT_CONNECT, SR_NETWORK, "connect"},
    {CURLE_PARTIAL_FILE, SR_NETWORK, "truncated"},
    {97 /* CURLE_PROXY */, SR_NETWORK, "proxy"},
    {CURLE_PEER_FAILED_VERIFICATION, SR_TLS, "certificate"},
    {CURLE_SSL_CACERT_BADFILE, SR_TLS, "ca_file"},
    {98 /* CURLE_SSL_CLIENTCERT */, SR_TLS, "client_certificate"},
    {CURLE_SSL_CONNECT_ERROR, SR_TLS, "handshake"},
    {CURLE_SSL_CERTPROBLEM, SR_TLS, "handshake"},
    {CURLE_SSL_CIPHER, SR_TLS, "handshake"},
    {CURLE_SSL_ISSUER_ERROR, SR_TLS, "handshake"},
    {CURLE_SSL_INVALIDCERTSTATUS, SR_TLS, "handshake"},
    {CURLE_USE_SSL_FAILED, SR_TLS, "handshake"},
    {CURLE_OUT_OF_MEMORY, SR_TOO_LARGE, "out_of_memory"},
    {100 /* CURLE_TOO_LARGE */, SR_TOO_LARGE, "headers"},
    {CURLE_BAD_FUNCTION_ARGUMENT, SR_PROTOCOL, "unsupported"},
    {CURLE_UNKNOWN_OPTION, SR_PROTOCOL, "unsupported"},
    {CURLE_NOT_BUILT_IN, SR_PROTOCOL, "unsupported"},
    {CURLE_UNSUPPORTED_PROTOCOL, SR_PROTOCOL, "bad_answer"},
    {CURLE_URL_MALFORMAT, SR_PROTOCOL, "bad_answer"},
    {CURLE_WEIRD_SERVER_REPLY, SR_PROTOCOL, "bad_answer"},
    {CURLE_BAD_CONTENT_ENCODING, SR_DECODE, "bad_encoding"},
    {CURLE_TOO_MANY_REDIRECTS, SR_PROTOCOL, "bad_answer"},
    /* Our own buffers report their failures themselves: it was the decompression. */
    {CURLE_WRITE_ERROR, SR_DECODE, "bad_encoding"},
    /* CURLE_GOT_NOTHING, _SEND_ERROR, _RECV_ERROR, and whatever later versions add */
    {0, SR_NETWORK, "connection_lost"},
};

/* The same once the request has been begun, where that makes a difference. */
static const struct meaning meanings_connected[] = {
    {CURLE_OPERATION_TIMEDOUT, SR_TIMEOUT, "no_answer"},
    {CURLE_BAD_FUNCTION_ARGUMENT, SR_PROTOCOL, "bad_answer"}, /* of libcurl's header parser */
    {CURLE_UNKNOWN_OPTION, SR_PROTOCOL, "bad_answer"},
    {CURLE_NOT_BUILT_IN, SR_PROTOCOL, "bad_answer"},
    {0, SR_NO_ERROR, NULL},
};

static const struct meaning *meaning_in(const struct meaning *list, int code) {
  while (list->code != 0 && list->code != code)
    list++;
  return list;
}

static const struct meaning *meaning_of(int code, int connected) {
  const struct meaning *meaning = connected ? meaning_in(meanings_connected, code) : NULL;
  return meaning != NULL && meaning->word != NULL ? meaning : meaning_in(meanings, code);
}

/* The hint for a refused certificate. */
static const char *certificate_hint(const char *text) {
  if (distrusted(text))
    return "the server's certificate is not trusted; name the CA that signed it with ca_file";
  if (strstr(text, "expired") != NULL || strstr(text, "not yet valid") != NULL)
    return "check this machine's clock; if it is right, the server needs a new certificate";
  if (strstr(text, "subject name") != NULL)
    return "the server's certificate is for another address: check base_url, and which server "
           "answers";
  return "the server's certificate is not for this address, or not for today: check base_url, the "
         "clock, and which server answers";
}

/* The message, where libcurl's own does not help. */
static const char *text_of(int code, int connected) {
  if (code == CURLE_WRITE_ERROR)
    return NOT_ENCODED;
  if (code == CURLE_BAD_FUNCTION_ARGUMENT && connected)
    return "the answer has a header line that is not HTTP";
  return curl_easy_strerror((CURLcode)code);
}

void sr_error_from_curl(struct sr_error *error, int code, int connected, const char *detail) {
  const char *text = detail[0] != '\0' ? detail : text_of(code, connected);
  const struct reading *reading = reading_of(detail);
  const struct meaning *meaning = meaning_of(code, connected);
  if (reading != NULL)
    sr_error_set(error, reading->kind, reading->code, reading->hint, "%s",
                 reading->message != NULL ? reading->message : text);
  else
    sr_error_set(error, meaning->kind, meaning->word,
                 code == CURLE_PEER_FAILED_VERIFICATION ? certificate_hint(text) : NULL, "%s",
                 text);
}

void sr_error_from_proxy(struct sr_error *error, int status) {
  const char *hint = "the proxy can't reach the API now: try again later, or ask who runs it";
  if (status == 407 || status == 401) /* tinyproxy says 401 */
    hint = "the proxy wants user:password: write http://user:password@host:port";
  else if (status < 500)
    hint = "the proxy does not let you through to the API: check the option proxy, or https_proxy "
           "and all_proxy in the environment, or ask who runs it";
  if (status / 100 == 2)
    sr_error_set(error, SR_NETWORK, "proxy", "check the option proxy, or ask who runs it",
                 "the proxy's answer to CONNECT did not end");
  else
    sr_error_set(error, SR_NETWORK, "proxy", hint, "the proxy answered %d to CONNECT", status);
  error->lasting = status < 500;
}

/* Puts `text` before the message, and sets code and hint. */
static void tell_of_proxy(struct sr_error *error, const char *code, const char *hint,
                          const char *text) {
  char message[SR_MESSAGE_SIZE];
  memcpy(message, error->message, sizeof message);
  sr_error_set(error, error->kind, code, hint, "%s: %s", text, message);
}

void sr_error_blame_proxy(struct sr_error *error) {
  if (error->kind == SR_TLS)
    tell_of_proxy(error, error->code,
                  "https:// in a proxy's address means TLS to the proxy itself, but most proxies "
                  "want http://: check the option proxy, or https_proxy and all_proxy in the "
                  "environment",
                  "no TLS with the proxy");
  else if (error->kind == SR_NETWORK && strcmp(error->code, "connection_lost") == 0)
    tell_of_proxy(error, "proxy",
                  "check whether an HTTP proxy listens at the address in the option proxy, or in "
                  "https_proxy and all_proxy in the environment",
                  "the proxy gave no answer to CONNECT");
}

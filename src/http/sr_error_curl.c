/* What libcurl's codes and texts mean.
** SPDX-License-Identifier: MIT */
#include "http/sr_error.h"

#include <curl/curl.h>
#include <string.h>

/* ---- texts that need a translation ---- */

/*
** What libcurl and TLS libraries say of a peer is often right and no help. libcurl has one code for
** many of these causes, so the text is all there is to tell them apart.
*/
struct reading {
  const char *text; /* part of libcurl's text: two words, so that no host's name is taken for it */
  enum sr_kind kind;
  const char *code;
  const char *message; /* NULL: libcurl's text */
  const char *hint;
};

#define HINT_WEAK                                                                                  \
  "the server needs a new certificate: this machine's TLS library refuses SHA-1, MD5 and short "   \
  "keys"

#define NOT_ENCODED   "the body can't be decompressed"
#define HINT_ENCODING "it is not what its Content-Encoding says: check base_url, and who answers"

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
     "certificates of clients are not supported: check base_url"},
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
    {"riting received data", SR_DECODE, "bad_encoding", NOT_ENCODED, HINT_ENCODING},
    {"riting output to destination", SR_DECODE, "bad_encoding", NOT_ENCODED, HINT_ENCODING},
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

/* Whether a certificate was refused for its signer, by the words of OpenSSL and GnuTLS. */
static int distrusted(const char *text) {
  return strstr(text, "issuer") != NULL || strstr(text, "self") != NULL ||
         strstr(text, "CAfile") != NULL;
}

/* ---- codes ---- */

void sr_error_from_curl(struct sr_error *error, int code, int connected, const char *detail) {
  const char *text = detail[0] != '\0' ? detail : curl_easy_strerror((CURLcode)code);
  const struct reading *reading = reading_of(detail);
  enum sr_kind kind = SR_NETWORK;
  const char *word = "connection_lost", *hint = NULL;
  if (reading != NULL) {
    sr_error_set(error, reading->kind, reading->code, reading->hint, "%s",
                 reading->message != NULL ? reading->message : text);
    return;
  }
  switch (code) {
  case CURLE_OPERATION_TIMEDOUT:
    kind = SR_TIMEOUT;
    word = connected ? "no_answer" : "no_connection";
    break;
  case CURLE_COULDNT_RESOLVE_HOST:
  case CURLE_COULDNT_RESOLVE_PROXY:
    word = "dns";
    hint = "check the name in base_url or proxy, and this machine's name server";
    break;
  case CURLE_COULDNT_CONNECT:
    word = "connect";
    hint = "check that the address can be reached from this machine: firewall, proxy, base_url";
    break;
  case CURLE_PEER_FAILED_VERIFICATION:
    kind = SR_TLS;
    word = "certificate";
    hint =
        distrusted(text)
            ? "the server's certificate is not trusted; name the CA that signed it with ca_file"
            : "the server's certificate is not for this address, or not for today: check base_url, "
              "the clock, and who answers";
    break;
  case CURLE_SSL_CACERT_BADFILE:
    kind = SR_TLS;
    word = "ca_file";
    hint = "check that ca_file is a PEM file that can be read";
    break;
  case 98: /* CURLE_SSL_CLIENTCERT, from 7.77 on */
    kind = SR_TLS;
    word = "client_certificate";
    hint = "certificates of clients are not supported: check base_url";
    break;
  case CURLE_SSL_CONNECT_ERROR:
  case CURLE_SSL_CERTPROBLEM:
  case CURLE_SSL_CIPHER:
  case CURLE_SSL_ISSUER_ERROR:
  case CURLE_SSL_INVALIDCERTSTATUS:
  case CURLE_USE_SSL_FAILED:
    kind = SR_TLS;
    word = "handshake";
    break;
  case CURLE_OUT_OF_MEMORY:
    kind = SR_TOO_LARGE;
    word = "out_of_memory";
    break;
  case 100: /* CURLE_TOO_LARGE, from 8.6 on */
    kind = SR_TOO_LARGE;
    word = "headers";
    break;
  case CURLE_BAD_FUNCTION_ARGUMENT: /* of the function that takes in a header, for one */
  case CURLE_UNKNOWN_OPTION:
  case CURLE_NOT_BUILT_IN:
    kind = SR_PROTOCOL;
    word = connected ? "bad_answer" : "unsupported";
    if (connected && detail[0] == '\0')
      text = "the answer has a header line that is not HTTP";
    hint = connected
               ? "check base_url, and who answers"
               : "this libcurl can't send the request: it is too large, or libcurl lacks a feature";
    break;
  case CURLE_UNSUPPORTED_PROTOCOL:
  case CURLE_URL_MALFORMAT:
  case CURLE_WEIRD_SERVER_REPLY:
  case CURLE_BAD_CONTENT_ENCODING:
  case CURLE_TOO_MANY_REDIRECTS:
    kind = SR_PROTOCOL;
    word = "bad_answer";
    break;
  case CURLE_WRITE_ERROR: /* our own buffers say so themselves: it was the decompression */
    kind = SR_DECODE;
    word = "bad_encoding";
    hint = HINT_ENCODING;
    if (detail[0] == '\0')
      text = NOT_ENCODED;
    break;
  case CURLE_PARTIAL_FILE:
    word = "truncated";
    break;
  case 97: /* CURLE_PROXY, from 7.73 on */
    word = "proxy";
    hint = "check the option proxy, or https_proxy and all_proxy in the environment";
    break;
  default: /* CURLE_GOT_NOTHING, _SEND_ERROR, _RECV_ERROR and whatever later versions add */
    break;
  }
  sr_error_set(error, kind, word, hint, "%s", text);
}

void sr_error_from_proxy(struct sr_error *error, int status) {
  const char *hint = "the proxy can't reach the API now: try again later, or ask who runs it";
  if (status == 407)
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

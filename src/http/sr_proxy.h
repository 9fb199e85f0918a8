/* Proxies: whether libcurl can use an address, and which one it finds in the environment.
** SPDX-License-Identifier: MIT */
#ifndef SR_PROXY_H
#define SR_PROXY_H

/* sr_proxy_check returns this pointer if memory runs out. */
extern const char sr_proxy_no_memory[];

/*
** NULL, or what is wrong with a proxy's address, to follow the name of the option in a sentence. It
** never quotes the address, which may hold a password.
*/
const char *sr_proxy_check(const char *address);

/*
** The proxy that libcurl takes from the environment for https addresses; `*name` is its variable.
** NULL: there is none, or no_proxy is set, which may exempt the host.
*/
const char *sr_proxy_of_environment(const char **name);

/* Whether calls go to the proxy at `address` with CONNECT. 0 if no_proxy may exempt the host. */
int sr_proxy_is_http(const char *address);

#endif

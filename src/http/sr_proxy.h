/* Proxies: whether libcurl can use an address, and which one it finds in the environment.
** SPDX-License-Identifier: MIT */
#ifndef SR_PROXY_H
#define SR_PROXY_H

/* What both functions return, this very pointer, when they could not tell for lack of memory. */
extern const char sr_proxy_no_memory[];

/*
** NULL, or what is wrong with a proxy's address, to follow the name of the option in a sentence. It
** never quotes the address, which may hold a password.
*/
const char *sr_proxy_check(const char *address);

/*
** Checks the proxy that libcurl takes from the environment for https addresses. NULL when there is
** none, it is fine, or no_proxy is set, which may exempt the host; else what is wrong, and `*name` is
** the variable.
*/
const char *sr_proxy_check_environment(const char **name);

#endif

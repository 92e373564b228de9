/* SPDX-License-Identifier: GPL-2.0-only */
#include <netinet/tcp.h>
/* Behind those that a user sees. */
#define TCP_NEW_SYN_RECV 12

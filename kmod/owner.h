/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_OWNER_H
#define E7_OWNER_H

#include <net/sock.h>

#include "packet.h"

struct sock *owner_find(struct packet *packet);
void owner_put(struct sock *held);

#endif /* E7_OWNER_H */

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_LISTEN_H
#define E7_LISTEN_H

#include "packet.h"

struct sock;

void listen_learn(struct sock *sk);
struct sock *listen_find(const struct packet *packet);

#endif /* E7_LISTEN_H */

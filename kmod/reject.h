/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_REJECT_H
#define E7_REJECT_H

#include <linux/types.h>

struct packet;

unsigned int reject_packet(const struct packet *packet);
bool reject_sends(void);

#endif /* E7_REJECT_H */

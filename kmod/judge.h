/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_JUDGE_H
#define E7_JUDGE_H

#include "packet.h"
#include "rule.h"

struct rule_verdict judge_packet(struct packet *packet);

#endif /* E7_JUDGE_H */

// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef CE7BROKERCALLS_H
#define CE7BROKERCALLS_H

#include <stddef.h>

struct e7_call;

/// The system calls of e7-broker in service.
const struct e7_call *_Nonnull e7_broker_calls(size_t *_Nonnull count);

#endif

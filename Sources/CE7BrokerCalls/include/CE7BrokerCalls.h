// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <CE7Sandbox.h>

/// The system calls of e7-broker in service.
struct e7_calls e7_broker_calls(void);

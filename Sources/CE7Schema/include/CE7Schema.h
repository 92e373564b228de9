// SPDX-License-Identifier: GPL-2.0-or-later
// The schema of kmod/uapi/defs.x for Swift: its enums, and look-ups in its tables.
//
// Every number that comes from outside passes a look-up here before it becomes an enum.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../../kmod/uapi/e7.h"

/// The name proper of `number`, static, or null where the list has no such number.
const char *_Nullable e7_word_of(enum e7_list list, uint32_t number);

/// The name of a flag, static, or null where there is no such flag.
const char *_Nullable e7_flag_alias(uint32_t number);

/// What a flag takes: `kind` is a `FlagKind`, of words their list, or -1 where there is no such flag;
/// of what is only read, `most` is below `least`.
struct e7_flag_form {
  int32_t kind;
  uint32_t least, most;
};
struct e7_flag_form e7_flag(uint32_t number);

/// What an attribute is: `type` is an `AttributeType`, or -1 where there is no such attribute; `limit`
/// its largest number, or longest text in bytes without its NUL, 0 where the type alone limits.
struct e7_attr_form {
  int32_t type;
  uint32_t size, limit;
};
struct e7_attr_form e7_attr(uint32_t number);

/// Whether a command of the kernel's takes an attribute.
bool e7_takes(uint32_t command, uint32_t attribute);

// SPDX-License-Identifier: GPL-2.0-or-later
// The schema of kmod/uapi/defs.x for Swift: its enums, and look-ups in its tables.
//
// Every number that comes from outside passes a look-up here before it becomes an enum.
#ifndef CE7SCHEMA_H
#define CE7SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../../kmod/uapi/e7.h"

/// The name proper of `number`, static, or null where the list has no such number.
const char *_Nullable e7_word_of(enum e7_list list, uint32_t number);

/// The name of a flag, static, or null where there is no such flag.
const char *_Nullable e7_flag_alias(uint32_t number);

/// The kind of a flag (`FlagKind`'s raw value, and of words their list's), or -1 where there is none.
int32_t e7_flag_kind(uint32_t number);

/// The least and the greatest value that a flag takes, also where words stand for them; false where
/// it is only read.
bool e7_flag_range(uint32_t number, uint32_t *_Nonnull least, uint32_t *_Nonnull most);

struct e7_attr_form {
  /// `AttributeType`'s raw value.
  uint16_t type;
  /// Largest number, or longest text in bytes without its NUL; 0 where the type alone limits.
  uint16_t limit;
};

/// The form of an attribute; false where there is none of this number.
bool e7_attr(uint32_t number, struct e7_attr_form *_Nonnull form);

/// Whether a command of the kernel's takes an attribute.
bool e7_takes(uint32_t command, uint32_t attribute);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
// Look-ups in the tables of kmod/uapi/defs.x that people's words need, and e7-priv does not.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "../../../kmod/uapi/e7.h"

/// One line about `number`, static, or null where the list has no such number.
const char *_Nullable e7_word_doc(enum e7_list list, uint32_t number);

/// The number of the word of exactly `count` bytes, or -1.
int32_t e7_number_of(enum e7_list list, const uint8_t *_Nonnull bytes, size_t count);

/// The word at `index` of the list, names proper and synonyms, or null past its end.
const char *_Nullable e7_word_at(enum e7_list list, size_t index);

/// The number of the flag named by exactly `count` bytes, or -1.
int32_t e7_flag_number(const uint8_t *_Nonnull bytes, size_t count);

/// The flag at `index` of the table, or -1 past its end.
int32_t e7_flag_at(size_t index);

/// One line about a flag, static, or null where there is no such flag.
const char *_Nullable e7_flag_doc(uint32_t number);

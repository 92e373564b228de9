// SPDX-License-Identifier: GPL-2.0-or-later
#include "CE7Schema.h"

#define E7_NAMES_ALONE
#include "../../kmod/uapi/tables.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

// Only userland checks attributes by hand; the kernel has its policies.
static const struct {
  uint16_t number, type, limit;
} e7_attrs[] = {
#define E7_ATTR(N, s, n, t, l, d) {n, E7_TYPE_##t, l},
#define E7_MSG_ATTR(N, s, n, t, l, d) {n, E7_TYPE_##t, l},
#include "../../kmod/uapi/defs.x"
};

// What each command takes, as numbers of bits.
static const struct {
  uint16_t number;
  uint64_t takes;
} e7_commands[] = {
#define E7_A(N) (UINT64_C(1) << E7_ATTR_##N)
#define E7_CMD(N, s, n, c, t, d) {n, t},
#include "../../kmod/uapi/defs.x"
};

const char *e7_word_of(enum e7_list list, uint32_t number) {
  const struct e7_word *row = e7_word_row(list, number);
  return row ? row->word : NULL;
}

const char *e7_flag_alias(uint32_t number) {
  const struct e7_flag_row *row = e7_flag_row(number);
  return row ? row->alias : NULL;
}

int32_t e7_flag_kind(uint32_t number) {
  const struct e7_flag_row *row = e7_flag_row(number);
  return row ? row->kind : -1;
}

bool e7_flag_range(uint32_t number, uint32_t *least, uint32_t *most) {
  const struct e7_flag_row *row = e7_flag_row(number);

  if (!row || row->kind == E7_KIND_COUNTER) return false;
  *least = row->least;
  *most = row->most;
  if (row->kind == E7_KIND_NUMBER) return true;
  // A kind of words is a list, whose numbers are counted up from 0 or 1.
  *least = !e7_word_of((enum e7_list)row->kind, 0);
  for (*most = *least; e7_word_of((enum e7_list)row->kind, *most + 1);) ++*most;
  return true;
}

// The row of an attribute, or -1.
static int attr_row(uint32_t number) {
  for (size_t i = 0; i < COUNT(e7_attrs); i++)
    if (e7_attrs[i].number == number) return (int)i;
  return -1;
}

int32_t e7_attr_type_of(uint32_t number) {
  int row = attr_row(number);
  return row < 0 ? -1 : e7_attrs[row].type;
}

uint32_t e7_attr_limit(uint32_t number) {
  int row = attr_row(number);
  return row < 0 ? 0 : e7_attrs[row].limit;
}

bool e7_takes(uint32_t command, uint32_t attribute) {
  for (size_t i = 0; i < COUNT(e7_commands); i++)
    if (e7_commands[i].number == command)
      return attribute < 64 && e7_commands[i].takes >> attribute & 1;
  return false;
}

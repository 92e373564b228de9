// SPDX-License-Identifier: GPL-2.0-or-later
#include "CE7Schema.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

// Flags are looked up as a list, too; no other has this number.
enum { flag_list = 0 };

// In a program that is loaded anywhere a pointer costs more than most words.
static const struct __attribute__((packed)) {
  uint8_t list;
  uint16_t number;
  char word[12];
} rows[] = {
#define E7_WORD(L, n, w, d) {E7_LIST_##L, n, w},
#include "../../kmod/uapi/words.x"
#define E7_FLAG(N, s, n, a, K, p, d) {flag_list, n, #a},
#define E7_NUMBER(N, s, n, a, p, l, m, d) {flag_list, n, #a},
#define E7_COUNTER(N, s, n, a, d) {flag_list, n, #a},
#include "../../kmod/uapi/defs.x"
};

static const struct {
  uint8_t number, kind;
  uint16_t least, most;
} flags[] = {
#define E7_FLAG(N, s, n, a, K, p, d) {n, E7_KIND_##K, 0, 0},
#define E7_NUMBER(N, s, n, a, p, l, m, d) {n, E7_KIND_NUMBER, l, m},
#define E7_COUNTER(N, s, n, a, d) {n, E7_KIND_COUNTER, 1, 0},
#include "../../kmod/uapi/defs.x"
};

// Only userland checks attributes by hand; the kernel has its policies.
enum { PAD = 0, FLAG = 0, U8 = 1, U16 = 2, U32 = 4, U64 = 8, ADDR = 16, STRING = 0 };
static const struct {
  uint8_t number, type, size;
  uint16_t limit;
} attrs[] = {
#define E7_ATTR(N, s, n, t, l, d) {n, E7_TYPE_##t, t, l},
#define E7_MSG_ATTR(N, s, n, t, l, d) {n, E7_TYPE_##t, t, l},
#include "../../kmod/uapi/defs.x"
};

// What each command takes, as numbers of bits.
static const struct __attribute__((packed)) {
  uint8_t number;
  uint64_t takes;
} commands[] = {
#define E7_A(N) (UINT64_C(1) << E7_ATTR_##N)
#define E7_CMD(N, s, n, c, t, d) {n, t},
#include "../../kmod/uapi/defs.x"
};

const char *e7_word_of(enum e7_list list, uint32_t number) {
  for (size_t i = 0; i < COUNT(rows); i++)
    if (rows[i].list == list && rows[i].number == number) return rows[i].word;
  return NULL;
}

const char *e7_flag_alias(uint32_t number) { return e7_word_of((enum e7_list)flag_list, number); }

struct e7_flag_form e7_flag(uint32_t number) {
  for (size_t i = 0; i < COUNT(flags); i++) {
    struct e7_flag_form form = {flags[i].kind, flags[i].least, flags[i].most};
    if (flags[i].number != number) continue;
    if (form.kind == E7_KIND_NUMBER || form.kind == E7_KIND_COUNTER) return form;
    // A kind of words is a list, whose numbers are counted up from 0 or 1.
    form.least = form.most = !e7_word_of((enum e7_list)form.kind, 0);
    while (e7_word_of((enum e7_list)form.kind, form.most + 1)) form.most++;
    return form;
  }
  return (struct e7_flag_form){.kind = -1};
}

struct e7_attr_form e7_attr(uint32_t number) {
  for (size_t i = 0; i < COUNT(attrs); i++)
    if (attrs[i].number == number)
      return (struct e7_attr_form){attrs[i].type, attrs[i].size, attrs[i].limit};
  return (struct e7_attr_form){.type = -1};
}

bool e7_takes(uint32_t command, uint32_t attribute) {
  for (size_t i = 0; i < COUNT(commands); i++)
    if (commands[i].number == command)
      return attribute < 64 && commands[i].takes >> attribute & 1;
  return false;
}

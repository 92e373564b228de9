// SPDX-License-Identifier: GPL-2.0-or-later
#include "CE7Schema.h"

#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

// Flags are looked up as a list, too; no other has this number.
enum { flag_list = 0 };

// Whose each word is; the words stand behind one another, since in a program that is loaded
// anywhere a pointer costs more than most of them.
static const struct __attribute__((packed)) {
  uint8_t list;
  uint16_t number;
} rows[] = {
#define E7_WORD(L, n, w, d) {E7_LIST_##L, n},
#include "../../kmod/uapi/words.x"
#define E7_FLAG(N, s, n, a, K, p, d) {flag_list, n},
#define E7_NUMBER(N, s, n, a, p, l, m, d) {flag_list, n},
#define E7_COUNTER(N, s, n, a, d) {flag_list, n},
#include "../../kmod/uapi/defs.x"
};

static const char words[] =
#define E7_WORD(L, n, w, d) w "\0"
#include "../../kmod/uapi/words.x"
#define E7_FLAG(N, s, n, a, K, p, d) #a "\0"
#define E7_NUMBER(N, s, n, a, p, l, m, d) #a "\0"
#define E7_COUNTER(N, s, n, a, d) #a "\0"
#include "../../kmod/uapi/defs.x"
    ;

static const struct {
  uint8_t number, kind;
  uint16_t least, most;
} flags[] = {
#define E7_FLAG(N, s, n, a, K, p, d) {n, E7_KIND_##K, 0, 0},
#define E7_NUMBER(N, s, n, a, p, l, m, d) {n, E7_KIND_NUMBER, l, m},
#define E7_COUNTER(N, s, n, a, d) {n, E7_KIND_COUNTER, 0, 0},
#include "../../kmod/uapi/defs.x"
};

// Only userland checks attributes by hand; the kernel has its policies.
static const struct {
  uint8_t number, type;
  uint16_t limit;
} attrs[] = {
#define E7_ATTR(N, s, n, t, l, d) {n, E7_TYPE_##t, l},
#define E7_MSG_ATTR(N, s, n, t, l, d) {n, E7_TYPE_##t, l},
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

// Where each begins.
static uint16_t starts[COUNT(rows)];

__attribute__((constructor)) static void find_starts(void) {
  for (size_t i = 1; i < COUNT(rows); i++)
    starts[i] = (uint16_t)(starts[i - 1] + strlen(words + starts[i - 1]) + 1);
}

const char *e7_word_of(enum e7_list list, uint32_t number) {
  for (size_t i = 0; i < COUNT(rows); i++)
    if (rows[i].list == list && rows[i].number == number) return words + starts[i];
  return NULL;
}

const char *e7_flag_alias(uint32_t number) { return e7_word_of((enum e7_list)flag_list, number); }

static int flag_row(uint32_t number) {
  for (size_t i = 0; i < COUNT(flags); i++)
    if (flags[i].number == number) return (int)i;
  return -1;
}

int32_t e7_flag_kind(uint32_t number) {
  int row = flag_row(number);
  return row < 0 ? -1 : flags[row].kind;
}

bool e7_flag_range(uint32_t number, uint32_t *least, uint32_t *most) {
  int row = flag_row(number);

  if (row < 0 || flags[row].kind == E7_KIND_COUNTER) return false;
  *least = flags[row].least;
  *most = flags[row].most;
  if (flags[row].kind == E7_KIND_NUMBER) return true;
  // A kind of words is a list, whose numbers are counted up from 0 or 1.
  enum e7_list words_of = (enum e7_list)flags[row].kind;
  *least = !e7_word_of(words_of, 0);
  for (*most = *least; e7_word_of(words_of, *most + 1);) ++*most;
  return true;
}

bool e7_attr(uint32_t number, struct e7_attr_form *form) {
  for (size_t i = 0; i < COUNT(attrs); i++)
    if (attrs[i].number == number) {
      *form = (struct e7_attr_form){attrs[i].type, attrs[i].limit};
      return true;
    }
  return false;
}

bool e7_takes(uint32_t command, uint32_t attribute) {
  for (size_t i = 0; i < COUNT(commands); i++)
    if (commands[i].number == command)
      return attribute < 64 && commands[i].takes >> attribute & 1;
  return false;
}

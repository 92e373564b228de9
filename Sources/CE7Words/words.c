// SPDX-License-Identifier: GPL-2.0-or-later
#include "CE7Words.h"

#include <stdbool.h>
#include <string.h>

#include "../../kmod/uapi/tables.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool equal(const char *word, const uint8_t *bytes, size_t count) {
  return strlen(word) == count && memcmp(word, bytes, count) == 0;
}

const char *e7_word_doc(enum e7_list list, uint32_t number) {
  const struct e7_word *row = e7_word_row(list, number);
  return row ? row->doc : NULL;
}

int32_t e7_number_of(enum e7_list list, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < COUNT(e7_words); i++)
    if (e7_words[i].list == list && equal(e7_words[i].word, bytes, count))
      return e7_words[i].number;
  return -1;
}

const char *e7_word_at(enum e7_list list, size_t index) {
  for (size_t i = 0; i < COUNT(e7_words); i++)
    if (e7_words[i].list == list && index-- == 0) return e7_words[i].word;
  return NULL;
}

int32_t e7_flag_number(const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < COUNT(e7_flags); i++)
    if (equal(e7_flags[i].alias, bytes, count)) return e7_flags[i].number;
  return -1;
}

int32_t e7_flag_at(size_t index) {
  return index < COUNT(e7_flags) ? e7_flags[index].number : -1;
}

const char *e7_flag_doc(uint32_t number) {
  const struct e7_flag_row *row = e7_flag_row(number);
  return row ? row->doc : NULL;
}

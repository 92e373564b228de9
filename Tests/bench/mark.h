/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a benchmark says to count.c, the plugin of the emulator that counts what
 * the kernel executes.  A mark is an instruction that does nothing, with a word
 * in it that no compiler writes; without the plugin nobody sees it.
 */
#ifndef E7_BENCH_MARK_H
#define E7_BENCH_MARK_H

#define MARK_BEGIN 1	/* this processor counts from here */
#define MARK_END   2	/* to here */
#define MARK_TELL  3	/* what all have counted is written to a file, and forgotten */

/* nopl WORD(%rax), the word being "e7m" and the mark's number. */
#define MARK_BYTES 0x0f, 0x1f, 0x80, 0x65, 0x37, 0x6d
#define MARK_TEXT(...) #__VA_ARGS__
#define MARK_LINE(...) ".byte " MARK_TEXT(__VA_ARGS__) ", %c0"
#define mark(number) __asm__ volatile(MARK_LINE(MARK_BYTES) : : "i"(number) : "memory")

#endif

/* SPDX-License-Identifier: GPL-2.0-only */
/* libc includes this one by itself, and wants the real thing. */
#include_next <linux/limits.h>

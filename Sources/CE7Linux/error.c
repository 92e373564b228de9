// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "CE7Linux.h"

const char *e7_errno_name(int32_t number) { return strerrorname_np(number); }

const char *e7_errno_text(int32_t number) { return strerrordesc_np(number); }

// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <string.h>

#include "CE7Linux.h"

#define SAME(name) _Static_assert(E7_##name == name, "a number of errno(3)")
SAME(EPERM);
SAME(ENOENT);
SAME(EINTR);
SAME(EIO);
SAME(EAGAIN);
SAME(ENOMEM);
SAME(EBUSY);
SAME(ENODEV);
SAME(EINVAL);
SAME(EFBIG);
SAME(ERANGE);
SAME(ENAMETOOLONG);
SAME(EPROTO);
SAME(EBADMSG);
SAME(EUSERS);
SAME(EOPNOTSUPP);
SAME(ECONNABORTED);
SAME(ENOBUFS);
SAME(ETIMEDOUT);
SAME(ESTALE);

const char *e7_errno_name(int32_t number) { return strerrorname_np(number); }

const char *e7_errno_text(int32_t number) { return strerrordesc_np(number); }

// SPDX-License-Identifier: GPL-2.0-only
/* How long it is until a helper that ended is started again. */
#include "../../kmod/umh.h"
#include "check.h"

#define FIRST E7_LIMIT_HELPER_PAUSE
#define MOST E7_LIMIT_HELPER_PAUSE_MAX

void test_umh(void)
{
	unsigned int pause = 0, before, n;

	/* At first soon, then later and later, up to a limit. */
	pause = umh_pause_after(pause, 0);
	CHECK(pause == FIRST, "%u", pause);
	for (n = 0; n < 40; n++) {
		before = pause;
		pause = umh_pause_after(pause, MOST - 1);
		CHECK(pause == 2 * before || (pause == MOST && 2 * before >= MOST),
		      "%u after %u", pause, before);
	}
	CHECK(pause == MOST);
	CHECK(umh_pause_after(MOST / 2 - 1, 0) == MOST - 2);
	CHECK(umh_pause_after(MOST / 2, 0) == MOST);
	CHECK(umh_pause_after(MOST / 2 + 1, 0) == MOST);
	/* One that has lived is trusted again. */
	CHECK(umh_pause_after(MOST, MOST) == FIRST);
	CHECK(umh_pause_after(MOST, MOST + 1) == FIRST);
	CHECK(umh_pause_after(MOST, MOST - 1) == MOST);
}

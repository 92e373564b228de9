// SPDX-License-Identifier: GPL-2.0-only
/*
 * lease_: rules that hold only as long as somebody looks after them.
 *
 * With parameter lease=SECONDS, and no control socket for so long, flag fail
 * decides about each packet that would be judged, until a control socket is
 * claimed.  In process context, under lease_lock; packets read one word.
 *
 * The time is the processor's: while the machine sleeps nobody can look after
 * anything, and no packet moves.
 */
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/workqueue.h>

#include "cast.h"
#include "def.h"
#include "lease.h"
#include "param.h"
#include "rule.h"

bool lease_lapsed __read_mostly;

static DEFINE_MUTEX(lease_lock);
static bool lease_live;
/* When it runs out unless a control socket is claimed. */
static unsigned long lease_until;
static void lease_run_out(struct work_struct *work);
static DECLARE_DELAYED_WORK(lease_work, lease_run_out);
static unsigned int lease_seconds;

E7_PARAM_RANGE(lease, lease_seconds, 0, E7_LIMIT_LEASE,
	       "seconds, or 0 for no lease,");
MODULE_PARM_DESC(lease, "seconds without a control socket until flag fail decides; 0: never");

static void lease_set(bool lapsed)
{
	if (lease_lapsed == lapsed)
		return;
	/* What is decided from here on is of an epoch that knows. */
	WRITE_ONCE(lease_lapsed, lapsed);
	rule_epoch_bump();
	if (lapsed)
		pr_warn("e7: no control socket for %u s: flag fail decides, which says %s\n",
			lease_seconds,
			def_word(E7_LIST_VERDICT, def_flag(E7_FLAG_FAIL)));
	else
		pr_notice("e7: a control socket lives again: the rules decide\n");
	cast_notice(E7_NOTICE_LEASE, E7_FLAG_LAPSED);
}

static void lease_run_out(struct work_struct *work)
{
	mutex_lock(&lease_lock);
	/* It may have been renewed while this waited. */
	if (!lease_live && time_after_eq(jiffies, lease_until))
		lease_set(true);
	mutex_unlock(&lease_lock);
}

/* A control socket lives from now on, or none does. */
void lease_hold(bool live)
{
	mutex_lock(&lease_lock);
	lease_live = live;
	cancel_delayed_work(&lease_work);
	if (live) {
		lease_set(false);
	} else if (lease_seconds) {
		lease_until = jiffies + lease_seconds * HZ;
		schedule_delayed_work(&lease_work, lease_seconds * HZ);
	}
	mutex_unlock(&lease_lock);
}

/* Before the family goes, through which the work tells. */
void lease_exit(void)
{
	mutex_lock(&lease_lock);
	lease_seconds = 0;
	mutex_unlock(&lease_lock);
	cancel_delayed_work_sync(&lease_work);
}

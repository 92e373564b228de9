// SPDX-License-Identifier: GPL-2.0-only
/*
 * trial_: a change that goes back by itself unless it is confirmed.
 *
 * What was in force before it is held, rules and flags, so that going back needs
 * no process, and no memory but where rules have ended meanwhile.  The time runs
 * on the clock that counts suspend.  As long as it does rules are not edited:
 * what goes back would take such an edit with it.
 *
 * Changed under enl_lock; the end is read anywhere.
 */
#include <linux/hrtimer.h>
#include <linux/mutex.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/netlink.h>

#include "cast.h"
#include "def.h"
#include "enl.h"
#include "rule.h"
#include "trial.h"

/* Until going back is tried again, for want of memory. */
#define TRIAL_AGAIN_MS 100

static struct {
	struct rule_set *before;	/* null: nothing is on trial */
	u32 flags[DEF_FLAGS];
	u64 until;	/* ns since boot, suspend included; 0 without a trial */
} trial;

static struct hrtimer trial_timer;
static void trial_run_out(struct work_struct *work);
static DECLARE_WORK(trial_work, trial_run_out);

static bool trial_goes;

static enum hrtimer_restart trial_time_is_up(struct hrtimer *timer)
{
	if (!READ_ONCE(trial_goes))
		schedule_work(&trial_work);
	return HRTIMER_NORESTART;
}

/* How long COMMIT is on trial; 0 where it is for good. */
int trial_get_seconds(struct genl_info *info, u32 *seconds)
{
	struct nlattr *attr = info->attrs[E7_ATTR_CONFIRM];

	*seconds = attr ? nla_get_u32(attr) : 0;
	if (!attr || (*seconds && *seconds <= E7_LIMIT_CONFIRM))
		return 0;
	return enl_refuse(info->extack, attr, -EINVAL,
			  "expected 1 to 3600 seconds");
}

/* In any context: 0 where nothing is on trial, else at least 1. */
u32 trial_seconds_left(void)
{
	u64 until = READ_ONCE(trial.until), now = ktime_get_boottime_ns();

	if (!until)
		return 0;
	return now < until ? DIV_ROUND_UP_ULL(until - now, NSEC_PER_SEC) : 1;
}

bool trial_is_on(void)
{
	lockdep_assert_held(&enl_lock);
	return trial.before;
}

/* Why rules are not edited now, or 0. */
int trial_refuse(struct genl_info *info)
{
	if (!trial_is_on())
		return 0;
	return enl_refuse(info->extack, NULL, -EBUSY,
			  "a load awaits confirmation; confirm or revert it, or wait until it goes back");
}

/* Takes over a reference to what was in force before the change. */
void trial_begin(struct rule_set *before, u32 seconds)
{
	unsigned int flag;

	lockdep_assert_held(&enl_lock);
	trial.before = before;
	for (flag = 0; flag < DEF_FLAGS; flag++)
		trial.flags[flag] = def_flag(flag);
	WRITE_ONCE(trial.until, ktime_get_boottime_ns() +
				(u64)seconds * NSEC_PER_SEC);
	hrtimer_start(&trial_timer, ns_to_ktime(trial.until),
		      HRTIMER_MODE_ABS);
	cast_notice(E7_NOTICE_TRIAL, seconds);
}

static void trial_forget(void)
{
	WRITE_ONCE(trial.until, 0);
	rule_set_free(trial.before);
	trial.before = NULL;
}

/* What was in force, without the rules that have ended since; or null. */
static struct rule_set *trial_living(void)
{
	u64 now = ktime_get_boottime_ns();
	u64 end = rule_set_next_end(trial.before);
	struct rule_set *living;

	if (!end || end > now) {
		refcount_inc(&trial.before->refs);
		return trial.before;
	}
	living = rule_set_copy(trial.before, 0);
	if (living)
		rule_set_expire(living, now);
	return living;
}

static int trial_restore_rules(void)
{
	struct rule_set *living;

	/* Flags alone were loaded. */
	if (trial.before == rule_current())
		return 0;
	living = trial_living();
	return living ? enl_publish(living) : -ENOMEM;
}

static void trial_restore_flags(void)
{
	unsigned int flag;

	for (flag = 0; flag < DEF_FLAGS; flag++)
		if (def_is_set(flag) && def_flag(flag) != trial.flags[flag])
			enl_store(flag, trial.flags[flag]);
}

/* Ends the trial either way; an error where going back failed, which it may do again. */
int trial_settle(bool revert)
{
	int error = revert ? trial_restore_rules() : 0;

	if (error)
		return error;
	if (revert)
		trial_restore_flags();
	hrtimer_cancel(&trial_timer);
	trial_forget();
	cast_notice(E7_NOTICE_SETTLED, revert);
	return 0;
}

static void trial_run_out(struct work_struct *work)
{
	mutex_lock(&enl_lock);
	/* One that was settled may have been followed by another. */
	if (trial_is_on() && ktime_get_boottime_ns() >= trial.until &&
	    trial_settle(true))
		hrtimer_start(&trial_timer, ms_to_ktime(TRIAL_AGAIN_MS),
			      HRTIMER_MODE_REL);
	mutex_unlock(&enl_lock);
}

void trial_init(void)
{
	compat_hrtimer_setup(&trial_timer, trial_time_is_up, CLOCK_BOOTTIME);
}

/* After the last request. */
void trial_exit(void)
{
	/* The work may start the timer, which then starts nothing. */
	WRITE_ONCE(trial_goes, true);
	hrtimer_cancel(&trial_timer);
	cancel_work_sync(&trial_work);
	hrtimer_cancel(&trial_timer);
	trial_forget();
}

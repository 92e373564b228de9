// SPDX-License-Identifier: GPL-2.0-only
/*
 * rule_: the ruleset in force.
 *
 * A set is replaced as a whole: built by the one writer (enl.c, under its
 * lock), published by RCU, the old one given up by a work item after a grace
 * period, since freeing walks it.  Packets read it under rcu_read_lock(); who
 * lists it, or may put it in force again, holds it.
 *
 * The epoch counts everything that may change a verdict: rulesets and flags.
 * A verdict that is remembered anywhere carries the epoch that was read before
 * it was decided, so it is never taken for newer than it is.
 */
#include <linux/ktime.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

#include "ask.h"
#include "def.h"
#include "rule.h"

/* A set that waits for its readers. */
struct rule_retired {
	struct rcu_work work;
	struct rule_set *set;
};

static struct rule_set __rcu *rule_in_force;
static struct workqueue_struct *rule_wq;
/* From 1 on, so that what was never written is of no epoch. */
u64 rule_epoch_now __read_mostly = 1;
static DEFINE_MUTEX(rule_epoch_lock);
static u64 rule_last_id;

/* After a change that may change verdicts, whoever makes it.  May sleep. */
void rule_epoch_bump(void)
{
	mutex_lock(&rule_epoch_lock);
	smp_store_release(&rule_epoch_now, rule_epoch_now + 1);
	mutex_unlock(&rule_epoch_lock);
	ask_wake();
}

static struct rule_verdict by_flag(enum e7_flag flag, enum e7_reason reason,
				   u8 depends)
{
	return (struct rule_verdict) {
		.action = def_flag(flag),
		.reason = reason,
		.depends = depends,
	};
}

/* In any context, under rcu_read_lock(). */
struct rule_verdict rule_decide(const struct rule_flow *flow)
{
	const struct rule_set *set = rcu_dereference(rule_in_force);
	struct rule_decision decision = rule_index_decide(set->index, flow);
	struct rule *rule = decision.rule;
	u8 depends = decision.depends;

	if (rule) {
		atomic64_inc(&rule->hits);
		WRITE_ONCE(rule->last_hit, ktime_get_real_ns());
		return (struct rule_verdict) {
			.action = rule->action,
			.reason = E7_REASON_RULE,
			.depends = depends,
			.id = rule->id,
		};
	}
	if (flow->class == E7_CLASS_UNKNOWN || flow->class == E7_CLASS_KERNEL)
		return by_flag(E7_FLAG_UNKPROC, E7_REASON_UNKPROC, depends);
	if (!flow->prot_known)
		return by_flag(E7_FLAG_UNKPROT, E7_REASON_UNKPROT, depends);
	return by_flag(E7_FLAG_UNKRULE, E7_REASON_UNKRULE, depends);
}

unsigned int rule_count(void)
{
	unsigned int count;

	rcu_read_lock();
	count = rcu_dereference(rule_in_force)->count;
	rcu_read_unlock();
	return count;
}

u64 rule_generation(void)
{
	u64 generation;

	rcu_read_lock();
	generation = READ_ONCE(rcu_dereference(rule_in_force)->generation);
	rcu_read_unlock();
	return generation;
}

/* The set in force; it stays while the caller holds the writer's lock. */
struct rule_set *rule_current(void)
{
	return rcu_dereference_protected(rule_in_force, 1);
}

/* The set in force, for whoever lists it: to be given up by rule_set_free(). */
struct rule_set *rule_hold(void)
{
	struct rule_set *set;

	rcu_read_lock();
	set = rcu_dereference(rule_in_force);
	/* What was in force is given up after a grace period. */
	refcount_inc(&set->refs);
	rcu_read_unlock();
	return set;
}

u64 rule_new_id(void)
{
	return ++rule_last_id;
}

static void rule_retire(struct work_struct *work)
{
	struct rule_retired *retired =
		container_of(to_rcu_work(work), struct rule_retired, work);

	rule_set_free(retired->set);
	kfree(retired);
}

/*
 * Puts set in force as the next generation, and takes it over; -ENOMEM with all
 * as it was.  May sleep.
 */
int rule_publish(struct rule_set *set)
{
	struct rule_set *old = rule_current();
	struct rule_retired *retired;

	/* One that was in force before has it still. */
	if (!set->index)
		set->index = rule_index_new(set);
	if (!set->index)
		return -ENOMEM;
	retired = kmalloc(sizeof(*retired), GFP_KERNEL);
	WRITE_ONCE(set->generation, old->generation + 1);
	rcu_assign_pointer(rule_in_force, set);
	rule_epoch_bump();

	if (retired) {
		retired->set = old;
		INIT_RCU_WORK(&retired->work, rule_retire);
		queue_rcu_work(rule_wq, &retired->work);
	} else {
		synchronize_rcu();
		rule_set_free(old);
	}
	return 0;
}

int rule_init(void)
{
	struct rule_set *set = rule_set_new(0);

	if (!set)
		return -ENOMEM;
	set->index = rule_index_new(set);
	if (!set->index) {
		rule_set_free(set);
		return -ENOMEM;
	}
	rule_wq = alloc_workqueue("e7_rule", WQ_UNBOUND, 0);
	if (!rule_wq) {
		rule_set_free(set);
		return -ENOMEM;
	}
	RCU_INIT_POINTER(rule_in_force, set);
	return 0;
}

/* After the last reader and the last writer. */
void rule_exit(void)
{
	/* The works are queued by RCU callbacks, so those come first. */
	rcu_barrier();
	destroy_workqueue(rule_wq);
	rule_set_free(rule_current());
}

// SPDX-License-Identifier: GPL-2.0-only
/* Two threads that count as one, to see that KCSAN finds what a module races for. */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>

#define RACE_SECONDS 5
/* Between two looks at whether the thread is to end. */
#define RACE_TURNS 1000

static struct task_struct *race_threads[2];
static unsigned long race_count;

static noinline void race_turn(void)
{
	race_count++;
}

static int race_run(void *unused)
{
	int i;

	while (!kthread_should_stop()) {
		for (i = 0; i < RACE_TURNS; i++)
			race_turn();
		cond_resched();
	}
	return 0;
}

static int __init race_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(race_threads); i++)
		race_threads[i] = kthread_run(race_run, NULL, "race/%u", i);
	ssleep(RACE_SECONDS);
	for (i = 0; i < ARRAY_SIZE(race_threads); i++)
		if (!IS_ERR(race_threads[i]))
			kthread_stop(race_threads[i]);
	return 0;
}

static void __exit race_exit(void)
{
}

module_init(race_init);
module_exit(race_exit);

MODULE_DESCRIPTION("Races for a number");
MODULE_LICENSE("GPL");

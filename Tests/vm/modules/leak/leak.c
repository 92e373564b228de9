// SPDX-License-Identifier: GPL-2.0-only
/* Loses memory, to see that `tools/vm --leaks` finds what a module loses. */
#include <linux/compiler.h>
#include <linux/module.h>
#include <linux/slab.h>

/* One pointer might stay behind on a stack. */
#define LEAK_COUNT 16

static int __init leak_init(void)
{
	void *lost;
	int i;

	for (i = 0; i < LEAK_COUNT; i++) {
		lost = kmalloc(64, GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(lost);
	}
	return 0;
}

static void __exit leak_exit(void)
{
}

module_init(leak_init);
module_exit(leak_exit);

MODULE_DESCRIPTION("Loses memory");
MODULE_LICENSE("GPL");

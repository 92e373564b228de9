// SPDX-License-Identifier: GPL-2.0-only
/*
 * param_: module parameters that are numbers in a range.  They are set when the
 * module is loaded, and only then.
 */
#include <linux/kernel.h>
#include <linux/moduleparam.h>

#include "param.h"

static int param_range_set(const char *text, const struct kernel_param *kp)
{
	const struct param_range *range = kp->arg;
	unsigned int value;

	if (kstrtouint(text, 0, &value) || value < range->least ||
	    value > range->most) {
		pr_err("e7: parameter %s=%.64s: expected %s from %u to %u\n",
		       kp->name, text, range->expected, range->least,
		       range->most);
		return -EINVAL;
	}
	*range->value = value;
	return 0;
}

static int param_range_get(char *buffer, const struct kernel_param *kp)
{
	const struct param_range *range = kp->arg;

	return sysfs_emit(buffer, "%u\n", *range->value);
}

const struct kernel_param_ops param_range_ops = {
	.set = param_range_set,
	.get = param_range_get,
};

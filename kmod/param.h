/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_PARAM_H
#define E7_PARAM_H

#include <linux/moduleparam.h>

/* A module parameter that is a number in a range. */
struct param_range {
	unsigned int *value;
	unsigned int least, most;
	const char *expected;	/* what the number is, for whoever gave another */
};

extern const struct kernel_param_ops param_range_ops;

#define E7_PARAM_RANGE(name, variable, LEAST, MOST, EXPECTED) \
	static const struct param_range param_##name = { \
		.value = &(variable), .least = (LEAST), .most = (MOST), \
		.expected = (EXPECTED), \
	}; \
	module_param_cb(name, &param_range_ops, (void *)&param_##name, 0444)

#endif /* E7_PARAM_H */

// SPDX-License-Identifier: GPL-2.0-only
/*
 * prot_: the protocols that E7 reads beyond their number.  A new one is one
 * file prot_NAME.c and one row here.
 */
#include <linux/kernel.h>

#include "prot.h"

static const struct prot_ops *const prot_table[] = {
	&prot_tcp,
	&prot_udp,
	&prot_icmp,
	&prot_icmp6,
};

/* The submodule of an IP protocol, or null. */
const struct prot_ops *prot_find(unsigned int number)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(prot_table); i++)
		if (prot_table[i]->number == number)
			return prot_table[i];
	return NULL;
}

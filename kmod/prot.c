// SPDX-License-Identifier: GPL-2.0-only
/*
 * prot_: the protocols that E7 reads beyond their number.  A new one is one
 * file prot_NAME.c and one row here.
 */
#include <linux/kernel.h>

#include "prot.h"
#include "uapi/e7.h"

static const struct prot_ops *const prot_table[E7_PROT_ANY] = {
	[E7_PROT_ICMP] = &prot_icmp,
	[E7_PROT_TCP] = &prot_tcp,
	[E7_PROT_UDP] = &prot_udp,
	[E7_PROT_DCCP] = &prot_dccp,
	[E7_PROT_ICMP6] = &prot_icmp6,
	[E7_PROT_SCTP] = &prot_sctp,
	[E7_PROT_UDPLITE] = &prot_udplite,
};

/* The submodule of an IP protocol, or null. */
const struct prot_ops *prot_find(unsigned int number)
{
	return number < ARRAY_SIZE(prot_table) ? prot_table[number] : NULL;
}

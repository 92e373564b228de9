// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP-Lite, RFC 3828.  Where UDP has its length, this has how many bytes the
 * checksum covers: all of them for 0, else the header at least.
 */
#include "prot.h"
#include "uapi/e7.h"

#define UDPLITE_HEADER 8

static enum prot_result prot_udplite_parse(const u8 *header, unsigned int rest,
					   struct prot_ports *ports)
{
	unsigned int coverage = prot_u16(header + 4);

	if (coverage && (coverage < UDPLITE_HEADER ||
			 (coverage > rest && !ports->partial)))
		return PROT_MALFORMED;
	prot_read_ports(header, ports);
	return PROT_OK;
}

const struct prot_ops prot_udplite = {
	.name = "udplite",
	.number = E7_PROT_UDPLITE,
	.size = UDPLITE_HEADER,
	.has_ports = true,
	.parse = prot_udplite_parse,
};

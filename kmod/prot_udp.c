// SPDX-License-Identifier: GPL-2.0-only
/* UDP, RFC 768; RFC 2675 allows length 0 for jumbograms over IPv6. */
#include "prot.h"
#include "uapi/e7.h"

#define UDP_HEADER 8

static enum prot_result prot_udp_parse(const u8 *header, unsigned int rest,
				       struct prot_ports *ports)
{
	unsigned int length = prot_u16(header + 4);

	if (length && (length < UDP_HEADER ||
		       (length > rest && !ports->partial)))
		return PROT_MALFORMED;
	prot_read_ports(header, ports);
	return PROT_OK;
}

const struct prot_ops prot_udp = {
	.name = "udp",
	.number = E7_PROT_UDP,
	.size = UDP_HEADER,
	.has_ports = true,
	.parse = prot_udp_parse,
};

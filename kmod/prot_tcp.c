// SPDX-License-Identifier: GPL-2.0-only
/* TCP, RFC 9293 section 3.1. */
#include "prot.h"
#include "uapi/e7.h"

#define TCP_HEADER 20

static enum prot_result prot_tcp_parse(const u8 *header, unsigned int rest,
				       struct prot_ports *ports)
{
	unsigned int length = (header[12] >> 4) * 4;

	if (length < TCP_HEADER || (length > rest && !ports->partial))
		return PROT_MALFORMED;
	prot_read_ports(header, ports);
	return PROT_OK;
}

const struct prot_ops prot_tcp = {
	.name = "tcp",
	.number = E7_PROT_TCP,
	.size = TCP_HEADER,
	.has_ports = true,
	.parse = prot_tcp_parse,
};

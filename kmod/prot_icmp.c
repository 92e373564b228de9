// SPDX-License-Identifier: GPL-2.0-only
/* ICMP for IPv4, RFC 792. */
#include "prot.h"
#include "uapi/e7.h"

#define ICMP_HEADER 8
#define ICMP_ECHO_REPLY 0
#define ICMP_ECHO_REQUEST 8

static enum prot_result prot_icmp_parse(const u8 *header, unsigned int rest,
					struct prot_ports *ports)
{
	ports->echo_request = header[0] == ICMP_ECHO_REQUEST;
	ports->echo_reply = header[0] == ICMP_ECHO_REPLY;
	if (ports->echo_request || ports->echo_reply)
		ports->source = prot_u16(header + 4);
	return PROT_OK;
}

const struct prot_ops prot_icmp = {
	.name = "icmp",
	.number = E7_PROT_ICMP,
	.size = ICMP_HEADER,
	.parse = prot_icmp_parse,
};

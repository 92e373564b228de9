// SPDX-License-Identifier: GPL-2.0-only
/*
 * ICMP for IPv6, RFC 4443.  Neighbour discovery (RFC 4861) is to IPv6 what ARP
 * is to IPv4: without it no packet of any program gets anywhere.
 */
#include "prot.h"
#include "uapi/e7.h"

#define ICMP6_HEADER 8
#define ICMP6_ECHO_REQUEST 128
#define ICMP6_ECHO_REPLY 129
#define ICMP6_ROUTER_SOLICITATION 133
#define ICMP6_REDIRECT 137

static enum prot_result prot_icmp6_parse(const u8 *header, unsigned int rest,
					 struct prot_ports *ports)
{
	if (header[0] >= ICMP6_ROUTER_SOLICITATION &&
	    header[0] <= ICMP6_REDIRECT)
		return PROT_LINK;
	ports->echo_request = header[0] == ICMP6_ECHO_REQUEST;
	ports->echo_reply = header[0] == ICMP6_ECHO_REPLY;
	if (ports->echo_request || ports->echo_reply)
		ports->source = prot_u16(header + 4);
	return PROT_OK;
}

const struct prot_ops prot_icmp6 = {
	.name = "icmp6",
	.number = E7_PROT_ICMP6,
	.size = ICMP6_HEADER,
	.parse = prot_icmp6_parse,
};

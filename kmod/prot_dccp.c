// SPDX-License-Identifier: GPL-2.0-only
/*
 * DCCP, RFC 4340 section 5.  A generic header, whose sequence number is long
 * (bit X) or short, what its type adds, options, then the data.
 */
#include "prot.h"
#include "uapi/e7.h"

#define DCCP_HEADER_SHORT 12
#define DCCP_HEADER_LONG 16
/* The type of packet that asks for a connection. */
#define DCCP_REQUEST 0

/*
 * The fewest bytes in front of the options, by type; 0: not allowed.  The types
 * above SYNCACK are reserved, and only DATA, ACK and DATAACK may be short.
 */
static const u8 dccp_long[16] = {
	DCCP_HEADER_LONG + 4,		/* REQUEST: service code */
	DCCP_HEADER_LONG + 8 + 4,	/* RESPONSE: acknowledgement, service code */
	DCCP_HEADER_LONG,		/* DATA */
	DCCP_HEADER_LONG + 8,		/* ACK: acknowledgement */
	DCCP_HEADER_LONG + 8,		/* DATAACK */
	DCCP_HEADER_LONG + 8,		/* CLOSEREQ */
	DCCP_HEADER_LONG + 8,		/* CLOSE */
	DCCP_HEADER_LONG + 8 + 4,	/* RESET: acknowledgement, reset code */
	DCCP_HEADER_LONG + 8,		/* SYNC */
	DCCP_HEADER_LONG + 8,		/* SYNCACK */
};

static const u8 dccp_short[16] = {
	[2] = DCCP_HEADER_SHORT,	/* DATA */
	[3] = DCCP_HEADER_SHORT + 4,	/* ACK */
	[4] = DCCP_HEADER_SHORT + 4,	/* DATAACK */
};

static enum prot_result prot_dccp_parse(const u8 *header, unsigned int rest,
					struct prot_ports *ports)
{
	unsigned int offset = header[4] * 4;
	unsigned int type = header[8] >> 1 & 15;
	unsigned int least = header[8] & 1 ? dccp_long[type] : dccp_short[type];

	if (!least || offset < least || (offset > rest && !ports->partial))
		return PROT_MALFORMED;
	prot_read_ports(header, ports);
	ports->begins = type == DCCP_REQUEST;
	return PROT_OK;
}

const struct prot_ops prot_dccp = {
	.name = "dccp",
	.number = E7_PROT_DCCP,
	.size = DCCP_HEADER_SHORT,
	.has_ports = true,
	.parse = prot_dccp_parse,
};

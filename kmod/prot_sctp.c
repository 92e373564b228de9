// SPDX-License-Identifier: GPL-2.0-only
/* SCTP, RFC 9260 section 3: a common header, then one chunk or more. */
#include "prot.h"
#include "uapi/e7.h"

#define SCTP_HEADER 12
#define SCTP_CHUNK 4
/* Types of chunks: what asks for an association, and what completes it. */
#define SCTP_INIT 1
#define SCTP_COOKIE_ECHO 10

static enum prot_result prot_sctp_parse(const u8 *header, unsigned int rest,
					struct prot_ports *ports)
{
	/* Counts the chunk's own header, not its padding. */
	unsigned int length = prot_u16(header + SCTP_HEADER + 2);

	if (length < SCTP_CHUNK ||
	    (length > rest - SCTP_HEADER && !ports->partial))
		return PROT_MALFORMED;
	prot_read_ports(header, ports);
	ports->begins = header[SCTP_HEADER] == SCTP_INIT ||
			header[SCTP_HEADER] == SCTP_COOKIE_ECHO;
	return PROT_OK;
}

const struct prot_ops prot_sctp = {
	.name = "sctp",
	.number = E7_PROT_SCTP,
	.size = SCTP_HEADER + SCTP_CHUNK,
	.has_ports = true,
	.parse = prot_sctp_parse,
};

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_PROT_H
#define E7_PROT_H

#include <linux/types.h>

/* What a submodule makes of a transport header. */
enum prot_result {
	PROT_OK,
	PROT_MALFORMED,
	/* Part of the link, as ARP is for IPv4: never judged. */
	PROT_LINK,
};

/* What the rules and events know of a transport header, in host order. */
struct prot_ports {
	u16 source;
	u16 destination;
	/* Whether the protocol has ports. */
	bool present;
	/* ICMP's question and answer, of which source is the identifier. */
	bool echo_request;
	bool echo_reply;
};

/*
 * A protocol.  parse is a pure function over the first `size` bytes behind the
 * IP header; `rest` is how many bytes of the packet stand there in all, at
 * least `size`.  Called in any context.
 */
struct prot_ops {
	const char *name;
	u8 number;
	u8 size;
	enum prot_result (*parse)(const u8 *header, unsigned int rest,
				  struct prot_ports *ports);
};

/* The most that any submodule asks for. */
#define PROT_SIZE_MAX 20

extern const struct prot_ops prot_tcp;
extern const struct prot_ops prot_udp;
extern const struct prot_ops prot_icmp;
extern const struct prot_ops prot_icmp6;

const struct prot_ops *prot_find(unsigned int number);

static inline u16 prot_u16(const u8 *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

#endif /* E7_PROT_H */

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_PROT_H
#define E7_PROT_H

#include <linux/types.h>

/* What is made of a header. */
enum prot_result {
	PROT_OK,
	PROT_MALFORMED,
	/*
	 * A first fragment of IPv6 that does not hold every header, which no
	 * host has to take: RFC 8200 section 4.5, RFC 7112.
	 */
	PROT_CUT,
	/* Part of the link, as ARP is for IPv4: never judged. */
	PROT_LINK,
};

/* ---- the internet protocols ---- */

#define PROT_IP4_SIZE 20
#define PROT_IP6_SIZE 40
/* No extension header is shorter. */
#define PROT_IP6_EXTENSION_SIZE 8
/*
 * As many as fit in any packet that is no jumbogram.  Linux delivers however
 * long a chain, so that less would be a way round the rules.
 */
#define PROT_IP6_EXTENSIONS_MAX (65536 / PROT_IP6_EXTENSION_SIZE)

/* What the IP headers of a packet say. */
struct prot_ip {
	/*
	 * Where the transport header begins, counted from the IP header, and
	 * how many bytes of this packet stand there.
	 */
	unsigned int offset;
	unsigned int rest;
	/*
	 * The transport protocol.  Of a later fragment what its fragment header
	 * names, which over IPv6 may be one more extension header.
	 */
	u8 number;
	u8 hop_limit;
	/* A fragment: the first one, or one without a transport header. */
	bool first;
	bool later;
};

/*
 * Gives `size` bytes of a packet from `offset` on, in place or copied into
 * `buffer`; null where they are not all there.  skb_header_pointer() is one.
 */
typedef const u8 *(*prot_fetch)(const void *packet, unsigned int offset,
				unsigned int size, void *buffer);

/*
 * Pure functions over the headers of a packet of `total` bytes, of which the
 * first PROT_IP4_SIZE or PROT_IP6_SIZE, or all if there are fewer, are at
 * `header`.  On PROT_OK offset + rest <= total.  Called in any context.
 */
enum prot_result prot_ip4(const u8 *header, unsigned int total,
			  struct prot_ip *ip);
enum prot_result prot_ip6(const u8 *header, unsigned int total,
			  prot_fetch fetch, const void *packet,
			  struct prot_ip *ip);

/* ---- the transport protocols ---- */

/* What the rules and events know of a transport header, in host order. */
struct prot_ports {
	u16 source;
	u16 destination;
	/* Whether the protocol has ports. */
	bool present;
	/* ICMP's question and answer, of which source is the identifier. */
	bool echo_request;
	bool echo_reply;
	/* It may begin an association: only who listens takes it. */
	bool begins;
	/*
	 * Set by the caller: more of the datagram follows in other packets, and
	 * its lengths may reach into those.
	 */
	bool partial;
};

/*
 * A protocol.  parse is a pure function over the first `size` bytes behind the
 * IP headers; `rest` is how many bytes of the packet stand there in all, at
 * least `size`.  Called in any context.
 */
struct prot_ops {
	const char *name;
	u8 number;
	u8 size;
	/* Whether the header begins with the source and destination ports. */
	bool has_ports;
	enum prot_result (*parse)(const u8 *header, unsigned int rest,
				  struct prot_ports *ports);
};

/* The most that any submodule asks for. */
#define PROT_SIZE_MAX 20

extern const struct prot_ops prot_tcp;
extern const struct prot_ops prot_udp;
extern const struct prot_ops prot_udplite;
extern const struct prot_ops prot_icmp;
extern const struct prot_ops prot_icmp6;
extern const struct prot_ops prot_sctp;
extern const struct prot_ops prot_dccp;

const struct prot_ops *prot_find(unsigned int number);

/* Whether a protocol is known to have ports. */
static inline bool prot_has_ports(unsigned int number)
{
	const struct prot_ops *ops = prot_find(number);

	return ops && ops->has_ports;
}

static inline u16 prot_u16(const u8 *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

static inline void prot_read_ports(const u8 *header, struct prot_ports *ports)
{
	ports->source = prot_u16(header);
	ports->destination = prot_u16(header + 2);
	ports->present = true;
}

#endif /* E7_PROT_H */

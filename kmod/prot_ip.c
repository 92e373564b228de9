// SPDX-License-Identifier: GPL-2.0-only
/*
 * The headers in front of the transport header: IPv4, RFC 791, and IPv6 with
 * its extension headers, RFC 8200.  The walk knows the extension headers that
 * Linux walks through itself.  Others, ESP and Mobility among them, end it as
 * protocols of their own number, which is how Linux delivers them.
 */
#include "prot.h"
#include "uapi/e7.h"

#define IP4_MORE 0x2000
#define IP4_UNITS 0x1fff
#define IP6_MORE 0x0001
#define IP6_UNITS_SHIFT 3

#define IP6_HOP_BY_HOP 0
#define IP6_ROUTING 43
#define IP6_FRAGMENT 44
#define IP6_AUTHENTICATION 51
#define IP6_NOTHING 59
#define IP6_DESTINATION 60

/*
 * Where the packet ends for whoever receives it.  A length of 0 says nothing:
 * a jumbogram, or more than one segment on its way to the device.
 */
static bool prot_ip_end(unsigned int length, unsigned int *total)
{
	if (!length)
		return true;
	if (length > *total)
		return false;
	*total = length;
	return true;
}

/* `units` of eight bytes stand between the datagram's beginning and this. */
static enum prot_result prot_ip_fragment(struct prot_ip *ip, unsigned int units,
					 bool more)
{
	/*
	 * RFC 1858: a fragment here could only rewrite the flags of a TCP
	 * header that was judged with others.
	 */
	if (units == 1 && ip->number == E7_PROT_TCP)
		return PROT_MALFORMED;
	ip->later = units;
	if (more && !units)
		ip->first = true;
	return PROT_OK;
}

enum prot_result prot_ip4(const u8 *header, unsigned int total,
			  struct prot_ip *ip)
{
	unsigned int size, fragment;

	if (total < PROT_IP4_SIZE || header[0] >> 4 != 4)
		return PROT_MALFORMED;
	/* Raw sockets with IP_HDRINCL write what they like here. */
	size = (header[0] & 15) * 4;
	if (!prot_ip_end(prot_u16(header + 2), &total) ||
	    size < PROT_IP4_SIZE || size > total)
		return PROT_MALFORMED;
	*ip = (struct prot_ip) {
		.offset = size,
		.rest = total - size,
		.number = header[9],
		.hop_limit = header[8],
	};
	fragment = prot_u16(header + 6);
	return prot_ip_fragment(ip, fragment & IP4_UNITS, fragment & IP4_MORE);
}

/* What is made of a header that is not all there. */
static enum prot_result prot_ip6_short(const struct prot_ip *ip)
{
	return ip->first ? PROT_CUT : PROT_MALFORMED;
}

static bool prot_ip6_extends(u8 number)
{
	switch (number) {
	case IP6_HOP_BY_HOP:
	case IP6_ROUTING:
	case IP6_FRAGMENT:
	case IP6_AUTHENTICATION:
	case IP6_DESTINATION:
		return true;
	default:
		return false;
	}
}

/* Steps over the extension header at ip->offset. */
static enum prot_result prot_ip6_extension(const u8 *header, struct prot_ip *ip)
{
	unsigned int size, fragment;
	u8 number = ip->number;

	switch (number) {
	case IP6_FRAGMENT:
		size = PROT_IP6_EXTENSION_SIZE;
		break;
	case IP6_AUTHENTICATION:
		/* RFC 4302 section 2.2 */
		size = (header[1] + 2) * 4;
		break;
	default:
		size = (header[1] + 1) * 8;
		break;
	}
	if (size > ip->rest)
		return prot_ip6_short(ip);
	ip->number = header[0];
	ip->offset += size;
	ip->rest -= size;
	/* Section 4.3: nowhere but right behind the IPv6 header. */
	if (ip->number == IP6_HOP_BY_HOP)
		return PROT_MALFORMED;
	if (number != IP6_FRAGMENT)
		return PROT_OK;
	fragment = prot_u16(header + 2);
	return prot_ip_fragment(ip, fragment >> IP6_UNITS_SHIFT,
				fragment & IP6_MORE);
}

enum prot_result prot_ip6(const u8 *header, unsigned int total,
			  prot_fetch fetch, const void *packet,
			  struct prot_ip *ip)
{
	u8 buffer[PROT_IP6_EXTENSION_SIZE];
	unsigned int length, count;
	enum prot_result result;
	const u8 *extension;

	if (total < PROT_IP6_SIZE || header[0] >> 4 != 6)
		return PROT_MALFORMED;
	length = prot_u16(header + 4);
	if (!prot_ip_end(length ? PROT_IP6_SIZE + length : 0, &total))
		return PROT_MALFORMED;
	*ip = (struct prot_ip) {
		.offset = PROT_IP6_SIZE,
		.rest = total - PROT_IP6_SIZE,
		.number = header[6],
		.hop_limit = header[7],
	};
	for (count = 0; count < PROT_IP6_EXTENSIONS_MAX; count++) {
		if (ip->later)
			return PROT_OK;
		if (!prot_ip6_extends(ip->number))
			return ip->first && !ip->rest &&
			       ip->number != IP6_NOTHING ? PROT_CUT : PROT_OK;
		if (ip->rest < sizeof(buffer))
			return prot_ip6_short(ip);
		extension = fetch(packet, ip->offset, sizeof(buffer), buffer);
		if (!extension)
			return PROT_MALFORMED;
		result = prot_ip6_extension(extension, ip);
		if (result != PROT_OK)
			return result;
	}
	return PROT_MALFORMED;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * The walk over IP headers: each branch by hand, then random chains whose truth
 * is known because they are built here.
 */
#include <stdlib.h>
#include <string.h>

#include "../../kmod/prot.h"
#include "check.h"

#define TCP 6
#define UDP 17
#define IP4 20
#define IP6 40
#define HOP 0
#define ROUTING 43
#define FRAGMENT 44
#define ESP 50
#define AH 51
#define NONE 59
#define DESTINATION 60
#define MOBILITY 135
#define MORE 1
#define IS(at, left, what, ...) { .offset = at, .rest = left, .number = what, \
	.hop_limit = 64, __VA_ARGS__ }

/* A packet of its exact size, so that a byte too far is seen. */
struct packet {
	u8 *bytes;
	unsigned int size;
	bool copies;
};

static const u8 *fetch(const void *from, unsigned int offset,
		       unsigned int size, void *buffer)
{
	const struct packet *packet = from;

	if (offset > packet->size || packet->size - offset < size)
		return NULL;
	if (!packet->copies)
		return packet->bytes + offset;
	memcpy(buffer, packet->bytes + offset, size);
	return buffer;
}

static enum prot_result parse6(const u8 *bytes, unsigned int size,
			       struct prot_ip *ip)
{
	struct packet packet = { .bytes = malloc(size ?: 1), .size = size };
	struct prot_ip copied = { 0 };
	enum prot_result result;

	if (size)
		memcpy(packet.bytes, bytes, size);
	result = prot_ip6(packet.bytes, size, fetch, &packet, ip);
	packet.copies = true;
	CHECK(prot_ip6(packet.bytes, size, fetch, &packet, &copied) == result &&
	      (result != PROT_OK ||
	       (copied.offset == ip->offset && copied.rest == ip->rest &&
		copied.number == ip->number && copied.later == ip->later &&
		copied.first == ip->first)));
	free(packet.bytes);
	return result;
}

static enum prot_result parse4(const u8 *bytes, unsigned int size,
			       struct prot_ip *ip)
{
	unsigned int held = size < IP4 ? size : IP4;
	u8 *exact = malloc(held ?: 1);
	enum prot_result result;

	if (held)
		memcpy(exact, bytes, held);
	result = prot_ip4(exact, size, ip);
	free(exact);
	return result;
}

/* ---- IPv4 ---- */

#define V4(ihl, length, fragment, number) { 0x40 | (ihl), 0, (length) >> 8, \
	(length) & 0xff, 0, 0, (fragment) >> 8, (fragment) & 0xff, 64, number }

static const struct {
	const char *name;
	u8 header[IP4];
	unsigned int total;
	enum prot_result result;
	struct prot_ip ip;
} samples4[] = {
	{ "plain", V4(5, 40, 0, TCP), 40, PROT_OK, IS(20, 20, TCP) },
	{ "don't fragment", V4(5, 28, 0x4000, UDP), 28, PROT_OK,
	  IS(20, 8, UDP) },
	{ "no payload", V4(5, 20, 0, UDP), 20, PROT_OK, IS(20, 0, UDP) },
	{ "one byte short", V4(5, 19, 0, UDP), 19, PROT_MALFORMED, { 0 } },
	{ "nothing", V4(5, 0, 0, UDP), 0, PROT_MALFORMED, { 0 } },
	{ "most options", V4(15, 60, 0, UDP), 60, PROT_OK,
	  IS(60, 0, UDP) },
	{ "options past the end", V4(15, 59, 0, UDP), 59, PROT_MALFORMED, { 0 } },
	{ "header length one word short", V4(4, 40, 0, UDP), 40,
	  PROT_MALFORMED, { 0 } },
	{ "header length 0", V4(0, 40, 0, UDP), 40, PROT_MALFORMED, { 0 } },
	{ "version 6", { 0x65, 0, 0, 40, [9] = UDP }, 40, PROT_MALFORMED, { 0 } },
	{ "padded", V4(5, 28, 0, UDP), 46, PROT_OK, IS(20, 8, UDP) },
	{ "length one past the end", V4(5, 41, 0, UDP), 40, PROT_MALFORMED, { 0 } },
	{ "length below the header", V4(5, 19, 0, UDP), 40, PROT_MALFORMED, { 0 } },
	{ "length below the options", V4(6, 23, 0, UDP), 40, PROT_MALFORMED, { 0 } },
	{ "segments to be", V4(5, 0, 0, TCP), 70000, PROT_OK,
	  IS(20, 69980, TCP) },
	{ "first fragment", V4(5, 28, 0x2000, TCP), 28, PROT_OK,
	  IS(20, 8, TCP, .first = true) },
	{ "middle fragment", V4(5, 28, 0x2002, TCP), 28, PROT_OK,
	  IS(20, 8, TCP, .later = true) },
	{ "last fragment", V4(5, 28, 0x1fff, UDP), 28, PROT_OK,
	  IS(20, 8, UDP, .later = true) },
	{ "over TCP's flags", V4(5, 28, 1, TCP), 28, PROT_MALFORMED, { 0 } },
	{ "behind UDP's header", V4(5, 28, 1, UDP), 28, PROT_OK,
	  IS(20, 8, UDP, .later = true) },
};

static void check_ip(const char *name, enum prot_result result,
		     const struct prot_ip *ip, enum prot_result result_due,
		     const struct prot_ip *due)
{
	CHECK(result == result_due, "%s", name);
	if (result != PROT_OK || result_due != PROT_OK)
		return;
	CHECK(ip->offset == due->offset, "%s: %u", name, ip->offset);
	CHECK(ip->rest == due->rest, "%s: %u", name, ip->rest);
	CHECK(ip->number == due->number, "%s: %u", name, ip->number);
	CHECK(ip->hop_limit == due->hop_limit, "%s", name);
	CHECK(ip->first == due->first && ip->later == due->later, "%s", name);
}

/* ---- IPv6 ---- */

#define V6(length, next) 0x60, 0, 0, 0, (length) >> 8, (length) & 0xff, next, 64
/* `words` of eight bytes beyond the first eight. */
#define EXTENSION(next, words) next, words, 1, 4, 0, 0, 0, 0
#define FRAGMENTED(next, units, more) \
	next, 0, (units) >> 5, ((units) << 3 & 0xff) | (more), 0, 0, 0, 1
#define ADDRESSES [39] = 1

static const struct {
	const char *name;
	u8 bytes[128];
	unsigned int total;
	enum prot_result result;
	struct prot_ip ip;
} samples6[] = {
	{ "plain", { V6(20, TCP), ADDRESSES }, 60, PROT_OK,
	  IS(40, 20, TCP) },
	{ "no payload", { V6(0, UDP), ADDRESSES }, 40, PROT_OK,
	  IS(40, 0, UDP) },
	{ "one byte short", { V6(0, UDP) }, 39, PROT_MALFORMED, { 0 } },
	{ "nothing", { 0 }, 0, PROT_MALFORMED, { 0 } },
	{ "version 4", { 0x45, [6] = UDP }, 40, PROT_MALFORMED, { 0 } },
	{ "padded", { V6(8, UDP), ADDRESSES }, 60, PROT_OK,
	  IS(40, 8, UDP) },
	{ "length one past the end", { V6(21, UDP), ADDRESSES }, 60,
	  PROT_MALFORMED, { 0 } },
	{ "length 0", { V6(0, TCP), ADDRESSES }, 100, PROT_OK,
	  IS(40, 60, TCP) },
	{ "no next header", { V6(0, NONE), ADDRESSES }, 40, PROT_OK,
	  IS(40, 0, NONE) },
	{ "bytes behind no next header", { V6(8, NONE), ADDRESSES }, 48,
	  PROT_OK, IS(40, 8, NONE) },
	{ "ESP", { V6(8, ESP), ADDRESSES }, 48, PROT_OK,
	  IS(40, 8, ESP) },
	{ "Mobility, though a header follows",
	  { V6(16, MOBILITY), ADDRESSES, EXTENSION(UDP, 0) }, 56, PROT_OK,
	  IS(40, 16, MOBILITY) },
	{ "hop-by-hop", { V6(16, HOP), ADDRESSES, EXTENSION(UDP, 0) }, 56,
	  PROT_OK, IS(48, 8, UDP) },
	{ "hop-by-hop ends the packet",
	  { V6(8, HOP), ADDRESSES, EXTENSION(UDP, 0) }, 48, PROT_OK,
	  IS(48, 0, UDP) },
	{ "hop-by-hop cut by a byte",
	  { V6(7, HOP), ADDRESSES, EXTENSION(UDP, 0) }, 47, PROT_MALFORMED, { 0 } },
	{ "hop-by-hop longer than the packet",
	  { V6(15, HOP), ADDRESSES, EXTENSION(UDP, 1) }, 55, PROT_MALFORMED, { 0 } },
	{ "hop-by-hop as long as the packet",
	  { V6(16, HOP), ADDRESSES, EXTENSION(UDP, 1) }, 56, PROT_OK,
	  IS(56, 0, UDP) },
	{ "hop-by-hop past the declared length",
	  { V6(8, HOP), ADDRESSES, EXTENSION(UDP, 1) }, 56, PROT_MALFORMED, { 0 } },
	{ "hop-by-hop in second place",
	  { V6(16, DESTINATION), ADDRESSES, EXTENSION(HOP, 0),
	    EXTENSION(UDP, 0) }, 56, PROT_MALFORMED, { 0 } },
	{ "hop-by-hop twice",
	  { V6(16, HOP), ADDRESSES, EXTENSION(HOP, 0), EXTENSION(UDP, 0) }, 56,
	  PROT_MALFORMED, { 0 } },
	{ "routing", { V6(32, ROUTING), ADDRESSES, EXTENSION(TCP, 2) }, 72,
	  PROT_OK, IS(64, 8, TCP) },
	{ "authentication in words of four",
	  { V6(32, AH), ADDRESSES, EXTENSION(TCP, 4) }, 72, PROT_OK,
	  IS(64, 8, TCP) },
	{ "authentication longer than the packet",
	  { V6(23, AH), ADDRESSES, EXTENSION(TCP, 4) }, 63, PROT_MALFORMED, { 0 } },
	{ "destination options twice",
	  { V6(24, DESTINATION), ADDRESSES, EXTENSION(DESTINATION, 0),
	    EXTENSION(UDP, 0) }, 64, PROT_OK, IS(56, 8, UDP) },
	{ "whole in one fragment, length ignored",
	  { V6(16, FRAGMENT), ADDRESSES, UDP, 255 }, 56, PROT_OK,
	  IS(48, 8, UDP) },
	{ "first fragment",
	  { V6(16, FRAGMENT), ADDRESSES, FRAGMENTED(UDP, 0, MORE) }, 56,
	  PROT_OK, IS(48, 8, UDP, .first = true) },
	{ "first fragment with more headers",
	  { V6(24, FRAGMENT), ADDRESSES, FRAGMENTED(DESTINATION, 0, MORE),
	    EXTENSION(UDP, 0) }, 64, PROT_OK,
	  IS(56, 8, UDP, .first = true) },
	{ "first fragment without all headers",
	  { V6(8, FRAGMENT), ADDRESSES, FRAGMENTED(DESTINATION, 0, MORE) }, 48,
	  PROT_CUT, { 0 } },
	{ "first fragment with nothing behind its headers",
	  { V6(8, FRAGMENT), ADDRESSES, FRAGMENTED(ESP, 0, MORE) }, 48,
	  PROT_CUT, { 0 } },
	{ "first fragment with nothing to follow",
	  { V6(8, FRAGMENT), ADDRESSES, FRAGMENTED(NONE, 0, MORE) }, 48,
	  PROT_OK, IS(48, 0, NONE, .first = true) },
	{ "first fragment with half a header",
	  { V6(16, FRAGMENT), ADDRESSES, FRAGMENTED(DESTINATION, 0, MORE),
	    EXTENSION(UDP, 1) }, 56, PROT_CUT, { 0 } },
	{ "fragment header cut by a byte",
	  { V6(7, FRAGMENT), ADDRESSES, FRAGMENTED(UDP, 0, MORE) }, 47,
	  PROT_MALFORMED, { 0 } },
	{ "middle fragment",
	  { V6(16, FRAGMENT), ADDRESSES, FRAGMENTED(UDP, 8, MORE) }, 56,
	  PROT_OK, IS(48, 8, UDP, .later = true) },
	{ "last fragment, farthest out",
	  { V6(16, FRAGMENT), ADDRESSES, FRAGMENTED(UDP, 8191, 0) }, 56,
	  PROT_OK, IS(48, 8, UDP, .later = true) },
	{ "later fragment, its data no header",
	  { V6(16, FRAGMENT), ADDRESSES, FRAGMENTED(DESTINATION, 2, 0),
	    EXTENSION(TCP, 0) }, 56, PROT_OK,
	  IS(48, 8, DESTINATION, .later = true) },
	{ "over TCP's flags",
	  { V6(16, FRAGMENT), ADDRESSES, FRAGMENTED(TCP, 1, 0) }, 56,
	  PROT_MALFORMED, { 0 } },
	{ "behind UDP's header",
	  { V6(16, FRAGMENT), ADDRESSES, FRAGMENTED(UDP, 1, 0) }, 56,
	  PROT_OK, IS(48, 8, UDP, .later = true) },
	{ "hop-by-hop in a fragment",
	  { V6(24, FRAGMENT), ADDRESSES, FRAGMENTED(HOP, 0, MORE),
	    EXTENSION(UDP, 0) }, 64, PROT_MALFORMED, { 0 } },
	{ "fragment of a first fragment",
	  { V6(24, FRAGMENT), ADDRESSES, FRAGMENTED(FRAGMENT, 0, MORE),
	    FRAGMENTED(UDP, 0, 0) }, 64, PROT_OK,
	  IS(56, 8, UDP, .first = true) },
	{ "later fragment in a first one",
	  { V6(24, FRAGMENT), ADDRESSES, FRAGMENTED(FRAGMENT, 0, MORE),
	    FRAGMENTED(UDP, 3, 0) }, 64, PROT_OK,
	  IS(56, 8, UDP, .first = true, .later = true) },
};

/* A chain of the longest packet, one that is longer, and one that lies. */
static void check_long_chain(void)
{
	enum { COUNT = PROT_IP6_EXTENSIONS_MAX + 1 };
	unsigned int size = IP6 + COUNT * PROT_IP6_EXTENSION_SIZE;
	u8 *bytes = calloc(1, size);
	struct prot_ip ip = { 0 };
	unsigned int i;

	bytes[0] = 0x60;
	bytes[6] = DESTINATION;
	for (i = 0; i < COUNT; i++)
		bytes[IP6 + i * PROT_IP6_EXTENSION_SIZE] = DESTINATION;
	/* Length 0, as if it were a jumbogram. */
	CHECK(parse6(bytes, size, &ip) == PROT_MALFORMED);
	bytes[IP6 + (COUNT - 3) * PROT_IP6_EXTENSION_SIZE] = UDP;
	CHECK(parse6(bytes, size, &ip) == PROT_OK && ip.number == UDP &&
	      ip.offset == IP6 + (COUNT - 2) * PROT_IP6_EXTENSION_SIZE);
	free(bytes);
}

/* The packet is there in part only, as when a page of it cannot be read. */
static void check_fetch_fails(void)
{
	u8 bytes[] = { V6(16, DESTINATION), ADDRESSES };
	struct packet packet = { .bytes = bytes, .size = sizeof(bytes) };
	struct prot_ip ip = { 0 };

	CHECK(prot_ip6(bytes, 56, fetch, &packet, &ip) == PROT_MALFORMED);
}

/* Builds one random chain, then cuts it at every byte. */
static void check_chain(void)
{
	static const u8 ends[] = { TCP, UDP, 1, ESP, NONE, MOBILITY, 132, 255 };
	static const u8 middles[] = { ROUTING, AH, DESTINATION, FRAGMENT };
	u8 bytes[IP6 + 6 * 64 + 16] = { 0x60, [7] = 1 };
	unsigned int count = check_below(6), at = IP6, cut, header, i;
	unsigned int payload = check_below(16), whole, fragmented = ~0u;
	u8 end = ends[check_below(ARRAY_SIZE(ends))];
	struct prot_ip due = { .hop_limit = 1 }, ip = { 0 };
	u8 *next = &bytes[6];
	enum prot_result result;

	for (i = 0; i < count; i++) {
		*next = i || check_below(2) ?
			middles[check_below(ARRAY_SIZE(middles))] : HOP;
		if (*next == FRAGMENT && due.first)
			*next = ROUTING;
		header = 8 * (1 + check_below(8));
		if (*next == FRAGMENT) {
			header = 8;
			bytes[at + 3] = check_below(2);
			due.first = bytes[at + 3];
			if (due.first)
				fragmented = at + header;
		} else {
			bytes[at + 1] = *next == AH ? header / 4 - 2 :
						      header / 8 - 1;
		}
		next = &bytes[at];
		at += header;
	}
	*next = end;
	due.number = end;
	due.offset = at;
	whole = at + payload;
	for (cut = 0; cut <= whole; cut++) {
		if (cut >= IP6) {
			bytes[4] = (cut - IP6) >> 8;
			bytes[5] = (cut - IP6) & 0xff;
		}
		due.rest = cut - at;
		result = parse6(bytes, cut, &ip);
		if (cut >= fragmented && (cut < at || (cut == at && end != NONE)))
			CHECK(result == PROT_CUT, "cut at %u of %u", cut, at);
		else if (cut < at && cut > IP6)
			CHECK(result == PROT_MALFORMED, "cut at %u of %u", cut,
			      at);
		else if (cut >= at)
			check_ip("chain", result, &ip, PROT_OK, &due);
	}
}

void test_prot_ip(void)
{
	struct prot_ip ip;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(samples4); i++) {
		enum prot_result result = parse4(samples4[i].header,
						 samples4[i].total, &ip);

		check_ip(samples4[i].name, result, &ip, samples4[i].result,
			 &samples4[i].ip);
	}
	for (i = 0; i < ARRAY_SIZE(samples6); i++) {
		enum prot_result result = parse6(samples6[i].bytes,
						 samples6[i].total, &ip);

		check_ip(samples6[i].name, result, &ip, samples6[i].result,
			 &samples6[i].ip);
	}
	check_long_chain();
	check_fetch_fails();
	for (i = 0; i < 500; i++)
		check_chain();
}

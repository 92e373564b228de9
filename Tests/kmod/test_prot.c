// SPDX-License-Identifier: GPL-2.0-only
/* Every branch of the protocols' parsers, on buffers of exactly their size. */
#include <stdlib.h>
#include <string.h>

#include "../../kmod/prot.h"
#include "check.h"

struct sample {
	unsigned int number;
	const char *name;
	u8 header[PROT_SIZE_MAX];
	unsigned int rest;
	enum prot_result result;
	struct prot_ports ports;
};

#define DATA 2
#define DCCP(type, extended) ((type) << 1 | (extended))

static const struct sample samples[] = {
	{ 6, "tcp", { 0x9c, 0x40, 0x01, 0xbb, [12] = 0x50 }, 20, PROT_OK,
	  { .source = 40000, .destination = 443, .present = true } },
	{ 6, "tcp with options", { [12] = 0xf0 }, 60, PROT_OK,
	  { .present = true } },
	{ 6, "tcp, offset below the header", { [12] = 0x40 }, 20,
	  PROT_MALFORMED, { 0 } },
	{ 6, "tcp, offset 0", { 0 }, 20, PROT_MALFORMED, { 0 } },
	{ 6, "tcp, offset one word past the packet", { [12] = 0x60 }, 23,
	  PROT_MALFORMED, { 0 } },
	{ 6, "tcp, offset just at the end", { [12] = 0x60 }, 24, PROT_OK,
	  { .present = true } },
	{ 6, "tcp, offset past a first fragment", { [12] = 0x60 }, 20, PROT_OK,
	  { .present = true, .partial = true } },
	{ 6, "tcp, offset below the header in a first fragment",
	  { [12] = 0x40 }, 20, PROT_MALFORMED, { .partial = true } },
	{ 17, "udp", { 0, 68, 0, 67, 0, 8 }, 8, PROT_OK,
	  { .source = 68, .destination = 67, .present = true } },
	{ 17, "udp jumbogram", { 0, 1, 0, 2, 0, 0 }, 70000, PROT_OK,
	  { .source = 1, .destination = 2, .present = true } },
	{ 17, "udp, length below the header", { 0, 1, 0, 2, 0, 7 }, 8,
	  PROT_MALFORMED, { 0 } },
	{ 17, "udp, length past the packet", { 0, 1, 0, 2, 0, 9 }, 8,
	  PROT_MALFORMED, { 0 } },
	{ 17, "udp, length past a first fragment", { 0, 1, 0, 2, 0xea, 0x60 },
	  8, PROT_OK,
	  { .source = 1, .destination = 2, .present = true, .partial = true } },
	{ 17, "udp, length below the header in a first fragment",
	  { 0, 1, 0, 2, 0, 7 }, 8, PROT_MALFORMED, { .partial = true } },
	{ 136, "udplite, all covered", { 0, 1, 0, 2, 0, 0 }, 8, PROT_OK,
	  { .source = 1, .destination = 2, .present = true } },
	{ 136, "udplite, header covered", { 0, 1, 0, 2, 0, 8 }, 8, PROT_OK,
	  { .source = 1, .destination = 2, .present = true } },
	{ 136, "udplite, less than the header covered", { 0, 1, 0, 2, 0, 7 },
	  100, PROT_MALFORMED, { 0 } },
	{ 136, "udplite, one byte covered", { 0, 1, 0, 2, 0, 1 }, 100,
	  PROT_MALFORMED, { 0 } },
	{ 136, "udplite, covered to the end", { 0, 1, 0, 2, 1, 0 }, 256,
	  PROT_OK, { .source = 1, .destination = 2, .present = true } },
	{ 136, "udplite, covered past the end", { 0, 1, 0, 2, 1, 0 }, 255,
	  PROT_MALFORMED, { 0 } },
	{ 136, "udplite, covered past a first fragment",
	  { 0, 1, 0, 2, 1, 0 }, 8, PROT_OK,
	  { .source = 1, .destination = 2, .present = true, .partial = true } },
	{ 136, "udplite, less than the header covered in a first fragment",
	  { 0, 1, 0, 2, 0, 7 }, 8, PROT_MALFORMED, { .partial = true } },
	{ 132, "sctp", { 0x12, 0x34, 0, 80, [12] = 14, [15] = 4 }, 16, PROT_OK,
	  { .source = 0x1234, .destination = 80, .present = true } },
	{ 132, "sctp, chunk to the end", { [12] = 1, [15] = 20 }, 32, PROT_OK,
	  { .present = true, .begins = true } },
	{ 132, "sctp, cookie echo", { [12] = 10, [15] = 4 }, 16, PROT_OK,
	  { .present = true, .begins = true } },
	{ 132, "sctp, init ack", { [12] = 2, [15] = 4 }, 16, PROT_OK,
	  { .present = true } },
	{ 132, "sctp, chunk one byte past the end", { [12] = 1, [15] = 20 }, 31,
	  PROT_MALFORMED, { 0 } },
	{ 132, "sctp, chunk shorter than its header", { [12] = 14, [15] = 3 },
	  100, PROT_MALFORMED, { 0 } },
	{ 132, "sctp, chunk past a first fragment", { [14] = 0x10 }, 16,
	  PROT_OK, { .present = true, .partial = true } },
	{ 132, "sctp, chunk shorter than its header in a first fragment",
	  { [15] = 3 }, 16, PROT_MALFORMED, { .partial = true } },
	{ 33, "dccp, offset past a first fragment",
	  { 0, 1, 0, 2, 255, [8] = DCCP(DATA, 1) }, 12, PROT_OK,
	  { .source = 1, .destination = 2, .present = true, .partial = true } },
	{ 33, "dccp, offset past the packet",
	  { 0, 1, 0, 2, 255, [8] = DCCP(DATA, 1) }, 1019, PROT_MALFORMED,
	  { 0 } },
	{ 33, "dccp, longest header",
	  { 0, 1, 0, 2, 255, [8] = DCCP(DATA, 1) }, 1020, PROT_OK,
	  { .source = 1, .destination = 2, .present = true } },
	{ 1, "echo request", { 8, 0, 0, 0, 0x12, 0x34 }, 8, PROT_OK,
	  { .source = 0x1234, .echo_request = true } },
	{ 1, "echo reply", { 0, 0, 0, 0, 0x12, 0x34 }, 8, PROT_OK,
	  { .source = 0x1234, .echo_reply = true } },
	{ 1, "unreachable", { 3, 3, 0, 0, 0x12, 0x34 }, 8, PROT_OK, { 0 } },
	{ 58, "echo request", { 128, 0, 0, 0, 0x12, 0x34 }, 8, PROT_OK,
	  { .source = 0x1234, .echo_request = true } },
	{ 58, "echo reply", { 129, 0, 0, 0, 0xff, 0xff }, 8, PROT_OK,
	  { .source = 0xffff, .echo_reply = true } },
	{ 58, "packet too big", { 2 }, 8, PROT_OK, { 0 } },
	{ 58, "before router solicitation", { 132 }, 8, PROT_OK, { 0 } },
	{ 58, "router solicitation", { 133 }, 8, PROT_LINK, { 0 } },
	{ 58, "neighbour advertisement", { 136 }, 8, PROT_LINK, { 0 } },
	{ 58, "redirect", { 137 }, 8, PROT_LINK, { 0 } },
	{ 58, "after redirect", { 138 }, 8, PROT_OK, { 0 } },
};

/* Every type with every offset, against RFC 4340's own figures, in words. */
static void check_dccp(void)
{
	static const struct {
		unsigned int extended, brief;
	} least[16] = {
		{ 5, 0 }, { 7, 0 }, { 4, 3 }, { 6, 4 }, { 6, 4 },
		{ 6, 0 }, { 6, 0 }, { 7, 0 }, { 6, 0 }, { 6, 0 },
	};
	unsigned int type, extended, offset, words;
	const struct prot_ops *ops = prot_find(33);
	struct prot_ports ports;
	enum prot_result due;

	for (type = 0; type < 16; type++)
		for (extended = 0; extended < 2; extended++)
			for (offset = 0; offset < 16; offset++) {
				/* Bits that are reserved, and must not count. */
				u8 header[12] = { [4] = offset, [8] =
					0xe0 | DCCP(type, extended) };

				words = extended ? least[type].extended :
						   least[type].brief;
				due = words && offset >= words && offset <= 8 ?
				      PROT_OK : PROT_MALFORMED;
				ports = (struct prot_ports) { 0 };
				CHECK(ops->parse(header, 32, &ports) == due,
				      "type %u, X %u, offset %u", type,
				      extended, offset);
			}
}

void test_prot(void)
{
	const struct prot_ops *ops;
	struct prot_ports ports;
	unsigned int i, number, found = 0;
	u8 *exact;

	for (i = 0; i < ARRAY_SIZE(samples); i++) {
		ops = prot_find(samples[i].number);
		if (!ops) {
			CHECK(false, "no submodule %u", samples[i].number);
			continue;
		}
		/* Its own allocation, so that a byte too far is seen. */
		exact = malloc(ops->size);
		memcpy(exact, samples[i].header, ops->size);
		ports = (struct prot_ports) {
			.partial = samples[i].ports.partial };
		CHECK(ops->parse(exact, samples[i].rest, &ports) ==
		      samples[i].result, "%s", samples[i].name);
		if (samples[i].result == PROT_OK)
			CHECK(ports.source == samples[i].ports.source &&
			      ports.destination ==
			      samples[i].ports.destination &&
			      ports.present == samples[i].ports.present &&
			      ports.echo_request ==
			      samples[i].ports.echo_request &&
			      ports.echo_reply == samples[i].ports.echo_reply,
			      "%s", samples[i].name);
		free(exact);
	}
	check_dccp();
	for (number = 0; number <= 256; number++) {
		ops = prot_find(number);
		if (!ops)
			continue;
		found++;
		CHECK(ops->number == number && ops->size <= PROT_SIZE_MAX, "%u",
		      number);
		/* 1 and 58 are the ICMPs. */
		CHECK(ops->has_ports == (number != 1 && number != 58), "%u",
		      number);
	}
	CHECK(found == 7, "%u", found);
	CHECK(!prot_find(0) && !prot_find(47) && !prot_find(50) &&
	      !prot_find(255) && !prot_find(256) && !prot_find(UINT_MAX));
}

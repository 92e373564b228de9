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
	{ 17, "udp", { 0, 68, 0, 67, 0, 8 }, 8, PROT_OK,
	  { .source = 68, .destination = 67, .present = true } },
	{ 17, "udp jumbogram", { 0, 1, 0, 2, 0, 0 }, 70000, PROT_OK,
	  { .source = 1, .destination = 2, .present = true } },
	{ 17, "udp, length below the header", { 0, 1, 0, 2, 0, 7 }, 8,
	  PROT_MALFORMED, { 0 } },
	{ 17, "udp, length past the packet", { 0, 1, 0, 2, 0, 9 }, 8,
	  PROT_MALFORMED, { 0 } },
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

void test_prot(void)
{
	const struct prot_ops *ops;
	struct prot_ports ports;
	unsigned int i, number;
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
		memset(&ports, 0, sizeof(ports));
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
	for (number = 0; number <= 256; number++) {
		ops = prot_find(number);
		if (ops)
			CHECK(ops->number == number &&
			      ops->size <= PROT_SIZE_MAX, "%u", number);
	}
	CHECK(!prot_find(0) && !prot_find(255) && !prot_find(256));
}

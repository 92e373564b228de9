// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer over the module's pure files.  The first byte chooses what is fed:
 * a protocol's parser, the walk over IP headers, or the ruleset.
 */
#include <stdlib.h>
#include <string.h>

#include "../../kmod/prot.h"
#include "../../kmod/rule_index.h"
#include "../../kmod/rule_set.h"
#include "linux/shim.h"

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* What holds for the header's bytes, read here once more, behind any parser. */
static void fuzz_prot(unsigned int number, bool partial, const u8 *data,
		      size_t size)
{
	const struct prot_ops *ops = prot_find(number);
	struct prot_ports ports = { .partial = partial };
	struct prot_ports whole = { 0 };
	enum prot_result result;
	u8 *exact;

	if (!ops || size < ops->size)
		return;
	exact = malloc(ops->size);
	memcpy(exact, data, ops->size);
	result = ops->parse(exact, size, &ports);
	require(!(ports.echo_request && ports.echo_reply));
	require(ports.present == (ops->has_ports && result == PROT_OK));
	if (ports.present)
		require(ports.source == data[0] * 256 + data[1] &&
			ports.destination == data[2] * 256 + data[3]);
	/* What is right as a whole is right as a beginning. */
	if (ops->parse(exact, size, &whole) == PROT_OK) {
		ports = (struct prot_ports) { .partial = true };
		require(ops->parse(exact, size, &ports) == PROT_OK);
	}
	free(exact);
}

struct packet {
	const u8 *bytes;
	unsigned int size;
};

/* Each piece in its own allocation, so that a byte too far is seen. */
static u8 *fetched;

static const u8 *fetch(const void *from, unsigned int offset,
		       unsigned int size, void *buffer)
{
	const struct packet *packet = from;

	(void)buffer;
	if (offset > packet->size || packet->size - offset < size)
		return NULL;
	free(fetched);
	fetched = malloc(size);
	memcpy(fetched, packet->bytes + offset, size);
	return fetched;
}

static enum prot_result fuzz_parse(bool six, const u8 *data, unsigned int size,
				   struct prot_ip *ip)
{
	struct packet packet = { .bytes = data, .size = size };
	unsigned int fixed = six ? PROT_IP6_SIZE : PROT_IP4_SIZE;
	u8 *header;
	enum prot_result result;

	if (fixed > size)
		fixed = size;
	header = malloc(fixed ? fixed : 1);
	memcpy(header, data, fixed);
	result = six ? prot_ip6(header, size, fetch, &packet, ip) :
		       prot_ip4(header, size, ip);
	free(header);
	return result;
}

#define NO_END (-1)
#define CUT (-2)

/*
 * The end of a chain of extension headers, by recursion over RFC 8200's text,
 * NO_END, or CUT where a first fragment lacks it.  *number is what stands there.
 */
static long chain_end(const u8 *data, unsigned int end, unsigned int at,
		      unsigned int *number, bool *first, bool *later)
{
	static const u8 unit[256] = { [0] = 8, [43] = 8, [51] = 4, [60] = 8 };
	bool is_fragment = *number == 44;
	unsigned int size;

	if (!unit[*number] && !is_fragment)
		return *first && at == end && *number != 59 ? CUT : (long)at;
	if (*number == 0 && at != 40)
		return NO_END;
	if (at + 8 > end)
		return *first ? CUT : NO_END;
	size = is_fragment ? 8 :
	       *number == 51 ? 8 + data[at + 1] * 4 : 8 + data[at + 1] * 8;
	if (at + size > end)
		return *first ? CUT : NO_END;
	*number = data[at];
	if (is_fragment && (data[at + 2] || data[at + 3] >> 3)) {
		*later = true;
		/* TCP's flags, RFC 1858 */
		if (*number == 6 && !data[at + 2] && data[at + 3] >> 3 == 1)
			return NO_END;
		return *number ? (long)(at + size) : NO_END;
	}
	*first |= is_fragment && data[at + 3] & 1;
	return chain_end(data, end, at + size, number, first, later);
}

static void fuzz_ip6(const u8 *data, unsigned int size)
{
	unsigned int end = size, length, number;
	struct prot_ip ip = { 0 }, cut = { 0 };
	bool first = false, later = false;
	enum prot_result result;
	long due = NO_END;

	if (size >= 40 && data[0] >> 4 == 6) {
		length = data[4] * 256 + data[5];
		number = data[6];
		if (length)
			end = length + 40;
		if (end <= size)
			due = chain_end(data, end, 40, &number, &first, &later);
	}
	result = fuzz_parse(true, data, size, &ip);
	require(result == (due >= 0 ? PROT_OK :
			   due == CUT ? PROT_CUT : PROT_MALFORMED));
	if (due < 0)
		return;
	require(ip.offset == due && ip.offset + ip.rest == end);
	require(ip.number == number && ip.hop_limit == data[7]);
	require(ip.first == first && ip.later == later);

	/* What is behind the headers does not count, what is missing does. */
	if (!length) {
		require(fuzz_parse(true, data, due, &cut) ==
			(first && !later && number != 59 ? PROT_CUT : PROT_OK));
		require(cut.offset == due && !cut.rest && cut.number == number);
		require(fuzz_parse(true, data, due - 1, &cut) != PROT_OK);
	}
}

static void fuzz_ip4(const u8 *data, unsigned int size)
{
	unsigned int end = size, units;
	struct prot_ip ip = { 0 };

	if (fuzz_parse(false, data, size, &ip) != PROT_OK)
		return;
	if (data[2] || data[3])
		end = data[2] * 256 + data[3];
	units = (data[6] % 32) * 256 + data[7];
	require(data[0] >= 0x45 && data[0] <= 0x4f);
	require(ip.offset == (data[0] - 0x40) * 4u);
	require(end <= size && ip.offset + ip.rest == end);
	require(ip.number == data[9] && ip.hop_limit == data[8]);
	require(ip.later == !!units);
	require(ip.first == (!units && data[6] & 0x20));
}

/* Of a rule: with 'F' in front of the path it is a foreign program's. */
static u8 class_of(const u8 *data, const u8 *end)
{
	return data < end && *data == 'F' ? E7_CLASS_FOREIGN : RULE_NO_CLASS;
}

/* A rule about one file and TCP decides about that. */
static void check_exact_rules(struct rule_set *set)
{
	struct rule_index *index = rule_index_new(set);
	const struct rule *rule;
	struct rule_flow flow;
	unsigned int i;

	for (i = 0; i <= set->mask; i++) {
		rule = set->slots[i];
		if (!rule || rule->key.form != RULE_EXACT ||
		    rule->key.prot != E7_PROT_TCP)
			continue;
		flow = (struct rule_flow) {
			.path = rule->path, .length = rule->length,
			.class = rule->key.class ?: E7_CLASS_HOST,
			.prot = E7_PROT_TCP, .family = 4,
			.uid = RULE_NO_USER };
		require(rule_index_decide(index, &flow).rule == rule);
	}
	rule_index_free(index);
}

/* Each line is a rule that is put or, after a '-', removed. */
static void fuzz_rules(const u8 *data, size_t size)
{
	const struct rule_terms terms = { .action = E7_ACTION_BLOCK,
					  .comment = "" };
	struct rule_set *set = rule_set_new(64);
	struct rule_match match;
	struct rule *rule;
	const u8 *end, *path;
	u64 id = 0;
	bool less;
	u8 class;

	while (size) {
		end = memchr(data, '\n', size);
		if (!end)
			end = data + size;
		less = *data == '-';
		path = data + (end > data ? less : 0);
		class = class_of(path, end);
		path += class != RULE_NO_CLASS;
		rule_match_init(&match, (const char *)path, end - path);
		match.key.class = class;
		match.key.prot = match.length % 7 ? E7_PROT_ANY : E7_PROT_TCP;
		if (match.length &&
		    rule_path_fault(match.path, match.length))
			goto next;

		rule = rule_set_find(set, &match);
		if (less && rule)
			rule_set_remove(set, rule);
		else if (!less && set->count < 64)
			rule_set_put(set, &match, &terms, ++id);
next:
		size -= end - data;
		data = end;
		if (size) {
			data++;
			size--;
		}
	}
	check_exact_rules(set);
	rule_set_free(set);
	if (shim_live)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const u8 numbers[] = { 6, 17, 1, 58, 33, 132, 136 };
	unsigned int chosen;

	if (!size)
		return 0;
	chosen = data[0] % 16;
	if (chosen < ARRAY_SIZE(numbers))
		fuzz_prot(numbers[chosen], data[0] & 16, data + 1, size - 1);
	else if (chosen < 10)
		fuzz_ip6(data + 1, size - 1);
	else if (chosen < 12)
		fuzz_ip4(data + 1, size - 1);
	else
		fuzz_rules(data + 1, size - 1);
	free(fetched);
	fetched = NULL;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer over the module's parsers: the first byte chooses a protocol, or
 * the form of a path and then the ruleset that is made of such paths.
 */
#include <stdlib.h>
#include <string.h>

#include "../../kmod/prot.h"
#include "../../kmod/rule_set.h"
#include "linux/shim.h"

static void fuzz_prot(unsigned int number, const u8 *data, size_t size)
{
	const struct prot_ops *ops = prot_find(number);
	struct prot_ports ports = { 0 };
	u8 *exact;

	if (!ops || size < ops->size)
		return;
	exact = malloc(ops->size);
	memcpy(exact, data, ops->size);
	ops->parse(exact, size, &ports);
	if (ports.echo_request && ports.echo_reply)
		abort();
	free(exact);
}

/* Of a rule: with 'F' in front of the path it is a foreign program's. */
static u8 class_of(const u8 *data, const u8 *end)
{
	return data < end && *data == 'F' ? E7_CLASS_FOREIGN : RULE_NO_CLASS;
}

/* Each line is a rule that is put or, after a '-', removed. */
static void fuzz_rules(const u8 *data, size_t size)
{
	struct rule_set *set = rule_set_new(64);
	struct rule_match match;
	struct rule_flow flow;
	struct rule *rule;
	const u8 *end, *path;
	u64 id = 0;
	bool less;

	while (size) {
		end = memchr(data, '\n', size);
		if (!end)
			end = data + size;
		less = *data == '-';
		path = data + (end > data ? less : 0);
		match.class = class_of(path, end);
		path += match.class != RULE_NO_CLASS;
		match.path = (const char *)path;
		match.length = end - path;
		match.prot = match.length % 7 ? E7_PROT_ANY : E7_PROT_TCP;
		if (match.length &&
		    rule_path_fault(match.path, match.length))
			goto next;

		rule = rule_set_find(set, &match);
		if (less && rule)
			rule_set_remove(set, rule);
		else if (!less && set->count < 64)
			rule_set_put(set, &match, 1 + match.length % 2, ++id);

		flow = (struct rule_flow) {
			.path = match.path, .length = match.length,
			.class = match.class ?: E7_CLASS_HOST,
			.prot = E7_PROT_TCP, .prot_known = true };
		rule = rule_set_find(set, &match);
		if (rule && rule->form == RULE_EXACT &&
		    match.prot == E7_PROT_TCP &&
		    rule_set_decide(set, &flow) != rule)
			abort();
next:
		size -= end - data;
		data = end;
		if (size) {
			data++;
			size--;
		}
	}
	rule_set_free(set);
	if (shim_live)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const u8 numbers[] = { 6, 17, 1, 58 };

	if (!size)
		return 0;
	if (data[0] % 8 < ARRAY_SIZE(numbers))
		fuzz_prot(numbers[data[0] % 8], data + 1, size - 1);
	else
		fuzz_rules(data + 1, size - 1);
	return 0;
}

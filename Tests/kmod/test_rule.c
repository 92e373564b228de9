// SPDX-License-Identifier: GPL-2.0-only
/* The classifier against a list that is searched field by field. */
#include <stdlib.h>
#include <string.h>

#include "../../kmod/rule_set.h"
#include "check.h"
#include "linux/shim.h"

static struct rule_match match_of(u8 class, const char *path, u16 prot)
{
	return (struct rule_match) {
		.path = path, .length = strlen(path), .prot = prot,
		.class = class };
}

static struct rule_flow flow_of(u8 class, const char *path, u16 prot)
{
	return (struct rule_flow) {
		.path = path, .length = path ? strlen(path) : 0,
		.prot = prot, .class = class, .prot_known = true };
}

/* ---- the form of a path ---- */

void test_rule_path(void)
{
	static const char *const good[] = {
		"/", "/a", "/a/", "/usr/bin/curl", "/...", "/.a", "/a.", "/..a",
		"/a b", "/\xc3\xa9", "/.../", "/a/.b/..c/",
	};
	static const char *const bad[] = {
		"", "a", "./a", "//", "/a//b", "/a//", "/.", "/..", "/./", "/../",
		"/a/./b", "/a/../b", "/a/.", "/a/..", "/a\n", "/\x7f", "/\x1b[m",
	};
	char *long_path;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		CHECK(!rule_path_fault(good[i], strlen(good[i])), "%s", good[i]);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(rule_path_fault(bad[i], strlen(bad[i])), "%s", bad[i]);

	long_path = malloc(E7_LIMIT_PATH + 1);
	memset(long_path, 'a', E7_LIMIT_PATH + 1);
	long_path[0] = '/';
	CHECK(!rule_path_fault(long_path, E7_LIMIT_PATH - 1));
	CHECK(!rule_path_fault(long_path, E7_LIMIT_PATH));
	CHECK(rule_path_fault(long_path, E7_LIMIT_PATH + 1));
	free(long_path);
}

/* ---- the classes that a rule may name ---- */

void test_rule_class(void)
{
	unsigned int class;

	for (class = 0; class < 256; class++) {
		CHECK(!rule_class_fault(class, false) ==
		      (class >= E7_CLASS_FOREIGN && class <= E7_CLASS_KERNEL),
		      "%u", class);
		CHECK(!rule_class_fault(class, true) ==
		      (class == E7_CLASS_FOREIGN), "%u", class);
	}
	CHECK(strstr(rule_class_fault(E7_CLASS_KERNEL, true), "foreign"));
	CHECK(strstr(rule_class_fault(E7_CLASS_HOST, false), "without a class"));
	CHECK(strstr(rule_class_fault(E7_CLASS_UNKNOWN, false), "kernel (5)"));
}

/* ---- the decisions worked out in docs/rules.md ---- */

#define HOST E7_CLASS_HOST
#define FOREIGN E7_CLASS_FOREIGN

static const struct {
	u8 class;
	const char *path;
	u16 prot;
	enum e7_action action;
} worked_rules[] = {
	{ 0, "/usr/bin/", E7_PROT_ANY, E7_ACTION_ALLOW },
	{ 0, "/usr/bin/curl", E7_PROT_TCP, E7_ACTION_BLOCK },
	{ 0, "", E7_PROT_UDP, E7_ACTION_BLOCK },
	{ 0, "/usr/bin/dig", E7_PROT_UDP, E7_ACTION_ALLOW },
	{ 0, "/usr/bin/x/y/", E7_PROT_ANY, E7_ACTION_BLOCK },
	{ 0, "/srv/app", E7_PROT_ANY, E7_ACTION_ALLOW },
	{ FOREIGN, "", E7_PROT_ANY, E7_ACTION_BLOCK },
	{ FOREIGN, "/usr/sbin/nginx", E7_PROT_TCP, E7_ACTION_ALLOW },
	{ FOREIGN, "/srv/", E7_PROT_TCP, E7_ACTION_ALLOW },
	{ E7_CLASS_KERNEL, "", E7_PROT_UDP, E7_ACTION_ALLOW },
};

static const struct {
	u8 class;
	const char *path;
	u16 prot;
	int action;	/* 0: no rule */
} worked_flows[] = {
	{ HOST, "/usr/bin/ssh", E7_PROT_TCP, E7_ACTION_ALLOW },
	{ HOST, "/usr/bin/curl", E7_PROT_TCP, E7_ACTION_BLOCK },
	{ HOST, "/usr/bin/curl", E7_PROT_UDP, E7_ACTION_ALLOW },
	{ HOST, "/usr/bin/dig", E7_PROT_UDP, E7_ACTION_ALLOW },
	{ HOST, "/usr/bin/ping", E7_PROT_UDP, E7_ACTION_ALLOW },
	{ HOST, "/opt/app", E7_PROT_UDP, E7_ACTION_BLOCK },
	{ HOST, "/opt/app", E7_PROT_TCP, 0 },
	{ HOST, "/usr/bin/x/y", E7_PROT_TCP, E7_ACTION_ALLOW },
	{ HOST, "/usr/bin/x/y/z", E7_PROT_TCP, E7_ACTION_BLOCK },
	{ HOST, "/usr/binx/y", E7_PROT_TCP, 0 },
	{ HOST, "/usr/bin", E7_PROT_TCP, 0 },
	{ HOST, "/srv/app", E7_PROT_UDP, E7_ACTION_ALLOW },
	{ HOST, "/srv/app/x", E7_PROT_TCP, 0 },
	{ FOREIGN, "/usr/sbin/nginx", E7_PROT_TCP, E7_ACTION_ALLOW },
	{ FOREIGN, "/usr/sbin/nginx", E7_PROT_UDP, E7_ACTION_BLOCK },
	{ FOREIGN, "/usr/bin/curl", E7_PROT_TCP, E7_ACTION_BLOCK },
	{ FOREIGN, "/usr/bin/dig", E7_PROT_UDP, E7_ACTION_BLOCK },
	{ FOREIGN, "/srv/app", E7_PROT_TCP, E7_ACTION_ALLOW },
	{ FOREIGN, NULL, E7_PROT_TCP, E7_ACTION_BLOCK },
	{ HOST, "/usr/sbin/nginx", E7_PROT_TCP, 0 },
	{ E7_CLASS_KERNEL, NULL, E7_PROT_UDP, E7_ACTION_ALLOW },
	{ E7_CLASS_KERNEL, NULL, E7_PROT_TCP, 0 },
	{ E7_CLASS_DELETED, NULL, E7_PROT_UDP, E7_ACTION_BLOCK },
	{ E7_CLASS_MEMFD, NULL, E7_PROT_TCP, 0 },
	{ E7_CLASS_UNKNOWN, NULL, E7_PROT_UDP, E7_ACTION_BLOCK },
	{ E7_CLASS_UNKNOWN, NULL, E7_PROT_TCP, 0 },
};

void test_rule_worked(void)
{
	struct rule_set *set = rule_set_new(ARRAY_SIZE(worked_rules));
	const struct rule *rule;
	struct rule_match match;
	struct rule_flow flow;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(worked_rules); i++) {
		match = match_of(worked_rules[i].class, worked_rules[i].path,
				 worked_rules[i].prot);
		CHECK(rule_set_put(set, &match, worked_rules[i].action,
				   i + 1) == 1);
		CHECK(rule_set_put(set, &match, worked_rules[i].action,
				   99) == 0);
	}
	for (i = 0; i < ARRAY_SIZE(worked_flows); i++) {
		flow = flow_of(worked_flows[i].class, worked_flows[i].path,
			       worked_flows[i].prot);
		rule = rule_set_decide(set, &flow);
		CHECK((rule ? rule->action : 0) == worked_flows[i].action,
		      "%u %s %u", flow.class, flow.path ?: "-", flow.prot);
	}
	CHECK(!rule_set_sort(set));
	CHECK(!strcmp(set->order[0]->path, "/srv/app"));
	CHECK(!strcmp(set->order[3]->path, "/usr/sbin/nginx"));
	CHECK(!strcmp(set->order[4]->path, "/usr/bin/x/y/"));
	CHECK(!strcmp(set->order[5]->path, "/usr/bin/"));
	CHECK(!strcmp(set->order[6]->path, "/srv/"));
	CHECK(set->order[7]->class == FOREIGN && !set->order[7]->length);
	CHECK(set->order[8]->class == E7_CLASS_KERNEL);
	CHECK(!set->order[9]->length && !set->order[9]->class);
	rule_set_free(set);
	CHECK(!shim_live, "%ld left", shim_live);
}

/* ---- a list as the model ---- */

#define MODEL_MAX 24

struct model {
	struct {
		char path[16];
		u8 class;
		u16 prot;
		enum e7_action action;
		u64 id;
	} rules[MODEL_MAX];
	unsigned int count;
};

static int model_find(const struct model *model,
		      const struct rule_match *match)
{
	unsigned int i;

	for (i = 0; i < model->count; i++)
		if (!strcmp(model->rules[i].path, match->path) &&
		    model->rules[i].class == match->class &&
		    model->rules[i].prot == match->prot)
			return i;
	return -1;
}

static void model_remove(struct model *model, unsigned int index)
{
	model->count--;
	memmove(&model->rules[index], &model->rules[index + 1],
		(model->count - index) * sizeof(model->rules[0]));
}

static bool model_matches(const struct model *model, unsigned int i,
			  const struct rule_flow *flow)
{
	const char *path = model->rules[i].path;
	size_t length = strlen(path);
	u8 class = model->rules[i].class;

	if (model->rules[i].prot != E7_PROT_ANY &&
	    model->rules[i].prot != flow->prot)
		return false;
	if (!class && length)
		class = HOST;
	if (class && class != flow->class)
		return false;
	if (!length)
		return true;
	if (!flow->path)
		return false;
	if (path[length - 1] == '/')
		return !strncmp(flow->path, path, length);
	return !strcmp(flow->path, path);
}

/* docs/rules.md: exact before longer folder before shorter before class before
 * none, then the protocol before any.
 */
static long model_rank(const struct model *model, unsigned int i)
{
	const char *path = model->rules[i].path;
	size_t length = strlen(path);
	long rank = model->rules[i].class ? 1 : 0;

	if (length)
		rank = path[length - 1] == '/' ? 1 + length : 1000;
	return 2 * rank + (model->rules[i].prot != E7_PROT_ANY);
}

static int model_decide(const struct model *model,
			const struct rule_flow *flow)
{
	unsigned int i;
	int best = -1;

	for (i = 0; i < model->count; i++)
		if (model_matches(model, i, flow) &&
		    (best < 0 || model_rank(model, i) > model_rank(model, best)))
			best = i;
	return best;
}

/* Few components and protocols, so that rules meet. */
static void random_path(char *path, bool may_be_folder)
{
	static const char *const names[] = { "a", "b", "ab", "c" };
	unsigned int depth = 1 + check_below(3), i;

	path[0] = '\0';
	for (i = 0; i < depth; i++) {
		strcat(path, "/");
		strcat(path, names[check_below(4)]);
	}
	if (may_be_folder && check_below(2))
		strcat(path, "/");
}

static u16 random_prot(bool may_be_any)
{
	static const u16 prots[] = { 6, 17, 1, E7_PROT_ANY };

	return prots[check_below(may_be_any ? 4 : 3)];
}

/* Of a rule: any that may stand beside a path, or alone. */
static u8 random_class(bool has_path)
{
	static const u8 classes[] = {
		RULE_NO_CLASS, FOREIGN, E7_CLASS_DELETED, E7_CLASS_MEMFD,
		E7_CLASS_KERNEL,
	};

	return classes[check_below(has_path ? 2 : ARRAY_SIZE(classes))];
}

static void model_step(struct model *model, struct rule_set **set, u64 *id)
{
	char path[16] = "";
	struct rule_match match;
	struct rule_set *copy;
	struct rule *rule;
	u16 prot = random_prot(true);
	enum e7_action action = 1 + check_below(2);
	int i;

	if (check_below(5))
		random_path(path, true);
	match = match_of(random_class(*path), path, prot);
	i = model_find(model, &match);

	switch (check_below(8)) {
	case 0:
		rule = rule_set_find(*set, &match);
		CHECK(!rule == (i < 0));
		if (rule)
			rule_set_remove(*set, rule);
		if (i >= 0)
			model_remove(model, i);
		break;
	case 1:
		if (check_below(8))
			break;
		rule_set_clear(*set, action);
		for (i = model->count; i-- > 0;)
			if (model->rules[i].action == action)
				model_remove(model, i);
		break;
	case 2:
		copy = rule_set_copy(*set, 1 + check_below(4));
		rule_set_free(*set);
		*set = copy;
		break;
	default:
		if (i < 0 && (model->count == MODEL_MAX ||
			      2 * (model->count + 1) > (*set)->mask))
			break;
		CHECK(rule_set_put(*set, &match, action, ++*id) ==
		      (i < 0 || model->rules[i].action != action));
		if (i < 0) {
			i = model->count++;
			strcpy(model->rules[i].path, path);
			model->rules[i].class = match.class;
			model->rules[i].prot = prot;
			model->rules[i].id = *id;
		}
		model->rules[i].action = action;
	}
}

static void model_compare(const struct model *model, struct rule_set *set)
{
	u8 class = HOST + check_below(E7_CLASS_UNKNOWN);
	bool has_path = class == HOST || (class == FOREIGN && check_below(8));
	char path[16];
	struct rule_flow flow;
	const struct rule *rule;
	int best;

	random_path(path, false);
	flow = flow_of(class, has_path ? path : NULL, random_prot(false));
	best = model_decide(model, &flow);
	rule = rule_set_decide(set, &flow);
	CHECK(rule ? best >= 0 && rule->id == model->rules[best].id &&
		     rule->action == model->rules[best].action : best < 0,
	      "%u %s %u", flow.class, flow.path ?: "-", flow.prot);
	CHECK(set->count == model->count);
	if (rule)
		CHECK(rule_set_by_id(set, rule->id) == rule);
}

void test_rule_model(unsigned long rounds)
{
	struct rule_set *set;
	struct model model;
	unsigned long round;
	unsigned int i, steps;
	u64 id;

	for (round = 0; round < rounds; round++) {
		memset(&model, 0, sizeof(model));
		set = rule_set_new(check_below(3));
		steps = check_below(40);
		id = 0;
		for (i = 0; i < steps; i++)
			model_step(&model, &set, &id);
		for (i = 0; i < 4; i++)
			model_compare(&model, set);
		CHECK(!rule_set_sort(set));
		for (i = 1; i < set->count; i++)
			CHECK(set->order[i - 1]->form >= set->order[i]->form);
		rule_set_free(set);
	}
	CHECK(!shim_live, "%ld left", shim_live);
}

/* ---- no memory, at each allocation in turn ---- */

void test_rule_memory(void)
{
	struct rule_match match = match_of(0, "/usr/bin/curl", E7_PROT_TCP);
	struct rule_flow flow = flow_of(HOST, "/usr/bin/curl",
					 E7_PROT_TCP);
	struct rule_set *set, *copy;
	int fail;

	for (fail = 0; fail < 5; fail++) {
		shim_allocations_left = fail;
		set = rule_set_new(1);
		CHECK(!set == (fail == 0));
		if (!set)
			continue;
		CHECK(rule_set_put(set, &match, E7_ACTION_ALLOW, 1) ==
		      (fail > 1 ? 1 : -ENOMEM));
		CHECK(!rule_set_decide(set, &flow) == (fail <= 1));
		if (fail == 2) {
			CHECK(rule_set_put(set, &match, E7_ACTION_BLOCK, 2) ==
			      -ENOMEM);
			CHECK(rule_set_decide(set, &flow)->action ==
			      E7_ACTION_ALLOW);
			CHECK(rule_set_sort(set) == -ENOMEM);
		}
		copy = rule_set_copy(set, 1);
		CHECK(!copy == (fail == 1 || fail == 2));
		rule_set_free(copy);
		rule_set_free(set);
	}
	shim_allocations_left = -1;
	CHECK(!shim_live, "%ld left", shim_live);
}

// SPDX-License-Identifier: GPL-2.0-only
/* The classifier against a list of rules that are compared field by field. */
#include <stdlib.h>
#include <string.h>

#include "../../kmod/rule_index.h"
#include "../../kmod/rule_set.h"
#include "check.h"
#include "linux/shim.h"

static struct rule_match match_of(u8 class, const char *path, u16 prot)
{
	struct rule_match match;

	rule_match_init(&match, path, strlen(path));
	match.key.class = class;
	match.key.prot = prot;
	return match;
}

static struct rule_flow flow_of(u8 class, const char *path, u16 prot)
{
	return (struct rule_flow) {
		.path = path, .length = path ? strlen(path) : 0,
		.prot = prot, .class = class, .prot_known = true,
		.direction = E7_DIRECTION_OUT, .family = 4,
		.remote = { 192, 0, 2, 1 }, .uid = 1000,
		.has_port = true, .port = 443 };
}

static int put(struct rule_set *set, const struct rule_match *match,
	       enum e7_action action, u64 id)
{
	return rule_set_put(set, match, &(struct rule_terms) {
		.action = action, .comment = "" }, id);
}

/* By an index that is made for this one flow. */
static struct rule_decision decide(const struct rule_set *set,
				   const struct rule_flow *flow)
{
	struct rule_index *index = rule_index_new(set);
	struct rule_decision decision = rule_index_decide(index, flow);

	rule_index_free(index);
	return decision;
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
		CHECK(put(set, &match, worked_rules[i].action, i + 1) == 1);
		CHECK(put(set, &match, worked_rules[i].action, 99) == 0);
	}
	for (i = 0; i < ARRAY_SIZE(worked_flows); i++) {
		flow = flow_of(worked_flows[i].class, worked_flows[i].path,
			       worked_flows[i].prot);
		rule = decide(set, &flow).rule;
		CHECK((rule ? rule->action : 0) == worked_flows[i].action,
		      "%u %s %u", flow.class, flow.path ?: "-", flow.prot);
	}
	CHECK(!rule_set_sort(set));
	CHECK(!strcmp(set->order[0]->path, "/srv/app"));
	CHECK(!strcmp(set->order[3]->path, "/usr/sbin/nginx"));
	CHECK(!strcmp(set->order[4]->path, "/usr/bin/x/y/"));
	CHECK(!strcmp(set->order[5]->path, "/usr/bin/"));
	CHECK(!strcmp(set->order[6]->path, "/srv/"));
	CHECK(set->order[7]->key.class == FOREIGN && !set->order[7]->length);
	CHECK(set->order[8]->key.class == E7_CLASS_KERNEL);
	CHECK(!set->order[9]->length && !set->order[9]->key.class);
	rule_set_free(set);
	CHECK(!shim_live, "%ld left", shim_live);
}

/* The decisions worked out in docs/rules.md with remote ends and ports. */
void test_rule_worked_remotes(void)
{
	static const struct {
		const char *path;
		u16 prot;
		u8 remote[4];
		u16 port;
		int id;
	} flows[] = {
		{ "/usr/bin/ssh", 6, { 192, 0, 2, 1 }, 22, 1 },
		{ "/usr/bin/curl", 6, { 192, 0, 2, 1 }, 443, 2 },
		{ "/usr/bin/curl", 6, { 10, 1, 2, 3 }, 443, 3 },
		{ "/usr/bin/curl", 6, { 10, 9, 2, 3 }, 443, 4 },
		{ "/usr/bin/dig", 17, { 9, 9, 9, 9 }, 53, 6 },
		{ "/usr/bin/ping", 17, { 9, 9, 9, 9 }, 123, 1 },
		{ "/opt/app", 17, { 9, 9, 9, 9 }, 123, 5 },
		{ "/usr/bin/x/y", 6, { 192, 0, 2, 1 }, 1, 1 },
		{ "/usr/binx/y", 6, { 192, 0, 2, 1 }, 1, 0 },
	};
	struct rule_set *set = rule_set_new(6);
	struct rule_match match;
	const struct rule *rule;
	struct rule_flow flow;
	size_t i;

	match = match_of(0, "/usr/bin/", E7_PROT_ANY);
	put(set, &match, E7_ACTION_ALLOW, 1);
	match = match_of(0, "/usr/bin/curl", E7_PROT_TCP);
	put(set, &match, E7_ACTION_BLOCK, 2);
	match.key.direction = E7_DIRECTION_OUT;
	match.key.family = 4;
	match.key.remote[0] = 10;
	match.key.prefix = 8;
	match.key.port_first = match.key.port_last = 443;
	put(set, &match, E7_ACTION_ALLOW, 3);
	match = match_of(0, "", E7_PROT_ANY);
	match.key.quick = 1;
	match.key.direction = E7_DIRECTION_OUT;
	match.key.family = 4;
	match.key.remote[0] = 10;
	match.key.remote[1] = 9;
	match.key.prefix = 16;
	put(set, &match, E7_ACTION_BLOCK, 4);
	match = match_of(0, "", E7_PROT_UDP);
	put(set, &match, E7_ACTION_BLOCK, 5);
	match = match_of(0, "/usr/bin/dig", E7_PROT_UDP);
	match.key.port_first = match.key.port_last = 53;
	put(set, &match, E7_ACTION_ALLOW, 6);
	for (i = 0; i < ARRAY_SIZE(flows); i++) {
		flow = flow_of(HOST, flows[i].path, flows[i].prot);
		memcpy(flow.remote, flows[i].remote, 4);
		flow.port = flows[i].port;
		rule = decide(set, &flow).rule;
		CHECK((rule ? (int)rule->id : 0) == flows[i].id, "%zu", i);
	}
	rule_set_free(set);
	CHECK(!shim_live, "%ld left", shim_live);
}

/* ---- a list as the model ---- */

#define MODEL_MAX 600

struct model_rule {
	struct rule_match match;	/* its path is `path` */
	char path[16];
	enum e7_action action;
	u64 id;
};

struct model {
	struct model_rule rules[MODEL_MAX];
	unsigned int count;
};

/* How alike the rules of a ruleset are: much, so that many meet in one place. */
struct model_shape {
	unsigned int paths;	/* chances in 8 */
	unsigned int users;
	unsigned int remotes;
	unsigned int ports;
	unsigned int quick;
	unsigned int directions;
	unsigned int prots;
	bool narrow;		/* ports and addresses from few values */
};

static bool chance(unsigned int of_eight)
{
	return check_below(8) < of_eight;
}

static int model_find(const struct model *model, const struct rule_match *match)
{
	const struct model_rule *rule;
	unsigned int i;

	for (i = 0; i < model->count; i++) {
		rule = &model->rules[i];
		if (!strcmp(rule->path, match->path) &&
		    rule->match.key.class == match->key.class &&
		    rule->match.key.prot == match->key.prot &&
		    rule->match.key.uid == match->key.uid &&
		    rule->match.key.port_first == match->key.port_first &&
		    rule->match.key.port_last == match->key.port_last &&
		    rule->match.key.family == match->key.family &&
		    rule->match.key.prefix == match->key.prefix &&
		    rule->match.key.direction == match->key.direction &&
		    rule->match.key.quick == match->key.quick &&
		    !memcmp(rule->match.key.remote, match->key.remote, 16))
			return i;
	}
	return -1;
}

static void model_remove(struct model *model, unsigned int index)
{
	unsigned int i;

	model->count--;
	memmove(&model->rules[index], &model->rules[index + 1],
		(model->count - index) * sizeof(model->rules[0]));
	for (i = index; i < model->count; i++)
		model->rules[i].match.path = model->rules[i].path;
}

static bool bit_of(const u8 *bytes, unsigned int bit)
{
	return bytes[bit / 8] >> (7 - bit % 8) & 1;
}

static bool model_matches(const struct model_rule *rule,
			  const struct rule_flow *flow)
{
	const struct rule_key *key = &rule->match.key;
	size_t length = strlen(rule->path);
	u8 class = key->class;
	unsigned int bit;

	if (key->prot != E7_PROT_ANY && key->prot != flow->prot)
		return false;
	if (key->direction && key->direction != flow->direction)
		return false;
	if (key->uid != RULE_NO_USER && key->uid != flow->uid)
		return false;
	if (key->port_first <= key->port_last &&
	    (!flow->has_port || flow->port < key->port_first ||
	     flow->port > key->port_last))
		return false;
	if (key->family) {
		if (key->family != flow->family)
			return false;
		for (bit = 0; bit < key->prefix; bit++)
			if (bit_of(key->remote, bit) !=
			    bit_of(flow->remote, bit))
				return false;
	}
	if (!class && length)
		class = HOST;
	if (class && class != flow->class)
		return false;
	if (!length)
		return true;
	if (!flow->path)
		return false;
	if (rule->path[length - 1] == '/')
		return !strncmp(flow->path, rule->path, length);
	return !strcmp(flow->path, rule->path);
}

/* docs/rules.md: exact before longer folder before shorter before class. */
static long model_program(const struct model_rule *rule)
{
	size_t length = strlen(rule->path);

	if (!length)
		return rule->match.key.class ? 1 : 0;
	return rule->path[length - 1] == '/' ? 1 + (long)length : 1000;
}

static long model_ports(const struct rule_key *key)
{
	return key->port_first > key->port_last ? -0x20000 :
	       -(key->port_last - key->port_first + 1);
}

/* Whether a decides before b: field by field, the first that differs. */
static bool model_before(const struct model_rule *a, const struct model_rule *b)
{
	static const int actions[] = { [E7_ACTION_BLOCK] = 3,
				       [E7_ACTION_REJECT] = 2,
				       [E7_ACTION_ASK] = 1,
				       [E7_ACTION_ALLOW] = 0 };
	const struct rule_key *x = &a->match.key, *y = &b->match.key;
	const long fields[][2] = {
		{ x->quick, y->quick },
		{ model_program(a), model_program(b) },
		{ x->uid != RULE_NO_USER, y->uid != RULE_NO_USER },
		{ x->family ? x->prefix : -1, y->family ? y->prefix : -1 },
		{ model_ports(x), model_ports(y) },
		{ x->prot != E7_PROT_ANY, y->prot != E7_PROT_ANY },
		{ x->direction != 0, y->direction != 0 },
		{ actions[a->action], actions[b->action] },
		{ -x->port_first, -y->port_first },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fields); i++)
		if (fields[i][0] != fields[i][1])
			return fields[i][0] > fields[i][1];
	return false;
}

static const struct model_rule *model_decide(const struct model *model,
					     const struct rule_flow *flow)
{
	const struct model_rule *best = NULL;
	unsigned int i;

	for (i = 0; i < model->count; i++)
		if (model_matches(&model->rules[i], flow) &&
		    (!best || model_before(&model->rules[i], best)))
			best = &model->rules[i];
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

/* An address whose bits are mostly those of few others, at all depths. */
static void random_remote(u8 *remote, u8 family, const struct model_shape *shape)
{
	unsigned int bytes = family == 4 ? 4 : 16, i;

	memset(remote, 0, 16);
	for (i = 0; i < bytes; i++)
		remote[i] = shape->narrow ? (u8)-check_below(2) :
					    check_random();
	remote[check_below(bytes)] ^= 1 << check_below(8);
}

static u16 random_port(const struct model_shape *shape)
{
	static const u16 ends[] = { 0, 1, 2, 65534, 65535 };

	if (!check_below(8))
		return ends[check_below(ARRAY_SIZE(ends))];
	return shape->narrow ? 100 + check_below(20) : check_random();
}

static struct rule_match random_match(const struct model_shape *shape,
				      char *path)
{
	unsigned int bit, bits;
	struct rule_match match;
	struct rule_key *key = &match.key;
	u16 swap;

	*path = '\0';
	if (chance(shape->paths))
		random_path(path, true);
	match = match_of(random_class(*path),
			 path, chance(shape->prots) ? random_prot(true) :
						      E7_PROT_ANY);
	if (!*path && check_below(2))
		key->class = RULE_NO_CLASS;
	key->quick = chance(shape->quick);
	if (chance(shape->users))
		key->uid = check_below(shape->narrow ? 3 : 100);
	if (chance(shape->directions))
		key->direction = 1 + check_below(2);
	if (chance(shape->remotes)) {
		key->direction = 1 + check_below(2);
		key->family = check_below(2) ? 4 : 6;
		bits = key->family == 4 ? 32 : 128;
		key->prefix = check_below(bits + 1);
		random_remote(key->remote, key->family, shape);
		for (bit = key->prefix; bit < 128; bit++)
			key->remote[bit / 8] &= ~(0x80 >> bit % 8);
		CHECK(rule_remote_is_network(key));
	}
	if (chance(shape->ports)) {
		key->port_first = random_port(shape);
		key->port_last = check_below(2) ? key->port_first :
						  random_port(shape);
		if (key->port_first > key->port_last) {
			swap = key->port_first;
			key->port_first = key->port_last;
			key->port_last = swap;
		}
	}
	return match;
}

static void model_step(struct model *model, struct rule_set **set, u64 *id,
		       const struct model_shape *shape)
{
	static const enum e7_action actions[] = {
		E7_ACTION_ALLOW, E7_ACTION_BLOCK, E7_ACTION_REJECT,
		E7_ACTION_ASK };
	enum e7_action action = actions[check_below(ARRAY_SIZE(actions))];
	char path[16];
	struct rule_match match = random_match(shape, path);
	int i = model_find(model, &match);
	struct rule_set *copy;
	struct rule *rule;

	switch (check_below(12)) {
	case 0:
		rule = rule_set_find(*set, &match);
		CHECK(!rule == (i < 0));
		if (rule)
			rule_set_remove(*set, rule);
		if (i >= 0)
			model_remove(model, i);
		break;
	case 1:
		if (check_below(20))
			break;
		rule_set_clear(*set, action);
		for (i = model->count; i-- > 0;)
			if (model->rules[i].action == action)
				model_remove(model, i);
		break;
	case 2:
		if (check_below(4))
			break;
		copy = rule_set_copy(*set, 1 + check_below(4));
		rule_set_free(*set);
		*set = copy;
		break;
	default:
		if (i < 0 && model->count == MODEL_MAX)
			break;
		if (2 * (model->count + 1) > (*set)->mask) {
			copy = rule_set_copy(*set, (*set)->count + 1);
			rule_set_free(*set);
			*set = copy;
		}
		CHECK(put(*set, &match, action, ++*id) ==
		      (i < 0 || model->rules[i].action != action));
		if (i < 0) {
			i = model->count++;
			model->rules[i].match = match;
			strcpy(model->rules[i].path, path);
			model->rules[i].match.path = model->rules[i].path;
			model->rules[i].id = *id;
		}
		model->rules[i].action = action;
	}
}

/* Near one of the rules, so that some match. */
static struct rule_flow random_flow(const struct model *model,
				    const struct model_shape *shape, char *path)
{
	const struct model_rule *near = model->count && check_below(8) ?
		&model->rules[check_below(model->count)] : NULL;
	u8 class = HOST + check_below(E7_CLASS_UNKNOWN);
	struct rule_flow flow;
	unsigned int bit;

	if (near && near->match.key.class)
		class = near->match.key.class;
	else if (near && *near->path)
		class = HOST;
	random_path(path, false);
	if (near && *near->path) {
		strcpy(path, near->path);
		if (path[strlen(path) - 1] == '/')
			strcat(path, "c");
	}
	flow = flow_of(class, class == HOST || (class == FOREIGN &&
						check_below(8)) ? path : NULL,
		       random_prot(false));
	flow.direction = 1 + check_below(2);
	flow.uid = check_below(8) ? check_below(shape->narrow ? 4 : 100) :
				    RULE_NO_USER;
	flow.family = check_below(2) ? 4 : 6;
	random_remote(flow.remote, flow.family, shape);
	flow.has_port = check_below(8);
	flow.port = random_port(shape);
	if (!near)
		return flow;
	if (near->match.key.prot != E7_PROT_ANY && check_below(4))
		flow.prot = near->match.key.prot;
	if (near->match.key.direction && check_below(4))
		flow.direction = near->match.key.direction;
	if (near->match.key.uid != RULE_NO_USER && check_below(4))
		flow.uid = near->match.key.uid;
	if (near->match.key.port_first <= near->match.key.port_last)
		flow.port = check_below(2) ? near->match.key.port_first :
			    near->match.key.port_last + check_below(2);
	if (near->match.key.family) {
		flow.family = near->match.key.family;
		if (flow.family == 4)
			memset(flow.remote + 4, 0, 12);
		for (bit = 0; bit < near->match.key.prefix; bit++) {
			flow.remote[bit / 8] &= ~(0x80 >> bit % 8);
			flow.remote[bit / 8] |= near->match.key.remote[bit / 8] &
						0x80 >> bit % 8;
		}
	}
	return flow;
}

typedef bool model_fault(const struct model *model,
			 const struct rule_flow *flow);

/* Whether index and list say something else. */
static bool model_differs(const struct model *model,
			  const struct rule_flow *flow)
{
	const struct model_rule *best = model_decide(model, flow), *each;
	struct rule_set *set = rule_set_new(model->count);
	struct rule *rule;
	unsigned int i;
	bool differs;

	for (i = 0; i < model->count; i++) {
		each = &model->rules[i];
		put(set, &each->match, each->action, each->id);
	}
	rule = decide(set, flow).rule;
	differs = rule ? !best || rule->id != best->id : !!best;
	rule_set_free(set);
	return differs;
}

static void model_copy(struct model *to, const struct model *from)
{
	unsigned int i;

	*to = *from;
	for (i = 0; i < to->count; i++)
		to->rules[i].match.path = to->rules[i].path;
}

/* Takes out each rule without which the fault is there still. */
static void model_shrink(struct model *model, const struct rule_flow *flow,
			 model_fault *fault)
{
	static struct model less;
	unsigned int i = 0;

	while (i < model->count) {
		model_copy(&less, model);
		model_remove(&less, i);
		if (fault(&less, flow))
			model_copy(model, &less);
		else
			i++;
	}
}

/* What is left of a fault, for people. */
static void model_show(const struct model *model, const struct rule_flow *flow)
{
	const struct rule_key *key;
	unsigned int i;

	fprintf(stderr, "flow: class %u, %s, protocol %u, direction %u, uid %d, "
		"port %d, IPv%u %u.%u.%u.%u...\n", flow->class,
		flow->path ?: "-", flow->prot, flow->direction, (int)flow->uid,
		flow->has_port ? flow->port : -1, flow->family,
		flow->remote[0], flow->remote[1], flow->remote[2],
		flow->remote[3]);
	for (i = 0; i < model->count; i++) {
		key = &model->rules[i].match.key;
		fprintf(stderr, "rule %ld: action %u, quick %u, class %u, %s, "
			"protocol %u, direction %u, uid %d, ports %u-%u, "
			"IPv%u %u.%u.%u.%u.../%u\n",
			(long)model->rules[i].id, model->rules[i].action,
			key->quick, key->class, model->rules[i].path,
			key->prot, key->direction, (int)key->uid,
			key->port_first, key->port_last, key->family,
			key->remote[0], key->remote[1], key->remote[2],
			key->remote[3], key->prefix);
	}
}

static void model_explain(const struct model *model,
			  const struct rule_flow *flow)
{
	static struct model least;

	model_copy(&least, model);
	/* By then it may be gone, where it was the set's history that matters. */
	if (model_differs(&least, flow))
		model_shrink(&least, flow, model_differs);
	model_show(&least, flow);
}

/* A fault that three rules have between them. */
static bool has_three(const struct model *model, const struct rule_flow *flow)
{
	unsigned int i, found = 0;

	for (i = 0; i < model->count; i++)
		found += model->rules[i].id == 1 || model->rules[i].id == 30 ||
			 model->rules[i].id == 50;
	return found == 3;
}

void test_rule_shrink(void)
{
	static struct model model;
	unsigned int i;

	model.count = 50;
	for (i = 0; i < model.count; i++) {
		rule_match_init(&model.rules[i].match, "", 0);
		model.rules[i].id = i + 1;
	}
	model_shrink(&model, NULL, has_three);
	CHECK(model.count == 3 && model.rules[0].id == 1 &&
	      model.rules[1].id == 30 && model.rules[2].id == 50);
}

static void model_compare(const struct model *model, struct rule_set *set,
			  const struct rule_index *index,
			  const struct model_shape *shape)
{
	char path[16], other_path[16];
	struct rule_flow flow = random_flow(model, shape, path), other;
	const struct model_rule *best = model_decide(model, &flow);
	struct rule_decision decision = rule_index_decide(index, &flow);
	struct rule *rule = decision.rule;
	unsigned int i;

	CHECK(rule ? best && rule->id == best->id &&
		     rule->action == best->action : !best,
	      "%u %s %u: %ld, expected %ld", flow.class, flow.path ?: "-",
	      flow.prot, rule ? (long)rule->id : 0, best ? (long)best->id : 0);
	if (rule ? !best || rule->id != best->id : !!best)
		model_explain(model, &flow);
	if (rule)
		CHECK(rule_set_by_id(set, rule->id) == rule);
	for (i = 0; i < model->count; i++)
		CHECK(rule_matches(rule_set_by_id(set, model->rules[i].id),
				   &flow) ==
		      model_matches(&model->rules[i], &flow));
	/* What does not matter may be anything. */
	other = random_flow(model, shape, other_path);
	other.path = flow.path;
	other.length = flow.length;
	other.class = flow.class;
	other.prot = flow.prot;
	if (decision.depends & RULE_ON_REMOTE) {
		other.family = flow.family;
		memcpy(other.remote, flow.remote, 16);
	}
	if (decision.depends & RULE_ON_PORT) {
		other.has_port = flow.has_port;
		other.port = flow.port;
	}
	if (decision.depends & RULE_ON_USER)
		other.uid = flow.uid;
	if (decision.depends & RULE_ON_DIRECTION)
		other.direction = flow.direction;
	CHECK(rule_index_decide(index, &other).rule == rule);
}

static struct model_shape random_shape(void)
{
	return (struct model_shape) {
		.paths = check_below(9), .users = check_below(5),
		.remotes = check_below(9), .ports = check_below(9),
		.quick = check_below(4), .directions = check_below(9),
		.prots = check_below(9), .narrow = check_below(4) };
}

void test_rule_model(unsigned long rounds)
{
	static struct model model;
	struct model_shape shape;
	struct rule_index *index;
	struct rule_set *set;
	unsigned long round;
	unsigned int i, steps;
	u64 id;

	for (round = 0; round < rounds; round++) {
		model.count = 0;
		shape = random_shape();
		set = rule_set_new(check_below(3));
		steps = check_below(round % 16 ? 40 : MODEL_MAX);
		id = 0;
		for (i = 0; i < steps; i++)
			model_step(&model, &set, &id, &shape);
		CHECK(set->count == model.count);
		index = rule_index_new(set);
		for (i = 0; i < 8; i++)
			model_compare(&model, set, index, &shape);
		rule_index_free(index);
		CHECK(!rule_set_sort(set));
		for (i = 1; i < set->count; i++)
			CHECK(set->order[i - 1]->key.quick >
			      set->order[i]->key.quick ||
			      (set->order[i - 1]->key.quick ==
			       set->order[i]->key.quick &&
			       set->order[i - 1]->key.form >=
			       set->order[i]->key.form));
		rule_set_free(set);
	}
	CHECK(!shim_live, "%ld left", shim_live);
}

/* ---- what a rule carries besides ---- */

void test_rule_terms(void)
{
	struct rule_match match = match_of(0, "/usr/bin/curl", E7_PROT_TCP);
	struct rule_terms terms = { .action = E7_ACTION_ALLOW,
				    .comment = "until it is fixed" };
	struct rule_set *set = rule_set_new(1);
	struct rule *rule;

	CHECK(rule_set_put(set, &match, &terms, 1) == 1);
	CHECK(rule_set_put(set, &match, &terms, 2) == 0);
	rule = rule_set_find(set, &match);
	CHECK(!strcmp(rule_comment(rule), "until it is fixed"));
	atomic64_set(&rule->hits, 7);
	rule->last_hit = 8;
	terms.ends = 9;
	CHECK(rule_set_put(set, &match, &terms, 2) == 1);
	rule = rule_set_find(set, &match);
	CHECK(rule->id == 1 && rule->ends == 9 && rule->last_hit == 8 &&
	      atomic64_read(&rule->hits) == 7 && set->count == 1);
	terms.comment = "";
	CHECK(rule_set_put(set, &match, &terms, 2) == 1);
	CHECK(!*rule_comment(rule_set_find(set, &match)));
	rule_set_free(set);
	CHECK(!shim_live, "%ld left", shim_live);
}

void test_rule_comment(void)
{
	static const char *const good[] = {
		"", "a", " ~", "\xc2\xa0", "\xdf\xbf", "\xe0\xa0\x80",
		"\xed\x9f\xbf", "\xee\x80\x80", "\xef\xbf\xbd",
		"\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "a\xce\xb5 b",
	};
	static const char *const bad[] = {
		"\n", "\x1f", "\x7f", "a\tb", "\x80", "\xbf", "\xc2",
		"\xc2\x7f", "\xc2\x80", "\xc2\x9f", "\xc0\x80", "\xc1\xbf",
		"\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82",
		"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80",
		"\xff", "\xf0\x90\x80", "ok\xe2\x82 no",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		CHECK(!rule_comment_fault(good[i]), "%zu", i);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(rule_comment_fault(bad[i]), "%zu", i);
}

static const char *remote_fault(u8 family, u8 prefix, u16 prot,
				const char *bytes)
{
	struct rule_key key = { .family = family, .prefix = prefix,
				.prot = prot };

	memcpy(key.remote, bytes, family == 4 ? 4 : 16);
	return rule_remote_fault(&key);
}

void test_rule_remote(void)
{
	static const char some[] = "\x0a\x00\x00\x01";
	static const char six[] = "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1";
	static const char mapped[] = "\0\0\0\0\0\0\0\0\0\0\xff\xff\0\0\0\0";
	static const char none[16];

	CHECK(!remote_fault(4, 32, E7_PROT_ANY, some));
	CHECK(remote_fault(4, 31, E7_PROT_ANY, some));
	CHECK(remote_fault(4, 33, E7_PROT_ANY, none));
	CHECK(!remote_fault(4, 0, E7_PROT_ANY, none));
	CHECK(!remote_fault(6, 128, E7_PROT_ANY, six));
	CHECK(remote_fault(6, 127, E7_PROT_ANY, six));
	CHECK(remote_fault(6, 129, E7_PROT_ANY, none));
	CHECK(!remote_fault(6, 0, E7_PROT_ANY, none));
	CHECK(remote_fault(6, 96, E7_PROT_ANY, mapped));
	CHECK(remote_fault(6, 128, E7_PROT_ANY, mapped));
	CHECK(!remote_fault(4, 32, E7_PROT_ICMP, some));
	CHECK(remote_fault(4, 32, E7_PROT_ICMP6, some));
	CHECK(!remote_fault(6, 128, E7_PROT_ICMP6, six));
	CHECK(remote_fault(6, 128, E7_PROT_ICMP, six));
}

/* ---- rules that end ---- */

void test_rule_ends(void)
{
	struct rule_match match = match_of(0, "", E7_PROT_TCP);
	struct rule_set *set = rule_set_new(100);
	unsigned int i;

	CHECK(rule_set_next_end(set) == 0);
	for (i = 0; i < 100; i++) {
		match.key.port_first = match.key.port_last = i;
		rule_set_put(set, &match, &(struct rule_terms) {
			.action = E7_ACTION_BLOCK, .comment = "",
			.ends = i % 4 ? 1000 + i : 0 }, i + 1);
	}
	CHECK(rule_set_next_end(set) == 1001);
	CHECK(rule_set_expire(set, 1000) == 0);
	CHECK(rule_set_expire(set, 1001) == 1 && set->count == 99);
	CHECK(rule_set_next_end(set) == 1002);
	CHECK(rule_set_expire(set, 1050) == 37 && set->count == 62);
	CHECK(rule_set_expire(set, ~0ull) == 37 && set->count == 25);
	CHECK(rule_set_next_end(set) == 0);
	rule_set_free(set);
	CHECK(!shim_live, "%ld left", shim_live);
}

/* ---- no memory, at each allocation in turn ---- */

/* As many rules alike as make an index of all its parts. */
static struct rule_set *many_alike(void)
{
	struct rule_match match = match_of(0, "", E7_PROT_TCP);
	struct rule_set *set = rule_set_new(40);
	unsigned int i;

	for (i = 0; i < 20; i++) {
		match.key.port_first = match.key.port_last = i;
		put(set, &match, E7_ACTION_BLOCK, i + 1);
	}
	return set;
}

void test_rule_memory(void)
{
	struct rule_match match = match_of(0, "/usr/bin/curl", E7_PROT_TCP);
	struct rule_set *set, *copy;
	struct rule_index *index = NULL;
	struct rule_flow flow;
	int fail;

	for (fail = 0; fail < 5; fail++) {
		shim_allocations_left = fail;
		set = rule_set_new(1);
		CHECK(!set == (fail == 0));
		if (!set)
			continue;
		CHECK(put(set, &match, E7_ACTION_ALLOW, 1) ==
		      (fail > 1 ? 1 : -ENOMEM));
		CHECK(!rule_set_find(set, &match) == (fail <= 1));
		if (fail == 2) {
			CHECK(put(set, &match, E7_ACTION_BLOCK, 2) == -ENOMEM);
			CHECK(rule_set_find(set, &match)->action ==
			      E7_ACTION_ALLOW);
			CHECK(rule_set_sort(set) == -ENOMEM);
		}
		copy = rule_set_copy(set, 1);
		CHECK(!copy == (fail == 1 || fail == 2));
		rule_set_free(copy);
		rule_set_free(set);
	}
	shim_allocations_left = -1;

	set = many_alike();
	for (fail = 0; !index && fail < 50; fail++) {
		shim_allocations_left = fail;
		index = rule_index_new(set);
	}
	shim_allocations_left = -1;
	CHECK(index && fail > 10, "%d", fail);
	flow = flow_of(HOST, "/a", E7_PROT_TCP);
	flow.port = 19;
	CHECK(rule_index_decide(index, &flow).rule->id == 20);
	flow.port = 20;
	CHECK(!rule_index_decide(index, &flow).rule);
	rule_index_free(index);
	rule_set_free(set);
	CHECK(!shim_live, "%ld left", shim_live);
}

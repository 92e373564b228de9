// SPDX-License-Identifier: GPL-2.0-only
/*
 * enl_: the generic-netlink family.
 *
 * Anyone may ask (enl_list.c), an administrator may change (enl_edit.c,
 * enl_answer.c), and an answer goes to whoever asked: no request leaves a trace
 * that another one sees.
 *
 * The family lives in the initial network namespace alone, and administrator
 * means CAP_NET_ADMIN in the initial user namespace, as GENL_ADMIN_PERM checks
 * it, or a socket with the role control (role.c).
 */
#include <linux/netlink.h>
#include <linux/random.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/netlink.h>

#include "cast.h"
#include "def.h"
#include "enl.h"
#include "enl_ops.h"
#include "lease.h"
#include "role.h"
#include "rule.h"
#include "trial.h"
#include "umh.h"

static u64 enl_instance;

static int enl_status(struct sk_buff *skb, struct genl_info *info)
{
	struct enl_reply reply;
	int error = enl_check_attrs(info->attrs, E7_CMD_STATUS, info->extack) ?:
		    enl_reply_begin(&reply, info);
	u32 left;

	if (error)
		return error;
	error = nla_put_u32(reply.skb, E7_ATTR_VERSION, E7_GENL_VERSION) ?:
		enl_put_u64(reply.skb, E7_ATTR_INSTANCE, enl_instance) ?:
		enl_put_u64(reply.skb, E7_ATTR_GENERATION, rule_generation());
	left = trial_seconds_left();
	if (!error && left)
		error = nla_put_u32(reply.skb, E7_ATTR_CONFIRM, left);
	return enl_reply_end(&reply, info, error);
}

/* A transaction ends with its socket, and so does a role. */
static int enl_released(struct notifier_block *block, unsigned long event,
			void *data)
{
	const struct netlink_notify *notify = data;

	if (event != NETLINK_URELEASE ||
	    notify->protocol != NETLINK_GENERIC ||
	    !net_eq(notify->net, &init_net))
		return NOTIFY_DONE;
	/* By the socket itself: another may have its port already. */
	enl_edit_released();
	role_released();
	umh_released();
	return NOTIFY_DONE;
}

static struct notifier_block enl_notifier = {
	.notifier_call = enl_released,
};

/* ---- roles, the helper ---- */

static int enl_claim(struct sk_buff *skb, struct genl_info *info)
{
	return enl_check_attrs(info->attrs, E7_CMD_CLAIM, info->extack) ?:
	       ENL_NEED(info, E7_ATTR_SOCKET_ROLE) ?:
	       role_claim(skb, info);
}

static int enl_helper(struct sk_buff *skb, struct genl_info *info)
{
	return enl_check_attrs(info->attrs, E7_CMD_HELPER, info->extack) ?:
	       ENL_NEED(info, E7_ATTR_TOKEN) ?:
	       umh_answer(skb, info);
}

/* ---- the family ---- */

static const struct genl_ops enl_ops[] = {
	{ .cmd = E7_CMD_STATUS, .doit = enl_status },
	{ .cmd = E7_CMD_FLAG_GET, .doit = enl_flag_get,
	  .start = enl_dump_begin, .dumpit = enl_flag_dump },
	{ .cmd = E7_CMD_RULE_GET,
	  .start = enl_dump_begin, .dumpit = enl_rule_dump },
	{ .cmd = E7_CMD_STAT_GET,
	  .start = enl_dump_begin, .dumpit = enl_stat_dump },
	{ .cmd = E7_CMD_WHY,
	  .start = enl_dump_begin, .dumpit = enl_why_dump },
	{ .cmd = E7_CMD_FLAG_SET, .doit = enl_flag_set },
	{ .cmd = E7_CMD_RULE_ADD, .doit = enl_rule_add },
	{ .cmd = E7_CMD_RULE_DEL, .doit = enl_rule_del },
	{ .cmd = E7_CMD_RULE_CLEAR, .doit = enl_rule_clear },
	{ .cmd = E7_CMD_ANSWER, .doit = enl_answer },
	{ .cmd = E7_CMD_BEGIN, .doit = enl_begin },
	{ .cmd = E7_CMD_COMMIT, .doit = enl_finish },
	{ .cmd = E7_CMD_ABORT, .doit = enl_finish },
	{ .cmd = E7_CMD_CONFIRM, .doit = enl_settle },
	{ .cmd = E7_CMD_REVERT, .doit = enl_settle },
	{ .cmd = E7_CMD_CLAIM, .doit = enl_claim },
	{ .cmd = E7_CMD_HELPER, .doit = enl_helper },
};

static const bool enl_needs_authority[] = {
#define ENL_ANY false
#define ENL_ADMIN true
#define ENL_KERNEL true
#define E7_CMD(N, s, n, ACCESS, t, d) [n] = ENL_##ACCESS,
#include "uapi/defs.x"
};

/* In front of whatever is done, in one place for all of it. */
static int enl_before(const COMPAT_GENL_OPS *ops, struct sk_buff *skb,
		      struct genl_info *info)
{
	info->user_ptr[0] = NETLINK_CB(skb).sk;
	if (!enl_needs_authority[info->genlhdr->cmd] || role_may_change(skb))
		return 0;
	return enl_refuse(info->extack, NULL, -EPERM,
			  "needs CAP_NET_ADMIN, or a socket with the role control");
}

#define GROUP_FLAGS_ANY 0
#define GROUP_FLAGS_ADMIN COMPAT_MCAST_ADMIN

static const struct genl_multicast_group enl_groups[] = {
#define E7_GROUP(N, s, n, a, ACCESS, d) \
	[n] = { .name = #a, .flags = GROUP_FLAGS_##ACCESS },
#include "uapi/defs.x"
};

struct genl_family enl_family __ro_after_init = {
	.name = E7_GENL_NAME,
	.version = E7_GENL_VERSION,
	.module = THIS_MODULE,
	.maxattr = DEF_ATTR_MAX,
	.policy = def_policy,
	.pre_doit = enl_before,
	.ops = enl_ops,
	.n_ops = ARRAY_SIZE(enl_ops),
	.mcgrps = enl_groups,
	.n_mcgrps = ARRAY_SIZE(enl_groups),
	COMPAT_RESV_START_OP(1)
};

int enl_init(void)
{
	int error;

	get_random_bytes(&enl_instance, sizeof(enl_instance));
	enl_edit_init();
	error = netlink_register_notifier(&enl_notifier);
	if (error)
		return error;
	error = genl_register_family(&enl_family);
	if (error)
		netlink_unregister_notifier(&enl_notifier);
	else
		lease_hold(false);
	return error;
}

/* After the last event. */
void enl_exit(void)
{
	lease_exit();
	cast_notice(E7_NOTICE_UNLOAD, 0);
	genl_unregister_family(&enl_family);
	netlink_unregister_notifier(&enl_notifier);
	role_exit();
	enl_edit_exit();
}

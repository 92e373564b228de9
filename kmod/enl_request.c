// SPDX-License-Identifier: GPL-2.0-only
/*
 * enl_request_: what every command of the family does with a request and its
 * answer.
 */
#include <net/genetlink.h>
#include <net/netlink.h>

#include "def.h"
#include "enl.h"
#include "enl_ops.h"

/* ---- answers ---- */

int enl_reply_begin(struct enl_reply *reply, struct genl_info *info)
{
	reply->skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply->skb)
		return -ENOMEM;
	reply->header = genlmsg_put_reply(reply->skb, info, &enl_family, 0,
					  info->genlhdr->cmd);
	if (!reply->header) {
		nlmsg_free(reply->skb);
		return -EMSGSIZE;
	}
	return 0;
}

/* Sends the answer, or gives it up where filling it failed. */
int enl_reply_end(struct enl_reply *reply, struct genl_info *info,
			 int error)
{
	if (error) {
		nlmsg_free(reply->skb);
		return error;
	}
	genlmsg_end(reply->skb, reply->header);
	return genlmsg_reply(reply->skb, info);
}

int enl_put_u64(struct sk_buff *skb, enum e7_attr attr, u64 value)
{
	return nla_put_u64_64bit(skb, attr, value, E7_ATTR_PAD);
}

/* ---- requests ---- */

/* Says why, and of which attribute where it is one's fault. */
int enl_refuse(struct netlink_ext_ack *extack,
		      const struct nlattr *attr, int error, const char *why)
{
	if (extack) {
		NL_SET_BAD_ATTR(extack, attr);
		extack->_msg = why;
	}
	return error;
}

/* Refuses what the command does not take: ignored, it would mislead. */
int enl_check_attrs(struct nlattr **attrs, unsigned int cmd,
			   struct netlink_ext_ack *extack)
{
	unsigned int i;

	for (i = 0; i <= DEF_ATTR_MAX; i++)
		if (attrs[i] && !(def_takes(cmd) & BIT_ULL(i)))
			return enl_refuse(extack, attrs[i], -EINVAL,
					  "attribute does not belong to this command");
	return 0;
}

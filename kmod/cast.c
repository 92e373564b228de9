// SPDX-License-Identifier: GPL-2.0-only
/*
 * cast_: what nobody asked for, to the family's multicast groups: notices of
 * what changed, and events.
 *
 * In process context, may sleep.  Nothing here is locked: a message is the
 * caller's until it is sent.
 */
#include <linux/netlink.h>
#include <linux/rcupdate.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/netlink.h>

#include "cast.h"
#include "def.h"
#include "enl.h"
#include "evt.h"
#include "psi_exe.h"
#include "role.h"
#include "rule.h"
#include "stat.h"

static struct sk_buff *cast_begin(enum e7_cmd cmd, void **header)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);

	if (!skb)
		return NULL;
	*header = genlmsg_put(skb, 0, 0, &enl_family, 0, cmd);
	if (!*header) {
		nlmsg_free(skb);
		return NULL;
	}
	return skb;
}

static void cast_end(struct sk_buff *skb, void *header, enum e7_group group)
{
	genlmsg_end(skb, header);
	/* Not by group: joining one is a matter of capability alone. */
	if (group == E7_GROUP_EVENTS)
		role_tell(skb);
	/* No listener, or a listener that reads too slowly, is its own loss. */
	genlmsg_multicast(&enl_family, skb, 0, group, GFP_KERNEL);
}

static bool cast_has_listeners(enum e7_group group)
{
	return genl_has_listeners(&enl_family, &init_net, group);
}

/* Whether anybody is told of packets. */
bool cast_wants_events(void)
{
	return role_listens() || cast_has_listeners(E7_GROUP_EVENTS);
}

/* ---- notices ---- */

static int cast_put_notice(struct sk_buff *skb, enum e7_notice kind,
			   unsigned int number)
{
	int error = nla_put_u8(skb, E7_ATTR_KIND, kind);

	if (error)
		return error;
	switch (kind) {
	case E7_NOTICE_FLAG:
	case E7_NOTICE_LEASE:
		return enl_put_flag(skb, number);
	case E7_NOTICE_TRIAL:
		return nla_put_u32(skb, E7_ATTR_CONFIRM, number) ?:
		       enl_put_u64(skb, E7_ATTR_GENERATION, rule_generation());
	case E7_NOTICE_SETTLED:
		error = number ? nla_put_flag(skb, E7_ATTR_REVERTED) : 0;
		fallthrough;
	case E7_NOTICE_RULES:
		return error ?: enl_put_u64(skb, E7_ATTR_GENERATION,
					    rule_generation());
	case E7_NOTICE_HELPER:
		return number ? nla_put_u32(skb, E7_ATTR_PID, number) : 0;
	default:
		return 0;
	}
}

/*
 * number is the flag, the seconds of a trial, whether one went back, the
 * helper's process, or 0.
 */
void cast_notice(enum e7_notice kind, unsigned int number)
{
	struct sk_buff *skb;
	void *header;

	if (!cast_has_listeners(E7_GROUP_NOTICES))
		return;
	skb = cast_begin(E7_CMD_NOTICE, &header);
	if (!skb)
		return;
	if (cast_put_notice(skb, kind, number))
		nlmsg_free(skb);
	else
		cast_end(skb, header, E7_GROUP_NOTICES);
}

/* A role that has begun or ended, of whom, and whether by force. */
void cast_role(enum e7_notice kind, enum e7_role role,
	       const struct role_holder *holder, bool force)
{
	struct sk_buff *skb;
	void *header;
	int error;

	if (!cast_has_listeners(E7_GROUP_NOTICES))
		return;
	skb = cast_begin(E7_CMD_NOTICE, &header);
	if (!skb)
		return;
	error = nla_put_u8(skb, E7_ATTR_KIND, kind) ?:
		nla_put_u8(skb, E7_ATTR_SOCKET_ROLE, role) ?:
		nla_put_u32(skb, E7_ATTR_PID, holder->pid);
	if (!error && holder->program)
		error = nla_put_string(skb, E7_ATTR_PATH, holder->program);
	if (!error && force)
		error = nla_put_flag(skb, E7_ATTR_FORCE);
	if (error)
		nlmsg_free(skb);
	else
		cast_end(skb, header, E7_GROUP_NOTICES);
}

/* ---- events ---- */

static int cast_put_address(struct sk_buff *skb, enum e7_attr attr,
			   const struct evt_record *record,
			   const union nf_inet_addr *address)
{
	return nla_put(skb, attr, record->family == NFPROTO_IPV4 ? 4 : 16,
		       address);
}

/* Which program it is, as far as it was known when the packet was judged. */
static int cast_put_program(struct sk_buff *skb, const struct evt_record *record)
{
	const struct psi_image *image = record->image;
	const struct psi_exe *exe;
	int error = nla_put_u8(skb, E7_ATTR_CLASS, record->class);

	if (!error && record->why)
		error = nla_put_u8(skb, E7_ATTR_STAT, record->why);
	if (!error && image && *image->script)
		error = nla_put_string(skb, E7_ATTR_SCRIPT, image->script);
	if (error || !image || record->class == E7_CLASS_UNKNOWN)
		return error;

	/* A path that was taken in passing may be replaced meanwhile. */
	rcu_read_lock();
	exe = psi_image_exe(image);
	error = nla_put_string(skb, E7_ATTR_PATH, exe->path);
	if (!error && exe->mntns)
		error = nla_put_u32(skb, E7_ATTR_MNTNS, exe->mntns);
	rcu_read_unlock();
	return error;
}

static int cast_put_event(struct sk_buff *skb, const struct evt_record *record)
{
	int error;

	error = nla_put_u8(skb, E7_ATTR_KIND, record->kind) ?:
		nla_put_u8(skb, E7_ATTR_VERDICT, record->verdict) ?:
		nla_put_u8(skb, E7_ATTR_REASON, record->reason) ?:
		nla_put_u8(skb, E7_ATTR_DIRECTION, record->direction) ?:
		nla_put_u16(skb, E7_ATTR_PROT, record->prot) ?:
		cast_put_address(skb, E7_ATTR_LOCAL, record, &record->local) ?:
		cast_put_address(skb, E7_ATTR_REMOTE, record, &record->remote) ?:
		nla_put_u32(skb, E7_ATTR_NETNS, record->netns) ?:
		enl_put_u64(skb, E7_ATTR_TIME, record->time) ?:
		enl_put_u64(skb, E7_ATTR_LOST, stat_flag(E7_FLAG_QLOST));
	if (!error)
		error = cast_put_program(skb, record);
	if (!error && record->has_ports)
		error = nla_put_u16(skb, E7_ATTR_LPORT, record->local_port) ?:
			nla_put_u16(skb, E7_ATTR_RPORT, record->remote_port);
	if (!error && record->has_uid)
		error = nla_put_u32(skb, E7_ATTR_UID, record->uid);
	if (!error && record->pid)
		error = nla_put_u32(skb, E7_ATTR_PID, record->pid) ?:
			enl_put_u64(skb, E7_ATTR_START, record->start);
	if (!error && record->cgroup)
		error = enl_put_u64(skb, E7_ATTR_CGROUP, record->cgroup);
	if (!error && record->left_out)
		error = enl_put_u64(skb, E7_ATTR_LEFTOUT, record->left_out);
	if (!error && record->rule)
		error = enl_put_u64(skb, E7_ATTR_ID, record->rule);
	if (!error && record->question)
		error = enl_put_u64(skb, E7_ATTR_QUESTION, record->question);
	if (!error && record->kind == E7_EVENT_ASK)
		error = nla_put_u32(skb, E7_ATTR_LEFT, record->left);
	return error;
}

void cast_event(const struct evt_record *record)
{
	struct sk_buff *skb;
	void *header;

	skb = cast_begin(E7_CMD_EVENT, &header);
	if (skb && !cast_put_event(skb, record)) {
		cast_end(skb, header, E7_GROUP_EVENTS);
		return;
	}
	stat_inc(lost);
	nlmsg_free(skb);
}

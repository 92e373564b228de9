// SPDX-License-Identifier: GPL-2.0-only
/*
 * role_: sockets that were given authority, so that whoever holds them needs no
 * capability.
 *
 * A role is the very struct sock's, which is referenced until the role ends: a
 * port id, and even an address, is somebody else's as soon as its socket is
 * gone.  It ends with the last descriptor of the socket, in netlink's release
 * notifier, or when another socket takes it by force.
 *
 * In process context, under role_lock.  Whether a socket has a role is read
 * without it: who asks sends on that socket, so that it cannot go meanwhile.
 */
#include <linux/capability.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/mutex.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include <net/genetlink.h>
#include <net/net_namespace.h>
#include <net/sock.h>

#include "cast.h"
#include "def.h"
#include "enl.h"
#include "lease.h"
#include "role.h"

static DEFINE_MUTEX(role_lock);
static struct role_holder role_control;
static struct role_holder role_views[E7_LIMIT_VIEWS];
static unsigned int role_listeners;

/* ---- who has a role ---- */

static struct role_holder *role_view_of(const struct sock *sk)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(role_views); i++)
		if (role_views[i].sk == sk)
			return &role_views[i];
	return NULL;
}

/* Whether who sent this may change rules and flags. */
bool role_may_change(struct sk_buff *skb)
{
	return READ_ONCE(role_control.sk) == NETLINK_CB(skb).sk ||
	       netlink_capable(skb, CAP_NET_ADMIN);
}

/*
 * Whether who sent this may have lists.  Until it is read to its end, a dump
 * holds the module, and nobody without authority may keep it from its end.
 */
bool role_may_list(struct sk_buff *skb)
{
	const struct sock *sk = NETLINK_CB(skb).sk;
	kuid_t user = NETLINK_CB(skb).creds.uid;
	bool may = role_may_change(skb);
	unsigned int i;

	mutex_lock(&role_lock);
	for (i = 0; !may && i < ARRAY_SIZE(role_views); i++)
		may = role_views[i].sk && !sock_flag(role_views[i].sk, SOCK_DEAD) &&
		      (role_views[i].sk == sk || uid_eq(role_views[i].user, user));
	mutex_unlock(&role_lock);
	return may;
}

/* The process that claimed the role control, or 0. */
pid_t role_control_pid(void)
{
	pid_t pid;

	mutex_lock(&role_lock);
	pid = role_control.sk ? role_control.pid : 0;
	mutex_unlock(&role_lock);
	return pid;
}

/* ---- begin and end of a role ---- */

/* The path of the current process's program; null for want of memory. */
static char *role_program(void)
{
	struct file *file = current->mm ? compat_mm_exe_file(current->mm) : NULL;
	char *buffer, *path, *copy = NULL;

	if (!file)
		return kstrdup(current->comm, GFP_KERNEL);
	buffer = kmalloc(PATH_MAX, GFP_KERNEL);
	if (buffer) {
		path = file_path(file, buffer, PATH_MAX);
		copy = kstrdup(IS_ERR(path) ? current->comm : path, GFP_KERNEL);
		kfree(buffer);
	}
	fput(file);
	return copy;
}

static const char *role_name(const struct role_holder *holder)
{
	return holder->program ?: "?";
}

static void role_begin(struct role_holder *holder, enum e7_role role,
		       struct sock *sk, bool force)
{
	sock_hold(sk);
	holder->pid = task_tgid_nr(current);
	holder->program = role_program();
	WRITE_ONCE(holder->sk, sk);
	pr_notice("e7: pid %d claimed the role %s%s: %*pE\n", holder->pid,
		  def_word(E7_LIST_ROLE, role), force ? " by force" : "",
		  (int)strlen(role_name(holder)), role_name(holder));
	cast_role(E7_NOTICE_CLAIM, role, holder, force);
}

static void role_end(struct role_holder *holder, enum e7_role role, bool force)
{
	struct role_holder ended = *holder;

	WRITE_ONCE(holder->sk, NULL);
	holder->program = NULL;
	pr_notice("e7: pid %d %s the role %s: %*pE\n", ended.pid,
		  force ? "was deprived of" : "gave up",
		  def_word(E7_LIST_ROLE, role),
		  (int)strlen(role_name(&ended)), role_name(&ended));
	cast_role(E7_NOTICE_RELEASE, role, &ended, force);
	kfree(ended.program);
	sock_put(ended.sk);
}

static void role_listen(struct role_holder *view, bool listens)
{
	if (view->listens != listens)
		WRITE_ONCE(role_listeners,
			   listens ? role_listeners + 1 : role_listeners - 1);
	view->listens = listens;
}

static bool role_is_over(const struct role_holder *holder)
{
	return holder->sk && sock_flag(holder->sk, SOCK_DEAD);
}

/* Ends the roles of sockets that are closed.  Under role_lock. */
static void role_sweep(void)
{
	unsigned int i;

	if (role_is_over(&role_control)) {
		role_end(&role_control, E7_ROLE_CONTROL, false);
		lease_hold(false);
	}
	for (i = 0; i < ARRAY_SIZE(role_views); i++)
		if (role_is_over(&role_views[i])) {
			role_listen(&role_views[i], false);
			role_end(&role_views[i], E7_ROLE_VIEW, false);
		}
}

/* A socket of generic netlink has been closed. */
void role_released(void)
{
	mutex_lock(&role_lock);
	role_sweep();
	mutex_unlock(&role_lock);
}

/* ---- what views are told ---- */

/* Whether any of them is told of packets.  In any context. */
bool role_listens(void)
{
	return READ_ONCE(role_listeners);
}

/*
 * Puts a copy of an event where the socket reads, as netlink's own delivery
 * does.  One that has no room learns so, as from any group.
 */
static void role_tell_one(struct sock *sk, struct sk_buff *skb)
{
	struct sk_buff *copy = skb_clone(skb, GFP_KERNEL);

	if (copy && !sock_queue_rcv_skb(sk, copy))
		return;
	kfree_skb(copy);
	WRITE_ONCE(sk->sk_err, ENOBUFS);
	compat_sk_error_report(sk);
}

void role_tell(struct sk_buff *skb)
{
	unsigned int i;

	if (!role_listens())
		return;
	mutex_lock(&role_lock);
	for (i = 0; i < ARRAY_SIZE(role_views); i++)
		if (role_views[i].listens && !role_is_over(&role_views[i]))
			role_tell_one(role_views[i].sk, skb);
	mutex_unlock(&role_lock);
}

/* ---- claims ---- */

static int role_claim_control(struct sk_buff *skb, struct genl_info *info)
{
	struct sock *sk = NETLINK_CB(skb).sk;
	bool force = info->attrs[E7_ATTR_FORCE];
	const char *name;

	if (info->attrs[E7_ATTR_DESCRIPTOR])
		return enl_refuse(info->extack, info->attrs[E7_ATTR_DESCRIPTOR],
				  -EINVAL, "the role control is for the sender's own socket");
	if (info->attrs[E7_ATTR_LISTEN])
		return enl_refuse(info->extack, info->attrs[E7_ATTR_LISTEN],
				  -EINVAL, "the role view listens");
	if (info->attrs[E7_ATTR_UID])
		return enl_refuse(info->extack, info->attrs[E7_ATTR_UID],
				  -EINVAL, "the role view is a user's");
	if (!netlink_capable(skb, CAP_NET_ADMIN))
		return enl_refuse(info->extack, NULL, -EPERM,
				  "the role control needs CAP_NET_ADMIN");
	if (role_control.sk == sk)
		return 0;
	if (role_control.sk && !force) {
		name = kbasename(role_name(&role_control));
		compat_refuse_in_words(info->extack,
				       "pid %d, %.24s, has the role control; FORCE takes it",
				       role_control.pid, name);
		return -EBUSY;
	}
	if (role_control.sk)
		role_end(&role_control, E7_ROLE_CONTROL, true);
	role_begin(&role_control, E7_ROLE_CONTROL, sk, force);
	lease_hold(true);
	return 0;
}

static int role_give_view(struct sock *sk, struct genl_info *info)
{
	struct role_holder *view = role_view_of(sk);
	struct nlattr *user = info->attrs[E7_ATTR_UID];

	if (!view) {
		view = role_view_of(NULL);
		if (!view)
			return enl_refuse(info->extack, NULL, -ENOSPC,
					  "as many sockets have the role view as may");
		role_begin(view, E7_ROLE_VIEW, sk, false);
	}
	role_listen(view, info->attrs[E7_ATTR_LISTEN]);
	view->user = user ? make_kuid(&init_user_ns, nla_get_u32(user)) :
			    INVALID_UID;
	return 0;
}

/* A socket of generic netlink here, whose end the notifier will tell. */
static bool role_is_fit(struct socket *socket)
{
	struct sockaddr_nl name;

	return socket->sk->sk_family == AF_NETLINK &&
	       socket->sk->sk_protocol == NETLINK_GENERIC &&
	       net_eq(sock_net(socket->sk), &init_net) &&
	       kernel_getsockname(socket, (struct sockaddr *)&name) > 0 &&
	       name.nl_pid;
}

static int role_claim_view(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *descriptor = info->attrs[E7_ATTR_DESCRIPTOR];
	struct socket *socket;
	int error;

	if (info->attrs[E7_ATTR_FORCE])
		return enl_refuse(info->extack, info->attrs[E7_ATTR_FORCE],
				  -EINVAL, "several sockets may have the role view");
	if (!descriptor)
		return role_give_view(NETLINK_CB(skb).sk, info);
	/* By descriptor, which is the sender's own, and no number of a port. */
	socket = sockfd_lookup(nla_get_u32(descriptor), &error);
	if (!socket)
		return enl_refuse(info->extack, descriptor, error,
				  "no socket of the sender has this descriptor");
	if (role_is_fit(socket))
		error = role_give_view(socket->sk, info);
	else
		error = enl_refuse(info->extack, descriptor, -EINVAL,
				   "expected a bound socket of generic netlink");
	sockfd_put(socket);
	return error;
}

/* CLAIM, of a sender that may change; the attributes are there. */
int role_claim(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *role = info->attrs[E7_ATTR_SOCKET_ROLE];
	int error;

	mutex_lock(&role_lock);
	role_sweep();
	switch (nla_get_u8(role)) {
	case E7_ROLE_CONTROL:
		error = role_claim_control(skb, info);
		break;
	case E7_ROLE_VIEW:
		error = role_claim_view(skb, info);
		break;
	default:
		error = enl_refuse(info->extack, role, -EINVAL,
				   "expected control (1) or view (2)");
	}
	mutex_unlock(&role_lock);
	return error;
}

static void role_forget(struct role_holder *holder)
{
	if (!holder->sk)
		return;
	kfree(holder->program);
	sock_put(holder->sk);
}

/* Behind the family: nobody sends and no notifier runs any more. */
void role_exit(void)
{
	unsigned int i;

	role_forget(&role_control);
	for (i = 0; i < ARRAY_SIZE(role_views); i++)
		role_forget(&role_views[i]);
}

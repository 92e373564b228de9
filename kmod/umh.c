// SPDX-License-Identifier: GPL-2.0-only
/*
 * umh_: the helper, a program that the module starts, watches and ends.
 *
 * Parameter helper=PATH names it: e7-priv, which brings the suite up.  It must
 * answer within helper_timeout seconds with command HELPER and the token that
 * stands in its environment, or the load fails.  The socket that it answers on
 * is its pulse: when that is closed, the helper is started again, after a pause
 * that doubles; when the module goes, it is ended.
 *
 * One starter at a time, the load or the one work item.  What answers meet is
 * under umh_lock.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/pid.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/umh.h>
#include <linux/workqueue.h>
#include <net/genetlink.h>
#include <net/netlink.h>
#include <net/sock.h>

#include "cast.h"
#include "enl.h"
#include "param.h"
#include "stat.h"
#include "umh.h"

/* How often it is looked whether a helper lives. */
#define UMH_LOOK_MS 50
/* What it has to end by itself; more than e7-priv gives its children. */
#define UMH_TERM_MS 5000
/* A killed task that does not go is stuck in the kernel. */
#define UMH_KILL_MS 30000

static DEFINE_MUTEX(umh_lock);
static struct pid *umh_pid;	/* of the last one that was started; referenced */
static struct sock *umh_sk;	/* that it answered on; referenced */
static u64 umh_token;		/* 0 where no answer is awaited */
static DECLARE_COMPLETION(umh_answered);

static bool umh_goes;
static unsigned int umh_pause;
static unsigned long umh_started;
static void umh_restart(struct work_struct *work);
static DECLARE_DELAYED_WORK(umh_work, umh_restart);
static struct workqueue_struct *umh_wq;

static char *umh_path;
static unsigned int umh_timeout = E7_LIMIT_HELPER_TIMEOUT;

/* ---- parameters ---- */

static int umh_path_set(const char *text, const struct kernel_param *kp)
{
	char *path;

	if (*text != '/' || strlen(text) > E7_LIMIT_HELPER_PATH) {
		pr_err("e7: parameter helper=%.64s: expected the absolute path of a program, of at most %u bytes\n",
		       text, E7_LIMIT_HELPER_PATH);
		return -EINVAL;
	}
	path = kstrdup(text, GFP_KERNEL);
	if (!path)
		return -ENOMEM;
	kfree(umh_path);
	umh_path = path;
	return 0;
}

static int umh_path_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", umh_path ?: "");
}

static void umh_path_free(void *argument)
{
	kfree(umh_path);
}

static const struct kernel_param_ops umh_path_ops = {
	.set = umh_path_set,
	.get = umh_path_get,
	.free = umh_path_free,
};

module_param_cb(helper, &umh_path_ops, &umh_path, 0444);
MODULE_PARM_DESC(helper, "path of the program that the module starts, watches and ends");

E7_PARAM_RANGE(helper_timeout, umh_timeout, E7_LIMIT_HELPER_TIMEOUT_MIN,
	       E7_LIMIT_HELPER_TIMEOUT_MAX, "seconds");
MODULE_PARM_DESC(helper_timeout, "seconds that the helper has to answer");

/* ---- the process ---- */

static bool umh_lives(void)
{
	bool lives;

	rcu_read_lock();
	lives = umh_pid && pid_task(umh_pid, PIDTYPE_TGID);
	rcu_read_unlock();
	return lives;
}

static bool umh_is_gone_within(unsigned int milliseconds)
{
	unsigned long end = jiffies + msecs_to_jiffies(milliseconds);

	while (umh_lives()) {
		if (time_after(jiffies, end))
			return false;
		msleep(UMH_LOOK_MS);
	}
	return true;
}

/* Ends it, with time to do so by itself or without, and forgets it. */
static void umh_end(bool gently)
{
	if (umh_lives() && gently) {
		kill_pid(umh_pid, SIGTERM, 1);
		umh_is_gone_within(UMH_TERM_MS);
	}
	if (umh_lives()) {
		kill_pid(umh_pid, SIGKILL, 1);
		if (!umh_is_gone_within(UMH_KILL_MS))
			pr_err("e7: the helper, pid %d, cannot be ended: %s\n",
			       pid_nr(umh_pid), umh_path);
	}
	mutex_lock(&umh_lock);
	umh_token = 0;
	if (umh_sk)
		sock_put(umh_sk);
	umh_sk = NULL;
	put_pid(umh_pid);
	umh_pid = NULL;
	mutex_unlock(&umh_lock);
}

/* In the new process, before it becomes the program. */
static int umh_is_born(struct subprocess_info *info, struct cred *new)
{
	mutex_lock(&umh_lock);
	umh_pid = get_pid(task_tgid(current));
	mutex_unlock(&umh_lock);
	return 0;
}

static int umh_exec(void)
{
	char token[] = "E7_HELPER_TOKEN=0123456789abcdef";
	char *argv[] = { umh_path, NULL };
	char *envp[] = {
		"HOME=/", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
		"SWIFT_BACKTRACE=enable=no", token, NULL
	};
	struct subprocess_info *info;

	mutex_lock(&umh_lock);
	do {
		get_random_bytes(&umh_token, sizeof(umh_token));
	} while (!umh_token);
	snprintf(token, sizeof(token), "E7_HELPER_TOKEN=%016llx", umh_token);
	reinit_completion(&umh_answered);
	mutex_unlock(&umh_lock);
	info = call_usermodehelper_setup(umh_path, argv, envp, GFP_KERNEL,
					 umh_is_born, NULL, NULL);
	/* Returns when the program runs, so that the words above have served. */
	return info ? call_usermodehelper_exec(info, UMH_WAIT_EXEC) : -ENOMEM;
}

/* 0 once it has answered, or why that is not to be expected. */
static int umh_await(void)
{
	unsigned long end = jiffies + umh_timeout * HZ;

	do {
		long left = wait_for_completion_interruptible_timeout(
			&umh_answered, msecs_to_jiffies(UMH_LOOK_MS));

		if (left > 0)
			return 0;
		if (left < 0 || READ_ONCE(umh_goes))
			return -EINTR;
		if (!umh_lives())
			return -ECHILD;
	} while (time_before(jiffies, end));
	return -ETIMEDOUT;
}

/*
 * Starts it, and returns when it has answered; else nothing of it is left.
 * What insmod makes of ENOENT and ESRCH is about symbols, so it gets neither.
 */
static int umh_start(void)
{
	int error = umh_exec();

	if (error) {
		pr_err("e7: the helper cannot be started: %pe: %s\n",
		       ERR_PTR(error), umh_path);
		error = -ECHILD;
	} else {
		umh_started = jiffies;
		error = umh_await();
		if (error == -ETIMEDOUT)
			pr_err("e7: the helper, pid %d, did not answer within %u s and is killed: %s\n",
			       pid_nr(umh_pid), umh_timeout, umh_path);
		else if (error == -ECHILD)
			pr_err("e7: the helper, pid %d, ended without an answer: %s\n",
			       pid_nr(umh_pid), umh_path);
	}
	if (error)
		umh_end(false);
	else
		pr_info("e7: the helper, pid %d, is ready: %s\n",
			pid_nr(umh_pid), umh_path);
	return error;
}

static void umh_start_later(unsigned int lived)
{
	umh_pause = umh_pause_after(umh_pause, lived);
	queue_delayed_work(umh_wq, &umh_work, msecs_to_jiffies(umh_pause));
}

static void umh_restart(struct work_struct *work)
{
	pid_t pid;

	/* It closed its socket, but may live. */
	umh_end(false);
	if (READ_ONCE(umh_goes))
		return;
	stat_count(E7_STAT_HELPERS);
	pid = umh_start() ? 0 : pid_nr(umh_pid);
	if (READ_ONCE(umh_goes))
		return;
	cast_notice(E7_NOTICE_HELPER, pid);
	if (!pid)
		umh_start_later(0);
}

/* ---- what it says ---- */

/* HELPER, of a sender that may change; the token is there. */
int umh_answer(struct sk_buff *skb, struct genl_info *info)
{
	struct nlattr *token = info->attrs[E7_ATTR_TOKEN];
	int error = 0;

	mutex_lock(&umh_lock);
	if (!umh_token || umh_pid != task_tgid(current)) {
		error = enl_refuse(info->extack, NULL, -EPERM,
				   "no answer of this process is awaited");
	} else if (nla_get_u64(token) != umh_token) {
		error = enl_refuse(info->extack, token, -EPERM,
				   "this is not the token that the helper was given");
	} else {
		umh_token = 0;
		umh_sk = NETLINK_CB(skb).sk;
		sock_hold(umh_sk);
		complete(&umh_answered);
	}
	mutex_unlock(&umh_lock);
	return error;
}

/* A socket of generic netlink has been closed. */
void umh_released(void)
{
	unsigned int lived;

	mutex_lock(&umh_lock);
	if (umh_sk && sock_flag(umh_sk, SOCK_DEAD)) {
		sock_put(umh_sk);
		umh_sk = NULL;
		if (!READ_ONCE(umh_goes)) {
			lived = jiffies_to_msecs(jiffies - umh_started);
			umh_start_later(lived);
			pr_warn("e7: the helper, pid %d, has ended and is started again in %u ms: %s\n",
				pid_nr(umh_pid), umh_pause, umh_path);
		}
	}
	mutex_unlock(&umh_lock);
}

/* ---- the module's load and end ---- */

/* Behind all else, which the helper may ask for. */
int umh_init(void)
{
	int error;

	if (!umh_path)
		return 0;
	umh_wq = alloc_workqueue("e7_umh", WQ_UNBOUND, 1);
	if (!umh_wq)
		return -ENOMEM;
	error = umh_start();
	if (error) {
		WRITE_ONCE(umh_goes, true);
		cancel_delayed_work_sync(&umh_work);
		destroy_workqueue(umh_wq);
	}
	return error;
}

/* Before all else. */
void umh_exit(void)
{
	if (!umh_path)
		return;
	mutex_lock(&umh_lock);
	WRITE_ONCE(umh_goes, true);
	mutex_unlock(&umh_lock);
	cancel_delayed_work_sync(&umh_work);
	umh_end(true);
	destroy_workqueue(umh_wq);
}

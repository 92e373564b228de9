// SPDX-License-Identifier: GPL-2.0-only
#include "linux/shim_kernel.h"

#include "../../../kmod/psi.h"
#include "../../../kmod/stat.h"

unsigned int shim_cpu;
bool shim_irqs_off;
unsigned int shim_locks;
unsigned int shim_readers;
void (*shim_elsewhere)(void);
unsigned long shim_grace;
unsigned long jiffies;
struct delayed_work *shim_work;
char shim_log[256];
struct stat_counters stat_counters;

static struct rcu_head *shim_freed_later;

void shim_misused(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

void shim_race(void)
{
	void (*elsewhere)(void) = shim_elsewhere;

	shim_elsewhere = NULL;
	if (elsewhere)
		elsewhere();
}

void shim_free_later(void *memory, struct rcu_head *head)
{
	head->next = shim_freed_later;
	head->memory = memory;
	shim_freed_later = head;
}

void shim_grace_end(void)
{
	struct rcu_head *head;

	shim_require(!shim_readers);
	shim_grace++;
	while ((head = shim_freed_later)) {
		shim_freed_later = head->next;
		kvfree(head->memory);
	}
}

void shim_queue(struct delayed_work *work, unsigned long delay)
{
	shim_require(!shim_work || shim_work == work);
	shim_require(!work->queued);
	work->queued = true;
	work->due = jiffies + delay;
	shim_work = work;
}

void shim_cancel(struct delayed_work *work)
{
	shim_may_sleep();
	work->queued = false;
}

bool shim_run_work(void)
{
	if (!shim_work || !shim_work->queued || jiffies < shim_work->due)
		return false;
	shim_work->queued = false;
	shim_work->work.run(&shim_work->work);
	return true;
}

/* A sign plus, digits of any base, one newline: nothing else. */
int kstrtouint(const char *text, unsigned int base, unsigned int *value)
{
	unsigned long number;
	char *end;

	text += *text == '+';
	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	number = strtoul(text, &end, base);
	end += *end == '\n';
	if (*end)
		return -EINVAL;
	if (errno || number > UINT_MAX)
		return -ERANGE;
	*value = number;
	return 0;
}

void sock_diag_save_cookie(struct sock *sk, u32 *halves)
{
	static u64 last = 1ull << 33;

	if (!sk->sk_cookie.value)
		sk->sk_cookie.value = ++last;
	halves[0] = sk->sk_cookie.value;
	halves[1] = (u64)sk->sk_cookie.value >> 32;
}

/* ---- of psi.c, without the processes ---- */

bool psi_proc_get(struct psi_proc *proc)
{
	return refcount_inc_not_zero(&proc->refs);
}

void psi_proc_put(struct psi_proc *proc)
{
	if (!proc)
		return;
	shim_require(proc->refs.count > 0);
	(void)refcount_dec_and_test(&proc->refs);
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksc_: the known-socket table.  Which process instance owns a socket, and
 * what was decided about its packets.
 *
 * The key is the socket's cookie, which is never used again, so an entry can
 * outlive its socket without ever being taken for another's.  One cookie may
 * stand for several struct sock in turn (a request socket, two children cloned
 * from it in a race, a time-wait socket), so an entry goes away only with the
 * very sock that it was learnt for.  Request sockets are never learnt: they
 * have no end that a module sees, and a SYN flood would fill the table.
 *
 * Read under RCU in any context; changed under a spinlock of some buckets,
 * with interrupts off since probes take it.  A change of owner
 * replaces the entry, so that a verdict is never another owner's.
 */
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/sock_diag.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include <net/tcp_states.h>

#include "factor.h"
#include "ksc.h"
#include "param.h"
#include "stat.h"

#define KSC_LOCKS 64
/* Buckets looked through for an entry to evict when the table is full. */
#define KSC_SWEEP 8
/* Units of ksc_now(): TCP_TIMEWAIT_LEN, and more. */
#define KSC_LINGER 120

struct hlist_head *ksc_table __read_mostly;
unsigned int ksc_bits __read_mostly;
unsigned int ksc_shift __read_mostly;	/* 64 - ksc_bits */
u64 ksc_factor __read_mostly;

static spinlock_t ksc_locks[KSC_LOCKS];
static atomic_t ksc_entries = ATOMIC_INIT(0);
static unsigned int ksc_hand;
static void ksc_sweep(struct work_struct *work);
static DECLARE_DELAYED_WORK(ksc_sweep_work, ksc_sweep);
static unsigned int ksc_limit = E7_LIMIT_SOCKETS;

E7_PARAM_RANGE(sockets, ksc_limit, E7_LIMIT_SOCKETS_MIN, E7_LIMIT_SOCKETS_MAX,
	       "a number");
MODULE_PARM_DESC(sockets, "sockets that are remembered at once");

static spinlock_t *ksc_lock_of(unsigned int bucket)
{
	return &ksc_locks[bucket % KSC_LOCKS];
}

unsigned int ksc_count(void)
{
	return atomic_read(&ksc_entries);
}

u64 ksc_cookie_new(struct sock *sk)
{
	u32 halves[2];

	sock_diag_save_cookie(sk, halves);
	return (u64)halves[1] << 32 | halves[0];
}

/*
 * Entries that were taken out, oldest first, on this processor: each is used
 * again once no reader can be at it, which is sooner and cheaper than by way
 * of the allocator.  So many that a processor which does nothing but open and
 * close connections does not run out of them in a grace period.
 */
#define KSC_LIMBO 4096

struct ksc_limbo {
	struct ksc_entry *oldest;
	struct ksc_entry *newest;
	unsigned int count;
};

static struct ksc_limbo __percpu *ksc_limbo;

/* Takes out the oldest, of which there is one. */
static struct ksc_entry *ksc_limbo_take(struct ksc_limbo *limbo)
{
	struct ksc_entry *entry = limbo->oldest;

	limbo->oldest = entry->limbo.next;
	limbo->count--;
	return entry;
}

/* Not initialised; null where memory ran out.  In any context. */
static struct ksc_entry *ksc_alloc(void)
{
	struct ksc_entry *entry = NULL;
	struct ksc_limbo *limbo;
	unsigned long flags;

	local_irq_save(flags);
	limbo = this_cpu_ptr(ksc_limbo);
	if (limbo->count && compat_rcu_is_over(limbo->oldest->limbo.grace))
		entry = ksc_limbo_take(limbo);
	local_irq_restore(flags);
	return entry ?: kmalloc(sizeof(*entry), GFP_ATOMIC | __GFP_NOWARN);
}

/* Readers may be at it for a grace period.  Interrupts are off. */
static void ksc_free(struct ksc_entry *entry)
{
	struct ksc_limbo *limbo = this_cpu_ptr(ksc_limbo);

	if (limbo->count == KSC_LIMBO) {
		kfree_rcu(entry, rcu);
		return;
	}
	entry->limbo.grace = get_state_synchronize_rcu();
	if (limbo->count++)
		limbo->newest->limbo.next = entry;
	else
		limbo->oldest = entry;
	limbo->newest = entry;
}

/* After the last reader. */
static void ksc_empty_limbo(void)
{
	struct ksc_limbo *limbo;
	int cpu;

	for_each_possible_cpu(cpu) {
		limbo = per_cpu_ptr(ksc_limbo, cpu);
		while (limbo->count)
			kfree(ksc_limbo_take(limbo));
	}
}

/* The bucket's lock is held. */
static void ksc_unhash(struct ksc_entry *entry)
{
	hlist_del_rcu(&entry->node);
	atomic_dec(&ksc_entries);
	psi_proc_put(entry->proc);
	ksc_free(entry);
}

/*
 * Whose user asks for room, and whose is the longest unused, in this order: a
 * user who fills the table pushes out his own.
 */
static bool ksc_goes_before(const struct ksc_entry *a,
			    const struct ksc_entry *b, uid_t uid)
{
	if ((a->uid == uid) != (b->uid == uid))
		return a->uid == uid;
	return ksc_before(READ_ONCE(a->used), READ_ONCE(b->used));
}

/* Makes room by dropping one entry of the next few buckets that hold some. */
static void ksc_evict(uid_t uid)
{
	struct ksc_entry *entry, *worst = NULL;
	unsigned int bucket, seen, found = 0;
	unsigned long flags;
	spinlock_t *lock;
	u64 cookie = 0;

	rcu_read_lock();
	for (seen = 0; seen >> ksc_bits == 0 && found < KSC_SWEEP; seen++) {
		bucket = READ_ONCE(ksc_hand) & ((1u << ksc_bits) - 1);
		WRITE_ONCE(ksc_hand, bucket + 1);
		found += !hlist_empty(&ksc_table[bucket]);
		hlist_for_each_entry_rcu(entry, &ksc_table[bucket], node)
			if (!worst || ksc_goes_before(entry, worst, uid))
				worst = entry;
	}
	if (worst)
		cookie = worst->cookie;
	rcu_read_unlock();
	if (!cookie)
		return;

	lock = ksc_lock_of(ksc_bucket(cookie));
	spin_lock_irqsave(lock, flags);
	entry = ksc_find(cookie);
	if (entry) {
		ksc_unhash(entry);
		stat_count(E7_STAT_EVICTED);
	}
	spin_unlock_irqrestore(lock, flags);
}

/* What the state of a socket of TCP says, while it is being connected. */
static u8 ksc_began(const struct sock *sk)
{
	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	switch (READ_ONCE(sk->sk_state)) {
	case TCP_SYN_SENT:
		return KSC_BEGAN_OUT;
	case TCP_SYN_RECV:
	case TCP_LISTEN:
		return KSC_BEGAN_IN;
	default:
		return 0;
	}
}

/* What is known of a socket before its first packet: its program's. */
static u64 ksc_preset(const struct sock *sk, const struct psi_proc *proc)
{
	const u64 *quiet;

	/* A raw socket sends any protocol. */
	if (sk->sk_type == SOCK_RAW)
		return 0;
	quiet = psi_quiet_of(psi_exe_of(proc), sk->sk_protocol);
	return quiet ? READ_ONCE(*quiet) : 0;
}

/*
 * Records that proc owns sk, or with a null proc that nobody is known to and
 * why, whatever was known before.  Returns the entry, valid until
 * rcu_read_unlock(), or null where memory ran out.  In any context, under
 * rcu_read_lock(); sk is full.
 */
struct ksc_entry *ksc_learn(struct sock *sk, struct psi_proc *proc,
			    enum e7_stat why, u32 walk)
{
	u64 cookie = ksc_cookie(sk);
	unsigned int bucket = ksc_bucket(cookie);
	spinlock_t *lock = ksc_lock_of(bucket);
	struct ksc_entry *fresh, *old;
	unsigned long flags;

	fresh = ksc_alloc();
	if (!fresh)
		return NULL;
	if (proc && !psi_proc_get(proc)) {
		kfree(fresh);
		return NULL;
	}
	fresh->cookie = cookie;
	fresh->proc = proc;
	fresh->quiet[0] = fresh->quiet[1] = ksc_preset(sk, proc);
	fresh->sk = sk;
	fresh->used = ksc_now();
	fresh->walk = walk;
	fresh->left = 0;
	/* As the initial user namespace has it, which maps each to itself. */
	fresh->uid = __kuid_val(compat_sk_uid(sk));
	fresh->why = why;
	fresh->state = ksc_began(sk);

	/* One that is known already takes its own place. */
	if (unlikely(atomic_read(&ksc_entries) >= ksc_limit) &&
	    !ksc_find(cookie))
		ksc_evict(fresh->uid);
	spin_lock_irqsave(lock, flags);
	old = ksc_find(cookie);
	if (old) {
		fresh->state |= old->state & (KSC_BEGAN_OUT | KSC_BEGAN_IN);
		ksc_unhash(old);
	}
	hlist_add_head_rcu(&fresh->node, &ksc_table[bucket]);
	atomic_inc(&ksc_entries);
	spin_unlock_irqrestore(lock, flags);
	return fresh;
}

/* The socket is being freed. */
void ksc_forget(const struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);
	struct ksc_entry *entry;
	unsigned long flags;
	spinlock_t *lock;

	if (!cookie)
		return;
	lock = ksc_lock_of(ksc_bucket(cookie));
	spin_lock_irqsave(lock, flags);
	entry = ksc_find(cookie);
	if (entry && entry->sk == sk) {
		if (entry->state & KSC_LINGERS) {
			entry->sk = NULL;
			entry->used = ksc_now();
		} else {
			ksc_unhash(entry);
		}
	}
	spin_unlock_irqrestore(lock, flags);
}

/*
 * The socket of a cookie, referenced, or null.  The lock keeps it from being
 * freed meanwhile, of whatever protocol it is.
 */
struct sock *ksc_sock_get(u64 cookie)
{
	spinlock_t *lock = ksc_lock_of(ksc_bucket(cookie));
	struct ksc_entry *entry;
	struct sock *sk = NULL;
	unsigned long flags;

	spin_lock_irqsave(lock, flags);
	entry = ksc_find(cookie);
	if (entry && entry->sk && refcount_inc_not_zero(&entry->sk->sk_refcnt))
		sk = entry->sk;
	spin_unlock_irqrestore(lock, flags);
	return sk;
}

/* The socket is in this state from now on. */
void ksc_mark(const struct sock *sk, u8 state)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);
	struct ksc_entry *entry;

	rcu_read_lock();
	entry = cookie ? ksc_find(cookie) : NULL;
	if (entry && entry->sk == sk && !(READ_ONCE(entry->state) & state))
		WRITE_ONCE(entry->state, READ_ONCE(entry->state) | state);
	rcu_read_unlock();
}

/* Drops what stood for time-wait sockets that are over. */
static void ksc_sweep(struct work_struct *work)
{
	struct ksc_entry *entry;
	struct hlist_node *next;
	unsigned int bucket;

	for (bucket = 0; bucket >> ksc_bits == 0; bucket++) {
		if (hlist_empty(&ksc_table[bucket]))
			continue;
		spin_lock_irq(ksc_lock_of(bucket));
		hlist_for_each_entry_safe(entry, next, &ksc_table[bucket], node)
			if (!entry->sk && ksc_before(entry->used + KSC_LINGER,
						     ksc_now()))
				ksc_unhash(entry);
		spin_unlock_irq(ksc_lock_of(bucket));
		cond_resched();
	}
	queue_delayed_work(compat_unbound_wq, &ksc_sweep_work,
			   KSC_LINGER << KSC_TICK);
}

int ksc_init(void)
{
	unsigned int i;

	BUILD_BUG_ON(sizeof(struct ksc_entry) > 96);
	for (i = 0; i < KSC_LOCKS; i++)
		spin_lock_init(&ksc_locks[i]);
	ksc_bits = order_base_2(ksc_limit);
	ksc_shift = 64 - ksc_bits;
	get_random_bytes(&ksc_factor, sizeof(ksc_factor));
	ksc_factor = factor_of(ksc_factor);
	ksc_table = kvcalloc(1ul << ksc_bits, sizeof(*ksc_table), GFP_KERNEL);
	ksc_limbo = alloc_percpu(struct ksc_limbo);
	if (!ksc_table || !ksc_limbo) {
		kvfree(ksc_table);
		free_percpu(ksc_limbo);
		return -ENOMEM;
	}
	queue_delayed_work(compat_unbound_wq, &ksc_sweep_work,
			   KSC_LINGER << KSC_TICK);
	return 0;
}

/* After the last packet, the last probe and the last walk. */
void ksc_exit(void)
{
	struct ksc_entry *entry;
	struct hlist_node *next;
	unsigned int bucket;

	cancel_delayed_work_sync(&ksc_sweep_work);
	for (bucket = 0; bucket >> ksc_bits == 0; bucket++) {
		spin_lock_irq(ksc_lock_of(bucket));
		hlist_for_each_entry_safe(entry, next, &ksc_table[bucket], node)
			ksc_unhash(entry);
		spin_unlock_irq(ksc_lock_of(bucket));
		cond_resched();
	}
	ksc_empty_limbo();
	free_percpu(ksc_limbo);
	kvfree(ksc_table);
}

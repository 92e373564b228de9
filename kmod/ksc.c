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
 * Read under RCU in any context; changed under one spinlock, with interrupts
 * off since kprobe handlers take it.  A change replaces the entry, so that a
 * reader never sees half of one.
 */
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/jiffies.h>
#include <linux/slab.h>
#include <linux/sock_diag.h>

#include "ksc.h"

#define KSC_BITS 15
/* Buckets looked through for the oldest entry when the table is full. */
#define KSC_SWEEP 8

static DEFINE_HASHTABLE(ksc_table, KSC_BITS);
static DEFINE_SPINLOCK(ksc_lock);
static struct kmem_cache *ksc_cache;
static unsigned int ksc_count;
static unsigned int ksc_hand;

/* The socket's cookie, made where it has none yet.  For any kind of sock. */
u64 ksc_cookie(struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);
	u32 halves[2];

	if (likely(cookie))
		return cookie;
	sock_diag_save_cookie(sk, halves);
	return (u64)halves[1] << 32 | halves[0];
}

/* Keeps an entry that packets still ask for from being evicted. */
void ksc_touch(struct ksc_entry *entry)
{
	unsigned long now = jiffies;

	/* Once a second, so that a busy flow does not write what it reads. */
	if (time_after(now, READ_ONCE(entry->used) + HZ))
		WRITE_ONCE(entry->used, now);
}

/* The entry of a cookie, valid until rcu_read_unlock(), or null. */
struct ksc_entry *ksc_find(u64 cookie)
{
	struct ksc_entry *entry;

	hash_for_each_possible_rcu(ksc_table, entry, node, cookie)
		if (entry->cookie == cookie)
			return entry;
	return NULL;
}

static void ksc_free(struct rcu_head *rcu)
{
	struct ksc_entry *entry = container_of(rcu, struct ksc_entry, rcu);

	psi_proc_put(entry->proc);
	kmem_cache_free(ksc_cache, entry);
}

static void ksc_unhash(struct ksc_entry *entry)
{
	lockdep_assert_held(&ksc_lock);
	hash_del_rcu(&entry->node);
	ksc_count--;
	call_rcu(&entry->rcu, ksc_free);
}

/* Makes room by dropping the longest unused entry of the next few buckets. */
static void ksc_evict(void)
{
	struct ksc_entry *entry, *oldest = NULL;
	unsigned int seen = 0;

	while (!oldest || seen < KSC_SWEEP) {
		ksc_hand = (ksc_hand + 1) & (HASH_SIZE(ksc_table) - 1);
		seen++;
		hlist_for_each_entry(entry, &ksc_table[ksc_hand], node)
			if (!oldest || time_before(READ_ONCE(entry->used),
						   READ_ONCE(oldest->used)))
				oldest = entry;
	}
	ksc_unhash(oldest);
}

/*
 * Records that proc owns sk, whatever was known before.  Returns the entry,
 * valid until rcu_read_unlock(), or null where memory ran out.
 */
struct ksc_entry *ksc_learn(struct sock *sk, struct psi_proc *proc)
{
	u64 cookie = ksc_cookie(sk);
	struct ksc_entry *fresh, *old;
	unsigned long flags;

	fresh = kmem_cache_zalloc(ksc_cache, GFP_ATOMIC);
	if (!fresh)
		return NULL;
	fresh->cookie = cookie;
	fresh->sk = sk;
	fresh->proc = psi_proc_get(proc);
	fresh->used = jiffies;

	spin_lock_irqsave(&ksc_lock, flags);
	old = ksc_find(cookie);
	if (old)
		ksc_unhash(old);
	else if (ksc_count >= E7_LIMIT_SOCKETS)
		ksc_evict();
	hash_add_rcu(ksc_table, &fresh->node, cookie);
	ksc_count++;
	spin_unlock_irqrestore(&ksc_lock, flags);
	return fresh;
}

/* The socket is being freed. */
void ksc_forget(const struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);
	struct ksc_entry *entry;
	unsigned long flags;

	rcu_read_lock();
	entry = cookie ? ksc_find(cookie) : NULL;
	rcu_read_unlock();
	if (!entry)
		return;

	spin_lock_irqsave(&ksc_lock, flags);
	entry = ksc_find(cookie);
	if (entry && entry->sk == sk)
		ksc_unhash(entry);
	spin_unlock_irqrestore(&ksc_lock, flags);
}

/* A remembered verdict in one word: epoch, reason, action. */
#define KSC_EPOCH_SHIFT 16
#define KSC_REASON_SHIFT 8

/*
 * Whether what was decided last still holds in this epoch.  The rule's id is
 * not kept: who tells about the packet decides anew.
 */
bool ksc_recall(const struct ksc_entry *entry, enum e7_direction direction,
		u64 epoch, struct rule_verdict *verdict)
{
	u64 word = READ_ONCE(entry->verdicts[direction - 1]);

	if (word >> KSC_EPOCH_SHIFT != epoch)
		return false;
	verdict->reason = word >> KSC_REASON_SHIFT;
	verdict->action = word;
	verdict->id = 0;
	return true;
}

/* epoch is the one read before the verdict was decided. */
void ksc_remember(struct ksc_entry *entry, enum e7_direction direction,
		  u64 epoch, const struct rule_verdict *verdict)
{
	WRITE_ONCE(entry->verdicts[direction - 1],
		   epoch << KSC_EPOCH_SHIFT |
		   (u64)verdict->reason << KSC_REASON_SHIFT | verdict->action);
}

int ksc_init(void)
{
	ksc_cache = KMEM_CACHE(ksc_entry, SLAB_HWCACHE_ALIGN);
	return ksc_cache ? 0 : -ENOMEM;
}

/* After the last packet and the last probe. */
void ksc_exit(void)
{
	struct ksc_entry *entry;
	struct hlist_node *next;
	int bucket;

	spin_lock_irq(&ksc_lock);
	hash_for_each_safe(ksc_table, bucket, next, entry, node)
		ksc_unhash(entry);
	spin_unlock_irq(&ksc_lock);
	rcu_barrier();
	kmem_cache_destroy(ksc_cache);
}

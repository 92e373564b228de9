/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_KSC_H
#define E7_KSC_H

#include <linux/bits.h>
#include <linux/jiffies.h>
#include <linux/log2.h>
#include <linux/rculist.h>
#include <linux/types.h>
#include <net/sock.h>

#include "psi.h"
#include "rule.h"

/* No longer takes what comes to its port. */
#define KSC_UNBOUND BIT(0)
/* Stands for connections that are being made. */
#define KSC_LISTENS BIT(1)
/* A time-wait socket goes on under the cookie when sk is gone. */
#define KSC_LINGERS BIT(2)

/* A connection that this machine began, or someone else; else not known. */
#define KSC_BEGAN_OUT BIT(3)
#define KSC_BEGAN_IN BIT(4)

/* What is known of a socket; whose it is never changes. */
struct ksc_entry {
	struct hlist_node node;
	u64 cookie;
	struct psi_proc *proc;	/* referenced; null: nobody is known, see why */
	u64 quiet[2];	/* by direction: the epoch in which it passes, see rule.h */
	struct sock *sk;	/* compared; followed by glance_listens(); null: gone */
	union {
		struct rcu_head rcu;
		/* Taken out, waiting to be used again. */
		struct {
			struct ksc_entry *next;
			unsigned long grace;	/* the period that must have ended */
		} limbo;
	};
	u32 used;		/* ksc_now() of a packet */
	u32 walk;		/* the walk that found it, or is to find it */
	u32 left;		/* the walk for whom proc left it to, or 0 */
	uid_t uid;		/* of the socket: evictions are on its account */
	u8 why;			/* enum e7_stat */
	u8 state;		/* of sk: KSC_... */
};

extern struct hlist_head *ksc_table;
extern unsigned int ksc_bits;
extern unsigned int ksc_shift;
extern u64 ksc_factor;

int ksc_init(void);
void ksc_exit(void);

u64 ksc_cookie_new(struct sock *sk);
struct ksc_entry *ksc_learn(struct sock *sk, struct psi_proc *proc,
			    enum e7_stat why, u32 walk);
void ksc_forget(const struct sock *sk);
void ksc_mark(const struct sock *sk, u8 state);
struct sock *ksc_sock_get(u64 cookie);
unsigned int ksc_count(void);

/* The socket's cookie, made where it has none yet.  For any kind of sock. */
static inline u64 ksc_cookie(struct sock *sk)
{
	u64 cookie = atomic64_read(&sk->sk_cookie);

	return likely(cookie) ? cookie : ksc_cookie_new(sk);
}

static inline u64 ksc_bucket(u64 cookie)
{
	return cookie * ksc_factor >> ksc_shift;
}

/* The entry of a cookie, valid until rcu_read_unlock(), or null. */
static __always_inline struct ksc_entry *ksc_find(u64 cookie)
{
	struct ksc_entry *entry;

	hlist_for_each_entry_rcu(entry, &ksc_table[ksc_bucket(cookie)], node)
		if (likely(entry->cookie == cookie))
			return entry;
	return NULL;
}

/* A clock that wraps, in units of about a second. */
#define KSC_TICK ilog2(HZ)

static inline u32 ksc_now(void)
{
	return jiffies >> KSC_TICK;
}

/* Whether a was before b, on a clock that wraps. */
static inline bool ksc_before(u32 a, u32 b)
{
	return (s32)(a - b) < 0;
}

/* Keeps an entry that packets still ask for from being evicted. */
static inline void ksc_touch(struct ksc_entry *entry)
{
	u32 now = ksc_now();

	/* Once a tick, so that a busy flow does not write what it reads. */
	if (unlikely(READ_ONCE(entry->used) != now))
		WRITE_ONCE(entry->used, now);
}

#endif /* E7_KSC_H */

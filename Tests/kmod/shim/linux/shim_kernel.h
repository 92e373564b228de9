/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the caches need of a running kernel: locks, RCU, processors, the clock,
 * sockets.  There is one thread; a test moves the clock, ends grace periods and
 * changes the processor, and each misuse of these that the kernel would only
 * show in a race ends the program at once.
 */
#ifndef SHIM_KERNEL_H
#define SHIM_KERNEL_H

#include <netinet/in.h>
#include <stdio.h>
#include <sys/types.h>

#include "shim.h"

typedef int32_t s32;
typedef uint16_t __be16;
#define __force
#define __percpu
#define __read_mostly
#define ____cacheline_aligned __attribute__((aligned(64)))
#define likely(condition) (condition)
#define unlikely(condition) (condition)
#undef static_assert
#define static_assert(condition) _Static_assert(condition, #condition)
#define BUILD_BUG_ON(condition) _Static_assert(!(condition), #condition)

#define BIT(n) (1ul << (n))
#define GOLDEN_RATIO_64 0x61C8864680B583EBull
#define ilog2(n) (63 - __builtin_clzll(n))
#define order_base_2(n) ((n) > 1 ? ilog2((n) - 1) + 1 : 0)

static inline u64 rol64(u64 word, unsigned int shift)
{
	return word << (shift & 63) | word >> (-shift & 63);
}

#define shim_require(condition) \
	((condition) ? (void)0 : shim_misused(__FILE__, __LINE__, #condition))
_Noreturn void shim_misused(const char *file, int line, const char *what);

/* ---- the context that runs, and what other processors do meanwhile ---- */

#define SHIM_CPUS 2

extern unsigned int shim_cpu;
extern bool shim_irqs_off;
extern unsigned int shim_locks;		/* held now */
extern unsigned int shim_readers;	/* depth of rcu_read_lock() */

/* Called wherever the order of memory matters; once, then it is null. */
extern void (*shim_elsewhere)(void);
void shim_race(void);

#define shim_may_sleep() \
	shim_require(!shim_irqs_off && !shim_locks && !shim_readers)
#define cond_resched() shim_may_sleep()

#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile __typeof__(x) *)&(x) = (value))
#define smp_rmb() shim_race()
#define smp_wmb() shim_race()
#define smp_load_acquire(pointer) ({ \
	__typeof__(*(pointer)) loaded = READ_ONCE(*(pointer)); \
	shim_race(); \
	loaded; \
})
#define smp_store_release(pointer, value) \
	(shim_race(), WRITE_ONCE(*(pointer), (value)))
#define cmpxchg(pointer, old, new) \
	(shim_race(), __sync_val_compare_and_swap((pointer), (old), (new)))

typedef struct {
	int value;
} atomic_t;

typedef struct {
	long value;
} atomic64_t;

#define ATOMIC_INIT(n) { .value = (n) }
#define atomic_read(counter) READ_ONCE((counter)->value)
#define atomic64_read(counter) READ_ONCE((counter)->value)
#define atomic64_set(counter, to) WRITE_ONCE((counter)->value, (to))
#define atomic_inc(counter) ((void)(counter)->value++)
#define atomic_dec(counter) ((void)(counter)->value--)

static inline bool refcount_inc_not_zero(refcount_t *refs)
{
	if (!refs->count)
		return false;
	refs->count++;
	return true;
}

typedef struct {
	bool held;
} spinlock_t;

static inline void spin_lock_init(spinlock_t *lock)
{
	lock->held = false;
}

/* A second lock held would deadlock with who takes them the other way round. */
static inline void shim_lock(spinlock_t *lock)
{
	shim_require(!lock->held && !shim_locks && !shim_irqs_off);
	lock->held = true;
	shim_locks++;
	shim_irqs_off = true;
}

static inline void shim_unlock(spinlock_t *lock)
{
	shim_require(lock->held && shim_irqs_off);
	lock->held = false;
	shim_locks--;
	shim_irqs_off = false;
}

#define spin_lock_irq(lock) shim_lock(lock)
#define spin_unlock_irq(lock) shim_unlock(lock)
#define spin_lock_irqsave(lock, flags) ((flags) = 1, shim_lock(lock))
#define spin_unlock_irqrestore(lock, flags) ((void)(flags), shim_unlock(lock))
#define local_irq_save(flags) \
	(shim_require(!shim_irqs_off), (flags) = 1, shim_irqs_off = true)
#define local_irq_restore(flags) \
	(shim_require((flags) && shim_irqs_off), shim_irqs_off = false)

#define alloc_percpu(type) \
	((type *)shim_alloc(SHIM_CPUS * sizeof(type), true))
#define free_percpu(pointer) kvfree(pointer)
#define per_cpu_ptr(pointer, cpu) ((pointer) + (cpu))
#define this_cpu_ptr(pointer) \
	(shim_require(shim_irqs_off), (pointer) + shim_cpu)
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < SHIM_CPUS; (cpu)++)
#define DECLARE_PER_CPU(type, name) extern type name
#define this_cpu_inc(counter) ((void)(counter)++)

/* ---- memory ---- */

#define GFP_KERNEL 1
#define GFP_ATOMIC 2
#define __GFP_NOWARN 4

static inline void *shim_alloc_gfp(size_t size, unsigned int gfp, bool zero)
{
	if (gfp & GFP_KERNEL)
		shim_may_sleep();
	return shim_alloc(size, zero);
}

#define kmalloc(size, gfp) shim_alloc_gfp(size, gfp, false)
#define kvcalloc(n, size, gfp) shim_alloc_gfp((n) * (size), gfp, true)
#define kfree(memory) kvfree(memory)

/* ---- RCU ---- */

struct rcu_head {
	struct rcu_head *next;
	void *memory;
};

/* Grace periods that have ended.  Ending one ends every reader's section. */
extern unsigned long shim_grace;
void shim_grace_end(void);
void shim_free_later(void *memory, struct rcu_head *head);

#define rcu_read_lock() ((void)shim_readers++)
#define rcu_read_unlock() (shim_require(shim_readers), (void)shim_readers--)
#define kfree_rcu(pointer, member) \
	shim_free_later(pointer, &(pointer)->member)
#define get_state_synchronize_rcu() (shim_grace + 1)
#define poll_state_synchronize_rcu(grace) ((long)(shim_grace - (grace)) >= 0)
#define compat_rcu_is_over(grace) poll_state_synchronize_rcu(grace)

struct list_head {
	struct list_head *next, *prev;
};

struct hlist_node {
	struct hlist_node *next, **pprev;
};

struct hlist_head {
	struct hlist_node *first;
};

#define hlist_empty(head) (!READ_ONCE((head)->first))

static inline void hlist_add_head_rcu(struct hlist_node *node,
				      struct hlist_head *head)
{
	shim_require(shim_locks);
	node->next = head->first;
	node->pprev = &head->first;
	if (node->next)
		node->next->pprev = &node->next;
	head->first = node;
}

/* A reader that is at the node goes on from it. */
static inline void hlist_del_rcu(struct hlist_node *node)
{
	shim_require(shim_locks);
	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
	node->pprev = NULL;
}

#define shim_entry(node, type, member) \
	((node) ? (type *)((char *)(node) - offsetof(type, member)) : NULL)
#define hlist_for_each_entry_rcu(entry, head, member) \
	for (shim_require(shim_readers || shim_locks), \
	     entry = shim_entry((head)->first, __typeof__(*entry), member); \
	     entry; \
	     entry = shim_entry(entry->member.next, __typeof__(*entry), member))
#define hlist_for_each_entry_safe(entry, after, head, member) \
	for (shim_require(shim_locks), \
	     entry = shim_entry((head)->first, __typeof__(*entry), member); \
	     entry && (after = entry->member.next, true); \
	     entry = shim_entry(after, __typeof__(*entry), member))

/* ---- the clock, and work that waits for it ---- */

#define HZ 250

extern unsigned long jiffies;

struct work_struct {
	void (*run)(struct work_struct *work);
};

struct delayed_work {
	struct work_struct work;
	unsigned long due;
	bool queued;
};

#define DECLARE_DELAYED_WORK(name, function) \
	struct delayed_work name = { .work = { .run = (function) } }
#define system_unbound_wq 0

/* What was queued; there is one piece of work. */
extern struct delayed_work *shim_work;
void shim_queue(struct delayed_work *work, unsigned long delay);
void shim_cancel(struct delayed_work *work);
/* Runs it where it is due; whether it was. */
bool shim_run_work(void);

#define queue_delayed_work(queue, work, delay) shim_queue(work, delay)
#define cancel_delayed_work_sync(work) shim_cancel(work)

/* ---- parameters of the module, and the log ---- */

struct kernel_param;

struct kernel_param_ops {
	int (*set)(const char *text, const struct kernel_param *param);
	int (*get)(char *text, const struct kernel_param *param);
};

struct kernel_param {
	const char *name;
	const struct kernel_param_ops *ops;
	void *arg;
};

/* The test finds it by its name. */
#define module_param_cb(called, operations, argument, mode) \
	extern const struct kernel_param shim_param_##called; \
	const struct kernel_param shim_param_##called = \
		{ .name = #called, .ops = (operations), .arg = (argument) }
#define MODULE_PARM_DESC(name, text) extern int shim_unused
#define sysfs_emit(buffer, ...) sprintf(buffer, __VA_ARGS__)

int kstrtouint(const char *text, unsigned int base, unsigned int *value);

/* The last line. */
extern char shim_log[256];
#define pr_err(...) ((void)snprintf(shim_log, sizeof(shim_log), __VA_ARGS__))

static inline void get_random_bytes(void *bytes, size_t size)
{
	memset(bytes, 0xa5, size);
}

/* ---- sockets and tasks ---- */

typedef struct {
	uid_t val;
} kuid_t;

struct socket {
	struct sock *sk;
};

struct sock {
	atomic64_t sk_cookie;
	refcount_t sk_refcnt;
	kuid_t sk_uid;
	u16 sk_type;
	u16 sk_protocol;
	u8 sk_state;
	bool sk_kern_sock;
	struct socket *sk_socket;
};

static inline uid_t __kuid_val(kuid_t uid)
{
	return uid.val;
}

#define compat_sk_uid(sk) ((sk)->sk_uid)

/* Gives the socket a cookie where it has none; none is given twice. */
void sock_diag_save_cookie(struct sock *sk, u32 *halves);

struct task_struct {
	void *mm;
	unsigned int flags;
	u64 self_exec_id;
	struct pid *tgid;
};

extern struct task_struct *current;
#define task_tgid(task) ((task)->tgid)
#define PF_EXITING 0x4
#define PF_KTHREAD 0x200000
#define SOFTIRQ_MASK 0xff00
#define HARDIRQ_MASK 0xf0000
#define NMI_MASK 0xf00000
unsigned int preempt_count(void);

#endif /* SHIM_KERNEL_H */

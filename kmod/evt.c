// SPDX-License-Identifier: GPL-2.0-only
/*
 * evt_: packets worth telling, from the hooks to the multicast group.
 *
 * A ring a processor, filled by hooks with bottom halves off (so by one at a
 * time) and drained by one work item.  A full ring loses the event and counts
 * it; nothing here waits or allocates on the packet's way.
 */
#include <linux/bottom_half.h>
#include <linux/hash.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "cast.h"
#include "def.h"
#include "evt.h"
#include "stat.h"

/* head is the producer's, tail the consumer's; both only grow. */
struct evt_ring {
	unsigned int head;
	unsigned int tail;
	struct evt_record records[E7_LIMIT_EVENTS];
};

static_assert((E7_LIMIT_EVENTS & (E7_LIMIT_EVENTS - 1)) == 0);

static struct evt_ring __percpu *evt_rings;
static struct workqueue_struct *evt_wq;

static void evt_drain(struct work_struct *work);
static DECLARE_WORK(evt_work, evt_drain);

/*
 * Squelch: the last second in which a (program, protocol, verdict) was told,
 * and how often it was not since.  A bucket that is full forgets its oldest.
 */
#define SQUELCH_BITS 8
#define SQUELCH_WAYS 4

struct evt_squelch {
	spinlock_t lock;
	struct {
		u64 key;
		time64_t second;
		u64 left_out;
	} ways[SQUELCH_WAYS];
};

static struct evt_squelch evt_squelch[1 << SQUELCH_BITS];

/* Whether the like of key was not told in this second; counts it if it was. */
static bool evt_speaks(u64 key, time64_t now, u64 *left_out)
{
	struct evt_squelch *bucket = &evt_squelch[hash_64(key, SQUELCH_BITS)];
	unsigned int i, way = 0;
	bool speaks = true;

	spin_lock_bh(&bucket->lock);
	for (i = 0; i < SQUELCH_WAYS; i++) {
		if (bucket->ways[i].key == key) {
			way = i;
			break;
		}
		if (bucket->ways[i].second < bucket->ways[way].second)
			way = i;
	}
	if (bucket->ways[way].key != key) {
		bucket->ways[way].key = key;
		bucket->ways[way].left_out = 0;
	} else if (bucket->ways[way].second == now) {
		speaks = false;
	}
	if (speaks) {
		*left_out = bucket->ways[way].left_out;
		bucket->ways[way].left_out = 0;
		bucket->ways[way].second = now;
	} else {
		bucket->ways[way].left_out++;
	}
	spin_unlock_bh(&bucket->lock);
	return speaks;
}

/* Whether an event, of a kind that is wanted, is due now.  In any hook. */
bool evt_due(enum e7_event kind, const struct psi_exe *exe,
	     enum e7_class class, u16 prot, enum e7_action verdict,
	     u64 *left_out)
{
	u64 key;

	*left_out = 0;
	if (!cast_wants_events())
		return false;
	if (!def_flag(E7_FLAG_SQUELCH))
		return true;
	/* Never zero, the key of an empty way. */
	key = (exe ? (u64)(unsigned long)exe : class) ^ (u64)prot << 48 ^
	      (u64)verdict << 60 ^ (u64)kind << 56;
	return evt_speaks(key, ktime_get_boottime_seconds(), left_out);
}

/* Queues a copy, with its own reference to the program. */
void evt_put(const struct evt_record *record)
{
	struct evt_ring *ring;
	struct evt_record *slot;

	local_bh_disable();
	ring = this_cpu_ptr(evt_rings);
	if (ring->head - smp_load_acquire(&ring->tail) >= E7_LIMIT_EVENTS) {
		stat_inc(lost);
		goto out;
	}
	slot = &ring->records[ring->head % E7_LIMIT_EVENTS];
	*slot = *record;
	if (slot->image)
		psi_image_get(slot->image);
	smp_store_release(&ring->head, ring->head + 1);
	queue_work(evt_wq, &evt_work);
out:
	local_bh_enable();
}

/* Tells and takes what stood in the ring when this began. */
static void evt_drain_ring(struct evt_ring *ring, bool tell)
{
	unsigned int head = smp_load_acquire(&ring->head);
	struct evt_record *record;

	while (ring->tail != head) {
		record = &ring->records[ring->tail % E7_LIMIT_EVENTS];
		if (tell)
			cast_event(record);
		psi_image_put(record->image);
		smp_store_release(&ring->tail, ring->tail + 1);
	}
}

static void evt_drain(struct work_struct *work)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		evt_drain_ring(per_cpu_ptr(evt_rings, cpu), true);
		cond_resched();
	}
}

int evt_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(evt_squelch); i++)
		spin_lock_init(&evt_squelch[i].lock);
	evt_rings = alloc_percpu(struct evt_ring);
	if (!evt_rings)
		return -ENOMEM;
	evt_wq = alloc_workqueue("e7_evt", WQ_UNBOUND, 1);
	if (!evt_wq) {
		free_percpu(evt_rings);
		return -ENOMEM;
	}
	return 0;
}

/* After the last packet. */
void evt_exit(void)
{
	int cpu;

	destroy_workqueue(evt_wq);
	for_each_possible_cpu(cpu)
		evt_drain_ring(per_cpu_ptr(evt_rings, cpu), false);
	free_percpu(evt_rings);
}

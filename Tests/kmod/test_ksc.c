// SPDX-License-Identifier: GPL-2.0-only
/* The known-socket table against a plain array that is searched as a whole. */
#include <stdlib.h>
#include <string.h>

#include "../../kmod/factor.h"
#include "../../kmod/ksc.h"
#include "../../kmod/stat.h"
#include <net/tcp_states.h>

#include "check.h"

/*
 * What ksc.c promises: how many buckets that hold entries are looked through
 * for one to evict, and for how many ticks an entry outlives its socket.
 */
#define LOOKED_THROUGH 8
#define LINGER 120

#define LIMIT E7_LIMIT_SOCKETS_MIN
#define SOCKETS (2 * LIMIT)
#define USERS 4
#define PROCS 8

extern const struct kernel_param shim_param_sockets;

/* An entry as it has to be; its age is on a clock that never wraps. */
struct known {
	struct ksc_entry *entry;
	u64 cookie;
	struct psi_proc *proc;
	const struct sock *sk;
	u64 verdict;
	u64 used;
	u32 walk;
	uid_t uid;
	u8 why;
	u8 state;
};

static struct known known[LIMIT];
static unsigned int known_count;
/* Taken out since the last grace period, where readers may still be at it. */
static struct known retired[4 * LIMIT];
static unsigned int retired_count;
/* The bucket with which the next search for room begins; never reset. */
static unsigned int hand;
static u64 sweep_due;
static u64 evicted;

static struct sock sockets[SOCKETS];
/* The last one has no reference left to give. */
static struct psi_proc procs[PROCS];
/* What the processes run; of every other one it is not known yet. */
static struct psi_exe exe = { .quiet = { 6 << 16, 17 << 16 } };
static struct psi_image images[] = { { .exe = &exe }, { .exe = NULL } };
static long live_before;

static u64 ticks(void)
{
	return jiffies >> KSC_TICK;
}

static int set_limit(const char *text)
{
	return shim_param_sockets.ops->set(text, &shim_param_sockets);
}

static unsigned int limit(void)
{
	char text[16];

	shim_param_sockets.ops->get(text, &shim_param_sockets);
	return strtoul(text, NULL, 10);
}

static void start(const char *most)
{
	unsigned int i;

	live_before = shim_live;
	shim_cpu = 0;
	memset(sockets, 0, sizeof(sockets));
	for (i = 0; i < SOCKETS; i++) {
		static const u16 protocols[] = { IPPROTO_TCP, IPPROTO_UDP,
						 IPPROTO_ICMP };

		sockets[i].sk_uid.val = 1000 + i % USERS;
		sockets[i].sk_protocol = protocols[i % ARRAY_SIZE(protocols)];
		sockets[i].sk_type = i % 5 ? SOCK_DGRAM : SOCK_RAW;
	}
	for (i = 0; i < PROCS; i++) {
		refcount_set(&procs[i].refs, i < PROCS - 1);
		procs[i].image = &images[i % ARRAY_SIZE(images)];
	}
	known_count = 0;
	retired_count = 0;
	evicted = stat_counters.of[E7_STAT_EVICTED];
	CHECK(set_limit(most) == 0, "%s", most);
	CHECK(ksc_init() == 0);
	sweep_due = jiffies + (LINGER << KSC_TICK);
}

/* Everything goes back: entries, references, the queued work. */
static void stop(void)
{
	unsigned int i;

	ksc_exit();
	shim_grace_end();
	CHECK(ksc_count() == 0);
	for (i = 0; i < PROCS; i++)
		CHECK(procs[i].refs.count == (i < PROCS - 1), "%u", i);
	CHECK(shim_live == live_before, "%ld", shim_live - live_before);
	CHECK(!shim_work->queued);
}

static struct ksc_entry *find(u64 cookie)
{
	struct ksc_entry *entry;

	rcu_read_lock();
	entry = ksc_find(cookie);
	rcu_read_unlock();
	return entry;
}

static struct ksc_entry *learn(struct sock *sk, struct psi_proc *proc)
{
	struct ksc_entry *entry;

	rcu_read_lock();
	entry = ksc_learn(sk, proc, E7_STAT_SOCKETS, 0);
	rcu_read_unlock();
	return entry;
}

static struct ksc_entry *learn_starved(struct sock *sk, struct psi_proc *proc)
{
	struct ksc_entry *entry;

	shim_allocations_left = 0;
	entry = learn(sk, proc);
	shim_allocations_left = -1;
	return entry;
}

/* ---- the array ---- */

static struct known *known_of(u64 cookie)
{
	unsigned int i;

	for (i = 0; i < known_count; i++)
		if (known[i].cookie == cookie)
			return &known[i];
	return NULL;
}

/* What stays as it is for as long as somebody can be reading the entry. */
static bool is_unchanged(const struct known *k)
{
	return k->entry->cookie == k->cookie && k->entry->proc == k->proc &&
	       k->entry->uid == k->uid && k->entry->why == k->why &&
	       k->entry->walk == k->walk;
}

static void check_known(const struct known *k)
{
	const struct ksc_entry *entry = find(k->cookie);

	CHECK(entry == k->entry && is_unchanged(k));
	CHECK(entry && entry->sk == k->sk && entry->state == k->state &&
	      entry->quiet[0] == k->verdict &&
	      entry->quiet[1] == ~k->verdict && entry->used == (u32)k->used);
}

static void check_all(void)
{
	int refs[PROCS] = { 0 };
	struct ksc_entry *entry;
	unsigned int i, bucket, count = 0;

	for (i = 0; i < known_count; i++) {
		check_known(&known[i]);
		if (known[i].proc)
			refs[known[i].proc - procs]++;
	}
	for (i = 0; i < PROCS; i++)
		CHECK(procs[i].refs.count == refs[i] + (i < PROCS - 1), "%u", i);
	rcu_read_lock();
	for (bucket = 0; bucket < 1u << ksc_bits; bucket++)
		hlist_for_each_entry_rcu(entry, &ksc_table[bucket], node)
			count += ksc_bucket(entry->cookie) == bucket;
	rcu_read_unlock();
	CHECK(count == known_count, "%u %u", count, known_count);
}

static void end_grace(void)
{
	unsigned int i;

	for (i = 0; i < retired_count; i++)
		CHECK(is_unchanged(&retired[i]));
	retired_count = 0;
	shim_grace_end();
}

static void retire(struct known *k)
{
	if (retired_count == ARRAY_SIZE(retired))
		end_grace();
	retired[retired_count++] = *k;
	*k = known[--known_count];
}

/* Whose user asks for room goes first, then who is the longest unused. */
static bool goes_before(const struct known *a, const struct known *b, uid_t uid)
{
	if ((a->uid == uid) != (b->uid == uid))
		return a->uid == uid;
	return a->used < b->used;
}

/* Marks what is looked through for one to evict, from `hand` on. */
static void look_through(bool *looked)
{
	static unsigned int counts[LIMIT];
	static bool searched[LIMIT];
	unsigned int i, bucket, found = 0;

	memset(counts, 0, sizeof(counts));
	memset(searched, 0, sizeof(searched));
	for (i = 0; i < known_count; i++)
		counts[ksc_bucket(known[i].cookie)]++;
	for (i = 0; i < LIMIT && found < LOOKED_THROUGH; i++) {
		bucket = hand++ % LIMIT;
		searched[bucket] = true;
		found += counts[bucket] != 0;
	}
	for (i = 0; i < known_count; i++)
		looked[i] = searched[ksc_bucket(known[i].cookie)];
}

/* One of those that were looked through is gone, and none was to go before. */
static void check_evicted(const bool *looked, uid_t uid)
{
	struct known *victim = NULL;
	unsigned int i, gone = 0;

	for (i = 0; i < known_count; i++) {
		if (!looked[i] || find(known[i].cookie))
			continue;
		victim = &known[i];
		gone++;
	}
	CHECK(gone == 1, "%u", gone);
	CHECK(stat_counters.of[E7_STAT_EVICTED] == ++evicted);
	if (!victim)
		return;
	for (i = 0; i < known_count; i++)
		CHECK(!looked[i] || !goes_before(&known[i], victim, uid));
	retire(victim);
}

/* What the program has decided about all sockets of this protocol. */
static u64 preset(const struct sock *sk, const struct psi_proc *proc)
{
	if (!proc || !proc->image->exe || sk->sk_type == SOCK_RAW ||
	    sk->sk_protocol == IPPROTO_ICMP)
		return 0;
	return (u64)sk->sk_protocol << 16;
}

/* Who began, as far as a socket's state tells. */
static u8 began(const struct sock *sk)
{
	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	return sk->sk_state == TCP_SYN_SENT ? KSC_BEGAN_OUT :
	       sk->sk_state == TCP_SYN_RECV || sk->sk_state == TCP_LISTEN ?
	       KSC_BEGAN_IN : 0;
}

static void check_learn(struct sock *sk, struct psi_proc *proc, bool starved)
{
	static const u8 states[] = { TCP_SYN_SENT, TCP_SYN_RECV, TCP_LISTEN,
				     TCP_ESTABLISHED, TCP_CLOSE };
	static bool looked[LIMIT];
	struct ksc_entry *entry;
	struct known *old, fresh;
	bool dead = proc && !proc->refs.count;
	unsigned int i;

	sk->sk_state = states[check_below(ARRAY_SIZE(states))];
	fresh = (struct known) {
		.state = began(sk), .proc = proc, .sk = sk, .verdict = check_random(),
		.used = ticks(), .walk = check_below(1000),
		.uid = sk->sk_uid.val, .why = check_below(STAT_MAX) };
	if (starved)
		shim_allocations_left = 0;
	rcu_read_lock();
	entry = ksc_learn(sk, proc, fresh.why, fresh.walk);
	rcu_read_unlock();
	shim_allocations_left = -1;
	CHECK(entry ? !dead : starved || dead);
	fresh.cookie = sk->sk_cookie.value;
	CHECK(fresh.cookie != 0);
	if (!entry)
		return;

	for (i = 0; i < retired_count; i++)
		CHECK(retired[i].entry != entry);
	CHECK(entry->quiet[0] == preset(sk, proc) &&
	      entry->quiet[1] == preset(sk, proc));
	CHECK(entry->left == 0 && find(fresh.cookie) == entry);
	entry->quiet[0] = fresh.verdict;
	entry->quiet[1] = ~fresh.verdict;
	fresh.entry = entry;
	old = known_of(fresh.cookie);
	if (old) {
		/* It takes its own place, and nobody else's. */
		fresh.state |= old->state & (KSC_BEGAN_OUT | KSC_BEGAN_IN);
		retire(old);
	} else if (known_count == LIMIT) {
		look_through(looked);
		check_evicted(looked, fresh.uid);
	}
	CHECK(stat_counters.of[E7_STAT_EVICTED] == evicted);
	if (known_count < LIMIT)
		known[known_count++] = fresh;
	check_known(&fresh);
}

static void check_forget(struct sock *sk)
{
	struct known *k = known_of(sk->sk_cookie.value);

	ksc_forget(sk);
	if (!k || k->sk != sk) {
		if (k)
			check_known(k);
		return;
	}
	if (k->state & KSC_LINGERS) {
		k->sk = NULL;
		k->used = ticks();
		check_known(k);
		return;
	}
	CHECK(!find(k->cookie));
	retire(k);
}

static void check_mark(struct sock *sk, u8 state)
{
	struct known *k = known_of(sk->sk_cookie.value);

	ksc_mark(sk, state);
	if (k && k->sk == sk)
		k->state |= state;
	if (k)
		check_known(k);
}

static void check_touch(u64 cookie)
{
	struct known *k = known_of(cookie);

	CHECK(!find(cookie) == !k);
	if (!k)
		return;
	ksc_touch(k->entry);
	k->used = ticks();
	check_known(k);
}

static void check_sweep(void)
{
	unsigned int i = 0;
	bool due = jiffies >= sweep_due;

	CHECK(shim_run_work() == due);
	if (!due)
		return;
	sweep_due = jiffies + (LINGER << KSC_TICK);
	while (i < known_count) {
		if (!known[i].sk && ticks() > known[i].used + LINGER)
			retire(&known[i]);
		else
			i++;
	}
	check_all();
}

/*
 * A socket's memory becomes another socket's, and a cookie may stand for
 * several sockets at once.
 */
static void step(void)
{
	struct sock *sk = &sockets[check_below(SOCKETS)];
	struct sock *other = &sockets[check_below(SOCKETS)];
	unsigned int proc = check_below(PROCS + 1);

	shim_cpu = check_below(SHIM_CPUS);
	switch (check_below(32)) {
	case 0 ... 1:
		check_forget(sk);
		*sk = (struct sock) { .sk_uid.val = 1000 + check_below(USERS) };
		break;
	case 2:
		check_forget(sk);
		break;
	case 3:
		check_forget(sk);
		*sk = *other;
		break;
	case 4 ... 7:
		check_mark(sk, BIT(check_below(3)));
		break;
	case 8 ... 11:
		check_touch(sk->sk_cookie.value);
		break;
	case 12 ... 13:
		check_sweep();
		break;
	case 14:
		end_grace();
		break;
	case 15:
		jiffies += check_below(40) << KSC_TICK;
		break;
	case 16 ... 17:
		check_learn(sk, proc < PROCS ? &procs[proc] : NULL, true);
		break;
	default:
		check_learn(sk, proc < PROCS ? &procs[proc] : NULL, false);
	}
	jiffies += check_below(32);
	CHECK(ksc_count() == known_count && known_count <= limit());
}

/* All but full, without a search each time. */
static void fill(void)
{
	struct known *k;

	while (known_count < LIMIT - 4) {
		k = &known[known_count];
		*k = (struct known) {
			.proc = &procs[known_count % (PROCS - 1)],
			.sk = &sockets[known_count], .why = E7_STAT_SOCKETS,
			.verdict = known_count, .used = ticks(),
			.uid = sockets[known_count].sk_uid.val };
		k->entry = learn(&sockets[known_count], k->proc);
		k->entry->quiet[0] = k->verdict;
		k->entry->quiet[1] = ~k->verdict;
		k->cookie = k->sk->sk_cookie.value;
		known_count++;
		jiffies += 16;
	}
}

void test_ksc_model(unsigned long rounds)
{
	unsigned long round;

	/* The clock of the entries wraps some hundred ticks later. */
	jiffies = ((1ul << 32) - check_below(600)) << KSC_TICK;
	start("1024");
	fill();
	for (round = 0; round < rounds; round++) {
		if (round % 64 == 0)
			check_all();
		step();
	}
	check_all();
	end_grace();
	stop();
}

/* ---- the parameter ---- */

void test_ksc_parameter(void)
{
	static const struct {
		const char *text;
		unsigned int value;
	} good[] = {
		{ "1024", 1024 }, { "1025", 1025 }, { "65536", 65536 },
		{ "16777216", 16777216 }, { "0x400", 1024 }, { "1024\n", 1024 },
	};
	static const char *const bad[] = {
		"1023", "16777217", "0", "-1", "-1024", "-16777216", "", " ", "\n",
		"many", "1024x", "1e6", "1024.5", "4294968320", "0x", "1024 2048",
		"18446744073709552640", "99999999999999999999999999",
	};
	char said[100];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		CHECK(set_limit(good[i].text) == 0, "%s", good[i].text);
		CHECK(limit() == good[i].value, "%s", good[i].text);
	}
	CHECK(E7_LIMIT_SOCKETS_MIN == 1024 && E7_LIMIT_SOCKETS_MAX == 16777216);
	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		shim_log[0] = 0;
		CHECK(set_limit(bad[i]) == -EINVAL, "%s", bad[i]);
		CHECK(limit() == 1024, "%s", bad[i]);
		snprintf(said, sizeof(said), "sockets=%s: ", bad[i]);
		CHECK(strstr(shim_log, said) &&
		      strstr(shim_log, "from 1024 to 16777216\n"), "%s", shim_log);
	}
}

/* The table is of the size that was asked for, and holds as many. */
void test_ksc_limit(void)
{
	static const struct {
		const char *text;
		unsigned int limit;
		unsigned int bits;
	} cases[] = {
		{ "1024", 1024, 10 }, { "1025", 1025, 11 },
		{ "2047", 2047, 11 }, { "2048", 2048, 11 },
	};
	struct sock sk = { 0 };
	unsigned int i, n;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		start(cases[i].text);
		CHECK(ksc_bits == cases[i].bits && ksc_shift == 64 - ksc_bits);
		for (n = 1; n <= cases[i].limit + 500; n++) {
			sk.sk_cookie.value = n;
			learn(&sk, &procs[0]);
			CHECK(ksc_count() == (n < cases[i].limit ?
					      n : cases[i].limit));
		}
		stop();
	}

	start("16777216");
	CHECK(ksc_bits == 24);
	CHECK(learn(&sk, &procs[0]) && find(sk.sk_cookie.value));
	stop();
}

/* ---- memory ---- */

void test_ksc_memory(void)
{
	static struct ksc_entry *entries[SOCKETS];
	unsigned int n, again;

	for (n = 0; n < 4; n++) {
		live_before = shim_live;
		shim_allocations_left = n / 2;
		shim_fails_once = n % 2;
		CHECK(ksc_init() == -ENOMEM, "%u", n);
		shim_allocations_left = -1;
		shim_fails_once = false;
		CHECK(shim_live == live_before, "%u", n);
		CHECK(!shim_work || !shim_work->queued);
	}

	start("4096");
	CHECK(!learn_starved(&sockets[0], &procs[0]));
	CHECK(!learn(&sockets[0], &procs[PROCS - 1]));
	CHECK(ksc_count() == 0 && procs[0].refs.count == 1);
	for (n = 0; n < SOCKETS; n++)
		entries[n] = learn(&sockets[n], &procs[0]);
	CHECK(ksc_count() == SOCKETS && procs[0].refs.count == SOCKETS + 1);

	/* Nothing is used again before the grace period is over, */
	for (n = 0; n < SOCKETS; n++)
		ksc_forget(&sockets[n]);
	for (n = 0; n < SOCKETS; n++)
		CHECK(entries[n]->cookie == (u64)sockets[n].sk_cookie.value);
	CHECK(ksc_count() == 0 && procs[0].refs.count == 1);
	CHECK(!learn_starved(&sockets[0], &procs[0]));
	/* then by the processor that freed it, each piece once. */
	shim_grace_end();
	shim_cpu = 1;
	CHECK(!learn_starved(&sockets[0], &procs[0]));
	shim_cpu = 0;
	for (again = 0; again < SOCKETS; again++)
		if (!learn_starved(&sockets[again], &procs[1]))
			break;
	CHECK(again > 0 && ksc_count() == again);
	for (n = 0; n < SOCKETS; n++)
		CHECK(!find(sockets[n].sk_cookie.value) == (n >= again), "%u", n);
	stop();
}

/* ---- who is evicted ---- */

/* One user's flood leaves another's few alone, however long they are unused. */
void test_ksc_flood(void)
{
	struct sock sk = { .sk_uid.val = 1 };
	unsigned int n;

	jiffies = ((1ul << 32) - 50) << KSC_TICK;
	start("1024");
	for (n = 1; n <= 10; n++) {
		sk.sk_cookie.value = n;
		learn(&sk, &procs[0]);
	}
	jiffies += 100 << KSC_TICK;
	sk.sk_uid.val = 2;
	for (; n <= 20000; n++) {
		sk.sk_cookie.value = n;
		learn(&sk, &procs[1]);
	}
	for (n = 1; n <= 10; n++)
		CHECK(find(n), "%u", n);
	CHECK(ksc_count() == 1024);
	stop();
}

/* ---- what outlives its socket ---- */

static void linger(struct sock *sk)
{
	learn(sk, &procs[0]);
	ksc_mark(sk, KSC_LINGERS);
	ksc_forget(sk);
	CHECK(find(sk->sk_cookie.value));
}

/* It is there for so many ticks, and goes with the next look after them. */
void test_ksc_linger(void)
{
	static const u32 from[] = {
		1, -3 * LINGER, -2 * LINGER - 1, -2 * LINGER, -2 * LINGER + 1,
		-LINGER - 1, -LINGER, -LINGER + 1, -1, 1u << 31,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(from); i++) {
		jiffies = (unsigned long)from[i] << KSC_TICK;
		start("1024");
		linger(&sockets[0]);
		jiffies += (LINGER - 1) << KSC_TICK;
		CHECK(!shim_run_work());
		linger(&sockets[1]);
		jiffies += 1 << KSC_TICK;
		CHECK(shim_run_work());
		linger(&sockets[2]);
		CHECK(find(sockets[0].sk_cookie.value), "%zu", i);

		jiffies += LINGER << KSC_TICK;
		CHECK(shim_run_work());
		CHECK(!find(sockets[0].sk_cookie.value), "%zu", i);
		CHECK(!find(sockets[1].sk_cookie.value), "%zu", i);
		CHECK(find(sockets[2].sk_cookie.value), "%zu", i);
		CHECK(ksc_count() == 1 && procs[0].refs.count == 2);

		jiffies += LINGER << KSC_TICK;
		CHECK(shim_run_work());
		CHECK(ksc_count() == 0 && procs[0].refs.count == 1);
		stop();
	}
}

/* ---- the socket itself ---- */

/* It is given while it is there, and never one that is being freed. */
void test_ksc_sock(void)
{
	struct sock *sk = &sockets[0];

	start("1024");
	CHECK(!ksc_sock_get(1));
	learn(sk, &procs[0]);
	CHECK(!ksc_sock_get(sk->sk_cookie.value));
	refcount_set(&sk->sk_refcnt, 1);
	CHECK(ksc_sock_get(sk->sk_cookie.value) == sk);
	CHECK(sk->sk_refcnt.count == 2);
	CHECK(!ksc_sock_get(sk->sk_cookie.value + 1));
	ksc_mark(sk, KSC_LINGERS);
	ksc_forget(sk);
	CHECK(find(sk->sk_cookie.value) && !ksc_sock_get(sk->sk_cookie.value));
	stop();
}

/* ---- the clock and the hash ---- */

void test_ksc_clock(void)
{
	static const u32 from[] = { 0, 1, 0x7fffffff, 0x80000000, 0xffffffff };
	static const u32 apart[] = { 1, 2, LINGER, 0x10000, 0x7fffffff };
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(from); i++) {
		CHECK(!ksc_before(from[i], from[i]));
		for (k = 0; k < ARRAY_SIZE(apart); k++) {
			CHECK(ksc_before(from[i], from[i] + apart[k]));
			CHECK(!ksc_before(from[i] + apart[k], from[i]));
		}
	}
	/* A tick is half a second to a second: time-wait takes sixty. */
	CHECK(1u << KSC_TICK <= HZ && 2u << KSC_TICK > HZ);
	CHECK((LINGER << KSC_TICK) >= 60 * HZ);
}

/* The most that a bucket of 1,024 gets of 8,192 cookies, by a secret of its own. */
static unsigned int fullest(u64 stride)
{
	unsigned int counts[1024] = {}, most = 0, n;

	ksc_factor = factor_of(check_random());
	for (n = 1; n <= 8 * 1024; n++) {
		unsigned int *count = &counts[ksc_bucket(n * stride)];

		if (++*count > most)
			most = *count;
	}
	return most;
}

/* Cookies are counted, by each processor from numbers of its own. */
void test_ksc_spread(void)
{
	static const u64 strides[] = { 1, 2, 3, 4096, 65536, 1ull << 40 };
	unsigned int i, secret, crowded;

	start("1024");
	for (i = 0; i < ARRAY_SIZE(strides); i++) {
		for (crowded = 0, secret = 0; secret < CHECK_SECRETS; secret++)
			crowded += fullest(strides[i]) > CHECK_CROWD * 8;
		CHECK(crowded <= CHECK_UNLUCKY, "%u at stride %llu", crowded,
		      (unsigned long long)strides[i]);
	}
	/* What is counted up, the fixed part of a factor spreads: see factor_of(). */
	for (i = 1; i <= 3; i++)
		for (secret = 0; secret < CHECK_SECRETS; secret++)
			CHECK(fullest(i) <= 4 * 8, "at stride %u, factor %llx", i,
			      (unsigned long long)ksc_factor);
	stop();
}

/* Cookies that meet in a bucket and differ in one half. */
void test_ksc_halves(void)
{
	static const u64 units[] = { 1, 1ull << 32 };
	u64 cookie;
	size_t i;

	start("1024");
	for (i = 0; i < ARRAY_SIZE(units); i++) {
		sockets[i].sk_cookie.value = cookie = 77 + i;
		learn(&sockets[i], NULL);
		do {
			cookie += units[i];
		} while (ksc_bucket(cookie) != ksc_bucket(77 + i));
		CHECK(!find(cookie) && find(77 + i), "%zu", i);
	}
	stop();
}

/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef E7_EVT_H
#define E7_EVT_H

#include <linux/netfilter.h>
#include <linux/types.h>

#include "def.h"
#include "psi_exe.h"
#include "uapi/e7.h"

/* A packet worth telling, as it waits in the queue. */
struct evt_record {
	u64 time;	/* ns since 1970 */
	u64 rule;	/* 0 where none decided */
	u64 cgroup;	/* 0 where there is no socket */
	u64 left_out;
	u64 start;	/* of the process, ns since boot */
	u64 question;	/* number of a held flow, or 0 */
	struct psi_image *image;	/* referenced by the queue; may be null */
	union nf_inet_addr local;
	union nf_inet_addr remote;
	u32 netns;
	u32 uid;
	u32 left;	/* seconds in which an answer is waited for */
	pid_t pid;	/* 0 where unknown */
	u16 prot;
	u16 local_port;
	u16 remote_port;
	u8 family;	/* NFPROTO_IPV4 or NFPROTO_IPV6 */
	u8 kind;	/* enum e7_event */
	u8 verdict;	/* enum e7_action */
	u8 reason;	/* enum e7_reason */
	u8 direction;	/* enum e7_direction */
	u8 class;	/* enum e7_class */
	u8 why;		/* enum e7_stat, of class UNKNOWN; else 0 */
	bool has_ports;
	bool has_uid;
};

int evt_init(void);
void evt_exit(void);

/* Whether events of this kind are told at all. */
static inline bool evt_wants(enum e7_event kind)
{
	switch (kind) {
	case E7_EVENT_DROP:
		return def_flag(E7_FLAG_DROPS);
	case E7_EVENT_ACCEPT:
		return def_flag(E7_FLAG_ACCEPTS);
	case E7_EVENT_ASK:
	case E7_EVENT_ASKED:
		return true;
	default:
		return def_flag(E7_FLAG_NORULE);
	}
}

bool evt_due(enum e7_event kind, const struct psi_exe *exe,
	     enum e7_class class, u16 prot, enum e7_action verdict,
	     u64 *left_out);
void evt_put(const struct evt_record *record);

#endif /* E7_EVT_H */

/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The enums of defs.x, for the kernel, for C programs and, through clang's
 * importer, for Swift.
 *
 * An imported enum accepts any raw value: a number from outside goes through
 * the tables of tables.h before it becomes one.  Enums stand in no shared
 * struct, since their size differs between gcc and clang.
 */
#ifndef E7_UAPI_H
#define E7_UAPI_H

#define E7_GENL_NAME "e7"
/* Overridden only by the test that builds a module of another version. */
#ifndef E7_GENL_VERSION
#define E7_GENL_VERSION 1
#endif

/* E7IPC: the first four bytes of a message, e7 00 45 37, which no text begins with. */
#define E7_IPC_MAGIC 0x374500e7
#define E7_IPC_MAJOR 1
#define E7_IPC_MINOR 0

/* gcc 12, Debian 12's compiler of kernels, knows no enum base in C. */
#ifdef __clang__
#define E7_ENUM(type, swift) \
	enum __attribute__((enum_extensibility(closed), swift_name(swift))) \
	type : unsigned short
#define E7_CASE(symbol, swift, number) \
	symbol __attribute__((swift_name(#swift))) = (number)
#else
#define E7_ENUM(type, swift) enum type
#define E7_CASE(symbol, swift, number) symbol = (number)
#endif

E7_ENUM(e7_prot, "NamedProtocol") {
#define E7_PROT(N, s, n, a, d) E7_CASE(E7_PROT_##N, s, n),
#include "defs.x"
};

E7_ENUM(e7_mode, "Mode") {
#define E7_MODE(N, s, n, a, d) E7_CASE(E7_MODE_##N, s, n),
#include "defs.x"
};

E7_ENUM(e7_action, "Action") {
#define E7_ACTION(N, s, n, a, d) E7_CASE(E7_ACTION_##N, s, n),
#include "defs.x"
};

E7_ENUM(e7_verdict, "Verdict") {
#define E7_VERDICT(N, s, n, a, d) E7_CASE(E7_VERDICT_##N, s, n),
#include "defs.x"
};

E7_ENUM(e7_switch, "Toggle") {
#define E7_SWITCH(N, s, n, a, d) E7_CASE(E7_SWITCH_##N, s, n),
#include "defs.x"
};

E7_ENUM(e7_scope, "Scope") {
#define E7_SCOPE(N, s, n, a, d) E7_CASE(E7_SCOPE_##N, s, n),
#include "defs.x"
};

E7_ENUM(e7_kind, "FlagKind") {
#define E7_KIND(N, s, n, d) E7_CASE(E7_KIND_##N, s, n),
#include "defs.x"
};

E7_ENUM(e7_flag, "Flag") {
#define E7_FLAG(N, s, n, a, k, p, d) E7_CASE(E7_FLAG_##N, s, n),
#define E7_NUMBER(N, s, n, a, p, l, m, d) E7_CASE(E7_FLAG_##N, s, n),
#define E7_COUNTER(N, s, n, a, d) E7_CASE(E7_FLAG_##N, s, n),
#include "defs.x"
};

E7_ENUM(e7_direction, "Direction") {
#define E7_DIRECTION(N, s, n, a, d) E7_CASE(E7_DIRECTION_##N, s, n),
#include "defs.x"
};

E7_ENUM(e7_class, "ProgramClass") {
#define E7_CLASS(N, s, n, a, d) E7_CASE(E7_CLASS_##N, s, n),
#include "defs.x"
};

E7_ENUM(e7_stat, "Statistic") {
#define E7_STAT(N, s, n, a, d) E7_CASE(E7_STAT_##N, s, n),
#include "defs.x"
};

E7_ENUM(e7_reason, "Reason") {
#define E7_REASON(N, s, n, a, d) E7_CASE(E7_REASON_##N, s, n),
#include "defs.x"
};

E7_ENUM(e7_event, "EventKind") {
#define E7_EVENT(N, s, n, a, d) E7_CASE(E7_EVENT_##N, s, n),
#include "defs.x"
};

E7_ENUM(e7_notice, "NoticeKind") {
#define E7_NOTICE(N, s, n, a, d) E7_CASE(E7_NOTICE_##N, s, n),
#include "defs.x"
};

E7_ENUM(e7_role, "SocketRole") {
#define E7_ROLE(N, s, n, a, d) E7_CASE(E7_ROLE_##N, s, n),
#include "defs.x"
};

/* Commands of the kernel and messages of E7IPC share one numbering. */
E7_ENUM(e7_cmd, "MessageType") {
#define E7_CMD(N, s, n, c, t, d) E7_CASE(E7_CMD_##N, s, n),
#define E7_MSG(N, s, n, d) E7_CASE(E7_MSG_##N, s, n),
#include "defs.x"
};

E7_ENUM(e7_attr, "Attribute") {
#define E7_ATTR(N, s, n, t, l, d) E7_CASE(E7_ATTR_##N, s, n),
#define E7_MSG_ATTR(N, s, n, t, l, d) E7_CASE(E7_ATTR_##N, s, n),
#include "defs.x"
};

E7_ENUM(e7_group, "EventGroup") {
#define E7_GROUP(N, s, n, a, c, d) E7_CASE(E7_GROUP_##N, s, n),
#include "defs.x"
};

/* Lists of words: the values of each kind of flag, and the other tables. */
E7_ENUM(e7_list, "WordList") {
#define E7_KIND(N, s, n, d) E7_CASE(E7_LIST_##N, s, n),
#include "defs.x"
	E7_CASE(E7_LIST_PROT, namedProtocol, 128),
	E7_CASE(E7_LIST_DIRECTION, direction, 129),
	E7_CASE(E7_LIST_REASON, reason, 130),
	E7_CASE(E7_LIST_EVENT, event, 131),
	E7_CASE(E7_LIST_NOTICE, notice, 132),
	E7_CASE(E7_LIST_CMD, messageType, 133),
	E7_CASE(E7_LIST_ATTR, attribute, 134),
	E7_CASE(E7_LIST_GROUP, group, 135),
	E7_CASE(E7_LIST_CLASS, programClass, 136),
	E7_CASE(E7_LIST_STAT, statistic, 137),
	E7_CASE(E7_LIST_ROLE, socketRole, 138),
};

/* How an attribute's bytes are read: column TYPE of defs.x. */
E7_ENUM(e7_type, "AttributeType") {
	E7_CASE(E7_TYPE_PAD, padding, 0),
	E7_CASE(E7_TYPE_U8, u8, 1),
	E7_CASE(E7_TYPE_U16, u16, 2),
	E7_CASE(E7_TYPE_U32, u32, 3),
	E7_CASE(E7_TYPE_U64, u64, 4),
	E7_CASE(E7_TYPE_STRING, string, 5),
	E7_CASE(E7_TYPE_ADDR, address, 6),
	E7_CASE(E7_TYPE_FLAG, flag, 7),
};

/* Plain constants, since two limits may be the same number. */
enum {
#define E7_LIMIT(N, s, n, d) E7_LIMIT_##N = (n),
#include "defs.x"
};

/* Swift reads them as members of Limit. */
#if defined(__clang__) && !defined(__KERNEL__)
struct __attribute__((swift_name("Limit"))) e7_limit {
	char unused;
};
#define E7_LIMIT(N, s, n, d) \
	static const long e7_limit_##s \
		__attribute__((swift_name("Limit." #s), unused)) = (n);
#include "defs.x"
#endif

#endif /* E7_UAPI_H */

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traffic of all kinds; see storm.c. */
#ifndef STORM_H
#define STORM_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#define STORM_PROGRAMS 20
#define STORM_PORT 7500
#define STORM_MESSAGE 512

enum outcome { DONE, FAILED, LACKING, OUTCOMES };

/* How often something had each outcome, for all programs together. */
struct count {
	uint64_t of[OUTCOMES];
};

extern char *folder;
extern char **addresses;
extern int address_count;

/* ---- chance and sockets: storm_socket.c ---- */

struct kind {
	int type, protocol;
};

enum { TCP, MPTCP, SCTP, DCCP, UDP, UDPLITE, KINDS };

extern const struct kind kinds[KINDS];
extern const char message[STORM_MESSAGE];

struct place {
	struct sockaddr_storage address;
	socklen_t length;
};

static inline struct sockaddr *of(struct place *place)
{
	return (struct sockaddr *)&place->address;
}

static inline int family_of(const struct place *place)
{
	return place->address.ss_family;
}

uint32_t draw(uint32_t below);
void sow(uint64_t seed, uint64_t index);
void sow_child(void);
struct place place_at(const char *text, int port);
struct place somewhere(void);
int open_socket(const struct kind *kind, int family);
enum outcome without_socket(void);
enum outcome talk_on(int fd);
int dial(enum outcome *outcome, int kind);
socklen_t mailbox(struct sockaddr_un *address, int index);

/* ---- steps: storm_step.c ---- */

struct step {
	const char *name;	/* null after the last */
	enum outcome (*take)(void);
	bool breeds;	/* makes processes that take steps themselves */
};

extern const struct step steps[];

/* Some of the steps, drawn; those that breed only with `breed`. */
void take_steps(int count, bool breed);

/* ---- servers: storm_serve.c ---- */

void serve(int index);

/* ---- what came of all that: storm.c ---- */

/* Beside the steps: an answer, a server that was closed under load, a socket that was sent. */
enum served { SERVED, REOPENED, TAKEN, SERVEDS };

void count_step(const struct step *step, enum outcome outcome);
void count_served(enum served what, enum outcome outcome);

#endif

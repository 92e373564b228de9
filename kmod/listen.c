// SPDX-License-Identifier: GPL-2.0-only
/*
 * listen_: which socket of SCTP or DCCP takes what begins at a port, since the
 * kernel lets no module look it up.
 *
 * Learnt when a socket begins to listen, or when a walk meets one that does,
 * into the flow table; that only says where to look.  What counts is what the
 * socket is when a packet comes.  Of two that want one address and port, with
 * SO_REUSEADDR or SCTP_REUSE_PORT too, the kernel lets the first listen and no
 * other, but for SO_REUSEPORT, which is left alone here.
 */
#include <linux/in.h>
#include <linux/ipv6.h>
#include <net/inet_sock.h>
#include <net/ipv6.h>
#include <net/net_namespace.h>
#include <net/sock.h>
#include <net/tcp_states.h>

#include "flow.h"
#include "ksc.h"
#include "listen.h"

static void listen_learn_at(const struct sock *sk, u64 cookie, u8 family,
			    const void *address, size_t size)
{
	struct flow_key key = {
		.net = (unsigned long)sock_net(sk),
		.kind = flow_kind_of_port(family, sk->sk_protocol,
					  flow_ports(0, htons(inet_sk(sk)->inet_num))),
	};

	memcpy(key.local, address, size);
	flow_learn(&key, cookie);
}

/*
 * A socket that is known and listens, or is about to: its port stands for it.
 * One without a port is given one later, and not known by it.
 */
void listen_learn(struct sock *sk)
{
	const __be32 any = htonl(INADDR_ANY);
	u64 cookie = atomic64_read(&sk->sk_cookie);

	if ((sk->sk_protocol != IPPROTO_SCTP && sk->sk_protocol != IPPROTO_DCCP) ||
	    !inet_sk(sk)->inet_num || !cookie)
		return;
	if (sk->sk_family == AF_INET)
		listen_learn_at(sk, cookie, NFPROTO_IPV4,
				&inet_sk(sk)->inet_rcv_saddr, sizeof(__be32));
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family != AF_INET6)
		return;
	listen_learn_at(sk, cookie, NFPROTO_IPV6, &sk->sk_v6_rcv_saddr,
			sizeof(struct in6_addr));
	if (ipv6_addr_any(&sk->sk_v6_rcv_saddr) && !sk->sk_ipv6only)
		listen_learn_at(sk, cookie, NFPROTO_IPV4, &any, sizeof(any));
#endif
}

/* Whether the socket takes what comes to an address of this family. */
static bool listen_has_address(const struct sock *sk,
			       const struct packet *packet)
{
	union nf_inet_addr local, remote;

	packet_addresses(packet, &local, &remote);
#if IS_ENABLED(CONFIG_IPV6)
	if (sk->sk_family == AF_INET6 && packet->state->pf == NFPROTO_IPV6)
		return ipv6_addr_any(&sk->sk_v6_rcv_saddr) ||
		       ipv6_addr_equal(&sk->sk_v6_rcv_saddr, &local.in6);
	if (sk->sk_family == AF_INET6)
		return ipv6_addr_any(&sk->sk_v6_rcv_saddr) && !sk->sk_ipv6only;
#endif
	return sk->sk_family == AF_INET && packet->state->pf == NFPROTO_IPV4 &&
	       (inet_sk(sk)->inet_rcv_saddr == htonl(INADDR_ANY) ||
		inet_sk(sk)->inet_rcv_saddr == local.ip);
}

/* Whether it is the one that takes what begins with this packet. */
static bool listen_takes(const struct sock *sk, const struct packet *packet)
{
	return READ_ONCE(sk->sk_state) == TCP_LISTEN &&
	       sk->sk_protocol == packet->ip.number &&
	       net_eq(sock_net(sk), packet->state->net) &&
	       inet_sk(sk)->inet_num == packet->ports.destination &&
	       !sk->sk_reuseport && !sk->sk_bound_dev_if &&
	       listen_has_address(sk, packet);
}

/*
 * The socket that listens for what begins with a packet that comes in, for
 * sock_gen_put(), or null.
 */
struct sock *listen_find(const struct packet *packet)
{
	struct flow_key key = packet_flow(packet);
	struct sock *sk;
	u64 cookie;

	if (!packet->ports.begins || packet->skb->pkt_type != PACKET_HOST)
		return NULL;
	key.remote[0] = key.remote[1] = 0;
	key.kind = flow_kind_of_port(packet->state->pf, packet->ip.number,
				     flow_ports(0, htons(packet->ports.destination)));
	cookie = flow_cookie(&key);
	if (!cookie) {
		/* One that listens at all addresses. */
		key.local[0] = key.local[1] = 0;
		cookie = flow_cookie(&key);
	}
	sk = cookie ? ksc_sock_get(cookie) : NULL;
	if (sk && !listen_takes(sk, packet)) {
		sock_gen_put(sk);
		return NULL;
	}
	return sk;
}

// SPDX-License-Identifier: GPL-2.0-only
/*
 * packet_: what a packet says of itself.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <net/ip.h>

#include "packet.h"

static const u8 *packet_fetch(const void *skb, unsigned int offset,
			      unsigned int size, void *buffer)
{
	return skb_header_pointer(skb, offset, size, buffer);
}

/* Which protocol, which ports.  In any hook. */
enum prot_result packet_parse(struct packet *packet)
{
	struct sk_buff *skb = packet->skb;
	u8 buffer[PROT_SIZE_MAX];
	enum prot_result result;
	const u8 *header;

	if (packet->state->pf == NFPROTO_IPV4)
		result = prot_ip4((const u8 *)ip_hdr(skb), skb->len,
				  &packet->ip);
	else
		result = prot_ip6((const u8 *)ipv6_hdr(skb), skb->len,
				  packet_fetch, skb, &packet->ip);
	if (result != PROT_OK)
		return result;
	packet->ops = prot_find(packet->ip.number);
	/* Only the first fragment has a transport header. */
	if (!packet->ops || packet->ip.later)
		return PROT_OK;
	if (packet->ip.rest < packet->ops->size)
		return packet->ip.first && packet->state->pf == NFPROTO_IPV6 ?
		       PROT_CUT : PROT_MALFORMED;
	header = skb_header_pointer(skb, packet->ip.offset, packet->ops->size,
				    buffer);
	if (!header)
		return PROT_MALFORMED;
	packet->ports.partial = packet->ip.first;
	return packet->ops->parse(header, packet->ip.rest, &packet->ports);
}

void packet_addresses(const struct packet *packet, union nf_inet_addr *local,
		      union nf_inet_addr *remote)
{
	bool out = packet_is_out(packet);
	union nf_inet_addr *source = out ? local : remote;
	union nf_inet_addr *destination = out ? remote : local;

	memset(local, 0, sizeof(*local));
	memset(remote, 0, sizeof(*remote));
	if (packet->state->pf == NFPROTO_IPV4) {
		source->ip = ip_hdr(packet->skb)->saddr;
		destination->ip = ip_hdr(packet->skb)->daddr;
	} else {
		source->in6 = ipv6_hdr(packet->skb)->saddr;
		destination->in6 = ipv6_hdr(packet->skb)->daddr;
	}
}

/* The flow, as glance_in() sees it in a packet that comes in. */
struct flow_key packet_flow(const struct packet *packet)
{
	const struct prot_ports *ports = &packet->ports;
	struct flow_key key = { .net = (unsigned long)packet->state->net };
	union nf_inet_addr local, remote;
	u16 far = 0;
	u32 both;

	packet_addresses(packet, &local, &remote);
	memcpy(key.local, &local, sizeof(key.local));
	if (flow_has_remote(packet->ip.number)) {
		memcpy(key.remote, &remote, sizeof(key.remote));
		far = packet_is_out(packet) ? ports->destination : ports->source;
	}
	if (ports->echo_request || ports->echo_reply)
		both = flow_ports(0, htons(ports->source));
	else
		both = flow_ports(htons(far),
				  htons(packet_is_out(packet) ?
					ports->source : ports->destination));
	key.kind = flow_kind(packet->state->pf, packet->ip.number, both);
	return key;
}

/* Both ends, whatever the protocol, the same for both directions. */
struct flow_key packet_ends(const struct packet *packet)
{
	const struct prot_ports *ports = &packet->ports;
	struct flow_key key = { .net = (unsigned long)packet->state->net };
	union nf_inet_addr local, remote;
	u16 near, far;

	packet_addresses(packet, &local, &remote);
	memcpy(key.local, &local, sizeof(key.local));
	memcpy(key.remote, &remote, sizeof(key.remote));
	near = packet_is_out(packet) ? ports->source : ports->destination;
	far = packet_is_out(packet) ? ports->destination : ports->source;
	/* One identifier for question and answer. */
	if (ports->echo_request || ports->echo_reply)
		near = far = ports->source;
	key.kind = flow_kind(packet->state->pf, packet->ip.number,
			     flow_ports(htons(far), htons(near)));
	return key;
}

/* The packet's socket, which is known, and the remote end. */
struct pair_key packet_pair(const struct packet *packet)
{
	const struct flow_key ends = packet_ends(packet);

	return (struct pair_key) {
		.cookie = packet->entry->cookie,
		.remote = { ends.remote[0], ends.remote[1] },
		.kind = ends.kind,
	};
}

/* The work of the benches as a plain C program does it. All functions return 0, or -1 if they cannot. */
#ifndef PEER_H
#define PEER_H

#include <pcap/pcap.h>
#include <stdint.h>

/* What was seen, so that it can be told whether all saw the same. */
struct tally {
	uint64_t packets, bytes, last;
};

/* A packet in memory. */
struct sample {
	const u_char *data;
	uint32_t length;
};

/* How packets are got. */
enum way { LOOP, NEXT_EX, COPIES };

static inline void add(struct tally *tally, uint32_t caplen, const u_char *data)
{
	tally->packets++;
	tally->bytes += caplen;
	if (caplen)
		tally->last += data[caplen - 1];
}

#endif

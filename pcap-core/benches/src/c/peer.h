/* The tasks of the benches in plain C. All functions return 0, or -1 on failure. */
#ifndef PEER_H
#define PEER_H

#include <pcap/pcap.h>
#include <stdint.h>

/* What a run read, to check that all peers read the same. */
struct tally {
	uint64_t packets, bytes, last;
};

/* A packet in memory. */
struct sample {
	const u_char *data;
	uint32_t length;
};

/* How packets are read. */
enum way { LOOP, NEXT_EX, COPIES };

static inline void add(struct tally *tally, uint32_t caplen, const u_char *data)
{
	tally->packets++;
	tally->bytes += caplen;
	if (caplen)
		tally->last += data[caplen - 1];
}

#endif

/* The tasks of the benches in plain C. All functions return 0, or -1 on failure. */
#ifndef PEER_H
#define PEER_H

#include <pcap/pcap.h>
#include <stdint.h>
#include <string.h>

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
enum way { LOOP, NEXT_EX, COPIES, BATCHES };

/* A batch: copies of packets, in memory that is used again. */
#define BATCH_PACKETS 1024
#define BATCH_BYTES (1 << 20)

struct batch {
	size_t packets, bytes;
	struct pcap_pkthdr headers[BATCH_PACKETS];
	u_char data[BATCH_BYTES];
};

static inline void add(struct tally *tally, uint32_t caplen, const u_char *data)
{
	tally->packets++;
	tally->bytes += caplen;
	if (caplen)
		tally->last += data[caplen - 1];
}

/* Whether another packet may not fit. */
static inline int is_full(const struct batch *batch)
{
	return batch->packets == BATCH_PACKETS || batch->bytes > BATCH_BYTES - 262144;
}

static inline void push(struct batch *batch, const struct pcap_pkthdr *header, const u_char *data)
{
	batch->headers[batch->packets++] = *header;
	memcpy(batch->data + batch->bytes, data, header->caplen);
	batch->bytes += header->caplen;
}

/* Tallies the packets of a batch, and empties it. */
static inline void add_batch(struct tally *tally, struct batch *batch)
{
	const u_char *data = batch->data;
	for (size_t i = 0; i < batch->packets; i++) {
		add(tally, batch->headers[i].caplen, data);
		data += batch->headers[i].caplen;
	}
	batch->packets = batch->bytes = 0;
}

#endif

/* Live captures. */
#include <stdlib.h>

#include "peer.h"

/* Opens a device; a buffer of 0 bytes is the default. Returns null on failure. */
pcap_t *peer_open(const char *device, int buffer)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_create(device, errbuf);
	if (!pcap)
		return NULL;
	pcap_set_snaplen(pcap, 262144);
	pcap_set_timeout(pcap, 100);
	if (buffer)
		pcap_set_buffer_size(pcap, buffer);
	if (pcap_activate(pcap) < 0) {
		pcap_close(pcap);
		return NULL;
	}
	return pcap;
}

void peer_close(pcap_t *pcap)
{
	pcap_close(pcap);
}

void peer_breakloop(pcap_t *pcap)
{
	pcap_breakloop(pcap);
}

struct reader {
	pcap_t *pcap;
	struct tally *tally;
	uint32_t mark;
};

static void count(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
	struct reader *reader = (struct reader *)user;
	if (header->caplen == reader->mark)
		pcap_breakloop(reader->pcap);
	else
		add(reader->tally, header->caplen, data);
}

/* Copies each packet into a batch. */
static int receive_batches(pcap_t *pcap, uint32_t mark, struct tally *tally)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int status;
	struct batch *batch = malloc(sizeof *batch);
	if (!batch)
		return -1;
	batch->packets = batch->bytes = 0;
	while ((status = pcap_next_ex(pcap, &header, &data)) >= 0) {
		if (status == 0)
			continue;
		if (header->caplen == mark)
			break;
		push(batch, header, data);
		if (is_full(batch))
			add_batch(tally, batch);
	}
	add_batch(tally, batch);
	free(batch);
	return status < 0 ? -1 : 0;
}

/* Reads until a packet of `mark` bytes arrives, or pcap_breakloop is called. */
int peer_receive(pcap_t *pcap, int way, uint32_t mark, struct tally *tally)
{
	struct reader reader = {pcap, tally, mark};
	struct pcap_pkthdr *header;
	const u_char *data;
	int status;
	if (way == BATCHES)
		return receive_batches(pcap, mark, tally);
	if (way == LOOP)
		return pcap_loop(pcap, -1, count, (u_char *)&reader) == PCAP_ERROR_BREAK ? 0 : -1;
	while ((status = pcap_next_ex(pcap, &header, &data)) >= 0) {
		if (status == 0)
			continue;
		if (header->caplen == mark)
			return 0;
		add(tally, header->caplen, data);
	}
	return -1;
}

/* Sends a packet that many times, one by one. */
int peer_inject(pcap_t *pcap, const u_char *data, size_t length, uint64_t times)
{
	for (; times; times--)
		if (pcap_inject(pcap, data, length) != (int)length)
			return -1;
	return 0;
}

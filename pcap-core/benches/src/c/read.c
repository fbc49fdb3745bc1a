/* Reading savefiles. */
#include <stdio.h>
#ifdef __GLIBC__
#include <stdio_ext.h>
#endif
#include <stdlib.h>
#include <string.h>

#include "peer.h"

static void count(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
	add((struct tally *)user, header->caplen, data);
}

static int next_ex(pcap_t *pcap, struct tally *tally)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int status;
	while ((status = pcap_next_ex(pcap, &header, &data)) == 1)
		add(tally, header->caplen, data);
	return status == PCAP_ERROR_BREAK ? 0 : -1;
}

/* With pcap_next_ex and a copy of each packet on the heap. */
static int copies(pcap_t *pcap, struct tally *tally)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int status;
	while ((status = pcap_next_ex(pcap, &header, &data)) == 1) {
		struct pcap_pkthdr *copy = malloc(sizeof *copy + header->caplen);
		if (!copy)
			return -1;
		*copy = *header;
		memcpy(copy + 1, data, header->caplen);
		add(tally, copy->caplen, (u_char *)(copy + 1));
		free(copy);
	}
	return status == PCAP_ERROR_BREAK ? 0 : -1;
}

/* With pcap_next_ex and a copy of each packet into a batch. */
static int batches(pcap_t *pcap, struct tally *tally)
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int status;
	struct batch *batch = malloc(sizeof *batch);
	if (!batch)
		return -1;
	batch->packets = batch->bytes = 0;
	while ((status = pcap_next_ex(pcap, &header, &data)) == 1) {
		push(batch, header, data);
		if (is_full(batch))
			add_batch(tally, batch);
	}
	add_batch(tally, batch);
	free(batch);
	return status == PCAP_ERROR_BREAK ? 0 : -1;
}

static int read_with(pcap_t *pcap, int way, const char *filter, struct tally *tally)
{
	struct bpf_program program;
	if (filter) {
		if (pcap_compile(pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) ||
		    pcap_setfilter(pcap, &program))
			return -1;
		pcap_freecode(&program);
	}
	switch (way) {
	case LOOP:
		return pcap_loop(pcap, -1, count, (u_char *)tally);
	case NEXT_EX:
		return next_ex(pcap, tally);
	case BATCHES:
		return batches(pcap, tally);
	default:
		return copies(pcap, tally);
	}
}

/* Tunes a stream for speed; the caller frees the buffer. */
static int tune(FILE *file, size_t size, char **buffer)
{
	/* glibc only uses the size together with a buffer. */
	*buffer = malloc(size);
	if (!*buffer || setvbuf(file, *buffer, _IOFBF, size))
		return -1;
#ifdef __GLIBC__
	__fsetlocking(file, FSETLOCKING_BYCALLER);
#endif
	return 0;
}

/* Reads a descriptor if the path is null. The filter may be null; with a buffer of 0 bytes stdio is not tuned. */
int peer_read(const char *path, int fd, int way, const char *filter, size_t size, struct tally *tally)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	char *buffer = NULL;
	FILE *file = path ? fopen(path, "rb") : fdopen(fd, "rb");
	int status = -1;
	if (!file || (size && tune(file, size, &buffer)))
		return -1;
	pcap_t *pcap = pcap_fopen_offline(file, errbuf);
	if (pcap) {
		status = read_with(pcap, way, filter, tally);
		pcap_close(pcap);
	}
	free(buffer);
	return status;
}

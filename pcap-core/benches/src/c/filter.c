/* Running filters over packets in memory. */
#include <stdlib.h>

#include "peer.h"

/* Compiles a filter for Ethernet; returns null on failure. */
struct bpf_program *peer_compile(const char *filter)
{
	struct bpf_program *program = malloc(sizeof *program);
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 262144);
	if (program && (!dead || pcap_compile(dead, program, filter, 1, PCAP_NETMASK_UNKNOWN))) {
		free(program);
		program = NULL;
	}
	if (dead)
		pcap_close(dead);
	return program;
}

void peer_freecode(struct bpf_program *program)
{
	pcap_freecode(program);
	free(program);
}

/* Tallies the samples that pass, in this many rounds. */
void peer_matches(const struct bpf_program *program, const struct sample *samples, size_t count,
		  uint64_t rounds, struct tally *tally)
{
	struct pcap_pkthdr header = {0};
	for (; rounds; rounds--) {
		for (size_t i = 0; i < count; i++) {
			header.caplen = header.len = samples[i].length;
			if (pcap_offline_filter(program, &header, samples[i].data))
				add(tally, samples[i].length, samples[i].data);
		}
	}
}

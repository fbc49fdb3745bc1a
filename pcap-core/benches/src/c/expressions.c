/* Running any filter over packets in memory, without anything else. */
#include <stdlib.h>

#include "peer.h"

/* Compiles a filter for Ethernet and a snaplen; returns null on failure. */
struct bpf_program *peer_compile_for(const char *filter, int snaplen)
{
	struct bpf_program *program = malloc(sizeof *program);
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, snaplen);
	if (program && (!dead || pcap_compile(dead, program, filter, 1, PCAP_NETMASK_UNKNOWN))) {
		free(program);
		program = NULL;
	}
	if (dead)
		pcap_close(dead);
	return program;
}

/* Counts the samples that pass, in this many rounds. */
uint64_t peer_count(const struct bpf_program *program, const struct sample *samples, size_t count,
		    uint64_t rounds)
{
	const struct bpf_insn *insns = program->bf_insns;
	uint64_t accepted = 0;
	for (; rounds; rounds--)
		for (size_t i = 0; i < count; i++)
			accepted += bpf_filter(insns, samples[i].data, samples[i].length, samples[i].length) != 0;
	return accepted;
}

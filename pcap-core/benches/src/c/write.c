/* Writing savefiles. */
#include "peer.h"

/* Writes the samples repeatedly, until that many packets are written. */
int peer_write(const char *path, const struct sample *samples, size_t count, uint64_t packets)
{
	pcap_t *dead = pcap_open_dead(DLT_EN10MB, 262144);
	pcap_dumper_t *dumper = dead ? pcap_dump_open(dead, path) : NULL;
	int status = -1;
	if (dumper) {
		for (uint64_t n = 0; n < packets; n++) {
			const struct sample *sample = &samples[n % count];
			struct pcap_pkthdr header = {
				.ts = {1700000000 + n / 1000000, n % 1000000},
				.caplen = sample->length,
				.len = sample->length,
			};
			pcap_dump((u_char *)dumper, &header, sample->data);
		}
		status = pcap_dump_flush(dumper);
		pcap_dump_close(dumper);
	}
	if (dead)
		pcap_close(dead);
	return status;
}

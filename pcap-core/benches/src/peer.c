/* The work of the benches as a plain C program does it. */
#include <pcap/pcap.h>

struct sum {
	unsigned long long packets, bytes;
};

static void count(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
	struct sum *sum = (struct sum *)user;
	sum->packets++;
	sum->bytes += header->caplen ? data[header->caplen - 1] : 0;
}

/* Reads a savefile with pcap_loop; -1 if it cannot. */
int peer_loop(const char *path, struct sum *sum)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, errbuf);
	if (!pcap)
		return -1;
	int status = pcap_loop(pcap, -1, count, (u_char *)sum);
	pcap_close(pcap);
	return status;
}

/* Reads a savefile with pcap_next_ex; -1 if it cannot. */
int peer_next_ex(const char *path, struct sum *sum)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *data;
	int status;
	pcap_t *pcap = pcap_open_offline(path, errbuf);
	if (!pcap)
		return -1;
	while ((status = pcap_next_ex(pcap, &header, &data)) == 1)
		count((u_char *)sum, header, data);
	pcap_close(pcap);
	return status == PCAP_ERROR_BREAK ? 0 : -1;
}

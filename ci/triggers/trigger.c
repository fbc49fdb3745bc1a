/*
 * Triggers one of libpcap's vulnerabilities, by its name: `trigger NAME FOLDER PORT`. ci/vulnerabilities runs it. The
 * folder holds the savefiles, and the port is that of the daemon.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <pcap/pcap.h>
#include <pcap/namedb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char error[PCAP_ERRBUF_SIZE];
static unsigned char packet[64];

/* Runs a program, which is on the heap with nothing after it, on the packet. */
static unsigned run(const struct bpf_insn *insns, unsigned count)
{
	struct pcap_pkthdr header = { .caplen = sizeof packet, .len = sizeof packet };
	struct bpf_program program = { count, malloc(count * sizeof *insns) };
	memcpy(program.bf_insns, insns, count * sizeof *insns);
	unsigned result = pcap_offline_filter(&program, &header, packet);
	free(program.bf_insns);
	return result;
}

#define INSNS(...) (struct bpf_insn[]){ __VA_ARGS__ }
#define RUN(...) run(INSNS(__VA_ARGS__), sizeof INSNS(__VA_ARGS__) / sizeof(struct bpf_insn))

/* Leaves numbers other than 0 where the next call has its variables. */
static void __attribute__((noinline)) dirty_stack(void)
{
	volatile unsigned char bytes[4096];
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = 0xa5;
}

static pcap_t *open_file(const char *folder, const char *name)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	pcap_t *pcap = pcap_open_offline(path, error);
	if (!pcap)
		puts(error);
	return pcap;
}

static void read_all(pcap_t *pcap)
{
	struct pcap_pkthdr *header;
	const unsigned char *data;
	while (pcap && pcap_next_ex(pcap, &header, &data) == 1) {
		unsigned sum = 0;
		for (unsigned i = 0; i < header->caplen; i++)
			sum += data[i];
		printf("%u bytes, sum %u\n", header->caplen, sum);
	}
}

static void activate(const char *device, int times)
{
	pcap_t *pcap = pcap_create(device, error);
	for (int i = 0; i < times; i++) {
		int status = pcap_activate(pcap);
		printf("activated: %d %s\n", status, pcap_geterr(pcap));
	}
	pcap_close(pcap);
}

static void protochain(void)
{
	struct bpf_program filter;
	struct pcap_pkthdr header = { .caplen = sizeof packet, .len = sizeof packet };
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	packet[12] = 8;
	packet[14] = 0x45;
	/* An authentication header, which follows itself. */
	packet[23] = packet[34] = 51;
	packet[35] = 3;
	if (pcap_compile(pcap, &filter, "ip protochain 6", 1, 0) == 0)
		printf("%u\n", pcap_offline_filter(&filter, &header, packet));
}

static void leak(void)
{
	int before = dup(0);
	close(before);
	pcap_close(pcap_create("lo", error));
	/* The lowest number that is free. */
	printf("%d descriptors leaked\n", dup(0) - before);
}

#ifdef REMOTE
static void open_remote(const char *port)
{
	char source[128];
	snprintf(source, sizeof source, "rpcap://127.0.0.1:%s/lo", port);
	pcap_t *pcap = pcap_open(source, 64, 0, 100, NULL, error);
	if (!pcap) {
		puts(error);
		return;
	}
	struct bpf_program all;
	if (pcap_compile(pcap, &all, "", 1, 0) == 0)
		pcap_setfilter(pcap, &all);
	read_all(pcap);
}
#endif

int main(int count, char **arguments)
{
	const char *name = count > 1 ? arguments[1] : "";
	const char *folder = count > 2 ? arguments[2] : ".";
	const char *port = count > 3 ? arguments[3] : "0";
	if (!strcmp(name, "breakloop-dead"))
		pcap_breakloop(pcap_open_dead(DLT_EN10MB, 65535));
	else if (!strcmp(name, "rfmon-savefile"))
		pcap_can_set_rfmon(open_file(folder, "ethernet.pcap"));
	else if (!strcmp(name, "ring-double-free"))
		activate("lo", 1);
	else if (!strcmp(name, "create-leak"))
		leak();
	else if (!strcmp(name, "activate-twice"))
		activate("none0", 2);
	else if (!strcmp(name, "CVE-2025-11961"))
		free(pcap_ether_aton(strdup("0:0:0:0:0:0:0")));
	else if (!strcmp(name, "CVE-2026-0799"))
		RUN(BPF_STMT(BPF_LD | BPF_MEM, 1 << 28), BPF_STMT(BPF_RET | BPF_A, 0));
	else if (!strcmp(name, "CVE-2026-31912"))
		RUN(BPF_STMT(BPF_LD | BPF_IMM, 1));
	else if (!strcmp(name, "CVE-2026-31911"))
		RUN(BPF_STMT(0xffff, 0), BPF_STMT(BPF_RET | BPF_K, 0));
	else if (!strcmp(name, "CVE-2026-6244"))
		RUN(BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0), BPF_STMT(BPF_RET | BPF_K, 0));
	else if (!strcmp(name, "CVE-2026-6554"))
		protochain();
	else if (!strcmp(name, "filter-shift"))
		RUN(BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 32), BPF_STMT(BPF_RET | BPF_K, 0));
	else if (!strcmp(name, "filter-memory")) {
		dirty_stack();
		unsigned seen = 0;
		for (unsigned cell = 0; cell < BPF_MEMWORDS; cell++) {
			dirty_stack();
			seen |= RUN(BPF_STMT(BPF_LD | BPF_MEM, cell), BPF_STMT(BPF_RET | BPF_A, 0));
		}
		printf(seen ? "bytes of the stack: %x\n" : "zeroed\n", seen);
	} else if (!strcmp(name, "usb-misaligned"))
		read_all(open_file(folder, "usb.pcapng"));
#ifdef REMOTE
	else if (!strcmp(name, "CVE-2024-8006")) {
		pcap_if_t *devices;
		pcap_findalldevs_ex("file:///nonexistent", NULL, &devices, error);
	} else if (!strcmp(name, "CVE-2023-7256") || !strcmp(name, "CVE-2026-18238"))
		open_remote(port);
#endif
	else {
		printf("no such vulnerability: %s\n", name);
		return 2;
	}
	puts("done");
	return 0;
}

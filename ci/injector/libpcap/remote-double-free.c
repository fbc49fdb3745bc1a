/*
 * The first read of a remote capture frees a list of addresses twice if memory is exhausted.
 *
 *     rpcapd -n -4 -b 127.0.0.1 -p 2002 &
 *     cc -o remote-double-free remote-double-free.c -lpcap && ./remote-double-free
 *
 * Expected: "pcap_next_ex returned -1". Observed: glibc reports a double free, and aborts.
 */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <pcap/pcap.h>
#include <stdio.h>

static int exhausted;

/* Has no memory for the address of the daemon's port, and then has memory again. */
int getaddrinfo(const char *host, const char *port, const struct addrinfo *hints, struct addrinfo **list) {
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
    if (exhausted && host && port) {
        exhausted = 0;
        return EAI_MEMORY;
    }
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    return real(host, port, hints, list);
}

int main(void) {
    char error[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_open("rpcap://127.0.0.1:2002/lo", 65535, 0, 100, NULL, error);
    if (pcap == NULL) {
        printf("pcap_open: %s\n", error);
        return 1;
    }
    struct bpf_program program;
    if (pcap_compile(pcap, &program, "", 1, PCAP_NETMASK_UNKNOWN) != 0 || pcap_setfilter(pcap, &program) != 0) {
        pcap_perror(pcap, "filter");
        return 1;
    }
    struct pcap_pkthdr *header;
    const u_char *data;
    exhausted = 1;
    int status = pcap_next_ex(pcap, &header, &data);
    printf("pcap_next_ex returned %d: %s\n", status, pcap_geterr(pcap));
    return 0;
}

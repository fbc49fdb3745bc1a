/*
 * pcap_close() of 1.10.4 and older leaks a descriptor if the handle was not activated.
 *
 *     cc -o close-leaks close-leaks.c -lpcap && ./close-leaks
 *
 * Expected: the same number twice. Observed: the second one is higher by 100.
 */

#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <unistd.h>

static int next_descriptor(void) {
    int fd = open("/dev/null", O_RDONLY);
    close(fd);
    return fd;
}

int main(void) {
    char errbuf[PCAP_ERRBUF_SIZE];
    printf("%d\n", next_descriptor());
    for (int i = 0; i < 100; i++)
        pcap_close(pcap_create("lo", errbuf));
    printf("%d\n", next_descriptor());
    return 0;
}

/*
 * pcap_activate() of some versions returns 0, and an Ethernet device has the link type NULL, if libpcap cannot allocate
 * the name of a file in /sys. As root, in a network namespace with a veth device:
 *
 *     cc -o activate activate-without-link-type.c -lpcap
 *     unshare -n sh -c 'ip link add left type veth peer name right; ip link set left up; ./activate'
 *
 * Expected: "status -1". Observed: "status 0, link type 0"; that of Ethernet is 1.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <pcap/pcap.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Fails like asprintf(3) without memory, for this one file. libpcap calls this function because it is fortified. */
int __asprintf_chk(char **text, int flag, const char *format, ...) {
    (void)flag;
    if (strstr(format, "/dsa/tagging")) {
        errno = ENOMEM;
        return -1;
    }
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(text, format, arguments);
    va_end(arguments);
    return length;
}

int main(void) {
    char errbuf[PCAP_ERRBUF_SIZE];
    pcap_t *pcap = pcap_create("left", errbuf);
    int status = pcap_activate(pcap);
    printf("status %d, link type %d: %s\n", status, status < 0 ? -1 : pcap_datalink(pcap), pcap_geterr(pcap));
    return 0;
}

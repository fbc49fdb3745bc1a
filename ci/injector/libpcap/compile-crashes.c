/*
 * pcap_compile() of 1.10.4 and older uses a scanner that could not be allocated.
 *
 *     cc -o compile-crashes compile-crashes.c -lpcap && ./compile-crashes; echo $?
 *
 * Expected: "pcap_compile returned -1". Observed: a segmentation fault.
 */

#include <pcap/pcap.h>
#include <stdio.h>

#include "failing-malloc.h"

int main(void) {
    pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
    struct bpf_program program;
    fail_next(152); /* struct yyguts_t */
    int status = pcap_compile(pcap, &program, "udp", 1, PCAP_NETMASK_UNKNOWN);
    printf("pcap_compile returned %d: %s\n", status, pcap_geterr(pcap));
    return 0;
}

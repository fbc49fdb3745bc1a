/*
 * pcap_compile() ends the process if its scanner is out of memory.
 *
 *     cc -o compile-exits compile-exits.c -lpcap && ./compile-exits; echo $?
 *
 * Expected: "pcap_compile returned -1". Observed: "out of dynamic memory in yy_scan_buffer()", and status 2.
 */

#include <pcap/pcap.h>
#include <stdio.h>

#include "failing-malloc.h"

int main(void) {
    pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
    struct bpf_program program;
    fail_next(64); /* struct yy_buffer_state */
    int status = pcap_compile(pcap, &program, "udp", 1, PCAP_NETMASK_UNKNOWN);
    printf("pcap_compile returned %d: %s\n", status, pcap_geterr(pcap));
    return 0;
}

/* C code beside Rust's, with the same headers and the same library. */

#include <pcap/pcap.h>

unsigned long size_in_c(void)
{
    return sizeof(struct pcap_pkthdr);
}

const char *version_in_c(void)
{
    return pcap_lib_version();
}

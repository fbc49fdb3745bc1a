/* What bindgen reads. <pcap/pcap.h> brings <pcap/bpf.h> and <pcap/dlt.h>. */
#include <pcap/pcap.h>
#include <pcap/namedb.h>

/* The input of bindgen. <pcap/pcap.h> includes <pcap/bpf.h> and <pcap/dlt.h>. */
#include <pcap/pcap.h>
#include <pcap/namedb.h>

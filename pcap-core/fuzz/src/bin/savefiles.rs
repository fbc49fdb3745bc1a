//! Searches for savefiles that captures read otherwise than libpcap.
#![cfg_attr(fuzzing, no_main)]

pcap_fuzz::target!(savefiles);

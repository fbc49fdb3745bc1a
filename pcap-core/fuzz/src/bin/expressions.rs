//! Searches for filter expressions that are compiled otherwise than by libpcap.
#![cfg_attr(fuzzing, no_main)]

pcap_fuzz::target!(expressions);

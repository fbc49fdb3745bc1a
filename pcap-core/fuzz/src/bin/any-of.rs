//! Searches for lists of endpoints whose filter decides otherwise than libpcap's.
#![cfg_attr(fuzzing, no_main)]

pcap_fuzz::target!(any_of);

//! Searches for source strings that are parsed otherwise than by libpcap, or printed wrongly.
#![cfg_attr(fuzzing, no_main)]

pcap_fuzz::target!(sources);

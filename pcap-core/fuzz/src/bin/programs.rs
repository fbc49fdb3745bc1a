//! Searches for filter programs that are checked or run otherwise than by libpcap.
#![cfg_attr(fuzzing, no_main)]

pcap_fuzz::target!(programs);

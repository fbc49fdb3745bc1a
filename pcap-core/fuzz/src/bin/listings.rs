//! Searches for printed filter programs that are parsed or printed wrongly.
#![cfg_attr(fuzzing, no_main)]

pcap_fuzz::target!(listings);

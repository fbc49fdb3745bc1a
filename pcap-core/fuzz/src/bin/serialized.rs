//! Searches for serialized data that is accepted but unsound, or changes when it is serialized again.
#![cfg_attr(fuzzing, no_main)]

pcap_fuzz::target!(serialized);

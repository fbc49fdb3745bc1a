//! Searches for sections, interfaces, packets and edits that the dumper writes wrongly.
#![cfg_attr(fuzzing, no_main)]

pcap_fuzz::target!(pcapng_write);

//! Searches for pcapng files that the block reader reads wrongly.
#![cfg_attr(fuzzing, no_main)]

pcap_fuzz::target!(pcapng_read);

//! Searches for sequences of reads, filters, breaks and panics that lose, repeat or reorder packets.
#![cfg_attr(fuzzing, no_main)]

pcap_fuzz::target!(sequences);

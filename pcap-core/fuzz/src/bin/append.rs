//! Searches for files to which appending destroys something.
#![cfg_attr(fuzzing, no_main)]

pcap_fuzz::target!(append);

//! Searches for changes of a savefile while it is read that lose packets or hide that it was truncated.
#![cfg_attr(fuzzing, no_main)]

pcap_fuzz::target!(changing);

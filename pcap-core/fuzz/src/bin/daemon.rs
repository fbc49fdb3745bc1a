//! Searches for replies of a daemon that crash a remote capture.
#![cfg_attr(fuzzing, no_main)]

pcap_fuzz::target!(daemon);

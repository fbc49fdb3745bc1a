//! `pcap-recode` on pcapng savefiles.

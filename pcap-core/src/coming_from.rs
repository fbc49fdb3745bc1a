//! Guides for users of other bindings: the counterpart of each call in this crate, and the differences.

#[doc = include_str!("../docs/coming-from/gopacket.md")]
pub mod gopacket {}
#[doc = include_str!("../docs/coming-from/pcap.md")]
pub mod pcap {}
#[doc = include_str!("../docs/coming-from/pcap-lua.md")]
pub mod pcap_lua {}
#[doc = include_str!("../docs/coming-from/pcapy.md")]
pub mod pcapy {}
#[doc = include_str!("../docs/coming-from/plokami.md")]
pub mod plokami {}

//! Changes addresses, ports, VLAN tags, lengths and checksums of packets, and anonymizes them.
//!
//! A [`Rewriter`] applies [`Rules`] to one packet after the other. It walks through the headers in place, and updates
//! each checksum by what has changed in the bytes that it covers (RFC 1624). So it needs no byte that was not captured.

mod anonymization_key;
mod checksum;
mod control_messages;
mod crc32c;
mod crypto_pan;
mod editor;
mod ip_headers;
mod ip_network;
mod ip_rule;
mod link_headers;
mod mac_anonymizer;
mod mac_rule;
mod port_rule;
mod rewriter;
mod rules;
mod sctp;
mod side;
#[cfg(test)]
mod tests;
mod transport_headers;
mod ttl_rule;
mod vlan;
mod walk;

pub use anonymization_key::AnonymizationKey;
pub use ip_network::IpNetwork;
pub use ip_rule::IpRule;
pub use mac_rule::MacRule;
pub use port_rule::PortRule;
pub use rewriter::Rewriter;
pub use rules::{Anonymizer, LengthRepair, PayloadRule, Rules};
pub use side::{Side, SideRules};
pub use ttl_rule::TtlRule;
pub use vlan::{VlanRemoval, VlanRule, VlanTag};

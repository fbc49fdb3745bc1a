//! What to change in packets.

use std::net::IpAddr;

use pcap_core::MacAddr;

use super::anonymization_key::AnonymizationKey;
use super::crypto_pan::CryptoPan;
use super::ip_network::IpNetwork;
use super::ip_rule::IpRule;
use super::mac_anonymizer::MacAnonymizer;
use super::mac_rule::MacRule;
use super::port_rule::PortRule;
use super::side::{Side, SideRules};
use super::ttl_rule::TtlRule;
use super::vlan::{VlanRemoval, VlanRule, VlanTag};

/// What to change in packets. The default changes nothing.
#[derive(Debug, Default)]
pub struct Rules {
    /// Rules for MAC addresses.
    pub macs: SideRules<MacRule>,
    /// How many VLAN tags to remove.
    pub vlan_removal: Option<VlanRemoval>,
    /// Rules for VLAN tags.
    pub vlans: Vec<VlanRule>,
    /// The VLAN tags to add, the outermost first.
    pub added_vlans: Vec<VlanTag>,
    /// Rules for IP addresses.
    pub ips: SideRules<IpRule>,
    /// Rules for ports.
    pub ports: SideRules<PortRule>,
    /// The rule for the time to live.
    pub ttl: Option<TtlRule>,
    /// How to repair lengths.
    pub lengths: Option<LengthRepair>,
    /// Whether to compute checksums anew.
    pub fix_checksums: bool,
    /// What becomes of the payload.
    pub payload: Option<PayloadRule>,
    /// Anonymizes the addresses that no rule concerns.
    pub anonymizer: Option<Anonymizer>,
}

/// How to repair the lengths of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LengthRepair {
    /// Truncated packets become whole ones of the length that was captured.
    Truncate,
    /// Truncated packets get zeros in place of the missing bytes.
    Pad,
}

/// What becomes of the payload of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadRule {
    /// Packets are truncated before it.
    Cut,
    /// Its bytes become zeros.
    Zero,
}

impl Rules {
    /// Returns whether a rule concerns VLAN tags.
    #[must_use]
    pub fn has_vlans(&self) -> bool {
        self.vlan_removal.is_some() || !self.vlans.is_empty() || !self.added_vlans.is_empty()
    }

    /// Returns whether the packets of all rules stay the same.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.has_vlans()
            && self.macs.is_empty()
            && self.ips.is_empty()
            && self.ports.is_empty()
            && self.ttl.is_none()
            && self.lengths.is_none()
            && !self.fix_checksums
            && self.payload.is_none()
            && self.anonymizer.is_none()
    }

    /// Returns what replaces a MAC address.
    pub(super) fn mac(&mut self, side: Side, mac: MacAddr, is_outermost: bool) -> MacAddr {
        let found = self.macs.find(side, |rule| rule.apply(mac, is_outermost));
        found.unwrap_or_else(|| match &mut self.anonymizer {
            Some(anonymizer) => anonymizer.macs.anonymize(mac),
            None => mac,
        })
    }

    /// Returns what replaces an IP address.
    pub(super) fn ip(&mut self, side: Side, address: IpAddr) -> IpAddr {
        let found = self.ips.find(side, |rule| rule.apply(address));
        found.unwrap_or_else(|| match &mut self.anonymizer {
            Some(anonymizer) => anonymizer.ip(address),
            None => address,
        })
    }

    /// Returns what replaces a port.
    pub(super) fn port(&self, side: Side, port: u16) -> u16 {
        let found = self.ports.find(side, |rule| rule.apply(port));
        found.unwrap_or(port)
    }
}

/// Anonymizes addresses.
pub struct Anonymizer {
    macs: MacAnonymizer,
    ips: CryptoPan,
    /// The networks whose addresses stay the same.
    kept: Vec<IpNetwork>,
}

impl Anonymizer {
    /// Creates an anonymizer that keeps the addresses of some networks and, if `keeps_oui`, the manufacturers of MAC
    /// addresses.
    #[must_use]
    pub fn new(key: &AnonymizationKey, kept: Vec<IpNetwork>, keeps_oui: bool) -> Anonymizer {
        Anonymizer {
            macs: MacAnonymizer::new(key, keeps_oui),
            ips: CryptoPan::new(key),
            kept,
        }
    }

    /// Returns what replaces a link-layer address that is no MAC address.
    pub(super) fn link_address(&self, address: &[u8]) -> Vec<u8> {
        self.macs.anonymize_other(address)
    }

    fn ip(&mut self, address: IpAddr) -> IpAddr {
        if self.kept.iter().any(|network| network.contains(address)) {
            return address;
        }
        self.ips.anonymize(address)
    }
}

/// Shows nothing of the key.
impl std::fmt::Debug for Anonymizer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Anonymizer").finish_non_exhaustive()
    }
}

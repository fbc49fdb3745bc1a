//! The options that change packets.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use crate::exit::Outcome;
use crate::rewrite::{
    AnonymizationKey, Anonymizer, IpNetwork, IpRule, LengthRepair, MacRule, PayloadRule, PortRule,
    Rewriter, Rules, SideRules, TtlRule, VlanRemoval, VlanRule, VlanTag,
};

/// The part of `--help` that explains the options.
pub const HELP: &str = "\
Rules:
  Addresses, ports and tags are changed in headers of all levels: inside VLAN
  tags, MPLS, PPPoE, IP in IP, GRE, VXLAN and Geneve, and in the packets that
  ICMP errors quote. MAC addresses are also changed in ARP, neighbor
  discovery and spanning trees, IP addresses in ARP, in the options and
  extension headers of IP, in ICMP, neighbor discovery, IGMP, MLD, Mobile
  IPv6, Multipath TCP, SCTP, PPP and Cisco HDLC. --vlan-add, --vlan-remove, --ttl,
  and without OLD --src-mac, --dst-mac and --vlan, concern only the outermost
  header. If several rules fit, those for one side come first, then those that
  are first on the command line. Lengths are repaired first, then tags
  removed, addresses and the rest changed, tags added and payloads cut.

  The checksums of IPv4, TCP, UDP, UDP-Lite, DCCP, ICMP, ICMPv6, IGMP, GRE,
  OSPFv3, PIM and VRRP change as the bytes that they cover do, even in
  truncated packets and fragments. So a correct checksum stays correct, and a
  wrong one stays wrong, such as one that a network card was to fill in. A
  zero checksum of UDP stays zero. That of SCTP stays correct if all bytes are
  there. With --payload zero, those of fragments become wrong. --fix-checksums
  computes checksums anew if all bytes are there, except in quoted packets,
  and those of OSPFv3, PIM and VRRP; over IPv6, where UDP needs a checksum,
  also a zero one, except of tunnels. The frame check sequence of Ethernet and
  the integrity checks of IPsec do not change.

  --fix-lengths gives packets the length on the wire that they have in the
  savefile: with `truncate`, missing bytes are forgotten; with `pad`, they
  become zeros. If the length in the header of IP, UDP or PPPoE is 0 or
  exceeds the packet, it becomes the length of what is there. --fix-checksums
  then makes packets valid.

Anonymizing:
  --anonymize replaces IP addresses with Crypto-PAn: two addresses that begin
  with the same n bits still do. The same key gives the same addresses, in
  other savefiles and in other programs that know Crypto-PAn. MAC addresses
  become locally administered ones; broadcasts remain. Link-layer addresses of
  other lengths are replaced as well. KEYFILE has 32 bytes or 64 hexadecimal
  digits; --new-key creates it. Anyone who has the key can
  undo it. Addresses that
  the options for addresses replace are not anonymized. Truncated addresses
  are anonymized as far as they go. Parts of headers that may have addresses
  in an unknown form become zeros: unknown options of IP and of neighbor
  discovery, unknown kinds of routes, unknown messages of IGMP, the options of
  Geneve, the cookies and heartbeats of SCTP, and the extensions of ICMP
  errors that name interfaces.

  What is not hidden: the payload, and in it names (DNS, TLS, HTTP), addresses
  (DHCP, FTP, SIP, OSPF, PIM, VRRP, BGP, LLDP, LACP) and unknown tunnels (GTP,
  L2TP, Teredo, Ethernet over MPLS), unless --payload removes it; and times,
  lengths, ports, TTLs, VLAN numbers and TCP options, from which systems and
  people may be recognized. A well-known address, such as 224.0.0.251, reveals
  the first bits of the addresses that share them. --keep-network 224.0.0.0/4
  keeps multicast addresses readable. In pcapng, comments, names, secrets,
  filters, descriptions and addresses of interfaces, the capturing system, and
  blocks and options of other programs are removed.";

/// The options that change packets.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Rewriting")]
pub struct RewriteOptions {
    /// Replace a MAC address (can be repeated, as all options with OLD)
    #[arg(long, value_name = "OLD=NEW", value_parser = MacRule::parse)]
    mac: Vec<MacRule>,
    /// Replace the source of frames, or OLD if it is the source
    #[arg(long, value_name = "[OLD=]NEW", value_parser = MacRule::parse_any)]
    src_mac: Vec<MacRule>,
    /// Replace the destination of frames, or OLD if it is the destination
    #[arg(long, value_name = "[OLD=]NEW", value_parser = MacRule::parse_any)]
    dst_mac: Vec<MacRule>,
    /// Add a VLAN tag: a number, and if needed `,priority=0-7`, `,dei=1`, `,type=0x88a8`; repeat the
    /// option for further tags, the outermost first
    #[arg(long, value_name = "TAG", value_parser = VlanTag::parse)]
    vlan_add: Vec<VlanTag>,
    /// Change the outermost VLAN tag, or the tags numbered OLD
    #[arg(long, value_name = "[OLD=]TAG", value_parser = VlanRule::parse)]
    vlan: Vec<VlanRule>,
    /// Remove the outermost VLAN tag, or this number of them
    #[arg(long, value_name = "N|all", num_args = 0..=1, default_missing_value = "1", require_equals = true,
        value_parser = VlanRemoval::parse)]
    vlan_remove: Option<VlanRemoval>,
    /// Replace an IP address, or those of a network: OLD and NEW are addresses or networks of the
    /// same length, as in 10.0.0.0/8=20.0.0.0/8
    #[arg(long, value_name = "OLD=NEW", value_parser = IpRule::parse)]
    ip: Vec<IpRule>,
    /// Replace a source address
    #[arg(long, value_name = "OLD=NEW", value_parser = IpRule::parse)]
    src_ip: Vec<IpRule>,
    /// Replace a destination address
    #[arg(long, value_name = "OLD=NEW", value_parser = IpRule::parse)]
    dst_ip: Vec<IpRule>,
    /// Replace a port of TCP, UDP, SCTP, DCCP and UDP-Lite, or those of a range, as in 8000-8010=80
    #[arg(long, value_name = "OLD=NEW", value_parser = PortRule::parse)]
    port: Vec<PortRule>,
    /// Replace a source port
    #[arg(long, value_name = "OLD=NEW", value_parser = PortRule::parse)]
    src_port: Vec<PortRule>,
    /// Replace a destination port
    #[arg(long, value_name = "OLD=NEW", value_parser = PortRule::parse)]
    dst_port: Vec<PortRule>,
    /// Set the TTL or hop limit to N, or add N if it has a sign
    #[arg(long, value_name = "N", value_parser = TtlRule::parse, allow_hyphen_values = true)]
    ttl: Option<TtlRule>,
    /// Repair the lengths of truncated and of wrong packets
    #[arg(long, value_name = "HOW")]
    fix_lengths: Option<FixLengths>,
    /// Compute checksums anew if all bytes are there
    #[arg(long)]
    fix_checksums: bool,
    /// Truncate packets before the payload, or zero the payload
    #[arg(long, value_name = "ACTION")]
    payload: Option<PayloadAction>,
    /// Anonymize addresses, and remove other data about people and systems from pcapng
    #[arg(long, value_name = "KEYFILE")]
    anonymize: Option<PathBuf>,
    /// Create KEYFILE with a random key
    #[arg(long, requires = "anonymize")]
    new_key: bool,
    /// Do not anonymize the IP addresses of this network
    #[arg(long, value_name = "NETWORK", requires = "anonymize", value_parser = IpNetwork::parse)]
    keep_network: Vec<IpNetwork>,
    /// Keep the first three bytes of MAC addresses, which name the manufacturer
    #[arg(long, requires = "anonymize")]
    keep_oui: bool,
}

/// How to repair lengths.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum FixLengths {
    Truncate,
    Pad,
}

/// What becomes of the payload.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum PayloadAction {
    Cut,
    Zero,
}

impl RewriteOptions {
    /// Returns what changes packets, or `None` without any of the options.
    ///
    /// # Errors
    ///
    /// Returns an error if the key of an anonymization cannot be read or created.
    pub fn rewriter(&self) -> Outcome<Option<Rewriter>> {
        let anonymizer = match &self.anonymize {
            None => None,
            Some(path) => {
                let key = match self.new_key {
                    true => AnonymizationKey::create(path)?,
                    false => AnonymizationKey::read(path)?,
                };
                let kept = self.keep_network.clone();
                Some(Anonymizer::new(&key, kept, self.keep_oui))
            }
        };
        let rules = Rules {
            macs: rules(&self.src_mac, &self.dst_mac, &self.mac),
            vlan_removal: self.vlan_remove,
            vlans: self.vlan.clone(),
            added_vlans: self.vlan_add.clone(),
            ips: rules(&self.src_ip, &self.dst_ip, &self.ip),
            ports: rules(&self.src_port, &self.dst_port, &self.port),
            ttl: self.ttl,
            lengths: self.fix_lengths.map(|how| match how {
                FixLengths::Truncate => LengthRepair::Truncate,
                FixLengths::Pad => LengthRepair::Pad,
            }),
            fix_checksums: self.fix_checksums,
            payload: self.payload.map(|action| match action {
                PayloadAction::Cut => PayloadRule::Cut,
                PayloadAction::Zero => PayloadRule::Zero,
            }),
            anonymizer,
        };
        Ok((!rules.is_empty()).then(|| Rewriter::new(rules)))
    }

    /// Returns whether addresses are anonymized.
    #[must_use]
    pub fn anonymizes(&self) -> bool {
        self.anonymize.is_some()
    }

    /// Returns whether packets are truncated before the payload.
    #[must_use]
    pub fn cuts_payload(&self) -> bool {
        matches!(self.payload, Some(PayloadAction::Cut))
    }

    /// Returns the file of the key of an anonymization.
    #[must_use]
    pub fn key_path(&self) -> Option<&Path> {
        self.anonymize.as_deref()
    }
}

fn rules<R: Clone>(source: &[R], destination: &[R], both: &[R]) -> SideRules<R> {
    SideRules {
        source: source.to_vec(),
        destination: destination.to_vec(),
        both: both.to_vec(),
    }
}

//! The flags of a packet.

use std::fmt;

/// The flags of a packet in a pcapng file (`epb_flags`).
///
/// # Examples
///
/// ```
/// use pcap_core::pcapng::{PacketFlags, Reception};
///
/// let flags = PacketFlags::from_bits(0b1_0010); // sent, and promiscuous
/// assert_eq!(flags.reception(), Some(Reception::Promiscuous));
/// assert!(flags.is_outbound() && !flags.is_inbound());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PacketFlags(u32);

/// How a packet was addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reception {
    /// To one host.
    Unicast,
    /// To a group.
    Multicast,
    /// To all hosts.
    Broadcast,
    /// To another host; it was captured because the interface was in promiscuous mode.
    Promiscuous,
}

impl Reception {
    /// Returns the lower-case name, such as `multicast`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Reception::Unicast => "unicast",
            Reception::Multicast => "multicast",
            Reception::Broadcast => "broadcast",
            Reception::Promiscuous => "promiscuous",
        }
    }
}

impl fmt::Display for Reception {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The names of the link-layer errors, from bit 24.
const ERRORS: [&str; 8] = [
    "crc",
    "packet too long",
    "packet too short",
    "wrong inter-frame gap",
    "unaligned frame",
    "start frame delimiter",
    "preamble",
    "symbol",
];

impl PacketFlags {
    /// Creates flags from the 32 bits of the option.
    #[must_use]
    pub const fn from_bits(bits: u32) -> PacketFlags {
        PacketFlags(bits)
    }

    /// Returns the 32 bits of the option.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Returns whether the packet was received.
    #[must_use]
    pub const fn is_inbound(self) -> bool {
        self.0 & 3 == 1
    }

    /// Returns whether the packet was sent.
    #[must_use]
    pub const fn is_outbound(self) -> bool {
        self.0 & 3 == 2
    }

    /// Returns how the packet was addressed, if the file says so.
    #[must_use]
    pub const fn reception(self) -> Option<Reception> {
        match self.0 >> 2 & 7 {
            1 => Some(Reception::Unicast),
            2 => Some(Reception::Multicast),
            3 => Some(Reception::Broadcast),
            4 => Some(Reception::Promiscuous),
            _ => None,
        }
    }

    /// Returns the length of the frame check sequence at the end of the packet in bytes, if the file states it. It
    /// takes precedence over that of the interface.
    #[must_use]
    pub const fn fcs_len(self) -> Option<u8> {
        match (self.0 >> 5 & 0xf) as u8 {
            0 => None,
            bytes => Some(bytes),
        }
    }

    /// Returns whether the checksum of the packet was left to the hardware and is not in the packet.
    #[must_use]
    pub const fn is_checksum_not_ready(self) -> bool {
        self.0 & 1 << 9 != 0
    }

    /// Returns whether the hardware has validated the checksum.
    #[must_use]
    pub const fn is_checksum_valid(self) -> bool {
        self.0 & 1 << 10 != 0
    }

    /// Returns whether the hardware was to split the packet into segments of TCP.
    #[must_use]
    pub const fn is_segmentation_offloaded(self) -> bool {
        self.0 & 1 << 11 != 0
    }

    /// Returns the names of the errors of the link layer, such as `crc` or `packet too short`.
    #[inline]
    pub fn link_errors(self) -> impl Iterator<Item = &'static str> {
        let bits = self.0 >> 24;
        let errors = ERRORS.iter().enumerate();
        errors.filter_map(move |(bit, name)| (bits & 1 << bit != 0).then_some(*name))
    }
}

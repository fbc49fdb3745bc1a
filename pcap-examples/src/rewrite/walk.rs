//! Walks through the headers of a packet, from the outermost to the innermost, and changes them.

use std::net::IpAddr;

use pcap_core::{Dlt, MacAddr};

use super::checksum;
use super::editor::Editor;
use super::rules::{LengthRepair, PayloadRule, Rules};
use super::side::Side;

/// The maximum depth of nested headers. The limit keeps a packet from exhausting the stack.
const MAX_DEPTH: u32 = 32;

/// A walk through the headers of one packet.
///
/// The methods for each header get the offset at which it begins and the one at which the header around it says that
/// it ends. Both are at most the length of the captured data.
pub(super) struct Walk<'a> {
    pub(super) rules: &'a mut Rules,
    pub(super) editor: &'a mut Editor,
    /// Whether no byte of the packet is missing.
    pub(super) is_whole: bool,
    /// Whether the headers are those of a packet inside an error message.
    pub(super) is_quoted: bool,
    /// Whether there was no Ethernet header, no VLAN tag and no IP header yet.
    pub(super) is_first_frame: bool,
    pub(super) is_first_tag: bool,
    pub(super) is_first_ip: bool,
    depth: u32,
    /// Where the payload begins: the bytes after the last known header.
    pub(super) payload: usize,
}

/// An address that may have been replaced.
#[derive(Clone, Copy, Default)]
pub(super) struct Address {
    /// The sum of its 16-bit numbers.
    pub(super) sum: u64,
    /// By how much the sum has changed.
    pub(super) difference: u16,
}

/// Returns whether packets of a link type can be changed.
pub(super) fn supports(dlt: Dlt) -> bool {
    matches!(
        dlt,
        Dlt::EN10MB
            | Dlt::RAW
            | Dlt::IPV4
            | Dlt::IPV6
            | Dlt::NULL
            | Dlt::LOOP
            | Dlt::LINUX_SLL
            | Dlt::LINUX_SLL2
            | Dlt::PPP
            | Dlt::PPP_SERIAL
            | Dlt::PPP_ETHER
            | Dlt::C_HDLC
            | Dlt::MPLS
    )
}

impl<'a> Walk<'a> {
    pub(super) fn new(rules: &'a mut Rules, editor: &'a mut Editor, is_whole: bool) -> Walk<'a> {
        Walk {
            rules,
            editor,
            is_whole,
            is_quoted: false,
            is_first_frame: true,
            is_first_tag: true,
            is_first_ip: true,
            depth: 0,
            payload: 0,
        }
    }

    /// Changes a packet of this link type. Returns where its payload begins.
    pub(super) fn packet(mut self, dlt: Dlt) -> usize {
        let end = self.editor.data().len();
        match dlt {
            Dlt::EN10MB => self.ethernet(0, end),
            Dlt::NULL | Dlt::LOOP => self.null(end),
            Dlt::LINUX_SLL => self.cooked(end),
            Dlt::LINUX_SLL2 => self.cooked2(end),
            Dlt::PPP | Dlt::PPP_SERIAL => self.ppp(0, end),
            Dlt::PPP_ETHER => self.pppoe(0, end),
            Dlt::C_HDLC => self.cisco_hdlc(end),
            Dlt::MPLS => self.mpls(0, end),
            _ => self.ip(0, end),
        }
        self.payload.min(end)
    }

    /// Enters another header. Returns whether there may be one at this depth. If not, the walk is over.
    pub(super) fn descend(&mut self, at: usize) -> bool {
        self.depth += 1;
        let may_descend = self.depth <= MAX_DEPTH;
        if !may_descend {
            self.hide(at, usize::MAX);
            self.payload(at.min(self.editor.data().len()));
        }
        may_descend
    }

    /// Replaces bytes that may be addresses with zeros if addresses are anonymized.
    pub(super) fn hide(&mut self, start: usize, end: usize) {
        if self.rules.anonymizer.is_some() {
            self.editor.zero(start, end);
        }
    }

    /// Ends the walk at the payload.
    pub(super) fn payload(&mut self, at: usize) {
        self.payload = at;
        if self.rules.payload == Some(PayloadRule::Zero) {
            self.editor.zero(at, usize::MAX);
        }
    }

    /// Replaces a MAC address.
    pub(super) fn mac(&mut self, side: Side, at: usize, is_outermost: bool) {
        let found = self.editor.data().get(at..).unwrap_or_default();
        let mut bytes = [0; 6];
        match found.get(..6) {
            Some(whole) => bytes.copy_from_slice(whole),
            // Do not keep a part of an address that would be anonymized.
            None if self.rules.anonymizer.is_some() => bytes[..found.len()].copy_from_slice(found),
            None => return,
        }
        let new = self.rules.mac(side, MacAddr::new(bytes), is_outermost);
        self.editor.put(at, &new.octets());
    }

    /// Replaces a link-layer address of this length. Rules only concern MAC addresses.
    pub(super) fn link_address(
        &mut self,
        side: Side,
        at: usize,
        length: usize,
        is_outermost: bool,
    ) {
        if length == 6 {
            return self.mac(side, at, is_outermost);
        }
        let Some(anonymizer) = &self.rules.anonymizer else {
            return;
        };
        let found = self.editor.data().get(at..).unwrap_or_default();
        let new = anonymizer.link_address(&found[..found.len().min(length)]);
        self.editor.put(at, &new);
    }

    /// Replaces the IP addresses in a list. `length` is the length of an address, and `step` the distance from one to the
    /// next. Returns the first and the last address.
    pub(super) fn ip_addresses(
        &mut self,
        side: Side,
        (start, end): (usize, usize),
        (length, step): (usize, usize),
    ) -> Option<(Address, Address)> {
        let captured = self.editor.data().len();
        let mut ends = None;
        for at in (start..end.min(captured)).step_by(step) {
            // Only where the packet is truncated, a part of an address is one.
            if at + length > end && end < captured {
                self.hide(at, end);
                break;
            }
            let address = match length {
                4 => self.ipv4_address(side, at),
                _ => self.ipv6_address(side, at),
            };
            ends = Some((ends.map_or(address, |(first, _)| first), address));
        }
        ends
    }

    /// Replaces an IPv4 address.
    pub(super) fn ipv4_address(&mut self, side: Side, at: usize) -> Address {
        self.address::<4>(side, at)
    }

    /// Replaces an IPv6 address.
    pub(super) fn ipv6_address(&mut self, side: Side, at: usize) -> Address {
        self.address::<16>(side, at)
    }

    fn address<const N: usize>(&mut self, side: Side, at: usize) -> Address
    where
        IpAddr: From<[u8; N]>,
    {
        let found = self.editor.data().get(at..).unwrap_or_default();
        let mut old = [0; N];
        match found.get(..N) {
            Some(whole) => old.copy_from_slice(whole),
            None if self.rules.anonymizer.is_some() => old[..found.len()].copy_from_slice(found),
            None => return Address::default(),
        }
        // In other fields than source and destination, zeros mean that there is no address.
        if side == Side::Other && old == [0; N] {
            return Address::default();
        }
        let new = match self.rules.ip(side, old.into()) {
            IpAddr::V4(new) => self.replace(at, &old, &new.octets()),
            IpAddr::V6(new) => self.replace(at, &old, &new.octets()),
        };
        Address {
            sum: checksum::sum(&old) + u64::from(new),
            difference: new,
        }
    }

    /// Replaces bytes, and returns by how much their sum changes.
    fn replace(&mut self, at: usize, old: &[u8], new: &[u8]) -> u16 {
        if old == new {
            return 0;
        }
        self.editor.put(at, new);
        checksum::difference(old, new)
    }

    /// Replaces the two ports with which a header begins.
    pub(super) fn ports(&mut self, at: usize) {
        if self.rules.ports.is_empty() {
            return;
        }
        for (side, at) in [(Side::Source, at), (Side::Destination, at + 2)] {
            if let Some(port) = self.editor.u16(at) {
                let new = self.rules.port(side, port);
                self.editor.put(at, &new.to_be_bytes());
            }
        }
    }

    /// Sets a checksum. Without the sum of all bytes that it covers, it changes as they did.
    pub(super) fn set_checksum(&mut self, at: usize, difference: u64, sum: Option<u64>) {
        let Some(old) = self.editor.u16(at) else {
            return;
        };
        let new = match sum {
            // The sum includes the field.
            Some(sum) => checksum::checksum(sum + u64::from(!old)),
            None if difference == 0 => return,
            None => checksum::updated(old, difference),
        };
        self.editor.put(at, &new.to_be_bytes());
    }

    /// Returns the sum of bytes if checksums are to be computed anew and all bytes are there.
    pub(super) fn sum(&self, start: usize, end: usize, is_whole: bool) -> Option<u64> {
        let can_fix = self.rules.fix_checksums && is_whole && !self.is_quoted;
        let bytes = self.editor.data().get(start..end).filter(|_| can_fix)?;
        Some(checksum::sum(bytes))
    }

    /// Returns how many bytes a header and its payload can have, if lengths are to be repaired.
    pub(super) fn room(&self, at: usize, end: usize) -> Option<usize> {
        let can_fix = self.rules.lengths.is_some() && self.is_whole && !self.is_quoted;
        end.checked_sub(at).filter(|_| can_fix)
    }

    /// Repairs a length that is 0 though it must not be, or that exceeds the room. Returns the length.
    pub(super) fn repair_length(&mut self, at: usize, minimum: usize, room: usize) {
        let Some(length) = self.editor.u16(at).map(usize::from) else {
            return;
        };
        if length >= minimum && length <= room || room < minimum {
            return;
        }
        if let Ok(room) = u16::try_from(room) {
            self.editor.put(at, &room.to_be_bytes());
        }
    }
}

/// The maximum length of a padded packet: the largest snaplen that readers accept.
pub(super) const MAX_PADDED: u32 = 262_144;

/// Prepares a packet for repairing its lengths. Returns its new length on the wire.
pub(super) fn prepare_lengths(repair: LengthRepair, data: &mut Vec<u8>, wire_len: u32) -> u32 {
    let captured = u32::try_from(data.len()).unwrap_or(u32::MAX);
    match repair {
        LengthRepair::Pad if wire_len > MAX_PADDED => wire_len.max(captured),
        LengthRepair::Pad if wire_len > captured => {
            data.resize(wire_len as usize, 0);
            wire_len
        }
        _ => captured,
    }
}

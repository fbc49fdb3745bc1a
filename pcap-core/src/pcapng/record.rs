//! Packets with the additional data of a pcapng file.

use crate::capture::{Capture, Readable};
use crate::direction::Direction;
use crate::linktype::{Dlt, Linktype};
use crate::packet::Packet;
use crate::pcapng::PacketFlags;
use crate::savefile::ByteOrder;
use crate::savefile::pcapng::code;

/// A packet with additional data for [`write_record`](super::PcapngDumper::write_record): a comment, the direction of
/// the packet, and the number of packets lost before it.
///
/// # Examples
///
/// ```
/// use pcap_core::pcapng::{Interface, PcapngDumper, Record};
/// use pcap_core::{Direction, Linktype, Packet, Timestamp};
///
/// let mut dumper = PcapngDumper::new(Vec::new());
/// let eth = dumper.add_interface(&Interface::new(Linktype::ETHERNET))?;
/// let packet = Packet::new(Timestamp::now(), 60, &[0xff; 60]);
/// let record = Record::new(packet).comment("look here").direction(Direction::In);
/// dumper.write_record(eth, &record)?;
/// dumper.close()?;
/// # Ok::<(), pcap_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record<'a> {
    pub(super) packet: Packet<'a>,
    pub(super) comment: Option<&'a str>,
    pub(super) flags: Option<PacketFlags>,
    pub(super) dropped: Option<u64>,
    pub(super) options: &'a [(u16, &'a [u8])],
    pub(super) linktype: Option<Linktype>,
}

impl<'a> Record<'a> {
    /// Creates a record from a packet, without additional data.
    #[must_use]
    pub fn new(packet: impl Into<Packet<'a>>) -> Record<'a> {
        Record {
            packet: packet.into(),
            comment: None,
            flags: None,
            dropped: None,
            options: &[],
            linktype: None,
        }
    }

    /// Creates a record from the current packet of a capture, with the link type of the capture, or of the packet if
    /// the capture has [several](Capture::mix_linktypes). Like [`Capture::packet`], returns `None` if there is no
    /// current packet.
    #[must_use]
    pub fn from_capture<S: Readable>(capture: &'a Capture<S>) -> Option<Record<'a>> {
        let packet = capture.packet()?;
        // A savefile may number the capture's link type otherwise.
        let other = packet.linktype();
        let other = other.filter(|linktype| Dlt::from(*linktype) != capture.datalink());
        Some(Record::new(packet).linktype(other.unwrap_or(capture.linktype())))
    }

    /// Sets the link type of the packet, so that the dumper rejects the record if the interface has a different one.
    /// The link type is not written to the file. Default: not set, in which case the dumper does not check it.
    #[must_use]
    pub fn linktype(mut self, linktype: impl Into<Linktype>) -> Record<'a> {
        self.linktype = Some(linktype.into());
        self
    }

    /// Sets the comment (`opt_comment`), which may be at most 65 535 bytes long and must not contain a NUL byte.
    /// Default: none.
    #[must_use]
    #[inline]
    pub fn comment(mut self, text: &'a str) -> Record<'a> {
        self.comment = Some(text);
        self
    }

    /// Sets the direction of the packet (in `epb_flags`). [`InOut`](Direction::InOut) is written as "unknown". Default:
    /// not written.
    #[must_use]
    #[inline]
    pub fn direction(mut self, direction: Direction) -> Record<'a> {
        let bits = self.flags.unwrap_or_default().bits() & !0b11;
        self.flags = Some(PacketFlags::from_bits(match direction {
            Direction::InOut => bits,
            Direction::In => bits | 1,
            Direction::Out => bits | 2,
        }));
        self
    }

    /// Sets the flags of the packet (`epb_flags`), including its direction. Default: not written.
    #[must_use]
    #[inline]
    pub fn flags(mut self, flags: PacketFlags) -> Record<'a> {
        self.flags = Some(flags);
        self
    }

    /// Sets the number of packets that the interface lost between the previous packet and this one (`epb_dropcount`).
    /// Default: not written.
    #[must_use]
    #[inline]
    pub fn dropped(mut self, packets: u64) -> Record<'a> {
        self.dropped = Some(packets);
        self
    }

    /// Sets further options: the code and the value of each, for example `(5, &id.to_ne_bytes())` for `epb_packetid`.
    /// Numbers in them must have the byte order of the section, which is this machine's by default. Default: none.
    #[must_use]
    #[inline]
    pub fn options(mut self, options: &'a [(u16, &'a [u8])]) -> Record<'a> {
        self.options = options;
        self
    }

    /// Returns whether the record has options.
    #[inline]
    pub(super) fn has_options(&self) -> bool {
        self.comment.is_some()
            || self.flags.is_some()
            || self.dropped.is_some()
            || !self.options.is_empty()
    }

    /// Encodes the options, with the option that ends them. Each value has at most 65 535 bytes.
    #[inline]
    pub(super) fn encode_options(&self, order: ByteOrder) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut push = |code: u16, value: &[u8]| {
            bytes.extend_from_slice(&order.of_u16(code).to_ne_bytes());
            bytes.extend_from_slice(&order.of_u16(value.len() as u16).to_ne_bytes());
            bytes.extend(value);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
        };
        if let Some(text) = self.comment {
            push(code::COMMENT, text.as_bytes());
        }
        if let Some(flags) = self.flags {
            let bits = order.of_u32(flags.bits());
            push(code::packet::FLAGS, &bits.to_ne_bytes());
        }
        if let Some(dropped) = self.dropped {
            let dropped = order.of_u64(dropped);
            push(code::packet::DROPPED, &dropped.to_ne_bytes());
        }
        for (code, value) in self.options {
            push(*code, value);
        }
        push(code::END, &[]);
        bytes
    }
}

impl<'a, P: Into<Packet<'a>>> From<P> for Record<'a> {
    fn from(packet: P) -> Record<'a> {
        Record::new(packet)
    }
}

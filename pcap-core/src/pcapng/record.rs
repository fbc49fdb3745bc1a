//! Packets with the additional data of a pcapng file.

use crate::capture::{Capture, Readable};
use crate::direction::Direction;
use crate::linktype::Linktype;
use crate::packet::Packet;

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
    pub(super) direction: Option<Direction>,
    pub(super) dropped: Option<u64>,
    pub(super) linktype: Option<Linktype>,
}

impl<'a> Record<'a> {
    /// Creates a record from a packet, without additional data.
    #[must_use]
    pub fn new(packet: impl Into<Packet<'a>>) -> Record<'a> {
        Record {
            packet: packet.into(),
            comment: None,
            direction: None,
            dropped: None,
            linktype: None,
        }
    }

    /// Creates a record from the current packet of a capture, with the capture's link type. Like [`Capture::packet`],
    /// returns `None` if there is no current packet.
    #[must_use]
    pub fn from_capture<S: Readable>(capture: &'a Capture<S>) -> Option<Record<'a>> {
        Some(Record::new(capture.packet()?).linktype(capture.linktype()))
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
    pub fn comment(mut self, text: &'a str) -> Record<'a> {
        self.comment = Some(text);
        self
    }

    /// Sets the direction of the packet (in `epb_flags`). [`InOut`](Direction::InOut) is written as "unknown". Default:
    /// not written.
    #[must_use]
    pub fn direction(mut self, direction: Direction) -> Record<'a> {
        self.direction = Some(direction);
        self
    }

    /// Sets the number of packets that the interface lost between the previous packet and this one (`epb_dropcount`).
    /// Default: not written.
    #[must_use]
    pub fn dropped(mut self, packets: u64) -> Record<'a> {
        self.dropped = Some(packets);
        self
    }
}

impl<'a, P: Into<Packet<'a>>> From<P> for Record<'a> {
    fn from(packet: P) -> Record<'a> {
        Record::new(packet)
    }
}

//! Packets with the additional data of a pcapng file.

use crate::capture::{Capture, Readable};
use crate::direction::Direction;
use crate::linktype::Linktype;
use crate::packet::Packet;

/// A packet with additional data for [`write_record`](super::PcapngDumper::write_record): a comment, its direction, and
/// the packets lost before it.
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
    /// Creates a record of a packet without additional data.
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

    /// Creates a record of the current packet of a capture, with the capture's link type. `None` if there is no packet,
    /// as for [`Capture::packet`].
    #[must_use]
    pub fn from_capture<S: Readable>(capture: &'a Capture<S>) -> Option<Record<'a>> {
        Some(Record::new(capture.packet()?).linktype(capture.linktype()))
    }

    /// Sets the link type of the packet. It is not written: the dumper rejects the record if the interface has another
    /// one. Default: unknown, and not checked.
    #[must_use]
    pub fn linktype(mut self, linktype: impl Into<Linktype>) -> Record<'a> {
        self.linktype = Some(linktype.into());
        self
    }

    /// Sets the comment (`opt_comment`), of at most 65 535 bytes and without a NUL.
    #[must_use]
    pub fn comment(mut self, text: &'a str) -> Record<'a> {
        self.comment = Some(text);
        self
    }

    /// Sets the direction; [`InOut`](Direction::InOut) means that it is unknown.
    #[must_use]
    pub fn direction(mut self, direction: Direction) -> Record<'a> {
        self.direction = Some(direction);
        self
    }

    /// Sets the number of packets of the interface that were lost since the previous one.
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

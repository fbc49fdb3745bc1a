//! A packet with what a pcapng file can say of it beside.

use crate::capture::{Capture, Readable};
use crate::direction::Direction;
use crate::linktype::Linktype;
use crate::packet::Packet;

/// A packet with what a pcapng file can say of it beside, for
/// [`write_record`](super::PcapngDumper::write_record): a comment, its direction, and how many
/// packets were lost before it.
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
    /// The packet, of which nothing more is said yet.
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

    /// Returns the packet that a capture went to last, with the capture's link type. `None` if
    /// there is none, as [`Capture::packet`] says.
    #[must_use]
    pub fn from_capture<S: Readable>(capture: &'a Capture<S>) -> Option<Record<'a>> {
        Some(Record::new(capture.packet()?).linktype(capture.linktype()))
    }

    /// Sets the link type of the packet. It is not written: the dumper rejects the record if the
    /// interface has another one. Default: not known, and not checked.
    #[must_use]
    pub fn linktype(mut self, linktype: impl Into<Linktype>) -> Record<'a> {
        self.linktype = Some(linktype.into());
        self
    }

    /// A comment, of at most 65 535 bytes, none of them NUL.
    #[must_use]
    pub fn comment(mut self, text: &'a str) -> Record<'a> {
        self.comment = Some(text);
        self
    }

    /// Whether it was received or sent; [`InOut`](Direction::InOut) says that this is not known.
    #[must_use]
    pub fn direction(mut self, direction: Direction) -> Record<'a> {
        self.direction = Some(direction);
        self
    }

    /// How many packets of the interface were lost between the one before and this.
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

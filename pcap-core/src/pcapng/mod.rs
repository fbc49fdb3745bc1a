//! Reading and writing pcapng savefiles. A file may have comments and several interfaces, each with its own link type,
//! name, snaplen and precision.
//!
//! libpcap can read this format but cannot write it. [`PcapngDumper`] writes it, with the guarantees of a
//! [`Dumper`](crate::Dumper): a call whose write fails returns the error, unwritten bytes are kept for the next
//! attempt, and values that the format cannot represent are rejected.
//!
//! # Readers
//!
//! Wireshark and tshark read everything that this module writes, with one exception: for most link types they report a
//! damaged file at the first packet of more than 262 144 bytes. libpcap and the programs that use it, such as tcpdump,
//! read only the packets. libpcap also requires all interfaces of a file to have the same link type, which must not be
//! raw IP if there are several, and the same snaplen. It fails at the first interface that differs. If all of these
//! programs must be able to read the file, use a single link type and snaplen.
//!
//! In this crate, a [`Capture`](crate::Capture) also reads only the packets. It reads any snaplens, and several link
//! types after [`mix_linktypes`](crate::Capture::mix_linktypes). [`Reader`] reads everything.
//!
//! # Examples
//!
//! Writes packets of two interfaces to one file:
//!
//! ```
//! use pcap_core::pcapng::{Interface, PcapngDumper, Record};
//! use pcap_core::{Capture, Direction, Linktype, Packet, Precision, Timestamp};
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("a.pcapng");
//! let mut dumper = PcapngDumper::create(&path)?;
//! let eth = Interface::new(Linktype::ETHERNET);
//! let left = dumper.add_interface(&eth.clone().with_name("left"))?;
//! let right = dumper.add_interface(&eth.with_name("right").with_precision(Precision::Micro))?;
//!
//! dumper.write(left, Packet::new(Timestamp::new(1_700_000_000, 123), 1514, &[0xff; 60]))?; // truncated to 60 bytes
//! let packet = Packet::new(Timestamp::new(1_700_000_001, 0), 60, &[0xff; 60]);
//! dumper.write(right, packet)?;
//! let record = Record::new(packet).comment("the same again").direction(Direction::Out);
//! dumper.write_record(right, &record)?;
//! dumper.close()?;
//!
//! let mut capture = Capture::from_file(&path)?;
//! let first = capture.next_packet()?.expect("a packet");
//! assert_eq!((first.timestamp().subsec_nanos(), first.wire_len()), (123, 1514));
//! assert_eq!(capture.packets().count(), 2);
//! # Ok::<(), pcap_core::Error>(())
//! ```
//!
//! Writes the packets of a device, and the statistics when reading ends, for example after a break:
//!
//! ```no_run
//! use pcap_core::pcapng::{Interface, PcapngDumper};
//! use pcap_core::Capture;
//!
//! let mut capture = Capture::from_device("eth0").filter("udp").activate()?;
//! let mut dumper = PcapngDumper::create("udp.pcapng")?;
//! let eth0 = Interface::for_capture(&capture).with_name(capture.name()).with_filter("udp");
//! let eth0 = dumper.add_interface(&eth0)?;
//! while capture.advance()? {
//!     dumper.write_from(eth0, &capture)?;
//! }
//! dumper.write_statistics(eth0, None, &capture.stats()?)?;
//! dumper.close()?;
//! # Ok::<(), pcap_core::Error>(())
//! ```

mod dumper;
mod interface;
mod reader;
mod record;
mod section;

pub use crate::savefile::pcapng::{
    Block, BlockBuf, CustomBlock, Endian, Interface, InterfaceFilter, JournalBlock, NameRecord,
    NamedAddress, NamesBlock, Options, PacketBlock, PacketFlags, PacketHash, RawBlock, RawOption,
    Reception, Resolution, SecretsBlock, Section, StatisticsBlock, Verdict,
};
pub use dumper::PcapngDumper;
pub use interface::InterfaceId;
pub use reader::Reader;
pub use record::Record;

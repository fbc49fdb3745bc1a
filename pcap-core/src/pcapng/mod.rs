//! Reading and writing pcapng savefiles. A file may have comments and several interfaces, each with its own link type,
//! name, snaplen and precision.
//!
//! pcapng is the format that Wireshark, tshark and dumpcap write by default. libpcap reads only the packets of simple
//! files, and writes none. This module reads and writes all of it, without libpcap:
//!
//! - [`Reader`] lends the blocks of a file one by one. A [`Block`] is a packet with its interface, comments and flags,
//!   or a section header, an interface, statistics, names, secrets, a journal entry, a custom block, or a block that
//!   nobody knows.
//! - [`PcapngDumper`] writes packets and blocks, with the guarantees of a [`Dumper`](crate::Dumper): a call whose write
//!   fails returns the error, unwritten bytes are kept for the next attempt, and values that the format cannot
//!   represent are rejected.
//! - [`BlockBuf`] is a block that can be edited. Only the edited part changes, so a program can add a comment to a
//!   packet and copy the rest of the file byte for byte.
//!
//! Programs that only need packets use [`Capture::from_file`](crate::Capture::from_file), which has filters, and reads
//! both formats alike. Its packets tell their [`interface`](crate::Packet::interface).
//!
//! # Which programs read which files
//!
//! | file | libpcap, tcpdump | `Capture` | [`Reader`] | Wireshark, tshark |
//! |---|---|---|---|---|
//! | one link type and snaplen | packets | packets | all | all |
//! | several snaplens | up to the second one | packets | all | all |
//! | several link types | up to the second one | packets, [on request](crate::Capture::mix_linktypes) | all | all |
//! | two interfaces of raw IP | up to the second one | packets | all | all |
//! | sections in both byte orders | up to the second one | packets | all | all |
//! | packets longer than the snaplen | up to the first one | up to the first one | all | all |
//! | packets above 262 144 bytes, most link types | up to the first one | if the snaplen allows them | all | up to the first one |
//! | a file that begins within a section or has a damaged block | up to the damage | up to the damage | also [later sections](Reader::resume_at_sections) | up to the damage |
//!
//! If all programs must be able to read a file, use a single link type and snaplen, and one section.
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

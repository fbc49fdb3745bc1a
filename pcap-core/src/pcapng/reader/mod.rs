//! Reading a pcapng file block by block.

mod next;
mod open;

use std::fmt;
use std::sync::Arc;

use crate::breakloop::{BreakHandle, Breaker};
use crate::error::{Error, ErrorKind, Result};
use crate::pcapng::{Interface, Section};
use crate::savefile::Length;
use crate::savefile::pcapng::Blocks;
use crate::sys::platform;

/// Reads a pcapng file block by block: packets with their interfaces, comments and flags, and every other block.
///
/// [`Capture::from_file`](crate::Capture::from_file) reads the packets alone, as libpcap does, and applies filters.
/// This reader does not use libpcap. It reads files that Wireshark reads: sections in both byte orders, several link
/// types, and packets longer than the snaplen. Blocks are lent from the reader's buffer, so nothing is allocated for a
/// packet.
///
/// # Examples
///
/// Prints the comments of packets, with their interfaces:
///
/// ```no_run
/// use pcap_core::pcapng::{Block, Reader};
///
/// let mut reader = Reader::open("trace.pcapng")?;
/// while let Some(block) = reader.next_block()? {
///     let Block::Packet(packet) = block else { continue };
///     for comment in packet.comments() {
///         let name = packet.interface().name();
///         println!("{}: {comment}", name.as_deref().unwrap_or("?"));
///     }
/// }
/// # Ok::<(), pcap_core::Error>(())
/// ```
///
/// Copies a file, and adds a comment to its third packet. All other blocks stay identical, except that a section no
/// longer states its length, which changes:
///
/// ```
/// use pcap_core::pcapng::{Block, PcapngDumper, Reader};
/// # use pcap_core::pcapng::Interface;
/// # use pcap_core::{Linktype, Packet, Timestamp};
/// # let folder = tempfile::tempdir().unwrap();
/// # let (from, to) = (folder.path().join("a.pcapng"), folder.path().join("b.pcapng"));
/// # let mut dumper = PcapngDumper::create(&from)?;
/// # let eth = dumper.add_interface(&Interface::new(Linktype::ETHERNET))?;
/// # for _ in 0..5 { dumper.write(eth, Packet::whole(Timestamp::now(), &[0xff; 60]))?; }
/// # dumper.close()?;
///
/// let mut reader = Reader::open(&from)?;
/// let mut dumper = PcapngDumper::create_for_blocks(&to)?;
/// let mut packets = 0;
/// while let Some(block) = reader.next_block()? {
///     match block {
///         Block::Section(section) => dumper.begin_section(&section.clone().without_length())?,
///         Block::Packet(packet) => {
///             packets += 1;
///             let mut copy = packet.to_enhanced();
///             if packets == 3 {
///                 copy.add_comment("look here")?;
///             }
///             dumper.write_block(&copy)?;
///         }
///         other => dumper.write_block(other)?,
///     }
/// }
/// dumper.close()?;
/// # assert_eq!(packets, 5);
/// # Ok::<(), pcap_core::Error>(())
/// ```
pub struct Reader {
    blocks: Blocks,
    stream: Option<platform::Stream>,
    breaker: Arc<Breaker>,
    name: String,
    /// The length of the file, if it is a regular file.
    length: Option<Length>,
    /// Whether to wait for more blocks at the end.
    follow: bool,
    /// Whether to continue at the next section after damage.
    resume: bool,
    /// Whether the next section is being searched for.
    searching: bool,
    skipped: u64,
    /// The damage after which reading resumed.
    damage: Option<Error>,
    /// The error that each further call returns.
    failed: Option<Error>,
    ended: bool,
}

impl Reader {
    /// Sets whether the reader follows the file: at its end, it waits for more blocks that another program writes. An
    /// incomplete block at the end counts as still being written. Default: off.
    ///
    /// The reader checks for new blocks every 20 milliseconds. A [`BreakHandle`] ends the wait.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](ErrorKind::Unsupported) if the file is not a regular file. A pipe is waited for in any case.
    /// - [`Io`](ErrorKind::Io) if the process has no file descriptor left.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::{Block, Interface, PcapngDumper, Reader};
    /// use pcap_core::{Linktype, Next, Packet, Timestamp};
    /// use std::time::Duration;
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("a.pcapng");
    /// let mut dumper = PcapngDumper::create(&path)?;
    /// let eth = dumper.add_interface(&Interface::new(Linktype::ETHERNET))?;
    /// dumper.flush()?;
    ///
    /// let mut reader = Reader::open(&path)?;
    /// reader.follow(true)?;
    /// let wait = Duration::from_millis(50);
    /// while let Next::Packet(block) = reader.next_block_timeout(wait)? {
    ///     assert!(matches!(block, Block::Section(_) | Block::Interface(_)));
    /// }
    /// dumper.write(eth, Packet::whole(Timestamp::now(), b"a packet"))?;
    /// dumper.flush()?;
    /// assert!(matches!(reader.next_block()?, Some(Block::Packet(_))));
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn follow(&mut self, on: bool) -> Result<()> {
        if on {
            if self.length.is_none() {
                let text = "only a regular file can be followed";
                let (kind, name) = (ErrorKind::Unsupported, self.name.clone());
                return Err(Error::cannot(kind, "follow", name, text));
            }
            let wakeable = self.breaker.make_wakeable();
            wakeable.map_err(|e| Error::io("follow", self.name.clone(), e))?;
            self.ended = false;
        }
        self.follow = on;
        Ok(())
    }

    /// Sets whether the reader continues after damage: it skips bytes up to the next undamaged section header. The
    /// blocks between the damage and that header are lost. Default: off.
    ///
    /// [`skipped`](Self::skipped) returns the number of bytes that were skipped, and [`damage`](Self::damage) the
    /// reason.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::{PcapngDumper, Reader};
    ///
    /// let section: Vec<u8> = PcapngDumper::new(Vec::new()).into_writer()?;
    /// let bytes = [&section[..], b"not a block!", &section[..]].concat();
    ///
    /// let mut reader = Reader::from_reader(std::io::Cursor::new(bytes))?;
    /// reader.resume_at_sections(true);
    /// let mut sections = 0;
    /// while let Some(_section) = reader.next_block()? {
    ///     sections += 1;
    /// }
    /// assert_eq!((sections, reader.skipped()), (2, 12));
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn resume_at_sections(&mut self, on: bool) {
        self.resume = on;
    }

    /// Returns the number of bytes skipped because of damage.
    #[must_use]
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Returns the last damage after which reading [resumed](Self::resume_at_sections).
    #[must_use]
    pub fn damage(&self) -> Option<&Error> {
        self.damage.as_ref()
    }

    /// Returns the header of the current section, if the first one has begun.
    #[must_use]
    pub fn section(&self) -> Option<&Section> {
        self.blocks.section()
    }

    /// Returns the interfaces of the current section that were described before the current position.
    #[must_use]
    pub fn interfaces(&self) -> &[Interface] {
        self.blocks.interfaces()
    }

    /// Returns the offset of the next block, in bytes from the start of the file or the stream.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.blocks.position()
    }

    /// Returns the name of the file in errors: the path as it was passed, or the name of the open file or reader.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns a handle that interrupts the reading calls.
    #[must_use]
    pub fn break_handle(&self) -> BreakHandle {
        BreakHandle::new(self.breaker.clone())
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("name", &self.name)
            .field("position", &self.position())
            .field("interfaces", &self.interfaces().len())
            .field("skipped", &self.skipped)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

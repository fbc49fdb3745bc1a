//! Writes the blocks of a pcapng savefile.

mod append;
mod blocks;
mod packets;

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use append::Appended;

use crate::dumper::{Output, THE_SAVEFILE, THE_WRITER};
use crate::error::{Error, ErrorKind, Result};
use crate::pcapng::interface::InterfaceState;
use crate::pcapng::{BlockBuf, Interface, InterfaceId, RawBlock, Section};
use crate::savefile::ByteOrder;

/// Writes packets to a pcapng savefile.
///
/// The section header is written when the dumper is created, except by [`create_for_blocks`](Self::create_for_blocks)
/// and [`for_blocks_named`](Self::for_blocks_named), and the block that describes an interface is written when
/// the interface is added. Packets are collected in a buffer of 256 KiB. A write error, such as a full disk or a closed
/// pipe, is returned by the call that encounters it, at the latest by [`flush`](Self::flush) or [`close`](Self::close).
/// Unwritten bytes stay in the buffer. Once the output accepts data again, repeat the call to continue.
///
/// Dropping a dumper also writes the buffer, but ignores errors. To notice them, call `close`.
///
/// **The contents of the buffer are lost if the dumper is neither closed nor dropped**, for example because of
/// [`std::process::exit`]: see [`Dumper`](crate::Dumper). To bound the loss, use
/// [`flush_within`](Self::flush_within).
///
/// The file uses this machine's byte order, unless a [section](Section::with_endian) has the other one. All readers
/// accept both.
///
/// See the [module documentation](super) for examples, and for the programs that can read such files.
pub struct PcapngDumper {
    output: Output,
    /// `None` before the first section.
    section: Option<SectionState>,
    /// The interfaces of the section, by their numbers.
    interfaces: Vec<InterfaceState>,
    /// The numbers of the interfaces whose identifiers were returned. `None` if their section has ended.
    slots: Vec<Option<u32>>,
    /// The interfaces of the section to which blocks are appended.
    appended: Option<Appended>,
    /// Identifies the dumper within this process.
    id: u64,
}

impl PcapngDumper {
    /// Creates a savefile at a path, replacing an existing file. The path `-` stands for standard output; for a file
    /// with that name, pass `./-`.
    ///
    /// To write a description of the file as well, use [`Section::dump`].
    ///
    /// # Errors
    ///
    /// - [`Io`](ErrorKind::Io) if the file cannot be created.
    pub fn create(path: impl AsRef<Path>) -> Result<PcapngDumper> {
        Section::new().dump(path)
    }

    /// Creates a dumper that writes a savefile to an open file, from the current position. It neither reads nor
    /// truncates existing content.
    ///
    /// To write to another owned file descriptor (on Unix an `OwnedFd`), convert it with `File::from`.
    ///
    /// To write a description of the file as well, use [`Section::dump_open_file`].
    #[must_use]
    #[inline]
    pub fn from_open_file(file: File) -> PcapngDumper {
        Self::from_open_file_named(file, THE_SAVEFILE)
    }

    /// Creates a dumper that writes to an open file. Errors refer to the file as `name`. See
    /// [`from_open_file`](Self::from_open_file).
    #[must_use]
    pub fn from_open_file_named(file: File, name: impl Into<String>) -> PcapngDumper {
        PcapngDumper::with_section(Output::file(file, name.into(), 0), &Section::new())
    }

    /// Creates a dumper that writes a savefile to any writer, such as a socket, a compressor or a `Vec<u8>`.
    /// [`into_writer`](Self::into_writer) returns the writer.
    ///
    /// To write a description of the file as well, use [`Section::dump_to`].
    #[must_use]
    pub fn new<W>(writer: W) -> PcapngDumper
    where
        W: Write + Send + 'static,
    {
        Self::new_named(writer, THE_WRITER)
    }

    /// Creates a dumper that writes to any writer. Errors refer to the writer as `name`. See [`new`](Self::new).
    #[must_use]
    pub fn new_named<W>(writer: W, name: impl Into<String>) -> PcapngDumper
    where
        W: Write + Send + 'static,
    {
        PcapngDumper::with_section(Output::writer(writer, name.into()), &Section::new())
    }

    /// Creates a savefile at a path without a section, for copying blocks: the first call must be
    /// [`write_block`](Self::write_block) with a section header, or [`begin_section`](Self::begin_section).
    ///
    /// # Errors
    ///
    /// The errors of [`create`](Self::create).
    pub fn create_for_blocks(path: impl AsRef<Path>) -> Result<PcapngDumper> {
        Output::create(path.as_ref()).map(PcapngDumper::without_section)
    }

    /// Creates a dumper that writes to any writer, without a section. See
    /// [`create_for_blocks`](Self::create_for_blocks). Errors refer to the writer as `name`.
    #[must_use]
    pub fn for_blocks_named<W>(writer: W, name: impl Into<String>) -> PcapngDumper
    where
        W: Write + Send + 'static,
    {
        PcapngDumper::without_section(Output::writer(writer, name.into()))
    }

    #[inline]
    fn without_section(output: Output) -> PcapngDumper {
        PcapngDumper {
            output,
            section: None,
            interfaces: Vec::new(),
            slots: Vec::new(),
            appended: None,
            id: new_id(),
        }
    }

    #[inline]
    pub(super) fn with_section(output: Output, section: &Section) -> PcapngDumper {
        let mut dumper = PcapngDumper::without_section(output);
        dumper.put_section(section.as_raw());
        dumper.output.offer();
        dumper
    }

    /// Adds a section header to the buffer.
    #[inline]
    fn put_section(&mut self, header: RawBlock<'_>) {
        self.output.keep(header.bytes());
        let section = Section::from_block(header);
        self.section = Some(SectionState {
            order: header.order(),
            is_known: section.is_known(),
        });
        self.interfaces.clear();
        self.slots.fill(None);
        self.appended = None;
    }

    /// Begins a new section. Its interfaces must be added again: identifiers of interfaces in the section before are no
    /// longer valid.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a string in the section is too long or contains a NUL byte.
    /// - [`Io`](ErrorKind::Io) if writing failed.
    ///
    /// After an error, the section has not begun, and the call can be repeated.
    #[inline]
    pub fn begin_section(&mut self, section: &Section) -> Result<()> {
        section.check(self.output.name())?;
        let header = section.as_raw();
        self.output.reserve(header.bytes().len())?;
        self.put_section(header);
        Ok(())
    }

    /// Adds an interface, and returns its identifier, which the calls that write its packets require.
    ///
    /// Interfaces can be added at any time, even after packets from other interfaces have been written.
    ///
    /// # Errors
    ///
    /// - [`Unsupported`](ErrorKind::Unsupported) if the link type is above 65 535.
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a string in the interface's description is too long or
    ///   contains a NUL byte, if an option cannot be converted to the byte order of the section because its meaning is
    ///   unknown, if no section has begun, or if the section has an unknown version.
    /// - [`Io`](ErrorKind::Io) if writing failed.
    ///
    /// After an error, the interface has not been added, and the call can be repeated.
    #[inline]
    pub fn add_interface(&mut self, interface: &Interface) -> Result<InterfaceId> {
        let linktype = interface.linktype();
        if linktype.value() > u32::from(u16::MAX) {
            return Err(Error::cannot(
                ErrorKind::Unsupported,
                "write",
                self.output.name().to_owned(),
                format!("expected a link type of at most 65535, found {linktype}"),
            ));
        }
        if let Some(text) = interface.refusal() {
            return Err(self.output.refuse(text));
        }
        // First of all, because it may fail.
        let block = self.converted(interface)?;
        let number = match self.reuse(interface)? {
            Some(number) => number,
            None => self.describe(interface, &block)?,
        };
        self.output.offer();
        Ok(self.hand_out(number))
    }

    /// Returns the identifier of an interface of the current section by its number, for example of one that
    /// [`write_block`](Self::write_block) wrote. Returns `None` if the section does not have it.
    #[inline]
    pub fn interface(&mut self, number: u32) -> Option<InterfaceId> {
        self.interfaces.get(number as usize)?;
        if let Some(appended) = &mut self.appended {
            appended.add(number);
        }
        Some(self.hand_out(number))
    }

    /// Creates the identifier of an interface of the section.
    #[inline]
    fn hand_out(&mut self, number: u32) -> InterfaceId {
        // There are no more slots than interfaces.
        let next = self.slots.len() as u32;
        let known = self.interfaces.get_mut(number as usize);
        let slot = known.map_or(next, |known| *known.slot.get_or_insert(next));
        if slot == next {
            self.slots.push(Some(number));
        }
        InterfaceId {
            dumper: self.id,
            slot,
            number,
        }
    }

    /// Returns the description of an interface in the byte order of the section.
    #[inline]
    fn converted(&self, interface: &Interface) -> Result<BlockBuf> {
        let section = self.section_state()?;
        if !section.is_known {
            let text = "the section has a version that this crate does not know";
            return Err(self.output.refuse(text));
        }
        let block = BlockBuf::from(interface.as_raw());
        let converted = block.to_whole_order(section.order);
        converted.map_err(|error| self.output.refuse(error.to_string()))
    }

    /// Writes the description of an interface, and returns its number.
    #[inline]
    fn describe(&mut self, interface: &Interface, block: &BlockBuf) -> Result<u32> {
        let text = "it has the maximum number of interfaces";
        let number = u32::try_from(self.interfaces.len());
        let number = number.map_err(|_| self.output.refuse(text))?;
        let bytes = block.as_raw().bytes();
        self.output.put(bytes)?;
        self.interfaces.push(InterfaceState::new(interface));
        Ok(number)
    }

    #[inline]
    fn section_state(&self) -> Result<SectionState> {
        self.section
            .ok_or_else(|| self.output.refuse("expected a section header first"))
    }

    /// Writes the buffer to the file or writer, and flushes the writer.
    ///
    /// # Errors
    ///
    /// - [`Io`](ErrorKind::Io) if not everything could be written. The rest stays in the buffer, and a later call tries
    ///   again.
    #[inline]
    pub fn flush(&mut self) -> Result<()> {
        self.output.flush()
    }

    /// Limits how long packets stay in the buffer. Default: no limit. [`Duration::MAX`] removes the limit. For details,
    /// see [`Dumper::flush_within`](crate::Dumper::flush_within).
    #[inline]
    pub fn flush_within(&mut self, bound: Duration) {
        self.output.flush_within(bound);
    }

    /// Flushes the buffer if its oldest packet has been there for as long as [`flush_within`](Self::flush_within)
    /// allows. Call this whenever a read returns no packet. Without a limit, the call does nothing.
    ///
    /// # Errors
    ///
    /// The errors of [`flush`](Self::flush). However, if a non-blocking output accepts no data at the moment, the call
    /// returns `Ok` and the packets stay in the buffer.
    #[inline]
    pub fn flush_if_due(&mut self) -> Result<()> {
        self.output.flush_if_due()
    }

    /// Writes the buffer and closes the savefile. A writer is flushed and dropped.
    ///
    /// Closing a dumper on standard output leaves file descriptor 1 open.
    ///
    /// # Errors
    ///
    /// - [`Io`](ErrorKind::Io) if writing or closing failed. The savefile is then incomplete.
    #[inline]
    pub fn close(self) -> Result<()> {
        self.output.close()
    }

    /// Writes the buffer and returns the underlying writer or file.
    ///
    /// For a dumper created by [`new`](Self::new), [`new_named`](Self::new_named) or [`Section::dump_to`], `W` is the
    /// type of the writer that was passed to it. For all other dumpers, `W` is [`File`].
    ///
    /// # Errors
    ///
    /// - [`Io`](ErrorKind::Io) if not everything could be written.
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the dumper does not write to a `W`.
    ///
    /// In both cases, [`take`](Error::take) returns the `PcapngDumper`, so that the call can be repeated.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::pcapng::PcapngDumper;
    ///
    /// let dumper = PcapngDumper::new(Vec::new());
    /// let bytes: Vec<u8> = dumper.into_writer()?;
    /// assert_eq!(bytes[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn into_writer<W>(self) -> Result<W>
    where
        W: Write + Send + 'static,
    {
        let PcapngDumper {
            output,
            section,
            interfaces,
            slots,
            appended,
            id,
        } = self;
        output.into_object().map_err(|(error, output)| {
            let dumper = PcapngDumper {
                output: *output,
                section,
                interfaces,
                slots,
                appended,
                id,
            };
            error.handing_back(dumper)
        })
    }

    /// Returns the name of the savefile as it appears in errors: the path as it was passed, or the name of the open
    /// file or writer.
    #[must_use]
    #[inline]
    pub fn name(&self) -> &str {
        self.output.name()
    }

    /// Returns the length of the savefile in bytes, including the bytes in the buffer.
    #[must_use]
    #[inline]
    pub fn position(&self) -> u64 {
        self.output.position()
    }
}

/// The section that is being written.
#[derive(Clone, Copy, Debug)]
struct SectionState {
    order: ByteOrder,
    /// Whether this crate knows its version.
    is_known: bool,
}

impl SectionState {
    #[inline]
    fn is_swapped(self) -> bool {
        self.order == ByteOrder::Swapped
    }
}

/// Returns a number that is unique among the dumpers of this process.
#[inline]
fn new_id() -> u64 {
    // Not an atomic: some 32-bit processors have no 64-bit atomics.
    static MADE: Mutex<u64> = Mutex::new(0);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    *made += 1;
    *made
}

impl fmt::Debug for PcapngDumper {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PcapngDumper")
            .field("name", &self.output.name())
            .field("interfaces", &self.interfaces)
            .field("position", &self.position())
            .finish_non_exhaustive()
    }
}

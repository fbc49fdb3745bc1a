//! Reading a pcapng savefile by this crate's block reader.

use std::io::Cursor;
use std::ptr::NonNull;

use crate::capture::Capture;
use crate::capture::offline::filtering::Filtering;
use crate::capture::offline::route::Route;
use crate::capture::offline::{Offline, clock};
use crate::capture::phase::Found;
use crate::capture::read_ahead::{Batch, Limit};
use crate::error::{Error, ErrorKind, Result};
use crate::filter::{Filter, FilterSource};
use crate::handle::Handle;
use crate::savefile::pcapng::{self, Blocks, Damage, Described, Opening};
use crate::savefile::{self, ByteOrder, Length, SavefileFormat};
use crate::sys::{self, platform};
use crate::timestamp::Precision;

/// How a pcapng savefile is opened.
pub(super) enum Opened {
    /// By this crate's block reader, whose first interface this is.
    Ours(Blocks, Described),
    /// By libpcap, because it converts the packets of this link type.
    Libpcaps(Blocks),
}

/// Reads the start of a pcapng savefile: that of a file, or of a stream of which it was read before.
pub(super) fn open(mut blocks: Blocks, name: &str) -> Result<Opened> {
    let opening = blocks.open();
    let opening = opening.map_err(|e| Error::io("read", name.to_owned(), e))?;
    let text = match opening {
        Opening::Interface(first) if savefile::is_plain(first.dlt(), blocks.order()) => {
            return Ok(Opened::Ours(blocks, first));
        }
        Opening::Interface(_) => return Ok(Opened::Libpcaps(blocks)),
        Opening::NoInterface => "it has no interface description, and so no link type".to_owned(),
        Opening::Truncated(bytes) => {
            return Err(truncated("open", name, blocks.position(), bytes));
        }
        Opening::Damaged(damage) => return Err(damaged("open", name, blocks.position(), &damage)),
    };
    Err(Error::cannot(
        ErrorKind::SavefileBad,
        "open",
        name.to_owned(),
        text,
    ))
}

/// Returns the error for an incomplete block at the end.
pub(super) fn truncated(operation: &'static str, name: &str, position: u64, bytes: usize) -> Error {
    // A file may have become empty before this crate takes over from libpcap.
    let text = match position + bytes as u64 {
        0 => "the file is empty".to_owned(),
        _ => format!("the block at byte {position} is truncated after {bytes} bytes"),
    };
    Error::cannot(
        ErrorKind::SavefileTruncated,
        operation,
        name.to_owned(),
        text,
    )
}

/// Returns the error for a damaged block.
pub(super) fn damaged(
    operation: &'static str,
    name: &str,
    position: u64,
    damage: &Damage,
) -> Error {
    let text = format!("the block at byte {position}: {damage}");
    Error::cannot(ErrorKind::SavefileBad, operation, name.to_owned(), text)
}

impl Capture<Offline> {
    /// Creates a capture that reads blocks from a file or a stream.
    pub(super) fn from_blocks(
        blocks: Blocks,
        header: Header,
        mut stream: Option<platform::Stream>,
        name: String,
        length: Option<Length>,
        wake: Option<platform::Wake>,
    ) -> Capture<Offline> {
        let clock = clock(SavefileFormat::Pcapng, Precision::Nano);
        let Header {
            pcap,
            stream: empty,
        } = header;
        // SAFETY: the handle is open, nobody else knows it, and its stream outlives it: see `Offline`.
        let handle = unsafe { Handle::new(pcap, wake, clock, name, false) };
        if let Some(stream) = &mut stream {
            let breaks = handle.break_handle();
            stream.broken_by(move || breaks.is_pending());
        }
        let version = blocks.version();
        let is_swapped = blocks.order() == ByteOrder::Swapped;
        Capture::new(Offline {
            handle,
            stream,
            _header: Some(empty),
            route: Route::Blocks(blocks),
            start: None,
            length,
            no_copy: None,
            batch: Batch::new(Limit::FILE),
            filtering: Filtering::All,
            format: SavefileFormat::Pcapng,
            precision: Precision::Nano,
            version: (version.0.into(), version.1.into()),
            is_swapped,
            follow: false,
        })
    }
}

/// A handle of libpcap on a savefile that has a header only, and the stream that it reads.
///
/// The header has the link type, the snaplen and the byte order of an interface, usually of the first one. For a handle
/// without a file, libpcap would compile filters otherwise: it would accept `inbound`, and ignore the file's byte
/// order.
pub(super) struct Header {
    pcap: NonNull<sys::pcap_t>,
    stream: platform::Stream,
}

impl Header {
    pub(super) fn of_first(first: Described, order: ByteOrder, name: &str) -> Result<Header> {
        Header::open(first.linktype, first.snaplen, order, name)
    }

    pub(super) fn open(
        linktype: u16,
        snaplen: u32,
        order: ByteOrder,
        name: &str,
    ) -> Result<Header> {
        Error::library("open", name.to_owned())?;
        let io = |e| Error::io("open", name.to_owned(), e);
        let bytes = savefile::header(linktype, snaplen, order);
        let stream = platform::Stream::from_reader(Box::new(Cursor::new(bytes)));
        let mut stream = stream.map_err(|(e, _)| io(e))?;
        let mut errbuf = sys::ErrBuf::new();
        let pcap = stream.open(&mut errbuf);
        // Without memory.
        let failed = || io(std::io::Error::last_os_error());
        let pcap = pcap.ok_or_else(failed)?;
        Ok(Header { pcap, stream })
    }

    /// Returns a filter for savefiles with this header, compiled if necessary.
    pub(super) fn filter(self, source: &FilterSource<'_>, name: &str) -> Result<Filter> {
        let Header {
            pcap,
            stream: _stream,
        } = self;
        let clock = clock(SavefileFormat::Pcap, Precision::Nano);
        // SAFETY: the handle is open, nobody else knows it, and its stream is dropped after it.
        let handle = unsafe { Handle::new(pcap, None, clock, name.to_owned(), false) };
        handle.filter(source, false, None)
    }
}

impl Offline {
    /// Handles a position without a packet: the end, the end for now, or damage. Returns [`Found::Packet`] if there may
    /// be one without waiting.
    #[cold]
    pub(super) fn between_blocks(&mut self, found: pcapng::Found, position: u64) -> Result<Found> {
        match found {
            // Only a pipe keeps to deadlines.
            pcapng::Found::Nothing if self.descriptor().is_some() => Ok(Found::Nothing),
            pcapng::Found::Other => {
                self.extend_filters()?;
                Ok(Found::Packet)
            }
            pcapng::Found::Packet | pcapng::Found::Nothing => Ok(Found::Packet),
            pcapng::Found::Absent(_) if self.follow => {
                self.check_length()?;
                Ok(Found::Nothing)
            }
            pcapng::Found::Absent(0) => {
                self.end()?;
                Ok(Found::Eof)
            }
            pcapng::Found::Absent(bytes) => {
                self.check_length()?;
                let error = truncated("read", &self.handle.name, position, bytes);
                Err(self.fail_with(error))
            }
            pcapng::Found::Damaged(damage) => {
                let error = damaged("read", &self.handle.name, position, &damage);
                Err(self.fail_with(error))
            }
        }
    }
}

//! Reads pcapng files block by block, in every way that the reader has, and describes what it returns.

#![allow(dead_code, unused_imports)] // the fuzz targets take it in, too, and do not use all of it

mod described;
mod edits;
mod frames;
mod input;
mod others;
mod text;
mod written;

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};
use std::time::Duration;

use pcap_core::pcapng::{Block, Reader};
use pcap_core::{End, ErrorKind, Next};

pub(crate) use edits::check_edits;
pub(crate) use input::check_input;
pub(crate) use text::describe;
pub(crate) use written::check_written;

/// A block that was returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Got {
    /// The reader's positions before the call and after it.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) bytes: Vec<u8>,
    pub(crate) text: String,
}

/// What a reader returned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) blocks: Vec<Got>,
    pub(crate) error: Option<(ErrorKind, String)>,
    pub(crate) skipped: u64,
    /// The damage after which reading resumed.
    pub(crate) damage: Option<String>,
    pub(crate) position: u64,
}

/// Where the bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// In a file, after this many other bytes.
    File(usize),
    /// In a reader that returns at most this many at a time.
    Reader(usize),
    Pipe,
    Socket,
}

/// The call that reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Next,
    Try,
    Timeout,
    /// One after the other.
    All,
}

/// How to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) way: Way,
    pub(crate) call: Call,
    pub(crate) resume: bool,
}

/// A reader that returns at most this many bytes at a time.
struct Pieces(Cursor<Vec<u8>>, usize);

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.1.min(buffer.len());
        self.0.read(&mut buffer[..most])
    }
}

/// Bytes that fit into a pipe and into a socket.
const FITS: usize = 32 * 1024;

/// Writes all bytes, in another thread if they are many. Errors, such as that nobody reads any longer, do not matter.
fn send(mut to: impl Write + Send + 'static, bytes: &[u8]) {
    if bytes.len() <= FITS {
        let _ = to.write_all(bytes);
        return;
    }
    let bytes = bytes.to_vec();
    std::thread::spawn(move || to.write_all(&bytes));
}

/// Returns both ends of a pipe.
#[cfg(unix)]
pub(crate) fn pipe() -> (File, File) {
    let mut fds = [0; 2];
    // SAFETY: the array has room for the two numbers.
    assert_eq!(unsafe { libc::pipe(fds.as_mut_ptr()) }, 0);
    // SAFETY: just opened, and without another owner.
    fds.map(|fd| unsafe { std::os::fd::FromRawFd::from_raw_fd(fd) })
        .into()
}

impl Plan {
    pub(crate) const fn new(way: Way, call: Call) -> Plan {
        Plan {
            way,
            call,
            resume: false,
        }
    }

    pub(crate) const fn resuming(way: Way, call: Call) -> Plan {
        Plan {
            way,
            call,
            resume: true,
        }
    }

    /// Opens the bytes.
    pub(crate) fn open(&self, bytes: &[u8]) -> Reader {
        let opened = match self.way {
            Way::File(offset) => {
                let mut file = tempfile::tempfile().expect("a temporary file");
                file.write_all(&vec![b'#'; offset]).expect("room");
                file.write_all(bytes).expect("room");
                file.seek(SeekFrom::Start(offset as u64)).expect("a file");
                Reader::from_open_file_named(file, "f")
            }
            Way::Reader(most) => {
                let pieces = Pieces(Cursor::new(bytes.to_vec()), most);
                Reader::from_reader_named(pieces, "f")
            }
            #[cfg(unix)]
            Way::Pipe => {
                let (reader, writer) = pipe();
                send(writer, bytes);
                Reader::from_open_file_named(reader, "f")
            }
            #[cfg(unix)]
            Way::Socket => {
                let pair = std::os::unix::net::UnixStream::pair();
                let (reader, writer) = pair.expect("sockets");
                send(writer, bytes);
                Reader::from_open_file_named(File::from(std::os::fd::OwnedFd::from(reader)), "f")
            }
            #[cfg(not(unix))]
            Way::Pipe | Way::Socket => Reader::from_reader_named(Cursor::new(bytes.to_vec()), "f"),
        };
        let mut reader = opened.expect("a reader");
        reader.resume_at_sections(self.resume);
        reader
    }

    /// Reads the bytes to the end or to an error.
    pub(crate) fn read(&self, bytes: &[u8]) -> Outcome {
        let mut reader = self.open(bytes);
        let base = match self.way {
            Way::File(offset) => offset as u64,
            _ => 0,
        };
        let mut outcome = Outcome::default();
        for turn in 0.. {
            let start = reader.position() - base;
            let call = match self.call {
                Call::All => [Call::Next, Call::Try, Call::Timeout][turn % 3],
                call => call,
            };
            let found = match call {
                Call::Try => reader.try_next_block(),
                Call::Timeout => reader.next_block_timeout(Duration::from_secs(60)),
                _ => reader.next_block().map(|block| match block {
                    Some(block) => Next::Packet(block),
                    None => Next::End(End::Eof),
                }),
            };
            match found {
                Ok(Next::Packet(block)) => {
                    let bytes = block.as_raw().bytes().to_vec();
                    let text = describe(&block);
                    let end = reader.position() - base;
                    outcome.blocks.push(Got {
                        start,
                        end,
                        bytes,
                        text,
                    });
                }
                Ok(Next::Timeout) if call == Call::Try => std::thread::yield_now(),
                Ok(Next::Timeout) => panic!("a timeout"),
                Ok(Next::End(end)) => {
                    assert_eq!(end, End::Eof);
                    break;
                }
                Err(error) => {
                    outcome.error = Some((error.kind(), at_base(&error.to_string(), base)));
                    let again = reader.next_block().expect_err("the same error");
                    assert_eq!(again.to_string(), error.to_string());
                    break;
                }
            }
        }
        outcome.skipped = reader.skipped();
        outcome.damage = reader
            .damage()
            .map(|damage| at_base(&damage.to_string(), base));
        outcome.position = reader.position() - base;
        outcome
    }
}

/// Subtracts an offset from that in an error.
fn at_base(text: &str, base: u64) -> String {
    const BEFORE: &str = "the block at byte ";
    let Some((start, rest)) = text.split_once(BEFORE) else {
        return text.to_owned();
    };
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let offset: u64 = rest[..digits].parse().expect("an offset");
    format!("{start}{BEFORE}{}{}", offset - base, &rest[digits..])
}

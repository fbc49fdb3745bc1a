//! Recognizes compressed savefiles, and decompresses gzip.

use std::fmt;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::mem;
use std::path::Path;

use flate2::bufread::GzDecoder;

/// The length of the longest magic number, in bytes.
pub const MAX_MAGIC_LENGTH: usize = 6;

/// A compression format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// gzip, which the programs can read and write.
    Gzip,
    /// A format that the programs can only recognize.
    Other {
        /// The name of the format.
        name: &'static str,
        /// A command that decompresses a file to standard output.
        unpack: &'static str,
    },
}

/// The magic number, the file extensions and the name of each format.
const FORMATS: [(&[u8], &[&str], Compression); 9] = [
    (&[0x1f, 0x8b], &["gz"], Compression::Gzip),
    (
        b"\x28\xb5\x2f\xfd",
        &["zst", "zstd"],
        other("zstd", "zstd -dc"),
    ),
    (b"\x04\x22\x4d\x18", &["lz4"], other("lz4", "lz4 -dc")),
    (b"\xfd7zXZ\0", &["xz"], other("xz", "xz -dc")),
    (b"BZh", &["bz2"], other("bzip2", "bzip2 -dc")),
    (b"LZIP", &["lz"], other("lzip", "lzip -dc")),
    (b"\x5d\0\0", &["lzma"], other("lzma", "xz -dc")),
    (b"\x1f\x9d", &["Z"], other("compress", "uncompress -c")),
    (b"PK\x03\x04", &["zip"], other("zip", "unzip -p")),
];

const fn other(name: &'static str, unpack: &'static str) -> Compression {
    Compression::Other { name, unpack }
}

impl Compression {
    /// Returns the format of data, given its first bytes. `None` means that no known compression was recognized.
    #[must_use]
    pub fn from_magic(start: &[u8]) -> Option<Compression> {
        let known = FORMATS.iter().find(|known| start.starts_with(known.0));
        known.map(|known| known.2)
    }

    /// Returns the format that the extension of a file name stands for, in upper or lower case. Only the `.Z` of
    /// compress(1) must be upper case.
    #[must_use]
    pub fn from_name(path: &Path) -> Option<Compression> {
        let extension = path.extension()?.to_str()?;
        let matches = |known: &&str| match *known {
            "Z" => extension == "Z",
            known => extension.eq_ignore_ascii_case(known),
        };
        let known = FORMATS.iter().find(|known| known.1.iter().any(matches));
        known.map(|known| known.2)
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Compression::Gzip => f.write_str("gzip"),
            Compression::Other { name, .. } => f.write_str(name),
        }
    }
}

/// Decompresses gzip data with one or more members.
///
/// Like gzip itself, it ignores zero bytes after the last member, which pad tapes and preallocated files. Any other
/// data there is an error.
pub struct GzipReader<R> {
    state: State<R>,
}

enum State<R> {
    /// In a member.
    Member(GzDecoder<BufReader<R>>),
    /// After a member, before the next byte is read.
    Between(BufReader<R>),
    /// After a zero byte that follows a member.
    Zeros(BufReader<R>),
    /// After the last byte.
    End,
}

impl<R: Read> GzipReader<R> {
    /// Decompresses a reader that is at the start of a member.
    pub fn new(reader: R) -> GzipReader<R> {
        GzipReader {
            state: State::Member(GzDecoder::new(BufReader::new(reader))),
        }
    }

    /// Advances past the end of a member: to another member, to padding or to the end.
    fn next_member(&mut self) -> io::Result<()> {
        let next = match &mut self.state {
            State::Member(_) | State::End => return Ok(()),
            State::Between(reader) => reader.fill_buf()?.first().copied(),
            State::Zeros(reader) => {
                let zeros = reader.fill_buf()?;
                if zeros.iter().any(|&byte| byte != 0) {
                    let text = "expected zeros or another gzip member after the compressed data";
                    return Err(io::Error::new(ErrorKind::InvalidData, text));
                }
                let length = zeros.len();
                reader.consume(length);
                (length > 0).then_some(0)
            }
        };
        self.state = match (mem::replace(&mut self.state, State::End), next) {
            (State::Between(reader) | State::Zeros(reader), Some(0)) => State::Zeros(reader),
            (State::Between(reader), Some(_)) => State::Member(GzDecoder::new(reader)),
            _ => State::End,
        };
        Ok(())
    }
}

impl<R: Read> Read for GzipReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        loop {
            if let State::Member(member) = &mut self.state {
                let length = member.read(buffer)?;
                if length > 0 {
                    return Ok(length);
                }
                if let State::Member(member) = mem::replace(&mut self.state, State::End) {
                    self.state = State::Between(member.into_inner());
                }
            }
            if matches!(self.state, State::End) {
                return Ok(0);
            }
            self.next_member()?;
        }
    }
}

impl<R> fmt::Debug for GzipReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GzipReader").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Returns one byte per read, like a slow pipe.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(1);
            self.0.read(&mut buffer[..length])
        }
    }

    fn gunzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
        let mut all = Vec::new();
        let whole = GzipReader::new(bytes).read_to_end(&mut all);
        let mut slowly = Vec::new();
        let slow = GzipReader::new(Slow(bytes)).read_to_end(&mut slowly);
        assert_eq!(slowly, all);
        assert_eq!(slow.is_ok(), whole.is_ok());
        whole.map(|_| all)
    }

    #[test]
    fn zeros_after_the_last_member_are_ignored() {
        let two = [gzip(b"one, "), gzip(b"two")].concat();
        for zeros in [0, 1, 2, 511, 8192, 100_000] {
            let padded = [&two[..], &vec![0; zeros]].concat();
            assert_eq!(gunzip(&padded).unwrap(), b"one, two", "{zeros}");
        }
    }

    #[test]
    fn other_data_after_a_member_is_an_error() {
        let one = gzip(b"one");
        for behind in [
            &b"garbage"[..],
            &[1],
            &[0, 1],
            &[vec![0; 9000], vec![7]].concat(),
            // gzip also rejects a member that follows zeros.
            &[vec![0; 4], gzip(b"two")].concat(),
            &gzip(b"two")[..12],
            &[0x1f],
        ] {
            let bytes = [&one, behind].concat();
            let mut all = Vec::new();
            let mut reader = GzipReader::new(&bytes[..]);
            assert!(reader.read_to_end(&mut all).is_err(), "{behind:?}");
            assert!(all.starts_with(b"one"), "{behind:?}");
        }
        assert!(gunzip(&one[..one.len() - 1]).is_err());
    }

    #[test]
    fn extensions_and_magic_numbers_are_recognized() {
        let name =
            |name: &str| Compression::from_name(Path::new(name)).map(|known| known.to_string());
        assert_eq!(name("a.pcap.GZ").as_deref(), Some("gzip"));
        assert_eq!(name("a.zst").as_deref(), Some("zstd"));
        assert_eq!(name("a.z"), None);
        assert_eq!(name("gz"), None);
        assert_eq!(
            Compression::from_magic(b"BZh9").unwrap().to_string(),
            "bzip2"
        );
        assert_eq!(Compression::from_magic(&[0xd4, 0xc3, 0xb2, 0xa1]), None);
        let longest = FORMATS.iter().map(|known| known.0.len()).max();
        assert_eq!(longest, Some(MAX_MAGIC_LENGTH));
    }
}

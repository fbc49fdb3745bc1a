//! Recognizes compressed data by its first bytes, and file names by their extensions.

use std::fmt;
use std::path::Path;

/// The length of the longest magic number, in bytes.
pub const MAX_MAGIC_LENGTH: usize = 6;

/// A compression format that the programs read and write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompressionFormat {
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
    /// The frame format of LZ4.
    Lz4,
}

/// What a magic number or an extension stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recognized {
    /// A format that the programs read and write.
    Supported(CompressionFormat),
    /// A format that the programs only recognize.
    Other {
        /// The name of the format.
        name: &'static str,
        /// A command that decompresses a file to standard output.
        unpack: &'static str,
    },
}

const GZIP: Recognized = Recognized::Supported(CompressionFormat::Gzip);
const ZSTD: Recognized = Recognized::Supported(CompressionFormat::Zstd);
const LZ4: Recognized = Recognized::Supported(CompressionFormat::Lz4);

/// The magic number and the file extensions of each format.
const FORMATS: [(&[u8], &[&str], Recognized); 10] = [
    (b"\x1f\x8b", &["gz"], GZIP),
    (b"\x28\xb5\x2f\xfd", &["zst", "zstd"], ZSTD),
    (b"\x04\x22\x4d\x18", &["lz4"], LZ4),
    (b"\x02\x21\x4c\x18", &[], other("lz4 -l", "lz4 -dc")),
    (b"\xfd7zXZ\0", &["xz"], other("xz", "xz -dc")),
    (b"BZh", &["bz2"], other("bzip2", "bzip2 -dc")),
    (b"LZIP", &["lz"], other("lzip", "lzip -dc")),
    (b"\x5d\0\0", &["lzma"], other("lzma", "xz -dc")),
    (b"\x1f\x9d", &["Z"], other("compress", "uncompress -c")),
    (b"PK\x03\x04", &["zip"], other("zip", "unzip -p")),
];

const fn other(name: &'static str, unpack: &'static str) -> Recognized {
    Recognized::Other { name, unpack }
}

impl CompressionFormat {
    /// Returns the extension of the names of compressed files.
    #[must_use]
    pub fn extension(self) -> &'static str {
        match self {
            CompressionFormat::Gzip => "gz",
            CompressionFormat::Zstd => "zst",
            CompressionFormat::Lz4 => "lz4",
        }
    }
}

impl CompressionFormat {
    /// Returns the fastest level, if the format has levels.
    pub(crate) fn fastest_level(self) -> Option<u8> {
        match self {
            CompressionFormat::Gzip | CompressionFormat::Zstd => Some(1),
            CompressionFormat::Lz4 => None,
        }
    }
}

impl fmt::Display for CompressionFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CompressionFormat::Gzip => "gzip",
            CompressionFormat::Zstd => "zstd",
            CompressionFormat::Lz4 => "lz4",
        })
    }
}

impl Recognized {
    /// Returns the format of data, given its first bytes. `None` means that no known compression was recognized.
    #[must_use]
    pub fn from_magic(start: &[u8]) -> Option<Recognized> {
        if is_skippable_frame(start) {
            return Some(ZSTD);
        }
        let known = FORMATS.iter().find(|known| start.starts_with(known.0));
        known.map(|known| known.2)
    }

    /// Returns the format that the extension of a file name stands for, in upper or lower case. Only the `.Z` of
    /// compress(1) must be upper case.
    #[must_use]
    pub fn from_name(path: &Path) -> Option<Recognized> {
        let extension = path.extension()?.to_str()?;
        let matches = |known: &&str| match *known {
            "Z" => extension == "Z",
            known => extension.eq_ignore_ascii_case(known),
        };
        let known = FORMATS.iter().find(|known| known.1.iter().any(matches));
        known.map(|known| known.2)
    }
}

/// Returns whether data begins with a skippable frame, which zstd and lz4 have in common.
pub(super) fn is_skippable_frame(start: &[u8]) -> bool {
    start.len() >= 4 && start[0] & 0xf0 == 0x50 && start[1..4] == [0x2a, 0x4d, 0x18]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_and_magic_numbers_are_recognized() {
        let name = |name: &str| Recognized::from_name(Path::new(name));
        assert_eq!(name("a.pcap.GZ"), Some(GZIP));
        assert_eq!(name("a.zst"), Some(ZSTD));
        assert_eq!(name("a.ZSTD"), Some(ZSTD));
        assert_eq!(name("a.lz4"), Some(LZ4));
        assert_eq!(name("a.z"), None);
        assert_eq!(name("gz"), None);
        let bzip2 = other("bzip2", "bzip2 -dc");
        assert_eq!(Recognized::from_magic(b"BZh9"), Some(bzip2));
        assert_eq!(Recognized::from_magic(b"\x5e\x2a\x4d\x18\0\0"), Some(ZSTD));
        assert_eq!(Recognized::from_magic(&[0xd4, 0xc3, 0xb2, 0xa1]), None);
        let longest = FORMATS.iter().map(|known| known.0.len()).max();
        assert_eq!(longest, Some(MAX_MAGIC_LENGTH));
    }
}

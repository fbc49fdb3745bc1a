//! Round trips, damage and truncation, in all formats.

use std::io::{self, Read, Write};

use super::CompressionFormat::{Gzip, Lz4, Zstd};
use super::{Compression, CompressionFormat, Compressor, Decompressor};

const FORMATS: [CompressionFormat; 3] = [Gzip, Zstd, Lz4];

fn pack(format: CompressionFormat, bytes: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(Vec::new(), Compression::from(format)).unwrap();
    compressor.write_all(bytes).unwrap();
    compressor.finish().unwrap()
}

/// Returns one byte per read, like a slow pipe.
struct Slow<'a>(&'a [u8]);

impl Read for Slow<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(1);
        self.0.read(&mut buffer[..length])
    }
}

/// Decompresses data. Returns what could be read, and the error.
fn unpack(format: CompressionFormat, bytes: &[u8]) -> (Vec<u8>, Option<String>) {
    let mut all = Vec::new();
    let whole = Decompressor::new(bytes, format).read_to_end(&mut all);
    (all, whole.err().map(|e| e.to_string()))
}

/// Returns data that is compressible but not trivial.
fn sample(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8 & 0x1f
    };
    (0..length).map(next).collect()
}

#[test]
fn zeros_after_the_last_frame_are_ignored() {
    for format in FORMATS {
        let two = [pack(format, b"one, "), pack(format, b"two")].concat();
        for zeros in [0, 1, 2, 511, 8192, 100_000] {
            let padded = [&two[..], &vec![0; zeros]].concat();
            let expected = (b"one, two".to_vec(), None);
            assert_eq!(unpack(format, &padded), expected, "{format} {zeros}");
            let mut slowly = Vec::new();
            let mut reader = Decompressor::new(Slow(&padded), format);
            reader.read_to_end(&mut slowly).unwrap();
            assert_eq!(slowly, b"one, two", "{format} {zeros}");
        }
    }
}

#[test]
fn other_data_after_a_frame_is_an_error() {
    for format in FORMATS {
        let one = pack(format, b"one");
        for behind in [
            &b"garbage"[..],
            &[1],
            &[0, 1],
            &[vec![0; 9000], vec![7]].concat(),
            // gzip also rejects a member that follows zeros.
            &[vec![0; 4], pack(format, b"two")].concat(),
            &pack(format, b"two")[..7],
            &[0x1f],
        ] {
            let (all, error) = unpack(format, &[&one, behind].concat());
            assert!(error.unwrap().starts_with("expected "), "{behind:?}");
            assert!(all.starts_with(b"one"), "{format} {behind:?}");
        }
    }
}

#[test]
fn skippable_frames_are_skipped() {
    let skippable = |length: u32| {
        let header = [[0x53, 0x2a, 0x4d, 0x18], length.to_le_bytes()].concat();
        [header, vec![0xff; length as usize]].concat()
    };
    for format in [Zstd, Lz4] {
        let frames = [
            skippable(0),
            skippable(200_000),
            pack(format, b"one, "),
            skippable(3),
            pack(format, b"two"),
            skippable(1),
        ];
        let expected = (b"one, two".to_vec(), None);
        assert_eq!(unpack(format, &frames.concat()), expected);
        let (all, error) = unpack(
            format,
            &[pack(format, b"one"), skippable(9)[..12].to_vec()].concat(),
        );
        assert_eq!(all, b"one");
        assert!(error.unwrap().contains("found the end"), "{format}");
    }
}

#[test]
fn data_before_a_truncation_is_read_and_the_error_says_where() {
    let bytes = sample(300_000);
    for format in FORMATS {
        let mut compressor = Compressor::new(Vec::new(), Compression::from(format)).unwrap();
        compressor.write_all(&bytes[..100_000]).unwrap();
        compressor.flush().unwrap();
        let flushed = compressor.get_ref().len();
        compressor.write_all(&bytes[100_000..]).unwrap();
        let packed = compressor.finish().unwrap();
        assert_eq!(unpack(format, &packed), (bytes.clone(), None));
        let ends = (1..400).chain((400..packed.len()).step_by(997));
        for end in ends.chain(packed.len() - 20..packed.len()) {
            let (all, error) = unpack(format, &packed[..end]);
            let error = error.unwrap_or_else(|| panic!("{format} {end}"));
            assert!(bytes.starts_with(&all), "{format} {end}");
            assert!(end < flushed || all.len() >= 100_000, "{format} {end}");
            let is_magic_complete = end >= 4;
            if is_magic_complete {
                let expected =
                    format!("expected more {format} data, found the end of the file at byte {end}");
                assert_eq!(error, expected);
            }
        }
    }
}

#[test]
fn damage_causes_an_error_or_is_harmless() {
    let bytes = sample(500);
    for format in FORMATS {
        let packed = pack(format, &bytes);
        for position in 0..packed.len() {
            for bit in [0, 3, 7] {
                let mut damaged = packed.clone();
                damaged[position] ^= 1 << bit;
                let (all, error) = unpack(format, &damaged);
                // Some bits of the headers have no meaning for the data.
                assert!(error.is_some() || all == bytes, "{format} {position}");
                assert!(error.is_none_or(|error| error.starts_with("expected ")));
            }
        }
    }
}

#[test]
fn a_read_waits_for_no_more_than_it_needs() {
    /// Panics when it is read after the end of its data.
    struct Exact<'a>(&'a [u8]);
    impl Read for Exact<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            assert!(!self.0.is_empty(), "read too far");
            self.0.read(buffer)
        }
    }
    for format in FORMATS {
        let mut compressor = Compressor::new(Vec::new(), Compression::from(format)).unwrap();
        compressor.write_all(b"some data").unwrap();
        compressor.flush().unwrap();
        let mut reader = Decompressor::new(Exact(compressor.get_ref()), format);
        let mut buffer = [0; 100];
        assert_eq!(reader.read(&mut buffer).unwrap(), 9, "{format}");
        assert_eq!(&buffer[..9], b"some data");
    }
}

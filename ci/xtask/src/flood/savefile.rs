//! Reads the numbers of the packets in a savefile.

use std::path::Path;

use crate::Result;

/// Where the number of a packet begins: after headers of 14, 20 and 8 bytes.
const NUMBER_AT: usize = 42;

/// The contents of a savefile.
pub(crate) struct Contents {
    /// The numbers of its packets.
    pub(crate) numbers: Vec<u64>,
    /// Whether it ends with a whole record.
    pub(crate) is_whole: bool,
}

/// Reads a savefile in native byte order: pcap or pcapng.
pub(crate) fn read(path: &Path) -> Result<Contents> {
    let bytes = std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    Ok(parse(&bytes))
}

/// Finds the packets in the bytes of a savefile.
pub(crate) fn parse(bytes: &[u8]) -> Contents {
    match bytes.get(..4) {
        Some([0x0a, 0x0d, 0x0d, 0x0a]) => pcapng(bytes),
        _ => pcap(bytes),
    }
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let bytes = bytes.get(at..at + 4)?;
    Some(u32::from_ne_bytes(bytes.try_into().ok()?) as usize)
}

fn packet_number(packet: &[u8]) -> Option<u64> {
    let bytes = packet.get(NUMBER_AT..NUMBER_AT + 8)?;
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}

fn pcap(bytes: &[u8]) -> Contents {
    let mut numbers = Vec::new();
    let mut at = 24;
    while let Some(length) = number(bytes, at + 8) {
        let Some(packet) = bytes.get(at + 16..at + 16 + length) else {
            break;
        };
        numbers.extend(packet_number(packet));
        at += 16 + length;
    }
    Contents {
        numbers,
        is_whole: at == bytes.len(),
    }
}

fn pcapng(bytes: &[u8]) -> Contents {
    let mut numbers = Vec::new();
    let mut at = 0;
    while let (Some(kind), Some(length)) = (number(bytes, at), number(bytes, at + 4)) {
        let Some(block) = bytes.get(at..at + length).filter(|_| length >= 12) else {
            break;
        };
        if kind == 6 {
            numbers.extend(block.get(28..).and_then(packet_number));
        }
        at += length;
    }
    Contents {
        numbers,
        is_whole: at == bytes.len() && at > 0,
    }
}

/// Which packets were found in files.
#[derive(Default)]
pub(crate) struct Seen {
    bits: Vec<u64>,
    pub(crate) count: u64,
}

impl Seen {
    /// Adds the packets of a savefile.
    ///
    /// # Errors
    ///
    /// Returns an error if one of them was already found.
    pub(crate) fn add(&mut self, path: &Path, contents: &Contents) -> Result<()> {
        for &number in &contents.numbers {
            let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
            if word >= self.bits.len() {
                self.bits.resize(word + 4096, 0);
            }
            if self.bits[word] & bit != 0 {
                return Err(format!("packet {number} is in {} again", path.display()));
            }
            self.bits[word] |= bit;
            self.count += 1;
        }
        Ok(())
    }
}

//! The kind of a savefile, as its first bytes show it.

use pcap_core::SavefileFormat;

use crate::compression::CompressionFormat;

/// The length of the header of a classic savefile, in bytes.
pub(crate) const HEADER_LENGTH: usize = 24;
/// The number at the start of a pcapng savefile, the same in both byte orders.
const PCAPNG: u32 = 0x0a0d_0d0a;
/// The number at the start of a classic savefile whose times have microseconds.
const MICRO: u32 = 0xa1b2_c3d4;
/// The same with nanoseconds.
const NANO: u32 = 0xa1b2_3c4d;
/// The same of an old variant.
const MODIFIED: u32 = 0xa1b2_cd34;

/// The format and the compression of a savefile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SavefileKind {
    /// The compression.
    pub compression: Option<CompressionFormat>,
    /// The first bytes, after decompression. Bytes that the savefile does not have are zeros.
    start: [u8; HEADER_LENGTH],
}

/// A variant of the classic format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassicVariant {
    /// The times have nanoseconds.
    Nanosecond,
    /// The old variant of several Linux distributions, whose packets have a longer header.
    Modified,
    /// Another variant that libpcap reads.
    Other,
}

impl SavefileKind {
    /// Creates the kind of a savefile that begins with these bytes, after decompression.
    pub(crate) fn new(bytes: &[u8], compression: Option<CompressionFormat>) -> SavefileKind {
        let mut start = [0; HEADER_LENGTH];
        for (to, from) in start.iter_mut().zip(bytes) {
            *to = *from;
        }
        SavefileKind { compression, start }
    }

    /// Returns the format. What is no savefile counts as classic; reading it fails.
    #[must_use]
    pub fn format(self) -> SavefileFormat {
        match self.number(0) {
            PCAPNG => SavefileFormat::Pcapng,
            _ => SavefileFormat::Pcap,
        }
    }

    /// Returns the variant of a classic savefile, unless it is the usual one with microseconds.
    #[must_use]
    pub fn variant(self) -> Option<ClassicVariant> {
        let magic = self.number(0);
        match (magic, magic.swap_bytes()) {
            (PCAPNG, _) | (MICRO, _) | (_, MICRO) => None,
            (NANO, _) | (_, NANO) => Some(ClassicVariant::Nanosecond),
            (MODIFIED, _) | (_, MODIFIED) => Some(ClassicVariant::Modified),
            _ => Some(ClassicVariant::Other),
        }
    }

    /// Returns the snaplen in the header of a classic savefile, which libpcap replaces if it is 0 or very large.
    #[must_use]
    pub fn classic_snaplen(self) -> u32 {
        // All magic numbers begin with this byte.
        match self.start[0] {
            0xa1 => self.number(16),
            _ => self.number(16).swap_bytes(),
        }
    }

    /// Returns a number of the header in big-endian order.
    fn number(self, at: usize) -> u32 {
        let [a, b, c, d] = [0, 1, 2, 3].map(|n| self.start[at + n]);
        u32::from_be_bytes([a, b, c, d])
    }
}

impl ClassicVariant {
    /// Returns the name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            ClassicVariant::Nanosecond => "nanosecond",
            ClassicVariant::Modified => "modified",
            ClassicVariant::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_show_the_kind_in_both_byte_orders() {
        use ClassicVariant::{Modified, Nanosecond, Other};
        use SavefileFormat::{Pcap, Pcapng};
        for (magic, format, variant) in [
            (MICRO, Pcap, None),
            (NANO, Pcap, Some(Nanosecond)),
            (MODIFIED, Pcap, Some(Modified)),
            (0xa1b2_34cd, Pcap, Some(Other)),
            (PCAPNG, Pcapng, None),
        ] {
            let numbers = [magic, 0x0002_0004, 0, 0, 96, 1];
            for start in [
                numbers.map(u32::to_le_bytes).concat(),
                numbers.map(u32::to_be_bytes).concat(),
            ] {
                let kind = SavefileKind::new(&start, None);
                assert_eq!((kind.format(), kind.variant()), (format, variant));
                if format == Pcap {
                    assert_eq!(kind.classic_snaplen(), 96);
                }
            }
        }
        assert_eq!(SavefileKind::new(b"\n", None).format(), Pcap);
    }
}

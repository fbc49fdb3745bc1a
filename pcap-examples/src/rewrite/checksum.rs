//! Internet checksums (RFC 1071), and how they change with the bytes that they cover (RFC 1624).

/// Returns the sum of 16-bit numbers in one's complement, before it is folded. An odd last byte is the high byte of a
/// number.
pub(super) fn sum(bytes: &[u8]) -> u64 {
    let mut words = bytes.chunks_exact(4);
    let mut sum = 0;
    for word in &mut words {
        sum += u64::from(u32::from_be_bytes([word[0], word[1], word[2], word[3]]));
    }
    let mut last = [0; 4];
    let rest = words.remainder();
    last[..rest.len()].copy_from_slice(rest);
    sum + u64::from(u32::from_be_bytes(last))
}

/// Adds the carries until 16 bits are left.
pub(super) fn fold(mut sum: u64) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum as u16
}

/// Returns by how much the sum changes if one sequence of bytes replaces another of the same length.
pub(super) fn difference(old: &[u8], new: &[u8]) -> u16 {
    fold(sum(new) + u64::from(!fold(sum(old))))
}

/// Returns the checksum of bytes with this sum.
pub(super) fn checksum(sum: u64) -> u16 {
    !fold(sum)
}

/// Returns a checksum after a change of the sum. A correct checksum stays correct, and a wrong one stays wrong.
pub(super) fn updated(checksum: u16, difference: u64) -> u16 {
    !fold(u64::from(!checksum) + difference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_rfc_1071() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(fold(sum(&bytes)), 0xddf2);
        assert_eq!(
            fold(sum(&bytes[..7])),
            fold(0x0001 + 0xf203 + 0xf4f5 + 0xf600)
        );
        assert_eq!(checksum(sum(&[])), 0xffff);
    }

    #[test]
    fn a_change_gives_the_checksum_of_the_new_bytes() {
        // The example of RFC 1624, where an older equation gives 0xffff.
        assert_eq!(
            updated(0xdd2f, difference(&[0x55, 0x55], &[0x32, 0x85]).into()),
            0x0000
        );
        let mut bytes = [0x45, 0, 0, 84, 0x12, 0x34, 0x40, 0, 64, 1, 10, 0, 0, 1];
        // Zeros alone have another checksum than other bytes with the sum 0.
        for value in 1..=255 {
            for at in 0..bytes.len() {
                let old = bytes;
                bytes[at] = value;
                let change = difference(&old, &bytes).into();
                assert_eq!(updated(checksum(sum(&old)), change), checksum(sum(&bytes)));
            }
        }
    }
}

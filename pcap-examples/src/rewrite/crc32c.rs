//! CRC-32C, the checksum of SCTP (RFC 9260).

/// The polynomial, with the lowest power in the highest bit.
const POLYNOMIAL: u32 = 0x82f6_3b78;

const TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 {
                crc >> 1 ^ POLYNOMIAL
            } else {
                crc >> 1
            };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

/// Returns the checksum of an SCTP packet, whose field counts as 0, as the bytes of that field.
pub(super) fn checksum(packet: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for (at, &byte) in packet.iter().enumerate() {
        let byte = if (8..12).contains(&at) { 0 } else { byte };
        crc = crc >> 8 ^ TABLE[usize::from(crc as u8 ^ byte)];
    }
    (!crc).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksums_are_those_of_rfc_3720() {
        assert_eq!(checksum(&[0; 32]), [0xaa, 0x36, 0x91, 0x8a]);
        // Zeros in place of the field.
        let mut ascending: Vec<u8> = (0..32).collect();
        let whole = checksum(&ascending);
        ascending[8..12].fill(0);
        assert_eq!(checksum(&ascending), whole);
    }
}

//! Formats bytes as hexadecimal digits, fast enough for whole savefiles.

/// The two digits of each byte.
pub(crate) const DIGITS: [[u8; 2]; 256] = {
    let digits = b"0123456789abcdef";
    let mut table = [[0; 2]; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = [digits[byte >> 4], digits[byte & 15]];
        byte += 1;
    }
    table
};

/// Appends two lowercase digits for each byte.
pub fn push(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.resize(start + 2 * bytes.len(), 0);
    for (pair, &byte) in out[start..].chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&DIGITS[usize::from(byte)]);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn each_byte_has_two_digits() {
        let mut out = b"0x".to_vec();
        super::push(&mut out, &[0, 0x0f, 0xa0, 0xff]);
        assert_eq!(out, b"0x000fa0ff");
    }
}

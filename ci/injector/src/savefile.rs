//! Whether savefiles are whole. Those of the programs are in the byte order of this machine.

/// Returns whether a savefile consists of whole records or blocks, except the last one, which may be cut. What is
/// compressed is not looked at.
pub(crate) fn is_whole(bytes: &[u8]) -> bool {
    match bytes
        .get(..4)
        .and_then(|magic| magic.try_into().ok())
        .map(u32::from_le_bytes)
    {
        Some(0x0a0d_0d0a) => blocks(bytes),
        Some(0xa1b2_c3d4 | 0xa1b2_3c4d) => records(bytes),
        _ => true,
    }
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    let field = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(u32::from_le_bytes(field) as usize)
}

fn blocks(bytes: &[u8]) -> bool {
    let mut at = 0;
    while let Some(length) = number(bytes, at + 4) {
        if length < 12 || length % 4 != 0 {
            return false;
        }
        if number(bytes, at + length - 4).is_some_and(|again| again != length) {
            return false;
        }
        at += length;
    }
    true
}

fn records(bytes: &[u8]) -> bool {
    let mut at = 24;
    while let (Some(caplen), Some(length)) = (number(bytes, at + 8), number(bytes, at + 12)) {
        if caplen > 262_144 || length < caplen {
            return false;
        }
        at += 16 + caplen;
    }
    true
}

//! Fields at their offsets, in network byte order; `None` if the header is truncated before their end.

pub(super) fn array_at<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..at + N)?.try_into().ok()
}

pub(super) fn u8_at(data: &[u8], at: usize) -> Option<u8> {
    data.get(at).copied()
}

pub(super) fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    array_at(data, at).map(u16::from_be_bytes)
}

pub(super) fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    array_at(data, at).map(u32::from_be_bytes)
}

/// Returns the bytes after a header of this length; none if the header is truncated.
pub(super) fn skip(data: &[u8], length: usize) -> &[u8] {
    data.get(length..).unwrap_or_default()
}

/// Returns the first `length` bytes, or as many as there are.
pub(super) fn prefix(data: &[u8], length: usize) -> &[u8] {
    data.get(..length).unwrap_or(data)
}

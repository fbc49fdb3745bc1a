//! Reads header fields at byte offsets, in network byte order. The functions return `None` if the data ends before the
//! field does.

/// Returns the bytes at an offset.
#[inline]
pub(in crate::traffic) fn array_at<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..)?.first_chunk().copied()
}

/// Returns the 16-bit number at an offset.
#[inline]
pub(in crate::traffic) fn u16_at(data: &[u8], at: usize) -> Option<u16> {
    array_at(data, at).map(u16::from_be_bytes)
}

/// Returns the 32-bit number at an offset.
#[inline]
pub(in crate::traffic) fn u32_at(data: &[u8], at: usize) -> Option<u32> {
    array_at(data, at).map(u32::from_be_bytes)
}

/// Returns the bytes after a header of this length. The result is empty if the header is truncated.
#[inline]
pub(in crate::traffic) fn skip(data: &[u8], length: usize) -> &[u8] {
    data.get(length..).unwrap_or_default()
}

/// Returns the first `length` bytes, or all bytes if there are fewer.
#[inline]
pub(in crate::traffic) fn prefix(data: &[u8], length: usize) -> &[u8] {
    data.get(..length).unwrap_or(data)
}

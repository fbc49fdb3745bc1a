//! Fields at their offsets, in network byte order; `None` if the header is truncated before their end.

pub(super) fn array<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..at + N)?.try_into().ok()
}

pub(super) fn byte(data: &[u8], at: usize) -> Option<u8> {
    data.get(at).copied()
}

pub(super) fn short(data: &[u8], at: usize) -> Option<u16> {
    array(data, at).map(u16::from_be_bytes)
}

pub(super) fn long(data: &[u8], at: usize) -> Option<u32> {
    array(data, at).map(u32::from_be_bytes)
}

/// Returns the bytes after a header of this length; none if the header is truncated.
pub(super) fn after(data: &[u8], length: usize) -> &[u8] {
    data.get(length..).unwrap_or_default()
}

/// Returns the first `length` bytes, or as many as there are.
pub(super) fn first(data: &[u8], length: usize) -> &[u8] {
    data.get(..length).unwrap_or(data)
}

//! Domain names in DNS messages.

use std::fmt::{self, Display, Formatter, Write};

use super::super::super::fields::{u8_at, u16_at};
use crate::escape;

/// The maximum length of a name in bytes, including the lengths of its labels.
const MAX_LENGTH: usize = 255;

/// A name, which may be compressed: the end of a name can be a reference to an earlier one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Name<'a> {
    message: &'a [u8],
    at: usize,
}

/// A part of a name.
enum Part<'a> {
    Label(&'a [u8]),
    End,
    /// The packet is truncated here, or the name is malformed.
    Cut,
}

/// Returns the name at an offset and the offset of its end, or `None` if the packet is truncated before the end.
pub(super) fn name_at(message: &[u8], at: usize) -> Option<(Name<'_>, usize)> {
    let name = Name { message, at };
    let mut end = at;
    loop {
        match u8_at(message, end)? {
            0 => return Some((name, end + 1)),
            length @ 1..=63 => end += 1 + usize::from(length),
            0xc0.. => {
                u8_at(message, end + 1)?;
                return Some((name, end + 2));
            }
            _ => return None,
        }
        if end - at > MAX_LENGTH {
            return None;
        }
    }
}

impl<'a> Name<'a> {
    /// Returns the name at an offset, even if it is truncated.
    pub(super) fn new(message: &'a [u8], at: usize) -> Name<'a> {
        Name { message, at }
    }

    /// Calls the closure with each part of the name.
    fn for_each_part(&self, mut call: impl FnMut(Part<'a>) -> fmt::Result) -> fmt::Result {
        let message = self.message;
        let (mut at, mut start, mut length) = (self.at, self.at, 0);
        loop {
            match u8_at(message, at) {
                Some(0) => return call(Part::End),
                Some(size @ 1..=63) => {
                    let size = usize::from(size);
                    length += 1 + size;
                    let label = message.get(at + 1..at + 1 + size);
                    let Some(label) = label.filter(|_| length <= MAX_LENGTH) else {
                        return call(Part::Cut);
                    };
                    call(Part::Label(label))?;
                    at += 1 + size;
                }
                Some(0xc0..) => {
                    match u16_at(message, at).map(|field| usize::from(field & 0x3fff)) {
                        // Each reference must be to an earlier name, so that there is no circle.
                        Some(target) if target < start => (at, start) = (target, target),
                        _ => return call(Part::Cut),
                    }
                }
                _ => return call(Part::Cut),
            }
        }
    }
}

/// Writes the name without the final dot. Writes dots and backslashes in a label with a backslash before them, and
/// control characters and bytes that are not UTF-8 as a backslash and three decimal digits. A name that is truncated
/// ends in `…`.
impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut is_first = true;
        self.for_each_part(|part| {
            let dot = if is_first { "" } else { "." };
            match part {
                Part::Label(label) => {
                    f.write_str(dot)?;
                    write_label(f, label)?;
                }
                Part::End if is_first => f.write_str(".")?,
                Part::End => {}
                Part::Cut => write!(f, "{dot}…")?,
            }
            is_first = false;
            Ok(())
        })
    }
}

fn write_label(f: &mut Formatter<'_>, label: &[u8]) -> fmt::Result {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if label.iter().all(is_plain) {
        return f.write_str(&String::from_utf8_lossy(label));
    }
    let write_byte = |f: &mut Formatter<'_>, byte: u8| write!(f, "\\{byte:03}");
    for chunk in label.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '.' | '\\' => write!(f, "\\{character}")?,
                _ if escape::is_control(character) => {
                    let mut bytes = [0; 4];
                    for byte in character.encode_utf8(&mut bytes).bytes() {
                        write_byte(f, byte)?;
                    }
                }
                _ => f.write_char(character)?,
            }
        }
        for &byte in chunk.invalid() {
            write_byte(f, byte)?;
        }
    }
    Ok(())
}

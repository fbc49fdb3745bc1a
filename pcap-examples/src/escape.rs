//! Escapes control characters. The names of files and devices may contain control sequences, which a terminal would
//! execute.

use std::fmt::Write as _;

/// Returns whether a character affects how a terminal displays other characters. All such characters have at most 16 bits.
pub(crate) fn is_control(character: char) -> bool {
    // The characters in the ranges are invisible, or change the direction of the text.
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Replaces control characters with Rust's escapes, such as `\u{1b}`, and bytes that are not UTF-8 with escapes such as
/// `\xff`.
#[must_use]
pub fn controls(text: &[u8]) -> String {
    let mut shown = String::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_control(character) {
                shown.extend(character.escape_default());
            } else {
                shown.push(character);
            }
        }
        for byte in chunk.invalid() {
            // Writing to memory cannot fail.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

/// Does the same with lines of a packet, except for line feeds and tabs. If they are `styled`, colors remain.
#[must_use]
pub(crate) fn packet_lines(text: &[u8], styled: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(&first) = rest.first() {
        let color = if styled { color_length(rest) } else { 0 };
        let (kept, after) = match first {
            b'\n' | b'\t' => rest.split_at(1),
            _ => rest.split_at(color),
        };
        shown.extend(kept.iter().map(|&byte| char::from(byte)));
        let is_kept = |&byte: &u8| matches!(byte, b'\n' | b'\t') || styled && byte == ESCAPE;
        // An escape character that begins no color is escaped.
        let begin = usize::from(kept.is_empty());
        let end = after.iter().skip(begin).position(is_kept);
        let (escaped, next) = after.split_at(end.map_or(after.len(), |end| begin + end));
        shown += &controls(escaped);
        rest = next;
    }
    shown
}

const ESCAPE: u8 = 0x1b;

/// Returns the length of a sequence that sets the color, such as `\x1b[31m`, or 0.
fn color_length(text: &[u8]) -> usize {
    let Some(numbers) = text.strip_prefix(b"\x1b[") else {
        return 0;
    };
    let end = numbers
        .iter()
        .position(|byte| !matches!(byte, b'0'..=b'9' | b';'));
    match end.map(|end| (end, numbers[end])) {
        Some((end, b'm')) => end + 3,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{controls, packet_lines};

    #[test]
    fn lines_tabs_and_wanted_colors_remain() {
        let text = b"\x1b[1;31mred\x1b[0m\n\t0x0000:\x1b]0;t\x07\x1b";
        assert_eq!(
            packet_lines(text, true),
            "\x1b[1;31mred\x1b[0m\n\t0x0000:\\u{1b}]0;t\\u{7}\\u{1b}"
        );
        assert_eq!(
            packet_lines(text, false),
            "\\u{1b}[1;31mred\\u{1b}[0m\n\t0x0000:\\u{1b}]0;t\\u{7}\\u{1b}"
        );
        assert_eq!(packet_lines("naïve\n".as_bytes(), true), "naïve\n");
    }

    #[test]
    fn control_characters_are_escaped() {
        for (text, shown) in [
            (&b"eth0: up, 7 bytes"[..], "eth0: up, 7 bytes"),
            (b"\x1b[31mred\x07", r"\u{1b}[31mred\u{7}"),
            (b"two\nlines\tand\r\x7f", r"two\nlines\tand\r\u{7f}"),
            ("naïve … 日本".as_bytes(), "naïve … 日本"),
            ("\u{9b}31m \u{202e}gpj".as_bytes(), r"\u{9b}31m \u{202e}gpj"),
            (b"no \xff character", r"no \xff character"),
        ] {
            assert_eq!(controls(text), shown);
        }
    }
}

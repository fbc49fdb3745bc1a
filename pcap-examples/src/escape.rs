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

#[cfg(test)]
mod tests {
    use super::controls;

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

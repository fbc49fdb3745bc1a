//! Escapes external text, such as libpcap's messages and device names, so that it is safe to print on one line of a
//! terminal.

use std::fmt::{self, Write};

/// Displays a text on one line. Escapes characters that break the line, control a terminal or
/// reorder the text: `\n`, `\u{1b}`, `\u{202e}`. Quotes, backslashes and letters stay as they are.
pub(crate) struct Printable<'a>(pub(crate) &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some((at, c)) = rest.char_indices().find(|&(_, c)| is_steering(c)) {
            f.write_str(&rest[..at])?;
            for c in c.escape_debug() {
                f.write_char(c)?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        f.write_str(rest)
    }
}

/// Returns whether a character is a control character, a line separator, or one that changes the
/// writing direction.
fn is_steering(c: char) -> bool {
    let reorders = matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    c.is_control() || reorders || matches!(c, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::Printable;

    #[test]
    fn only_what_steers_is_escaped() {
        let text = "a\tb\n\u{7}\u{1b}[2J\u{7f}\u{9b}31m\u{2028}\u{202e}\0.";
        let shown = Printable(text).to_string();
        assert_eq!(
            shown,
            "a\\tb\\n\\u{7}\\u{1b}[2J\\u{7f}\\u{9b}31m\\u{2028}\\u{202e}\\0."
        );
        for text in ["", "it's \"quoted\" \\ e\u{301} \u{65e5}", "\u{fffd}"] {
            assert_eq!(Printable(text).to_string(), text);
        }
        // An escaped text stays as it is.
        assert_eq!(Printable(&shown).to_string(), shown);
    }
}

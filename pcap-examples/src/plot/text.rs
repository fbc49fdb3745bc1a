//! Measures, shortens and escapes the text of plots.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthChar;

use crate::escape as control_escapes;

/// The kinds of fonts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    /// Titles, axes and legends.
    Sans,
    /// Addresses and names of hosts, whose characters have the same width.
    Mono,
}

/// Returns text without characters that XML or a terminal forbids. Control characters become escapes such as `\u{1b}`.
pub(super) fn clean(text: &str) -> String {
    let mut shown = control_escapes::controls(text.as_bytes());
    if shown.contains(['\u{fffe}', '\u{ffff}']) {
        shown = shown.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    }
    shown
}

/// Returns clean text in which the characters that have a meaning in XML and HTML are replaced.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in clean(text).chars() {
        match character {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&#39;",
            _ => escaped.push(character),
        }
    }
    escaped
}

/// Returns the width of text in pixels. It is an estimate for the widest of the usual fonts, so that text has room in
/// all of them.
pub(super) fn width(text: &str, size: f64, face: Face) -> f64 {
    let widths = text.chars().map(|character| em_width(character, face));
    widths.sum::<f64>() * size
}

/// Returns the width of a character as a part of the size of the font.
fn em_width(character: char, face: Face) -> f64 {
    let columns = match character.width() {
        None | Some(0) => return 0.0,
        Some(columns) => columns as f64,
    };
    match character {
        // Ligatures and signs that are many times as wide as a letter.
        '\u{fdf0}'..='\u{fdff}' | '\u{12000}'..='\u{1254f}' | '\u{a9c1}'..='\u{a9df}' => 10.0,
        '\u{2e3a}' | '\u{2e3b}' => 4.0,
        _ if face == Face::Mono && character.is_ascii() => 0.61,
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' | 'I' | ' ' | '\u{202f}' => 0.36,
        'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '/' | '-' | '\\' => 0.43,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.99,
        'A'..='Z' => 0.74,
        ' '..='~' => 0.64,
        // Other scripts come from fonts that nobody knows in advance.
        _ if columns > 1.0 => 1.1,
        '\u{a0}'..='\u{24f}' | '\u{2000}'..='\u{22ff}' => 0.8,
        _ => 1.2,
    }
}

/// Returns clean text that is at most `most` pixels wide. An ellipsis in the middle replaces what does not fit: both
/// ends of an address say something.
pub(super) fn fit(text: &str, size: f64, face: Face, most: f64) -> Cow<'_, str> {
    if is_clean(text) && width(text, size, face) <= most {
        return Cow::Borrowed(text);
    }
    let text = clean(text);
    if width(&text, size, face) <= most {
        return Cow::Owned(text);
    }
    let room = most - width("…", size, face);
    let characters: Vec<char> = text.chars().collect();
    let (mut head, mut tail, mut used) = (0, 0, 0.0);
    while head + tail < characters.len() {
        let at_head = head <= tail;
        let next = match at_head {
            true => characters[head],
            false => characters[characters.len() - 1 - tail],
        };
        used += em_width(next, face) * size;
        if used > room {
            break;
        }
        match at_head {
            true => head += 1,
            false => tail += 1,
        }
    }
    // A mark belongs to the character before it.
    while tail > 0 && em_width(characters[characters.len() - tail], face) == 0.0 {
        tail -= 1;
    }
    let mut short = String::new();
    short.extend(&characters[..head]);
    short.push('…');
    short.extend(&characters[characters.len() - tail..]);
    Cow::Owned(short)
}

fn is_clean(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

/// Appends a number of pixels, with at most one decimal.
pub(super) fn push_pixels(out: &mut String, value: f64) {
    let tenths = if value.is_finite() {
        (value * 10.0).round() as i64
    } else {
        0
    };
    // Writing to memory cannot fail.
    let _ = if tenths % 10 == 0 {
        write!(out, "{}", tenths / 10)
    } else {
        let sign = if tenths < 0 { "-" } else { "" };
        write!(out, "{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10)
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_forbids_is_replaced() {
        assert_eq!(
            escape("<script>&\"'\0\u{1b}\u{ffff}\u{202e}x"),
            r"&lt;script&gt;&amp;&quot;&#39;\u{0}\u{1b}�\u{202e}x"
        );
    }

    #[test]
    fn both_ends_of_a_shortened_text_remain() {
        let address = "[2001:db8:1111:2222:3333:4444:5555:6666]:65535";
        assert_eq!(fit(address, 10.0, Face::Mono, 300.0), address);
        let short = fit(address, 10.0, Face::Mono, 100.0);
        assert_eq!(short, "[2001:db…]:65535");
        assert!(width(&short, 10.0, Face::Mono) <= 100.0);
        assert_eq!(fit("abc", 10.0, Face::Mono, 1.0), "…");
        assert_eq!(fit("日本語日本語", 10.0, Face::Sans, 45.0), "日本…語");
    }

    #[test]
    fn pixels_have_at_most_one_decimal() {
        let mut out = String::new();
        for value in [1.0, 1.25, -0.04, -0.5, 1e30, f64::NAN, f64::INFINITY] {
            push_pixels(&mut out, value);
            out.push(' ');
        }
        assert_eq!(out, "1 1.3 0 -0.5 922337203685477580.7 0 0 ");
    }
}

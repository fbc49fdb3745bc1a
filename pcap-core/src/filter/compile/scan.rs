//! Splits an expression into the tokens that libpcap's scanner sees.

use std::net::Ipv6Addr;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A keyword, a number, an address or a name.
    Word,
    Open,
    Close,
    And,
    Or,
    Not,
    /// `=`, `!=`, `<` and the like.
    Compare,
    /// An arithmetic operator, a bracket or a colon.
    Operator,
    /// Text that libpcap's scanner rejects.
    Unknown,
}

/// A token: the bytes of the expression from `start` to `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The longest address with colons to look for, in bytes.
const LONGEST_ADDRESS: usize = 48;

/// An iterator over the tokens of an expression.
#[derive(Clone, Debug)]
pub(crate) struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Scanner<'a> {
        Scanner {
            text: text.as_bytes(),
            at: 0,
        }
    }

    /// Returns the next token without consuming it.
    pub(crate) fn peek(&self) -> Option<Token> {
        self.clone().next()
    }
}

impl Iterator for Scanner<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        let rest = &self.text[self.at..];
        let blanks = count(rest, |byte| matches!(byte, b' ' | b'\r' | b'\n' | b'\t'));
        let rest = &rest[blanks..];
        if rest.is_empty() {
            self.at = self.text.len();
            return None;
        }
        let (kind, length) = word(rest).or_else(|| symbol(rest)).unwrap_or_else(|| {
            // One whole character.
            let more = count(&rest[1..], |byte| (0x80..0xc0).contains(&byte));
            (Kind::Unknown, 1 + more)
        });
        let start = self.at + blanks;
        self.at = start + length;
        Some(Token {
            kind,
            start,
            end: self.at,
        })
    }
}

/// Counts the leading bytes that satisfy a condition.
fn count(text: &[u8], holds: fn(u8) -> bool) -> usize {
    let end = text.iter().position(|byte| !holds(*byte));
    end.unwrap_or(text.len())
}

fn symbol(text: &[u8]) -> Option<(Kind, usize)> {
    Some(match *text {
        [b'&', b'&', ..] => (Kind::And, 2),
        [b'|', b'|', ..] => (Kind::Or, 2),
        [b'>' | b'<' | b'!' | b'=', b'=', ..] => (Kind::Compare, 2),
        [b'<', b'<', ..] | [b'>', b'>', ..] => (Kind::Operator, 2),
        [b'!', ..] => (Kind::Not, 1),
        [b'=' | b'<' | b'>', ..] => (Kind::Compare, 1),
        [b'(', ..] => (Kind::Open, 1),
        [b')', ..] => (Kind::Close, 1),
        [
            b'+' | b'-' | b'*' | b'/' | b'%' | b':' | b'[' | b']' | b'&' | b'|' | b'^',
            ..,
        ] => (Kind::Operator, 1),
        _ => return None,
    })
}

/// Finds the longest word at the beginning, like the scanner: `1::or` is an address and `or`,
/// `80or` a name.
fn word(text: &[u8]) -> Option<(Kind, usize)> {
    let escaped = |byte| !matches!(byte, b' ' | b'!' | b'(' | b')' | b'\n' | b'\t');
    let length = match text[0] {
        // A keyword that is escaped to be a name.
        b'\\' => 1 + count(&text[1..], escaped),
        // An ARCNET address.
        b'$' => 1 + count(&text[1..], |byte| byte.is_ascii_hexdigit()).min(2),
        _ => name(text).max(address(text)),
    };
    if length < usize::from(matches!(text[0], b'\\' | b'$')) + 1 {
        return None;
    }
    let kind = match &text[..length] {
        b"and" => Kind::And,
        b"or" => Kind::Or,
        b"not" => Kind::Not,
        _ => Kind::Word,
    };
    Some((kind, length))
}

/// Returns the length of a name, a number or an IPv4 address: it begins with a letter or a digit
/// and does not end with a dash.
fn name(text: &[u8]) -> usize {
    if !text[0].is_ascii_alphanumeric() {
        return 0;
    }
    let inside = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let mut length = count(text, inside);
    while matches!(text[length - 1], b'-' | b'_') {
        length -= 1;
    }
    length
}

/// Returns the length of the longest address with colons: IPv6 or Ethernet.
fn address(text: &[u8]) -> usize {
    let inside = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let all = count(&text[..text.len().min(LONGEST_ADDRESS)], inside);
    let is_address = |text: &str| text.parse::<Ipv6Addr>().is_ok() || is_ethernet(text);
    let is_whole = |&length: &usize| {
        let text = &text[..length];
        text.contains(&b':') && std::str::from_utf8(text).is_ok_and(is_address)
    };
    (1..=all).rev().find(is_whole).unwrap_or(0)
}

fn is_ethernet(text: &str) -> bool {
    let byte = |part: &str| matches!(part.len(), 1 | 2);
    text.split(':').count() == 6 && text.split(':').all(byte)
}

/// Returns whether a word is certainly a number or an address, which is never resolved: one to four
/// numbers with dots between them, or an address with colons.
pub(crate) fn is_number(word: &str) -> bool {
    let number = |part: &str| {
        let hexadecimal = part.strip_prefix("0x").or_else(|| part.strip_prefix("0X"));
        let (digits, radix) = hexadecimal.map_or((part, 10), |digits| (digits, 16));
        !digits.is_empty() && digits.chars().all(|digit| digit.is_digit(radix))
    };
    word.as_bytes().contains(&b':') || word.split('.').count() <= 4 && word.split('.').all(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scanned(text: &str) -> Vec<(Kind, &str)> {
        Scanner::new(text)
            .map(|token| (token.kind, &text[token.start..token.end]))
            .collect()
    }

    #[test]
    fn words_are_as_long_as_libpcap_has_them() {
        let words = |text| -> Vec<&str> { scanned(text).iter().map(|token| token.1).collect() };
        for (text, expected) in [
            ("a  b\r\n\tc", &["a", "b", "c"][..]),
            (
                "0:1:2:3:4:5or 1::or ::1and x",
                &["0:1:2:3:4:5", "or", "1::", "or", "::1a", "nd", "x"],
            ),
            ("80or 10.0.0.1or 1-2-3", &["80or", "10.0.0.1or", "1-2-3"]),
            ("a- b_-c _", &["a", "-", "b_-c", "_"]),
            ("$1or $ff $", &["$1", "or", "$ff", "$"]),
            ("\\tcp \\(a", &["\\tcp", "\\", "(", "a"]),
            ("tcp[0:2]>=5", &["tcp", "[", "0", ":", "2", "]", ">=", "5"]),
            (
                "a&&b||!c&d|e!=f",
                &[
                    "a", "&&", "b", "||", "!", "c", "&", "d", "|", "e", "!=", "f",
                ],
            ),
            ("::ffff:192.0.2.1/96", &["::ffff:192.0.2.1", "/", "96"]),
            ("1<<2 ==3", &["1", "<<", "2", "==", "3"]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn connectives_are_told_from_names() {
        let kinds = |text| -> Vec<Kind> { scanned(text).iter().map(|token| token.0).collect() };
        use Kind::{And, Not, Or, Unknown, Word};
        assert_eq!(kinds("or and not || && !"), [Or, And, Not, Or, And, Not]);
        assert_eq!(kinds("orion normandy or-x \\or"), [Word; 4]);
        assert_eq!(kinds("ä\\ $ _"), [Unknown; 4]);
    }

    #[test]
    fn only_what_is_never_looked_up_is_a_number() {
        for word in ["1", "0x1F", "0X1", "10.1", "10.0.0.1", "::1", "0:1:2:3:4:5"] {
            assert!(is_number(word), "{word}");
        }
        for word in [
            "10-0-0-1",
            "1.2.3.4.5",
            "1.",
            ".1",
            "1..2",
            "99-99",
            "0x",
            "1a",
            "a.b",
            "",
        ] {
            assert!(!is_number(word), "{word}");
        }
    }
}

//! Writes JSON objects, member by member.

use std::fmt::{self, Display, Write as _};
use std::io::Write as _;
use std::net::IpAddr;
use std::path::Path;

use pcap_core::MacAddr;

use crate::decode::Endpoint;
use crate::{decimal, escape, hex};

/// The version of the schema in `pcap-examples/schema`.
pub const SCHEMA: u32 = 1;

/// A JSON object that is being written. Members appear in the order in which they are added.
#[derive(Debug)]
pub struct Object<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

impl Object<'_> {
    /// Begins an object at the end of `out`, which is part of another value.
    pub fn new(out: &mut Vec<u8>) -> Object<'_> {
        out.push(b'{');
        Object {
            out,
            is_empty: true,
        }
    }

    /// Begins an object that is a line of output. It begins with the version of the schema and its type.
    #[must_use]
    pub fn of_type<'a>(out: &'a mut Vec<u8>, kind: &str) -> Object<'a> {
        Object::new(out).number("schema", SCHEMA).str("type", kind)
    }

    /// Adds a member. The closure appends its value.
    #[must_use]
    pub fn member(mut self, name: &str, value: impl FnOnce(&mut Vec<u8>)) -> Self {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        push_text(self.out, name);
        self.out.push(b':');
        value(self.out);
        self
    }

    /// Adds a string.
    #[must_use]
    pub fn text(self, name: &str, value: impl Display) -> Self {
        self.member(name, |out| string(out, value))
    }

    /// Adds a string that is already text, which is faster.
    #[must_use]
    pub fn str(self, name: &str, value: &str) -> Self {
        self.member(name, |out| push_text(out, value))
    }

    /// Adds a string, if there is one.
    #[must_use]
    pub fn some_text(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    /// Adds a path. If it is not UTF-8, also adds its bytes in hexadecimal as `NAME_hex`.
    #[must_use]
    pub fn path(self, name: &str, path: &Path) -> Self {
        let object = self.text(name, path.display());
        if path.to_str().is_some() {
            return object;
        }
        object.hex(&format!("{name}_hex"), path.as_os_str().as_encoded_bytes())
    }

    /// Adds bytes in hexadecimal.
    #[must_use]
    pub fn hex(self, name: &str, bytes: &[u8]) -> Self {
        self.member(name, |out| {
            out.push(b'"');
            hex::push(out, bytes);
            out.push(b'"');
        })
    }

    /// Adds a whole number.
    #[must_use]
    pub fn number(self, name: &str, value: impl Into<u64>) -> Self {
        self.member(name, |out| decimal::push(out, value.into()))
    }

    /// Adds a whole number, if there is one.
    #[must_use]
    pub fn some_number(self, name: &str, value: Option<impl Into<u64>>) -> Self {
        match value {
            Some(value) => self.number(name, value),
            None => self,
        }
    }

    /// Adds a number or a Boolean.
    #[must_use]
    pub fn plain(self, name: &str, value: impl Display) -> Self {
        self.member(name, |out| {
            // Writing to memory cannot fail.
            let _ = write!(out, "{value}");
        })
    }

    /// Adds a number, if there is one.
    #[must_use]
    pub fn some_plain(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.plain(name, value),
            None => self,
        }
    }

    /// Adds an array, unless it is empty. The closure appends each element.
    #[must_use]
    pub fn some_list<T>(
        self,
        name: &str,
        elements: impl IntoIterator<Item = T>,
        add: impl FnMut(&mut Vec<u8>, T),
    ) -> Self {
        let mut elements = elements.into_iter().peekable();
        match elements.peek() {
            Some(_) => self.member(name, |out| list(out, elements, add)),
            None => self,
        }
    }

    /// Adds an address, without its port.
    #[must_use]
    pub fn address(self, name: &str, end: Option<Endpoint>) -> Self {
        match end {
            Some(Endpoint::Socket(socket)) => self.ip(name, socket.ip()),
            Some(Endpoint::Ip(address)) => self.ip(name, address),
            Some(Endpoint::Mac(mac)) => self.some_mac(name, Some(mac)),
            None => self,
        }
    }

    /// Adds a port, if there is one.
    #[must_use]
    pub fn port(self, name: &str, end: Option<Endpoint>) -> Self {
        match end {
            Some(Endpoint::Socket(socket)) => self.number(name, socket.port()),
            _ => self,
        }
    }

    /// Adds a MAC address, if there is one.
    #[must_use]
    pub fn some_mac(self, name: &str, mac: Option<MacAddr>) -> Self {
        let Some(mac) = mac else {
            return self;
        };
        self.member(name, |out| {
            for (index, byte) in mac.octets().into_iter().enumerate() {
                out.push(if index == 0 { b'"' } else { b':' });
                hex::push(out, &[byte]);
            }
            out.push(b'"');
        })
    }

    fn ip(self, name: &str, address: IpAddr) -> Self {
        let IpAddr::V4(address) = address else {
            return self.text(name, address);
        };
        self.member(name, |out| {
            for (index, byte) in address.octets().into_iter().enumerate() {
                out.push(if index == 0 { b'"' } else { b'.' });
                decimal::push(out, byte.into());
            }
            out.push(b'"');
        })
    }

    /// Adds the addresses and ports that are known.
    #[must_use]
    pub fn endpoints(self, source: Option<Endpoint>, destination: Option<Endpoint>) -> Self {
        self.address("source", source)
            .port("source_port", source)
            .address("destination", destination)
            .port("destination_port", destination)
    }

    /// Ends the object.
    pub fn end(self) {
        self.out.push(b'}');
    }
}

/// Appends a string, quoted and escaped. Also escapes the control characters that JSON permits, because a terminal would
/// execute them.
pub fn string(out: &mut Vec<u8>, text: impl Display) {
    out.push(b'"');
    // Writing to memory cannot fail.
    let _ = write!(Escaped(out), "{text}");
    out.push(b'"');
}

/// Appends a string that is already text.
fn push_text(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let _ = Escaped(out).write_str(text);
    out.push(b'"');
}

/// Appends an array. The closure appends each element.
pub fn list<T>(
    out: &mut Vec<u8>,
    elements: impl IntoIterator<Item = T>,
    mut add: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, element) in elements.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        add(out, element);
    }
    out.push(b']');
}

/// Appends a number to an array.
pub fn number(out: &mut Vec<u8>, number: impl Display) {
    let _ = write!(out, "{number}");
}

/// Escapes what is written to it, as in a JSON string.
struct Escaped<'a>(&'a mut Vec<u8>);

impl fmt::Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let is_plain = |byte: &u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        if text.as_bytes().iter().all(is_plain) {
            self.0.extend_from_slice(text.as_bytes());
            return Ok(());
        }
        for character in text.chars() {
            match character {
                '"' => self.0.extend(b"\\\""),
                '\\' => self.0.extend(b"\\\\"),
                '\n' => self.0.extend(b"\\n"),
                '\r' => self.0.extend(b"\\r"),
                '\t' => self.0.extend(b"\\t"),
                // No control character is above U+FFFF.
                _ if escape::is_control(character) => {
                    let _ = write!(self.0, "\\u{:04x}", u32::from(character));
                }
                _ => self.0.extend(character.encode_utf8(&mut [0; 4]).bytes()),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_escaped_and_remain_the_same() {
        for text in [
            "plain",
            "",
            "\"quoted\" \\ back",
            "line\nfeed\ttab\r",
            "\0\x01\x1b[31m\x7f",
            "\u{9b}31m \u{202e}gpj \u{2028}",
            "naïve … 日本 🦀",
        ] {
            let mut out = Vec::new();
            string(&mut out, text);
            let value: String = serde_json::from_slice(&out).unwrap();
            assert_eq!(value, text);
            let shown = String::from_utf8(out).unwrap();
            assert!(!shown.chars().any(escape::is_control), "{shown:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_are_not_utf8_have_their_bytes() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let mut out = Vec::new();
        Object::new(&mut out)
            .path("path", Path::new(OsStr::from_bytes(b"a\xff")))
            .end();
        assert_eq!(
            out,
            "{\"path\":\"a\u{fffd}\",\"path_hex\":\"61ff\"}".as_bytes()
        );
    }
}

//! Decodes the first record of TLS or DTLS in a packet: what it is, and the server name in a ClientHello.

use std::fmt::{self, Display, Formatter};

use super::super::fields::{array_at, prefix, skip, u8_at, u16_at};
use super::write_escaped;

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
/// The maximum length of a record: that of its plain text, and what encryption adds.
const MAX_RECORD: u16 = (1 << 14) + 2048;

/// A record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tls<'a> {
    is_datagram: bool,
    content_type: u8,
    /// The version in the record, or that of a hello message.
    version: u16,
    /// The type of the handshake message, if it is not encrypted.
    message: Option<u8>,
    /// The level and the reason of an alert, if it is not encrypted.
    alert: Option<[u8; 2]>,
    server_name: Option<&'a [u8]>,
}

impl<'a> Tls<'a> {
    /// Decodes a record at the start of a TCP segment.
    pub(super) fn new(data: &'a [u8]) -> Option<Tls<'a>> {
        let [content_type @ 20..=23, 3, minor @ 0..=4] = array_at(data, 0)? else {
            return None;
        };
        let length = u16_at(data, 3).filter(|length| (1..=MAX_RECORD).contains(length))?;
        let mut tls = Tls {
            is_datagram: false,
            content_type,
            version: u16::from_be_bytes([3, minor]),
            message: None,
            alert: None,
            server_name: None,
        };
        tls.read_record(length.into(), skip(data, 5));
        Some(tls)
    }

    /// Decodes a record of DTLS at the start of a datagram.
    pub(super) fn over_udp(data: &'a [u8]) -> Option<Tls<'a>> {
        let [content_type @ 20..=23, 0xfe, minor @ (0xfd | 0xff)] = array_at(data, 0)? else {
            return None;
        };
        let length = u16_at(data, 11).filter(|length| (1..=MAX_RECORD).contains(length))?;
        let mut tls = Tls {
            is_datagram: true,
            content_type,
            version: u16::from_be_bytes([0xfe, minor]),
            message: None,
            alert: None,
            server_name: None,
        };
        tls.read_record(length.into(), skip(data, 13));
        Some(tls)
    }

    fn read_record(&mut self, length: usize, data: &'a [u8]) {
        const ALERT: u8 = 21;
        const HANDSHAKE: u8 = 22;
        let data = prefix(data, length);
        match self.content_type {
            // An encrypted alert is longer.
            ALERT if length == 2 => self.alert = array_at(data, 0),
            HANDSHAKE => self.read_handshake(length, data),
            _ => {}
        }
    }

    fn read_handshake(&mut self, record_length: usize, data: &'a [u8]) {
        let Some([kind, a, b, c]) = array_at(data, 0) else {
            return;
        };
        let header = if self.is_datagram { 12 } else { 4 };
        // A message of DTLS may be in several records, and also states the length of the part in this one.
        let [a, b, c] = match self.is_datagram {
            true => array_at(data, 9).unwrap_or([a, b, c]),
            false => [a, b, c],
        };
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        let is_hello = matches!(kind, CLIENT_HELLO | SERVER_HELLO);
        // An encrypted message has a random type and length. Only hello messages may continue in another record.
        if message_name(kind).is_none() || (length + header > record_length && !is_hello) {
            return;
        }
        self.message = Some(kind);
        if is_hello {
            self.read_hello(kind, skip(data, header));
        }
    }

    fn read_hello(&mut self, kind: u8, hello: &'a [u8]) -> Option<()> {
        self.version = u16_at(hello, 0)?;
        // After the version, there are 32 random bytes and the identifier of the session.
        let mut rest = skip_list_of_8(skip(hello, 34))?;
        rest = if kind == SERVER_HELLO {
            // A cipher suite and a compression method.
            skip(rest, 3)
        } else {
            if self.is_datagram {
                rest = skip_list_of_8(rest)?;
            }
            // The cipher suites and the compression methods.
            skip_list_of_8(skip_list_of_16(rest)?)?
        };
        let length = u16_at(rest, 0)?;
        let mut extensions = prefix(skip(rest, 2), length.into());
        loop {
            let (extension, length) = (u16_at(extensions, 0)?, u16_at(extensions, 2)?);
            let body = prefix(skip(extensions, 4), length.into());
            match (extension, kind) {
                (0, CLIENT_HELLO) => self.server_name = server_name(body),
                (43, CLIENT_HELLO) => {
                    let versions = skip(body, 1).chunks_exact(2);
                    let versions = versions.map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
                    self.version = newest(versions).unwrap_or(self.version);
                }
                (43, _) => self.version = u16_at(body, 0)?,
                _ => {}
            }
            extensions = skip(extensions, 4 + usize::from(length));
        }
    }

    /// Returns the name of the protocol.
    pub(super) fn name(&self) -> &'static str {
        if self.is_datagram { "DTLS" } else { "TLS" }
    }

    /// Returns the version, such as `1.3`: that of a hello message, or that of the record, which is an older one. A
    /// ClientHello has the newest version that the client supports.
    #[must_use]
    pub fn version(&self) -> Option<&'static str> {
        Some(match self.version {
            0x0300 => "SSL 3.0",
            0x0301 => "1.0",
            0x0302 | 0xfeff => "1.1",
            0x0303 | 0xfefd => "1.2",
            0x0304 | 0xfefc => "1.3",
            _ => return None,
        })
    }

    /// Returns the name of the record or the handshake message, such as `ClientHello`.
    #[must_use]
    pub fn message(&self) -> &'static str {
        match (self.content_type, self.message.and_then(message_name)) {
            (22, Some(name)) => name,
            (22, None) => "handshake",
            (20, _) => "ChangeCipherSpec",
            (21, _) => "alert",
            _ => "data",
        }
    }

    /// Returns the server name in a ClientHello.
    #[must_use]
    pub fn server_name(&self) -> Option<String> {
        self.server_name.map(crate::escape::controls)
    }
}

impl Display for Tls<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // The version of other records is not the one that is used.
        let is_hello = matches!(self.message, Some(CLIENT_HELLO | SERVER_HELLO));
        if let Some(version) = self.version().filter(|_| is_hello) {
            write!(f, " {version}")?;
        }
        write!(f, " {}", self.message())?;
        if let Some([level, reason]) = self.alert {
            f.write_str(if level == 2 { " fatal" } else { " warning" })?;
            match alert_name(reason) {
                Some(name) => write!(f, " {name}")?,
                None => write!(f, " {reason}")?,
            }
        }
        match self.server_name {
            Some(name) => {
                f.write_str(" ")?;
                write_escaped(f, name)
            }
            None => Ok(()),
        }
    }
}

/// Returns the newest version of TLS or DTLS. Clients also send random versions, which no server supports.
fn newest(versions: impl Iterator<Item = u16>) -> Option<u16> {
    versions
        .filter(|version| matches!(version, 0x0300..=0x0304 | 0xfefc | 0xfefd | 0xfeff))
        // The versions of DTLS count down.
        .max_by_key(|&version| if version >= 0xfe00 { !version } else { version })
}

/// Returns the host name in an extension.
fn server_name(extension: &[u8]) -> Option<&[u8]> {
    let is_host = u8_at(extension, 2)? == 0;
    let length = u16_at(extension, 3)?;
    skip(extension, 5).get(..length.into()).filter(|_| is_host)
}

/// Returns the bytes after a list, whose length is in its first byte.
fn skip_list_of_8(data: &[u8]) -> Option<&[u8]> {
    Some(skip(data, 1 + usize::from(u8_at(data, 0)?)))
}

/// Returns the bytes after a list, whose length is in its first two bytes.
fn skip_list_of_16(data: &[u8]) -> Option<&[u8]> {
    Some(skip(data, 2 + usize::from(u16_at(data, 0)?)))
}

fn message_name(kind: u8) -> Option<&'static str> {
    Some(match kind {
        0 => "HelloRequest",
        CLIENT_HELLO => "ClientHello",
        SERVER_HELLO => "ServerHello",
        3 => "HelloVerifyRequest",
        4 => "NewSessionTicket",
        11 => "Certificate",
        12 => "ServerKeyExchange",
        13 => "CertificateRequest",
        14 => "ServerHelloDone",
        15 => "CertificateVerify",
        16 => "ClientKeyExchange",
        22 => "CertificateStatus",
        _ => return None,
    })
}

fn alert_name(reason: u8) -> Option<&'static str> {
    Some(match reason {
        0 => "close notify",
        10 => "unexpected message",
        20 => "bad record MAC",
        22 => "record overflow",
        40 => "handshake failure",
        42 => "bad certificate",
        43 => "unsupported certificate",
        44 => "certificate revoked",
        45 => "certificate expired",
        46 => "certificate unknown",
        47 => "illegal parameter",
        48 => "unknown CA",
        49 => "access denied",
        50 => "decode error",
        51 => "decrypt error",
        70 => "protocol version",
        71 => "insufficient security",
        80 => "internal error",
        86 => "inappropriate fallback",
        90 => "user canceled",
        109 => "missing extension",
        112 => "unrecognized name",
        116 => "certificate required",
        120 => "no application protocol",
        _ => return None,
    })
}

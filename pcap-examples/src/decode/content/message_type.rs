//! Decodes protocols of which a line shows little more than the type of a message: BGP, RADIUS, RIP, BFD and TFTP.

use std::fmt::{self, Display, Formatter};

use super::super::fields::{prefix, skip, u8_at, u16_at};
use super::write_escaped;

/// The maximum number of bytes of a text to show.
const MAX_SHOWN: usize = 120;
/// Every message of BGP begins with it.
const BGP_MARKER: [u8; 16] = [0xff; 16];

/// A message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct MessageType<'a> {
    name: &'static str,
    kind: &'static str,
    /// A number that a response shares with its request.
    id: Option<u8>,
    /// The name of a file, or the text of an error.
    text: Option<&'a [u8]>,
}

impl<'a> MessageType<'a> {
    /// Decodes BGP at the start of a TCP segment.
    pub(super) fn bgp(data: &'a [u8]) -> Option<MessageType<'a>> {
        data.strip_prefix(&BGP_MARKER)?;
        Some(MessageType::new(
            "BGP",
            match u8_at(data, 18)? {
                1 => "open",
                2 => "update",
                3 => "notification",
                4 => "keepalive",
                5 => "route refresh",
                _ => return None,
            },
        ))
    }

    /// Decodes a datagram of a protocol that has a fixed port.
    pub(super) fn over_udp(port: u16, data: &'a [u8]) -> Option<MessageType<'a>> {
        match port {
            69 => tftp(data),
            520 => rip(data),
            1645 | 1646 | 1812 | 1813 => radius(data),
            3784 | 4784 => bfd(data),
            _ => None,
        }
    }

    /// Returns the name of the protocol.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    fn new(name: &'static str, kind: &'static str) -> MessageType<'a> {
        MessageType {
            name,
            kind,
            id: None,
            text: None,
        }
    }
}

impl Display for MessageType<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, " {}", self.kind)?;
        if let Some(id) = self.id {
            write!(f, " id {id}")?;
        }
        match self.text {
            Some(text) => {
                f.write_str(" \"")?;
                write_escaped(f, text)?;
                f.write_str("\"")
            }
            None => Ok(()),
        }
    }
}

fn tftp(data: &[u8]) -> Option<MessageType<'_>> {
    let (kind, text_at) = match u16_at(data, 0)? {
        1 => ("read request", 2),
        2 => ("write request", 2),
        3 => return Some(MessageType::new("TFTP", "data")),
        4 => return Some(MessageType::new("TFTP", "acknowledgment")),
        5 => ("error", 4),
        6 => return Some(MessageType::new("TFTP", "option acknowledgment")),
        _ => return None,
    };
    let text = prefix(skip(data, text_at), MAX_SHOWN);
    let end = text.iter().position(|&byte| byte == 0);
    Some(MessageType {
        text: Some(&text[..end.unwrap_or(text.len())]),
        ..MessageType::new("TFTP", kind)
    })
}

fn rip(data: &[u8]) -> Option<MessageType<'_>> {
    let kind = match (u8_at(data, 0)?, u8_at(data, 1)?) {
        (1, 1) => "v1 request",
        (2, 1) => "v1 response",
        (1, 2) => "v2 request",
        (2, 2) => "v2 response",
        _ => return None,
    };
    Some(MessageType::new("RIP", kind))
}

fn radius(data: &[u8]) -> Option<MessageType<'_>> {
    let kind = match u8_at(data, 0)? {
        1 => "access request",
        2 => "access accept",
        3 => "access reject",
        4 => "accounting request",
        5 => "accounting response",
        11 => "access challenge",
        12 => "status of the server",
        40 => "disconnect request",
        43 => "change of authorization",
        _ => return None,
    };
    // The length includes the header of 20 bytes.
    u16_at(data, 2).filter(|&length| length >= 20)?;
    Some(MessageType {
        id: u8_at(data, 1),
        ..MessageType::new("RADIUS", kind)
    })
}

fn bfd(data: &[u8]) -> Option<MessageType<'_>> {
    (u8_at(data, 0)? >> 5 == 1).then_some(())?;
    let kind = ["state admin down", "state down", "state init", "state up"];
    let state = usize::from(u8_at(data, 1)? >> 6);
    Some(MessageType::new("BFD", kind[state]))
}

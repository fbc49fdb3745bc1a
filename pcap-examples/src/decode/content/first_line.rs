//! Decodes protocols whose messages begin with a line of text: HTTP, RTSP, SIP, SSDP, SSH, FTP, SMTP, POP3, IMAP and
//! syslog.

use std::fmt::{self, Display, Formatter};

use super::super::fields::prefix;
use super::write_escaped;

/// The maximum number of bytes of a line to show.
const MAX_SHOWN: usize = 120;

/// The first line of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FirstLine<'a> {
    name: &'static str,
    text: &'a [u8],
    is_complete: bool,
}

impl<'a> FirstLine<'a> {
    /// Decodes HTTP, RTSP, SIP or SSH at the start of a TCP segment.
    pub(super) fn over_tcp(data: &'a [u8]) -> Option<FirstLine<'a>> {
        let first = data.first_chunk::<4>()?;
        let name = match first {
            b"GET " | b"HEAD" | b"POST" | b"PUT " | b"DELE" | b"PATC" | b"CONN" | b"TRAC"
            | b"PRI " => "HTTP",
            // HTTP, RTSP or SIP.
            b"OPTI" => "",
            b"HTTP" => "HTTP",
            b"RTSP" | b"DESC" | b"ANNO" | b"SETU" | b"PLAY" | b"PAUS" | b"TEAR" => "RTSP",
            b"SIP/" | b"INVI" | b"REGI" | b"BYE " | b"ACK " | b"CANC" => "SIP",
            b"SSH-" => "SSH",
            _ => return None,
        };
        let line = FirstLine::new(name, data);
        if name == "SSH" {
            return Some(line);
        }
        let has = |version: &[u8]| line.text.windows(version.len()).any(|part| part == version);
        let versions: [(&str, &[u8]); 3] =
            [("HTTP", b"HTTP/"), ("RTSP", b"RTSP/"), ("SIP", b"SIP/")];
        let found = versions.iter().find(|(_, version)| has(version));
        match found {
            Some(&(name, _)) => Some(FirstLine { name, ..line }),
            // The version may be after the end of the packet.
            None if !line.is_complete && name == "HTTP" => Some(line),
            None => None,
        }
    }

    /// Decodes a line of a protocol that is recognized only by its port, if the segment begins with text.
    pub(super) fn of_port(port: u16, data: &'a [u8]) -> Option<FirstLine<'a>> {
        let name = match port {
            21 => "FTP",
            25 | 587 => "SMTP",
            110 => "POP3",
            143 => "IMAP",
            _ => return None,
        };
        let is_text = |byte: &u8| matches!(byte, b' '..=b'~');
        let start = data.first_chunk::<3>()?;
        start
            .iter()
            .all(is_text)
            .then(|| FirstLine::new(name, data))
    }

    /// Decodes syslog in a datagram.
    pub(super) fn syslog(data: &'a [u8]) -> Option<FirstLine<'a>> {
        let is_syslog = data.starts_with(b"<") && data.get(1).is_some_and(u8::is_ascii_digit);
        let line = FirstLine::new("syslog", data);
        // The line often ends with the datagram.
        let is_complete = line.is_complete || data.len() <= MAX_SHOWN;
        is_syslog.then_some(FirstLine {
            is_complete,
            ..line
        })
    }

    /// Decodes SSDP in a datagram.
    pub(super) fn ssdp(data: &'a [u8]) -> Option<FirstLine<'a>> {
        let is_ssdp = [&b"M-SEARCH "[..], b"NOTIFY ", b"HTTP/1."]
            .iter()
            .any(|start| data.starts_with(start));
        is_ssdp.then(|| FirstLine::new("SSDP", data))
    }

    /// Decodes SIP in a datagram.
    pub(super) fn sip(data: &'a [u8]) -> Option<FirstLine<'a>> {
        let line = FirstLine::new("SIP", data);
        let is_sip = line.text.starts_with(b"SIP/2.0") || line.text.ends_with(b" SIP/2.0");
        is_sip.then_some(line)
    }

    fn new(name: &'static str, data: &'a [u8]) -> FirstLine<'a> {
        let start = prefix(data, MAX_SHOWN);
        let end = start.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        FirstLine {
            name,
            text: &start[..end.unwrap_or(start.len())],
            is_complete: end.is_some(),
        }
    }

    /// Returns whether the line begins with a name.
    pub(super) fn begins_with(&self, name: &str) -> bool {
        self.text.starts_with(name.as_bytes())
    }

    /// Returns the name of the protocol.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }
}

impl Display for FirstLine<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(" ")?;
        write_escaped(f, self.text)?;
        f.write_str(if self.is_complete { "" } else { "…" })
    }
}

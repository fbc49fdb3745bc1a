//! Decodes DNS, mDNS and LLMNR.

mod name;
mod record;

use std::fmt::{self, Display, Formatter};

pub use name::Name;
pub use record::{Question, Record, RecordType};

use super::super::fields::{prefix, skip, u16_at};
use name::name_at;
use record::{question_at, record_at};

/// The length of the header.
const HEADER: usize = 12;
/// The maximum number of questions or of answers in a line of text.
const MAX_SHOWN: usize = 3;
/// The maximum number of questions or of answers that are decoded. With compressed names, a packet can contain
/// thousands of answers, whose text is a hundred times as long as the packet.
const MAX_DECODED: usize = 32;

/// A message.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dns<'a> {
    name: &'static str,
    message: &'a [u8],
}

impl<'a> Dns<'a> {
    /// Decodes a message of a protocol with this name, if its header is complete.
    #[must_use]
    pub fn new(name: &'static str, message: &'a [u8]) -> Option<Dns<'a>> {
        (message.len() >= HEADER).then_some(Dns { name, message })
    }

    /// Decodes the first message of a TCP segment.
    pub(super) fn over_tcp(data: &'a [u8]) -> Option<Dns<'a>> {
        let length = u16_at(data, 0)?;
        Dns::new("DNS", prefix(skip(data, 2), length.into()))
    }

    /// Returns the name of the protocol.
    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the number that a response shares with its query.
    #[must_use]
    pub fn id(&self) -> u16 {
        self.field(0)
    }

    /// Returns whether the message is a response.
    #[must_use]
    pub fn is_response(&self) -> bool {
        self.field(2) & 0x8000 != 0
    }

    /// Returns the kind of query, such as an update: 0 for a standard query.
    #[must_use]
    pub fn operation(&self) -> u8 {
        (self.field(2) >> 11 & 15) as u8
    }

    /// Returns the response code.
    #[must_use]
    pub fn code(&self) -> u8 {
        (self.field(2) & 15) as u8
    }

    /// Returns the questions, at most 32.
    pub fn questions(&self) -> impl Iterator<Item = Question<'a>> + use<'a> {
        let message = self.message;
        let mut at = HEADER;
        (0..self.field(4)).take(MAX_DECODED).map_while(move |_| {
            let (question, end) = question_at(message, at)?;
            at = end;
            Some(question)
        })
    }

    /// Returns the records of the answer section, at most 32.
    pub fn answers(&self) -> impl Iterator<Item = Record<'a>> + use<'a> {
        let message = self.message;
        let mut at = HEADER;
        let mut is_known = true;
        for _ in 0..self.field(4) {
            match name_at(message, at) {
                Some((_, end)) => at = end + 4,
                None => {
                    is_known = false;
                    break;
                }
            }
        }
        let count = if is_known { self.field(6) } else { 0 };
        (0..count).take(MAX_DECODED).map_while(move |_| {
            let (record, end) = record_at(message, at)?;
            at = end;
            Some(record)
        })
    }

    fn field(&self, at: usize) -> u16 {
        // The constructors check that the header is complete.
        u16_at(self.message, at).unwrap_or_default()
    }
}

impl Display for Dns<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        // The number is always 0 in mDNS.
        if self.id() != 0 {
            write!(f, " {}", self.id())?;
        }
        match self.operation() {
            0 => {}
            1 => f.write_str(" inverse")?,
            2 => f.write_str(" status")?,
            4 => f.write_str(" notify")?,
            5 => f.write_str(" update")?,
            other => write!(f, " operation {other}")?,
        }
        let mut separator = " ";
        for question in self.questions().take(MAX_SHOWN) {
            write!(f, "{separator}{}? {}", question.kind, question.name)?;
            separator = ", ";
        }
        let count = usize::from(self.field(4));
        if count > MAX_SHOWN {
            write!(f, ", {} more", count - MAX_SHOWN)?;
        }
        if !self.is_response() {
            return Ok(());
        }
        f.write_str(if count > 0 { ": " } else { " " })?;
        // The whole answer is sent over TCP.
        if self.field(2) & 0x0200 != 0 {
            f.write_str("truncated, ")?;
        }
        match (self.code(), self.field(6)) {
            (0, 0) => return f.write_str("no answers"),
            (0, _) => {}
            (code, answers) => {
                match code_name(code) {
                    Some(name) => f.write_str(name)?,
                    None => write!(f, "code {code}")?,
                }
                if answers > 0 {
                    f.write_str(", ")?;
                }
            }
        }
        let mut separator = "";
        let asked = self.questions().next().map(|question| question.name);
        for record in self.answers().take(MAX_SHOWN) {
            f.write_str(separator)?;
            // An alias is asked for by its own name, and other answers are about the name in the question.
            if asked.is_none() {
                write!(f, "{} ", record.name)?;
            }
            write!(f, "{}{}", record.kind, record.data())?;
            separator = ", ";
        }
        let count = usize::from(self.field(6));
        if count > MAX_SHOWN {
            write!(f, ", {} more", count - MAX_SHOWN)?;
        }
        Ok(())
    }
}

/// Returns the name of a response code, as tcpdump writes it.
#[must_use]
pub fn code_name(code: u8) -> Option<&'static str> {
    Some(match code {
        0 => "NoError",
        1 => "FormErr",
        2 => "ServFail",
        3 => "NXDomain",
        4 => "NotImp",
        5 => "Refused",
        6 => "YXDomain",
        7 => "YXRRSet",
        8 => "NXRRSet",
        9 => "NotAuth",
        10 => "NotZone",
        _ => return None,
    })
}

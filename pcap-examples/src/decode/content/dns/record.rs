//! The questions and records of DNS messages.

use std::fmt::{self, Display, Formatter};
use std::net::{Ipv4Addr, Ipv6Addr};

use super::super::super::fields::{array_at, prefix, skip, u8_at, u16_at};
use super::super::write_escaped;
use super::name::{Name, name_at};

/// A question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Question<'a> {
    /// The name that is asked for.
    pub name: Name<'a>,
    /// The type of the records that are asked for.
    pub kind: RecordType,
}

/// A record of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Record<'a> {
    /// The name that the record describes.
    pub name: Name<'a>,
    /// The type of the record.
    pub kind: RecordType,
    message: &'a [u8],
    /// Where the data is in the message.
    at: usize,
    length: usize,
}

/// The type of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordType(pub u16);

/// Returns the question at an offset, and the offset of its end.
pub(super) fn question_at(message: &[u8], at: usize) -> Option<(Question<'_>, usize)> {
    let Some((name, end)) = name_at(message, at) else {
        return truncated_question(message, at);
    };
    let kind = RecordType(u16_at(message, end)?);
    Some((Question { name, kind }, end + 4))
}

/// Returns the question at an offset, whose name is not complete.
fn truncated_question(message: &[u8], at: usize) -> Option<(Question<'_>, usize)> {
    let is_name = u8_at(message, at).is_some_and(|length| matches!(length, 1..=63));
    let question = Question {
        name: Name::new(message, at),
        kind: RecordType(0),
    };
    is_name.then_some((question, message.len()))
}

/// Returns the record at an offset, and the offset of its end.
pub(super) fn record_at(message: &[u8], at: usize) -> Option<(Record<'_>, usize)> {
    let (name, end) = name_at(message, at)?;
    let kind = RecordType(u16_at(message, end)?);
    let length = u16_at(message, end + 8)?.into();
    let at = end + 10;
    let record = Record {
        name,
        kind,
        message,
        at,
        length,
    };
    Some((record, at + length))
}

impl<'a> Record<'a> {
    /// Returns the data of the record as text, which begins with a space unless it is empty. Only a few types have a
    /// text.
    #[must_use]
    pub fn data(&self) -> Data<'a> {
        Data(*self)
    }
}

/// The data of a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Data<'a>(Record<'a>);

impl Display for Data<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Record {
            message,
            at,
            length,
            kind,
            ..
        } = self.0;
        let data = prefix(skip(message, at), length);
        let name = |at| Name::new(message, at);
        match (kind.0, data.len()) {
            (_, 0) => Ok(()),
            (1, 4..) => {
                let bytes: [u8; 4] = array_at(data, 0).unwrap_or_default();
                write!(f, " {}", Ipv4Addr::from(bytes))
            }
            (28, 16..) => {
                let bytes: [u8; 16] = array_at(data, 0).unwrap_or_default();
                write!(f, " {}", Ipv6Addr::from(bytes))
            }
            // Names of servers, aliases, zones and hosts.
            (2 | 5 | 6 | 12 | 39, _) => write!(f, " {}", name(at)),
            (15, 3..) => {
                let preference = u16_at(data, 0).unwrap_or_default();
                write!(f, " {preference} {}", name(at + 2))
            }
            (16, _) => {
                let text = prefix(skip(data, 1), data[0].into());
                f.write_str(" \"")?;
                write_escaped(f, text)?;
                f.write_str("\"")
            }
            (33, 7..) => {
                let port = u16_at(data, 4).unwrap_or_default();
                write!(f, " {}:{port}", name(at + 6))
            }
            _ => Ok(()),
        }
    }
}

/// Writes the name of the type, or `TYPE` and its number. Writes nothing for 0, which is no type.
impl Display for RecordType {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            0 => "",
            1 => "A",
            2 => "NS",
            5 => "CNAME",
            6 => "SOA",
            12 => "PTR",
            13 => "HINFO",
            15 => "MX",
            16 => "TXT",
            28 => "AAAA",
            29 => "LOC",
            33 => "SRV",
            35 => "NAPTR",
            39 => "DNAME",
            41 => "OPT",
            43 => "DS",
            44 => "SSHFP",
            46 => "RRSIG",
            47 => "NSEC",
            48 => "DNSKEY",
            50 => "NSEC3",
            51 => "NSEC3PARAM",
            52 => "TLSA",
            59 => "CDS",
            60 => "CDNSKEY",
            61 => "OPENPGPKEY",
            64 => "SVCB",
            65 => "HTTPS",
            99 => "SPF",
            249 => "TKEY",
            250 => "TSIG",
            251 => "IXFR",
            252 => "AXFR",
            255 => "ANY",
            256 => "URI",
            257 => "CAA",
            other => return write!(f, "TYPE{other}"),
        })
    }
}

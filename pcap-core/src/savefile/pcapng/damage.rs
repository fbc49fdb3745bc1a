//! What is wrong with a savefile.

use std::fmt;

use crate::savefile::Magic;

/// How to read a savefile with several link types.
const MIXED: &str = "call `Capture::mix_linktypes` first, or use `pcapng::Reader`";

/// What is wrong with a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// The file does not begin with a section header, but with these bytes.
    NoSection([u8; 4]),
    /// A section header has neither byte order.
    Magic(u32),
    /// A section has a version that readers do not know.
    Version(u16, u16),
    /// A length that no block has.
    Length(u32),
    /// More bytes than the limit.
    TooLong(u32),
    /// The length at the end is another one.
    Trailer { head: u32, trailer: u32 },
    /// The block is too short for its type.
    Short {
        kind: u32,
        expected: u32,
        found: u32,
    },
    /// A packet is longer than its block.
    Beyond { caplen: u32, room: u32 },
    /// A packet is longer than the snaplen.
    Snaplen { caplen: u32, snaplen: u32 },
    /// A packet comes before the first interface.
    NoInterface,
    /// A packet of an interface without a description.
    UnknownInterface { interface: u32, known: usize },
    /// An interface of another link type.
    Linktype {
        interface: usize,
        expected: u16,
        found: u16,
    },
    /// An interface of a link type with fields in the byte order of the section, which is another one.
    Order(u16),
    /// The contents of a block of this type reach beyond it.
    Contents(u32),
    /// An option reaches beyond its block.
    OptionBeyond { code: u16, length: u16 },
    /// An option has a length that its kind does not have.
    OptionLength {
        code: u16,
        expected: u16,
        found: u16,
    },
    /// An option that may be there once comes again.
    OptionTwice(u16),
    /// More ticks in a second than 64 bits count.
    Resolution(u8),
    /// A time that exceeds 64 bits of seconds.
    Time { ticks: u64 },
    /// More interfaces in a section than the limit.
    Interfaces(usize),
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Damage::NoSection(start) => {
                f.write_str("expected a section header")?;
                match Magic::new(start) {
                    Magic {
                        compressed: Some(by),
                        ..
                    } => write!(
                        f,
                        "; it is compressed by {by}: read it through a decompressor"
                    ),
                    Magic {
                        classic: Some(_), ..
                    } => f.write_str("; it is a classic savefile, not pcapng"),
                    _ => Ok(()),
                }
            }
            Damage::Magic(found) => write!(f, "expected a byte-order magic, found {found:#010x}"),
            Damage::Version(major, minor) => {
                write!(
                    f,
                    "expected version 1.0 or 1.2 of the format, found {major}.{minor}"
                )
            }
            Damage::Length(length) => {
                write!(
                    f,
                    "expected a length of at least 12 and a multiple of 4, found {length}"
                )
            }
            Damage::TooLong(length) => {
                let most = super::LONGEST_BLOCK;
                write!(f, "expected at most {most} bytes, found {length}")
            }
            Damage::Trailer { head, trailer } => {
                write!(
                    f,
                    "expected the length {head} also at its end, found {trailer}"
                )
            }
            Damage::Short {
                kind,
                expected,
                found,
            } => write!(
                f,
                "expected at least {expected} bytes for type {kind}, found {found}"
            ),
            Damage::Beyond { caplen, room } => {
                write!(
                    f,
                    "expected a captured length of at most {room}, found {caplen}"
                )
            }
            Damage::Snaplen { caplen, snaplen } => write!(
                f,
                "expected a captured length of at most the snaplen {snaplen}, found {caplen}"
            ),
            Damage::NoInterface => f.write_str("found a packet before the first interface"),
            Damage::UnknownInterface { interface, known } => write!(
                f,
                "found a packet of interface {interface}, but the section has {known}"
            ),
            Damage::Linktype {
                interface,
                expected,
                found,
            } => write!(
                f,
                "expected link type {expected}, that of the first interface, found {found} at interface {interface}; \
                 {MIXED}"
            ),
            Damage::Order(linktype) => write!(
                f,
                "expected the byte order of the first section, on which packets of link type {linktype} depend; {MIXED}"
            ),
            Damage::Contents(kind) => {
                write!(f, "the contents of a block of type {kind} reach beyond it")
            }
            Damage::OptionBeyond { code, length } => {
                write!(
                    f,
                    "option {code} of {length} bytes reaches beyond the block"
                )
            }
            Damage::OptionLength {
                code,
                expected,
                found,
            } => write!(
                f,
                "expected {expected} bytes for option {code}, found {found}"
            ),
            Damage::OptionTwice(code) => write!(f, "found option {code} twice"),
            Damage::Resolution(value) => match value & 0x80 {
                0 => write!(
                    f,
                    "expected a resolution of at most 10^-19 s, found 10^-{value}"
                ),
                _ => {
                    let exponent = value & 0x7f;
                    write!(
                        f,
                        "expected a resolution of at most 2^-63 s, found 2^-{exponent}"
                    )
                }
            },
            Damage::Time { ticks } => {
                write!(f, "the time of {ticks} ticks exceeds 64 bits of seconds")
            }
            Damage::Interfaces(most) => {
                write!(
                    f,
                    "found more interfaces in a section, {most}, or more bytes of their descriptions than the limit"
                )
            }
        }
    }
}

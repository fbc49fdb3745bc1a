//! A file to test readers with.

use super::expected::Expected;
use super::file::Ng;
use super::libpcap::Libpcap;

/// A file, what is in it, and where the tools deviate.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) expected: Expected,
    pub(crate) libpcap: Libpcap,
    /// Why tshark cannot read the whole file, if it cannot.
    pub(crate) tshark_refuses: Option<&'static str>,
    /// The fields that tshark reads differently, with the reasons.
    pub(crate) excluded: Vec<(Field, &'static str)>,
}

/// A field of packets that tshark prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    Time,
    Caplen,
    Len,
    Interface,
    Section,
    Linktype,
    Comments,
    Flags,
    Queue,
    PacketId,
    Drops,
    Verdicts,
    Data,
}

impl Field {
    /// The fields in the order in which the oracle returns them.
    pub(crate) const ALL: [Field; 13] = [
        Field::Time,
        Field::Caplen,
        Field::Len,
        Field::Interface,
        Field::Section,
        Field::Linktype,
        Field::Comments,
        Field::Flags,
        Field::Queue,
        Field::PacketId,
        Field::Drops,
        Field::Verdicts,
        Field::Data,
    ];
}

impl Case {
    pub(crate) fn new(name: impl Into<String>, file: Ng) -> Case {
        let (bytes, expected, libpcap) = file.finish();
        Case {
            name: name.into(),
            bytes,
            expected,
            libpcap,
            tshark_refuses: None,
            excluded: Vec::new(),
        }
    }

    /// Declares that tshark cannot read the whole file.
    pub(crate) fn tshark_refuses(mut self, why: &'static str) -> Case {
        self.tshark_refuses = Some(why);
        self
    }

    /// Declares that tshark reads a field differently.
    pub(crate) fn exclude(mut self, field: Field, why: &'static str) -> Case {
        self.excluded.push((field, why));
        self
    }

    /// Returns whether tshark is right about a field.
    pub(crate) fn compares(&self, field: Field) -> bool {
        !self.excluded.iter().any(|(excluded, _)| *excluded == field)
    }
}

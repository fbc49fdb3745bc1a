//! How packets are printed as text: which parts of them, and in which form.

pub(crate) mod bytes;
pub mod link_header;
mod sequences;
mod style;
pub(crate) mod tcp;
mod tcp_options;
mod time;
mod verbose;

use clap::ColorChoice;

pub(crate) use sequences::Sequences;
pub(crate) use style::{Style, is_colored};
pub use time::{PacketTimes, TimeFormat};
pub(crate) use verbose::Details;

/// What to print of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// The time before each line.
    pub time: TimeFormat,
    /// Whether times have nine decimals instead of six.
    pub nano: bool,
    /// Whether to print the header of the link layer.
    pub link_header: bool,
    /// How many details to print: 0 for one line.
    pub verbosity: u8,
    /// Whether to leave out the fields of the protocols.
    pub brief: bool,
    /// Whether to print the bytes of packets below the line, and how.
    pub bytes: Option<BytesView>,
    /// Whether to print TCP sequence numbers as they are in the packet.
    pub absolute_sequences: bool,
    /// Whether to verify checksums.
    pub verify_checksums: bool,
    /// Whether to print the number of each packet.
    pub number: bool,
    /// When to use colors.
    pub color: ColorChoice,
}

/// How to print the bytes of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BytesView {
    /// In hexadecimal.
    pub hex: bool,
    /// As ASCII text.
    pub ascii: bool,
    /// With the header of the link layer.
    pub link_header: bool,
}

impl Default for View {
    fn default() -> View {
        View {
            time: TimeFormat::Local,
            nano: false,
            link_header: false,
            verbosity: 0,
            brief: false,
            bytes: None,
            absolute_sequences: false,
            verify_checksums: true,
            number: false,
            color: ColorChoice::Auto,
        }
    }
}

impl View {
    /// Returns whether to print in color on standard output.
    #[must_use]
    pub fn is_colored(&self) -> bool {
        style::is_colored(self.color)
    }
}

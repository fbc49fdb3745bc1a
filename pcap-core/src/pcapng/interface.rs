//! The interfaces in a pcapng file.

use crate::capture::{Activated, Capture};
use crate::linktype::Linktype;
use crate::timestamp::{Precision, Timestamp};

/// The snaplen of a new interface: libpcap's largest for most link types.
const SNAPLEN: u32 = 262_144;

/// The description of an interface in a pcapng file: the link type of its packets, and optional information about the
/// device.
///
/// Each string may be at most 65 535 bytes long (the filter: 65 534) and must not contain a NUL byte.
/// [`add_interface`](super::PcapngDumper::add_interface) checks this.
///
/// # Examples
///
/// ```
/// use pcap_core::pcapng::Interface;
/// use pcap_core::{Linktype, Precision};
///
/// let interface = Interface::new(Linktype::ETHERNET)
///     .name("eth0")
///     .snaplen(1500)
///     .precision(Precision::Micro)
///     .filter("tcp port 443");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Interface {
    pub(super) linktype: Linktype,
    pub(super) snaplen: u32,
    pub(super) precision: Precision,
    pub(super) fcs_len: Option<u8>,
    pub(super) name: Option<String>,
    pub(super) description: Option<String>,
    pub(super) filter: Option<String>,
    pub(super) os: Option<String>,
    pub(super) hardware: Option<String>,
    pub(super) comment: Option<String>,
}

impl Interface {
    /// Creates an interface with the given link type, a snaplen of 262 144 bytes, nanosecond precision, and no other
    /// information.
    #[must_use]
    pub fn new(linktype: impl Into<Linktype>) -> Interface {
        Interface {
            linktype: linktype.into(),
            snaplen: SNAPLEN,
            precision: Precision::Nano,
            fcs_len: None,
            name: None,
            description: None,
            filter: None,
            os: None,
            hardware: None,
            comment: None,
        }
    }

    /// Creates an interface for the packets of a capture, with the capture's link type, snaplen, precision and length
    /// of the frame check sequence. To add the device name of a live capture, call `.name(capture.name())`.
    #[must_use]
    pub fn for_capture<S: Activated>(capture: &Capture<S>) -> Interface {
        let fcs_len = capture.fcs_len().and_then(|bytes| u8::try_from(bytes).ok());
        Interface {
            fcs_len,
            ..Interface::new(capture.linktype())
        }
        .snaplen(capture.snaplen())
        .precision(capture.precision())
    }

    /// Sets the length in bytes of the frame check sequence at the end of each packet (`if_fcslen`). Default: unknown.
    /// Wireshark and tshark use it; libpcap ignores it.
    #[must_use]
    pub fn fcs_len(mut self, bytes: u8) -> Interface {
        self.fcs_len = Some(bytes);
        self
    }

    /// Sets the snaplen, in bytes: the length of the longest packet that the dumper accepts. Default: 262 144. 0 means
    /// no limit, but for most link types libpcap and Wireshark reject packets that are longer than 262 144 bytes.
    #[must_use]
    pub fn snaplen(mut self, snaplen: u32) -> Interface {
        self.snaplen = snaplen;
        self
    }

    /// Sets the precision of the timestamps (`if_tsresol`). Default: nanoseconds. With microsecond precision, times are
    /// truncated.
    #[must_use]
    pub fn precision(mut self, precision: Precision) -> Interface {
        self.precision = precision;
        self
    }

    /// Sets the name of the device (`if_name`).
    #[must_use]
    pub fn name(mut self, text: impl Into<String>) -> Interface {
        self.name = Some(text.into());
        self
    }

    /// Sets the description of the device (`if_description`).
    #[must_use]
    pub fn description(mut self, text: impl Into<String>) -> Interface {
        self.description = Some(text.into());
        self
    }

    /// Sets the filter expression of the capture (`if_filter`). It is only recorded, not applied.
    #[must_use]
    pub fn filter(mut self, text: impl Into<String>) -> Interface {
        self.filter = Some(text.into());
        self
    }

    /// Sets the operating system of the host on which the packets were captured (`if_os`), such as `Linux 6.12`.
    #[must_use]
    pub fn os(mut self, text: impl Into<String>) -> Interface {
        self.os = Some(text.into());
        self
    }

    /// Sets the description of the device's hardware (`if_hardware`).
    #[must_use]
    pub fn hardware(mut self, text: impl Into<String>) -> Interface {
        self.hardware = Some(text.into());
        self
    }

    /// Sets the comment about the interface (`opt_comment`).
    #[must_use]
    pub fn comment(mut self, text: impl Into<String>) -> Interface {
        self.comment = Some(text.into());
        self
    }

    /// Returns the strings that are set, each with its name in errors.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("name", &self.name),
            ("description", &self.description),
            ("filter", &self.filter),
            ("operating system", &self.os),
            ("hardware", &self.hardware),
            ("comment", &self.comment),
        ]
        .into_iter()
        .filter_map(|(what, text)| Some((what, text.as_deref()?)))
    }

    /// Returns the number of decimal places of the timestamps.
    pub(super) fn digits(&self) -> u8 {
        match self.precision {
            Precision::Micro => 6,
            Precision::Nano => 9,
        }
    }
}

/// The identifier of an interface in a [`PcapngDumper`](super::PcapngDumper). Only the dumper that returned it accepts
/// it. Returned by [`add_interface`](super::PcapngDumper::add_interface).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct InterfaceId {
    pub(super) dumper: u64,
    pub(super) number: u32,
}

impl InterfaceId {
    /// Returns the index of the interface in the file, starting at 0.
    #[must_use]
    pub fn index(self) -> u32 {
        self.number
    }
}

/// The state of an interface in a dumper.
#[derive(Clone, Copy, Debug)]
pub(super) struct InterfaceState {
    /// The length of the longest packet; `u32::MAX` if there is no limit.
    pub(super) snaplen: u32,
    pub(super) linktype: Linktype,
    precision: Precision,
}

impl InterfaceState {
    pub(super) fn new(interface: &Interface) -> InterfaceState {
        InterfaceState {
            snaplen: match interface.snaplen {
                0 => u32::MAX,
                snaplen => snaplen,
            },
            linktype: interface.linktype,
            precision: interface.precision,
        }
    }

    /// Returns a time in the interface's units since 1970, or `None` if it is out of range.
    pub(super) fn ticks(self, time: Timestamp) -> Option<u64> {
        let secs = u64::try_from(time.secs()).ok()?;
        let (units, fraction) = match self.precision {
            Precision::Micro => (1_000_000, time.subsec_micros()),
            Precision::Nano => (1_000_000_000, time.subsec_nanos()),
        };
        secs.checked_mul(units)?.checked_add(fraction.into())
    }
}

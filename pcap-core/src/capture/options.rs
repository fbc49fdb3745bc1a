//! The requested options of a capture.

use std::time::Duration;

use crate::direction::Direction;
use crate::filter::FilterSource;
use crate::linktype::Dlt;
use crate::timestamp::Precision;
use crate::tstamp_type::TstampType;

/// The largest snaplen that libpcap accepts for a device.
pub(crate) const LARGEST_SNAPLEN: u32 = 262_144;

/// The default snaplen of immediate mode on a Linux network interface: enough for a packet of 64 KiB with its headers.
/// Each packet occupies a slot of this size in the kernel's buffer.
pub(crate) const IMMEDIATE_SNAPLEN: u32 = 65_600;

/// Returns a snaplen that no packet exceeds.
pub(crate) fn whole(immediate: bool) -> u32 {
    match immediate {
        true => IMMEDIATE_SNAPLEN,
        false => LARGEST_SNAPLEN,
    }
}

/// The maximum number of bytes per packet that the capture delivers, and that libpcap captures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lengths {
    pub(crate) delivered: u32,
    pub(crate) captured: u32,
}

impl Lengths {
    /// Creates the lengths for a device. On a Linux network interface the kernel truncates packets by the filter, so
    /// libpcap can be set to capture whole ones. In immediate mode that costs buffer space, so it is done only if
    /// `whole` is set, for a filter that reads whole packets.
    pub(crate) fn new(options: &Options, is_interface: bool, whole: bool) -> Lengths {
        let immediate = options.immediate_mode;
        let delivered = match options.snaplen {
            0 if is_interface => self::whole(immediate),
            0 => LARGEST_SNAPLEN,
            bytes => bytes,
        };
        let captured = match is_interface && (whole || !immediate) {
            true => delivered.max(self::whole(immediate)),
            false => delivered,
        };
        Lengths {
            delivered,
            captured,
        }
    }
}

/// The default packet-buffer timeout.
pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_millis(100);

#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) snaplen: u32,
    pub(crate) promisc: bool,
    pub(crate) rfmon: bool,
    pub(crate) timeout: Duration,
    pub(crate) immediate_mode: bool,
    pub(crate) buffer_size: Option<usize>,
    pub(crate) tstamp_type: Option<TstampType>,
    pub(crate) precision: Precision,
    pub(crate) datalink: Option<Dlt>,
    pub(crate) direction: Direction,
    pub(crate) filter: Option<FilterSource<'static>>,
    pub(crate) nonblock: bool,
    /// Linux only.
    pub(crate) protocol: Option<u16>,
    /// Apple only.
    pub(crate) pktap: bool,
    /// Linux only.
    pub(crate) qdisc_bypass: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            snaplen: 0,
            promisc: false,
            rfmon: false,
            timeout: DEFAULT_TIMEOUT,
            immediate_mode: false,
            buffer_size: None,
            tstamp_type: None,
            precision: Precision::Nano,
            datalink: None,
            direction: Direction::InOut,
            filter: None,
            nonblock: false,
            protocol: None,
            pktap: false,
            qdisc_bypass: false,
        }
    }
}

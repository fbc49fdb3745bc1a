//! The options of a capture, as they were asked for.
//!
//! May import: `direction`, `linktype`, `tstamp_type`, `timestamp`, `filter`.

use std::time::Duration;

use crate::direction::Direction;
use crate::filter::FilterSource;
use crate::linktype::Dlt;
use crate::timestamp::Precision;
use crate::tstamp_type::TstampType;

/// The largest snaplen that libpcap has for a device.
pub(crate) const LARGEST_SNAPLEN: u32 = 262_144;

/// The packet-buffer timeout of a capture that does not say.
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
            qdisc_bypass: false,
        }
    }
}

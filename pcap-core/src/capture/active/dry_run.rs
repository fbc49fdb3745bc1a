//! A dry run of the activation, for options that may fail only after libpcap has changed the device.
//!
//! libpcap switches promiscuous mode and hardware timestamps on when it activates a handle. The filter and the link
//! type can only be set afterwards. If they fail, promiscuous mode has been on for a moment, and the device keeps the
//! timestamps.

use crate::capture::active::Active;
use crate::capture::options::Options;
use crate::device::DeviceName;
use crate::error::Result;
use crate::filter::FilterSource;
use crate::linktype::Dlt;
use crate::sys::linux::packet_socket;

/// Fails if the filter or the link type would fail, on a device that activation changes.
pub(super) fn check(device: &DeviceName, options: &Options) -> Result<()> {
    let changes_device = options.promisc || options.tstamp_type.is_some();
    // In monitor mode the device has other link types, which only that mode reports.
    if !changes_device || options.rfmon || is_sure(device, options)? {
        return Ok(());
    }
    let harmless = Options {
        promisc: false,
        tstamp_type: None,
        ..options.clone()
    };
    Active::open(device, &harmless, false).map(drop)
}

/// Returns whether the filter and the link type certainly succeed, without opening the device.
fn is_sure(device: &DeviceName, options: &Options) -> Result<bool> {
    if options.datalink.is_some() {
        return Ok(false);
    }
    let Some(filter) = &options.filter else {
        return Ok(true);
    };
    if !packet_socket::is_ethernet(&device.to_cstring()?) {
        return Ok(false);
    }
    Ok(match filter {
        FilterSource::Expression(expression, compile) => {
            compile.compile(Dlt::EN10MB, expression).is_ok()
        }
        FilterSource::Compiled(filter) => {
            filter.datalink() == Dlt::EN10MB && filter.runs_on_bytes()
        }
    })
}

//! A dry run of the activation, for options that can only fail after libpcap has changed the device.
//!
//! libpcap turns on promiscuous mode and hardware timestamps when it activates a handle. The filter and the link type
//! can only be set afterwards. If setting them fails, promiscuous mode has been on for a moment, and the device keeps
//! the timestamp setting.

use crate::capture::active::Active;
use crate::capture::options::Options;
use crate::device::DeviceName;
use crate::error::Result;
use crate::filter::FilterSource;
use crate::linktype::Dlt;
use crate::sys::linux::packet_socket;

/// Fails if setting the filter or the link type would fail, and activation changes the device.
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

/// Returns whether setting the filter and the link type is certain to succeed. The call does not open the device.
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

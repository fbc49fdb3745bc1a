//! Converts the command line to the options of a capture.

use std::ffi::OsStr;

use pcap_core::{Capture, Direction, Inactive, Precision};
use pcap_examples::device;
use pcap_examples::drain::MAX_TIMEOUT;
use pcap_examples::exit::Outcome;

use crate::args::Args;

/// Returns an inactive capture on the device, with the options of the command line.
pub(crate) fn options(args: &Args, device: &OsStr) -> Outcome<Capture<Inactive>> {
    let mut options = Capture::from_device(device::resolve_name(device))
        .snaplen(args.snaplen)
        .promisc(args.promisc)
        .rfmon(args.rfmon)
        .immediate_mode(args.immediate)
        .timeout(args.timeout.min(MAX_TIMEOUT))
        .precision(match args.precision.as_str() {
            "micro" => Precision::Micro,
            _ => Precision::Nano,
        })
        .direction(match args.direction.as_str() {
            "in" => Direction::In,
            "out" => Direction::Out,
            _ => Direction::InOut,
        });
    if let Some(bytes) = args.buffer_size {
        options = options.buffer_size(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    if let Some(tstamp_type) = args.tstamp_type {
        options = options.tstamp_type(tstamp_type);
    }
    let selection = args.filter.selection()?;
    Ok(options.filter(selection.source()))
}

/// Activates captures with the link type of the command line, or with the default link type of the device.
pub(crate) fn activate<T>(
    args: &Args,
    device: &OsStr,
    options: Capture<Inactive>,
    activate: impl Fn(Capture<Inactive>) -> Outcome<T>,
) -> Outcome<T> {
    match args.linktype {
        Some(linktype) => activate(options.datalink(linktype)),
        None => device::activate(device, options, activate),
    }
}

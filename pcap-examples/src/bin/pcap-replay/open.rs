//! Opens the savefile and the device, and checks that they fit together.

use std::ffi::OsString;
use std::path::Path;

use pcap_core::{Active, Capture, Dlt, Filter, Insn, Linktype, Precision};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::savefile_reader::SavefileReader;
use pcap_examples::signals;

use crate::args::Args;

/// Opens a savefile, with the filter.
pub(crate) fn savefile(args: &Args, path: &Path) -> Outcome<SavefileReader> {
    let mut input = signals::while_killable(|| SavefileReader::open(path, false))?;
    let selection = args.filter.selection()?;
    if !selection.is_all() {
        input.capture_mut().set_filter(selection.source())?;
    }
    Ok(input)
}

/// Opens a device to send on. The capture receives no packets.
pub(crate) fn device(name: OsString) -> Outcome<Capture<Active>> {
    let mut device = Capture::from_device(name)
        .snaplen(64)
        .buffer_size(256 * 1024)
        // On Linux, nanosecond precision makes the kernel read the clock for each packet.
        .precision(Precision::Micro)
        .activate()?;
    // This filter returns 0, and so rejects all packets.
    let nothing = Filter::from_instructions(device.datalink(), &[Insn::new(0x06, 0, 0, 0)])?;
    device.set_filter(&nothing)?;
    Ok(device)
}

/// Checks that a device has the link type of the packets.
pub(crate) fn check_device(path: &Path, packets: Dlt, device: &Capture<Active>) -> Outcome {
    let expected = device.datalink();
    if packets == expected {
        return Ok(());
    }
    let (file, name) = (path.display(), device.name());
    let linktype = Linktype::from(expected).to_string();
    let linktype = linktype.trim_start_matches("LINKTYPE_");
    Err(Failure::Text(format!(
        "cannot send `{file}` on `{name}`: expected the link type {expected}, found {packets}; \
         `pcap-recode --linktype {linktype}` may convert it"
    )))
}

/// Checks that a further savefile has the link type of the first one.
pub(crate) fn check_file(path: &Path, found: Dlt, expected: Dlt) -> Outcome {
    if found == expected {
        return Ok(());
    }
    let file = path.display();
    Err(Failure::Text(format!(
        "cannot send `{file}`: expected the link type {expected} of the first file, found {found}"
    )))
}

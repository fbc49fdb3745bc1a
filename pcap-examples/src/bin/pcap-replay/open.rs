//! Opens the savefile and the device, and checks that they fit together.

use pcap_core::{Active, Capture, Dlt, Filter, Insn, Linktype, Precision};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::savefile_reader::SavefileReader;

use crate::args::Args;

/// Opens the savefile, with the filter.
pub(crate) fn savefile(args: &Args) -> Outcome<SavefileReader> {
    let mut input = SavefileReader::open(&args.file, false)?;
    let selection = args.filter.selection()?;
    if !selection.is_all() {
        input.capture_mut().set_filter(selection.source())?;
    }
    Ok(input)
}

/// Opens the device to send on. The capture receives no packets.
pub(crate) fn device(args: &Args) -> Outcome<Capture<Active>> {
    let mut device =
        Capture::from_device(pcap_examples::device::resolve_name(args.device.as_ref())?)
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

/// Checks that the device has the link type of the savefile.
pub(crate) fn check_link_types(args: &Args, packets: Dlt, device: Dlt) -> Outcome {
    if packets == device {
        return Ok(());
    }
    let (file, name) = (args.file.display(), args.device.to_string_lossy());
    let linktype = Linktype::from(device).to_string();
    let linktype = linktype.trim_start_matches("LINKTYPE_");
    Err(Failure::Text(format!(
        "cannot send `{file}` on `{name}`: expected the link type {device}, found {packets}; \
         `pcap-recode --linktype {linktype}` may convert it"
    )))
}

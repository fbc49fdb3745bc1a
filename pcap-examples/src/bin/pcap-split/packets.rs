//! Splits classic savefiles.

use pcap_core::pcapng::Interface;
use pcap_core::{Linktype, SavefileFormat};
use pcap_examples::commented_packets::CommentedPackets;
use pcap_examples::exit::Outcome;
use pcap_examples::preamble::Preamble;
use pcap_examples::savefile_reader::SavefileReader;
use pcap_examples::skipped_packets::SkippedPackets;
use pcap_examples::{savefile_writer, signals};

use crate::args::{Args, NAME};
use crate::part::{Head, Item};
use crate::split::{self, SplitState, Splitter, lock};

/// Reads all packets, and passes those that the filter accepts to the splitter.
pub(crate) fn split(
    args: &Args,
    mut input: SavefileReader,
    format: SavefileFormat,
    splitter: impl Splitter,
) -> Outcome {
    let filter = args.filter.selection()?.compile_for(input.capture())?;
    signals::break_on_end(input.capture().break_handle());
    let bar = input.bar().clone();
    let state = split::begin(args, &bar, splitter)?;
    let mut skipped = SkippedPackets::new(NAME, &bar);
    let mut comments = CommentedPackets::new(&args.comments);
    let mut preamble = Preamble::default();
    let is_pcapng = format == SavefileFormat::Pcapng;
    if is_pcapng {
        preamble.begin(args.comments.new_section().as_raw());
        preamble.add_interface(&Interface::for_capture(input.capture()));
    }
    let linktype = Linktype::from(input.capture().datalink());
    let end = loop {
        match input.advance() {
            Ok(true) => {}
            Ok(false) => break Ok(()),
            // The signal may have ended a pipe in the middle of a packet.
            Err(_) if signals::end_requested().is_some() => break Ok(()),
            Err(failure) => break Err(failure),
        }
        let Some(packet) = input.packet() else {
            break Ok(());
        };
        let mut state = lock(&state);
        let SplitState {
            splitter,
            list,
            read,
        } = &mut *state;
        *read += 1;
        if !filter.matches_packet(packet) {
            continue;
        }
        let head = match is_pcapng {
            true => Head::Preamble(&preamble),
            false => Head::Capture(input.capture()),
        };
        if let (false, Err(why)) = (is_pcapng, savefile_writer::check_time(packet)) {
            skipped.count(*read, format_args!("cannot write the packet: {why}"));
            continue;
        }
        let options = match comments.has(*read) {
            true => comments.take_options(*read),
            false => Vec::new(),
        };
        let item = Item {
            input: &args.input,
            number: *read,
            packet,
            time: Some(packet.timestamp()),
            linktype,
            block: None,
            options: &options,
        };
        let written = splitter.write(head, &item, list);
        if let Err(failure) = skipped.check_written(*read, written) {
            break Err(failure);
        }
    };
    split::finish(&state, &bar, &skipped, &comments, end)
}

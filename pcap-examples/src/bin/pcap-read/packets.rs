//! Prints the packets of classic savefiles.

use std::ops::ControlFlow;
use std::path::Path;

use pcap_examples::background_writer::BackgroundWriter;
use pcap_examples::exit::Outcome;
use pcap_examples::savefile_reader::SavefileReader;
use pcap_examples::signals;

use crate::{Printing, filter_failure, outcome_of_reading};

/// Prints the packets of a file, and counts them.
pub(crate) fn print(
    printing: &mut Printing<'_>,
    path: &Path,
    mut input: SavefileReader,
) -> Outcome {
    let Printing {
        args,
        selection,
        packets_read,
        range,
        number,
        printer,
        output,
    } = printing;
    let capture = input.capture_mut();
    if args.follow {
        capture.follow(true)?;
    }
    let mut filter = None;
    if !range.is_all() {
        // Rejected packets have a number, too.
        let compiled = selection.compile_for(capture);
        filter = Some(compiled.map_err(|error| filter_failure(path, error))?);
    } else if !selection.is_all() {
        // Resolving host names may take a long time.
        signals::while_killable(|| capture.set_filter(selection.source()))
            .map_err(|error| filter_failure(path, error))?;
    }
    signals::break_on_end(capture.break_handle());
    BackgroundWriter::stdout().break_on_failure(capture.break_handle());
    printer.continue_with(capture);
    let limit = args.limit();
    let flow = capture.try_for_each(|packet| {
        *number += 1;
        if let Some(filter) = &filter {
            let is_selected =
                range.selects(*number, Some(packet.timestamp())) && filter.matches_packet(packet);
            if !is_selected {
                return match range.is_over(*number) {
                    true => ControlFlow::Break(Ok(())),
                    false => ControlFlow::Continue(()),
                };
            }
        }
        let count = packets_read.get() + 1;
        packets_read.set(count);
        if !args.count {
            let print = |out: &mut Vec<u8>| printer.push(out, packet);
            if let Err(error) = output.print_packet(packet.wire_len(), print) {
                return ControlFlow::Break(Err(error.into()));
            }
        }
        match count == limit || range.is_over(*number) {
            true => ControlFlow::Break(Ok(())),
            false => ControlFlow::Continue(()),
        }
    });
    match flow {
        Ok(ControlFlow::Break(outcome)) => outcome,
        flow => outcome_of_reading(args, path, flow.map(drop).map_err(Into::into)),
    }
}

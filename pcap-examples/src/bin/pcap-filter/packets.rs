//! Copies classic savefiles.

use std::ops::ControlFlow;

use pcap_core::SavefileFormat;
use pcap_examples::commented_packets::CommentedPackets;
use pcap_examples::compression::Compression;
use pcap_examples::copy_progress::CopyProgress;
use pcap_examples::exit::Outcome;
use pcap_examples::options::filter::Selection;
use pcap_examples::savefile_reader::SavefileReader;
use pcap_examples::savefile_writer::SavefileWriter;
use pcap_examples::skipped_packets::SkippedPackets;

use crate::args::{Args, NAME};
use crate::outcome_of_reading;
use crate::picker::Picker;
use crate::sorting::{self, Order};

pub(crate) fn copy(
    args: &Args,
    mut input: SavefileReader,
    selection: &Selection,
    format: SavefileFormat,
    compression: Option<Compression>,
) -> Outcome {
    let filter = selection.compile_for(input.capture())?;
    let section = args.comments.new_section();
    let mut savefile = SavefileWriter::create_with_section(
        &args.output,
        input.capture(),
        format,
        compression,
        &section,
    )?;
    savefile.set_buffering_for_input(&args.input);
    let copy_progress = CopyProgress::new(&savefile, input.bar());
    let mut skipped = SkippedPackets::new(NAME, input.bar());
    let mut comments = CommentedPackets::new(&args.comments);
    let mut picker = Picker::new(args);
    let mut sorter = sorting::sorter_for(args, &input);
    let mut order = Order::new(args);
    let (linktype, bar) = (input.capture().linktype(), input.bar().clone());
    let (_, outcome) = input.for_each_packet(|number, packet| {
        copy_progress.set_read(number);
        let time = Some(packet.timestamp());
        if picker.is_in_range(number, time)
            && filter.matches_packet(packet)
            && picker.picks(linktype, packet, time)
        {
            match &mut sorter {
                Some(sorter) => sorter.push(&sorting::item(number, 0, packet))?,
                None => {
                    order.check(packet.timestamp())?;
                    let written = comments.write(number, packet, &mut savefile);
                    skipped.check_written(number, written)?;
                }
            }
        }
        savefile.tick()?;
        Ok(match picker.is_over(number) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        })
    });
    let drained = sorting::drain(&mut sorter, |item| {
        let written = comments.write(item.number, sorting::packet(item), &mut savefile);
        skipped.check_written(item.number, written)?;
        savefile.tick()
    });
    let closed = savefile.close();
    let outcome = closed
        .and(outcome_of_reading(args, outcome))
        .and(drained)
        .and(skipped.outcome())
        .and(comments.check());
    let outcome = copy_progress.report(args.quiet, args.json, &args.output, outcome);
    picker.report(&bar);
    outcome
}

//! Copies classic savefiles.

use std::ops::ControlFlow;

use pcap_core::{Capture, Offline, SavefileFormat};
use pcap_examples::commented_packets::CommentedPackets;
use pcap_examples::compression::Compression;
use pcap_examples::copy_progress::CopyProgress;
use pcap_examples::exit::Outcome;
use pcap_examples::savefile_reader::SavefileReader;
use pcap_examples::savefile_writer::SavefileWriter;
use pcap_examples::skipped_packets::SkippedPackets;
use pcap_examples::stderr;

use crate::args::{Args, NAME};
use crate::counts::Counts;
use crate::recoder::Recoder;
use crate::{check_shift, outcome_of_reading};

pub(crate) fn copy(
    args: &Args,
    mut input: SavefileReader,
    format: SavefileFormat,
    compression: Option<Compression>,
) -> Outcome {
    let mut recoder = Recoder::new(args)?;
    let mut savefile = create(args, format, compression, &mut recoder, input.capture())?;
    let linktype = input.capture().linktype();
    let mut skipped = SkippedPackets::new(NAME, input.bar());

    savefile.set_buffering_for_input(&args.input);
    let copy_progress = CopyProgress::new(&savefile, input.bar());
    let mut counts = Counts::default();
    let mut comments = CommentedPackets::new(&args.comments);
    let (read, outcome) = input.for_each_packet(|number, packet| {
        copy_progress.set_read(number);
        let shifted = recoder.shift(packet);
        if let Some(packet) = recoder.recode(&mut counts, number, linktype, shifted)? {
            skipped.check_written(number, comments.write(number, packet, &mut savefile))?;
        }
        savefile.tick().map(ControlFlow::Continue)
    });
    let closed = savefile.close();
    counts.written = copy_progress.written();
    counts.untagged = recoder.untagged();
    counts.unwritable = skipped.packets();
    let outcome = closed
        .and(outcome_of_reading(args, outcome))
        .and(skipped.outcome())
        .and(comments.check());
    let outcome = counts.report(args, read, outcome);
    stderr::print_unwritten(savefile.background_writer().unwritten_packets());
    outcome
}

/// Creates the savefile.
fn create(
    args: &Args,
    format: SavefileFormat,
    compression: Option<Compression>,
    recoder: &mut Recoder<'_>,
    capture: &Capture<Offline>,
) -> Outcome<SavefileWriter> {
    let from = capture.linktype();
    let to = recoder.add_linktype(from)?;
    let precision = args.precision().unwrap_or(capture.precision());
    check_shift(args, precision)?;
    let snaplen = recoder.snaplen(from, capture.snaplen());
    let section = args.comments.new_section();
    let is_same = (to, snaplen, precision) == (from, capture.snaplen(), capture.precision())
        && args.keeps_ends();
    if is_same {
        // This also keeps the other fields of the header.
        return SavefileWriter::create_with_section(
            &args.output,
            capture,
            format,
            compression,
            &section,
        );
    }
    let fcs = capture
        .fcs_len()
        .filter(|_| to == from && args.keeps_ends());
    let capture = Capture::dead_with(to, snaplen, precision)?.with_fcs_len(fcs)?;
    SavefileWriter::create_with_section(&args.output, &capture, format, compression, &section)
}

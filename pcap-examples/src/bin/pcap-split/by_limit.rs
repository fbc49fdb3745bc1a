//! Splits by number of packets, by size or by time: writes one savefile after another.

use pcap_core::{Capture, Dumper, Offline, Packet, Timestamp};
use pcap_examples::exit::Outcome;
use pcap_examples::numbered_files::NumberedFiles;
use pcap_examples::savefile_summary::SavefileSummary;

use crate::args::SplitBy;
use crate::file_list::FileList;
use crate::split::Splitter;

/// Writes one savefile after another, up to a limit for each.
pub(crate) struct LimitSplitter {
    numbered_files: NumberedFiles,
    limit: Limit,
    /// The current savefile.
    part: Option<(Dumper, SavefileSummary)>,
    /// The number of complete savefiles.
    count: usize,
}

/// The limit at which the next savefile begins.
enum Limit {
    /// The maximum number of packets.
    Packets(u64),
    /// The maximum size in bytes.
    Size(u64),
    /// The length of a time span and the end of the current span, in nanoseconds.
    Every(i128, Option<i128>),
}

impl LimitSplitter {
    pub(crate) fn new(by: &SplitBy, numbered_files: NumberedFiles) -> LimitSplitter {
        let limit = match by {
            SplitBy {
                every: Some(span), ..
            } => Limit::Every(span.as_nanos() as i128, None),
            SplitBy {
                size: Some(size), ..
            } => Limit::Size(*size as u64),
            by => Limit::Packets(by.packets.unwrap_or(u64::MAX)),
        };
        LimitSplitter {
            numbered_files,
            limit,
            part: None,
            count: 0,
        }
    }

    /// Closes and lists the current savefile.
    fn close_part(&mut self, list: &mut FileList) -> Outcome {
        if let Some((dumper, mut summary)) = self.part.take() {
            summary.bytes = dumper.position();
            if let Err(error) = dumper.close() {
                list.incomplete += 1;
                return Err(error.into());
            }
            list.add(&summary, &self.numbered_files, self.count);
            self.count += 1;
        }
        Ok(())
    }
}

impl Limit {
    /// Returns whether a packet begins the next savefile. For the very first packet, the result is unspecified.
    fn is_reached(&mut self, packet: Packet<'_>, part: Option<&(Dumper, SavefileSummary)>) -> bool {
        match self {
            Limit::Packets(max) => part.is_some_and(|(_, summary)| summary.packets >= *max),
            Limit::Size(max) => {
                let record = 16 + u64::from(packet.caplen());
                part.is_some_and(|(dumper, _)| dumper.position() + record > *max)
            }
            Limit::Every(span, end) => {
                let time = nanos(packet.timestamp());
                let old = *end.get_or_insert(time);
                let over = time >= old;
                if over {
                    *end = Some(old + ((time - old) / *span + 1) * *span);
                }
                over
            }
        }
    }
}

/// Converts a time to nanoseconds since 1970.
fn nanos(time: Timestamp) -> i128 {
    i128::from(time.secs()) * 1_000_000_000 + i128::from(time.subsec_nanos())
}

impl Splitter for LimitSplitter {
    fn write(
        &mut self,
        capture: &Capture<Offline>,
        packet: Packet<'_>,
        list: &mut FileList,
    ) -> Outcome {
        if self.limit.is_reached(packet, self.part.as_ref()) {
            self.close_part(list)?;
        }
        let (dumper, summary) = match &mut self.part {
            Some(part) => part,
            none => {
                let dumper = self.numbered_files.create(capture, self.count)?;
                none.insert((dumper, SavefileSummary::default()))
            }
        };
        dumper.write(packet)?;
        summary.count(packet);
        Ok(())
    }

    fn flush(&mut self) {
        if let Some((dumper, _)) = &mut self.part {
            let _ = dumper.flush();
        }
    }

    fn close(&mut self, list: &mut FileList) -> Outcome {
        self.close_part(list)
    }
}

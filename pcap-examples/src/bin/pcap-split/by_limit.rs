//! Splits by number of packets, by size or by time: writes one savefile after another.

use pcap_core::Timestamp;
use pcap_core::pcapng::{BlockBuf, RawBlock};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::numbered_files::NumberedFiles;
use pcap_examples::savefile_summary::SavefileSummary;

use crate::args::SplitBy;
use crate::file_list::FileList;
use crate::part::{Head, Item, Part};
use crate::split::Splitter;

/// Writes one savefile after another, up to a limit for each.
pub(crate) struct LimitSplitter {
    numbered_files: NumberedFiles,
    limit: Limit,
    /// The current savefile.
    part: Option<(Part, SavefileSummary)>,
    /// The blocks before the first savefile.
    waiting: Vec<BlockBuf>,
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
            } => Limit::Size(*size),
            by => Limit::Packets(by.packets.unwrap_or(u64::MAX)),
        };
        LimitSplitter {
            numbered_files,
            limit,
            part: None,
            waiting: Vec::new(),
            count: 0,
        }
    }

    /// Closes and lists the current savefile.
    fn close_part(&mut self, list: &mut FileList) -> Outcome {
        if let Some((part, mut summary)) = self.part.take() {
            summary.bytes = part.position();
            if let Err(error) = part.close() {
                list.incomplete += 1;
                return Err(error);
            }
            list.add(&summary, &self.numbered_files, self.count);
            self.count += 1;
        }
        Ok(())
    }
}

impl Limit {
    /// Returns whether a packet begins the next savefile. For the very first packet, the result is unspecified.
    fn is_reached(
        &mut self,
        head: Head<'_>,
        item: &Item<'_>,
        part: Option<&(Part, SavefileSummary)>,
    ) -> bool {
        match self {
            Limit::Packets(max) => part.is_some_and(|(_, summary)| summary.packets >= *max),
            Limit::Size(max) => part.is_some_and(|(part, _)| part.length_with(head, item) > *max),
            Limit::Every(span, end) => {
                let Some(time) = item.time.map(nanos) else {
                    return false;
                };
                let Some(old) = *end else {
                    *end = Some(time + *span);
                    return false;
                };
                let over = time >= old;
                if over {
                    *end = Some(old + ((time - old) / *span + 1) * *span);
                }
                over
            }
        }
    }
}

impl Limit {
    /// Checks that a further savefile can hold more than what each of them repeats.
    fn check(&self, head: Head<'_>, count: usize, item: &Item<'_>) -> Outcome {
        let (Limit::Size(max), Head::Preamble(preamble)) = (self, head) else {
            return Ok(());
        };
        let repeated = preamble.secrets_length();
        if count == 0 || repeated <= *max / 2 {
            return Ok(());
        }
        Err(Failure::Text(format!(
            "cannot split `{}` into savefiles of {max} bytes: each of them needs the secrets and names before its \
             packets, which have {repeated} bytes before packet {}; use a greater --size",
            item.input.display(),
            item.number
        )))
    }
}

/// Converts a time to nanoseconds since 1970.
fn nanos(time: Timestamp) -> i128 {
    i128::from(time.secs()) * 1_000_000_000 + i128::from(time.subsec_nanos())
}

impl Splitter for LimitSplitter {
    fn write(&mut self, head: Head<'_>, item: &Item<'_>, list: &mut FileList) -> Outcome {
        if self.limit.is_reached(head, item, self.part.as_ref()) {
            self.close_part(list)?;
        }
        let (part, summary) = match &mut self.part {
            Some(part) => part,
            none => {
                self.limit.check(head, self.count, item)?;
                let compression = self.numbered_files.compression();
                let create = |file, name| Part::create(head, file, name, compression);
                let mut part = self.numbered_files.create(self.count, create)?;
                part.begin(head, &mut self.waiting)?;
                none.insert((part, SavefileSummary::default()))
            }
        };
        part.write(head, item)?;
        summary.count_at(item.time);
        Ok(())
    }

    fn write_block(
        &mut self,
        head: Head<'_>,
        block: RawBlock<'_>,
        is_in_preamble: bool,
    ) -> Outcome {
        match &mut self.part {
            Some(_) if is_in_preamble => Ok(()),
            Some((part, _)) => part.write_block(head, block),
            None => {
                self.waiting.push(block.into());
                Ok(())
            }
        }
    }

    fn end(&mut self, head: Head<'_>) -> Outcome {
        match &mut self.part {
            Some((part, _)) => part.sync(head),
            None => Ok(()),
        }
    }

    fn flush(&mut self) {
        if let Some((part, _)) = &mut self.part {
            let _ = part.flush();
        }
    }

    fn close(&mut self, list: &mut FileList) -> Outcome {
        self.close_part(list)
    }
}

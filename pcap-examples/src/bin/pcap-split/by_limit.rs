//! Splits by number of packets, by size or by time: writes one savefile after another.

use std::path::PathBuf;

use pcap_core::pcapng::{BlockBuf, RawBlock};
use pcap_examples::counted;
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::numbered_files;
use pcap_examples::savefile_summary::SavefileSummary;

use crate::args::{Args, SplitBy};
use crate::file_list::FileList;
use crate::names::{Named, Names};
use crate::part::{Head, Item, Part};
use crate::spans::Spans;
use crate::split::Splitter;

/// Writes one savefile after another, up to a limit for each.
pub(crate) struct LimitSplitter {
    names: Names,
    /// The maximum number of savefiles. The last one has no limit.
    max_files: usize,
    limit: Limit,
    /// The current savefile.
    part: Option<Current>,
    /// The blocks before the first savefile.
    waiting: Vec<BlockBuf>,
    /// The number of complete savefiles.
    count: usize,
}

/// The savefile that is being written.
struct Current {
    part: Part,
    path: PathBuf,
    summary: SavefileSummary,
}

/// The limit at which the next savefile begins.
enum Limit {
    /// The maximum number of packets.
    Packets(u64),
    /// The maximum size in bytes.
    Size(u64),
    Every(Spans),
}

impl LimitSplitter {
    pub(crate) fn new(args: &Args, names: Names) -> LimitSplitter {
        let limit = match &args.by {
            SplitBy {
                every: Some(span), ..
            } => Limit::Every(Spans::new(*span, args.align)),
            SplitBy {
                size: Some(size), ..
            } => Limit::Size(*size),
            by => Limit::Packets(by.packets.unwrap_or(u64::MAX)),
        };
        LimitSplitter {
            names,
            max_files: args.max_files(),
            limit,
            part: None,
            waiting: Vec::new(),
            count: 0,
        }
    }

    /// Closes and lists the current savefile.
    fn close_part(&mut self, list: &mut FileList) -> Outcome {
        if let Some(Current {
            part,
            path,
            mut summary,
        }) = self.part.take()
        {
            summary.bytes = part.position();
            if let Err(error) = part.close() {
                numbered_files::remove_if_empty(&path);
                list.incomplete += 1;
                return Err(error);
            }
            list.add(&summary, &path);
            self.count += 1;
        }
        Ok(())
    }
}

impl Limit {
    /// Returns whether a packet begins the next savefile. For the very first packet, the result is unspecified.
    fn is_reached(&mut self, head: Head<'_>, item: &Item<'_>, part: Option<&Current>) -> bool {
        match self {
            Limit::Packets(max) => part.is_some_and(|part| part.summary.packets >= *max),
            Limit::Size(max) => part.is_some_and(|now| now.part.length_with(head, item) > *max),
            Limit::Every(spans) => item.time.is_some_and(|time| spans.is_over(time)),
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
            "cannot split `{}` into savefiles of {}: each of them needs the secrets and names before its \
             packets, which have {} before packet {}; use a greater --size",
            item.input.display(),
            counted::bytes(*max),
            counted::bytes(repeated),
            item.number
        )))
    }
}

impl Splitter for LimitSplitter {
    fn write(&mut self, head: Head<'_>, item: &Item<'_>, list: &mut FileList) -> Outcome {
        let is_last = self.count + 1 == self.max_files && self.part.is_some();
        if !is_last && self.limit.is_reached(head, item, self.part.as_ref()) {
            self.close_part(list)?;
        }
        let Current { part, summary, .. } = match &mut self.part {
            Some(part) => part,
            none => {
                self.limit.check(head, self.count, item)?;
                let time = match &self.limit {
                    Limit::Every(spans) => spans.start(),
                    _ => item.time,
                };
                let path = self.names.choose(Named {
                    number: self.count,
                    time,
                    flow: None,
                })?;
                let compression = self.names.compression();
                let create = |file, name| Part::create(head, file, name, compression);
                let mut part = self.names.create(&path, create)?;
                part.begin(head, &mut self.waiting)?;
                none.insert(Current {
                    part,
                    path,
                    summary: SavefileSummary::default(),
                })
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
            Some(Current { part, .. }) => part.write_block(head, block),
            None => {
                self.waiting.push(block.into());
                Ok(())
            }
        }
    }

    fn end(&mut self, head: Head<'_>) -> Outcome {
        match &mut self.part {
            Some(Current { part, .. }) => part.sync(head),
            None => Ok(()),
        }
    }

    fn flush(&mut self) {
        if let Some(Current { part, .. }) = &mut self.part {
            let _ = part.flush();
        }
    }

    fn close(&mut self, list: &mut FileList) -> Outcome {
        self.close_part(list)
    }
}

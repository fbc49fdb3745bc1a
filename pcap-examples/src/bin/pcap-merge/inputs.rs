//! The savefiles to merge.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::files::length;
use pcap_examples::input;

use crate::args::{Args, NAME};
use crate::filters::Filters;
use crate::format::Format;

/// A savefile to merge.
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    /// Open already, because it can be opened only once or there are descriptors enough.
    pub(crate) open: Option<input::Input>,
    /// It is the result of a round, and to be removed.
    pub(crate) is_ours: bool,
}

/// Opens a savefile, or tells why not. That there are too many is not the fault of the savefile, and
/// ends it all.
pub(crate) fn open(path: &Path, bar: &ProgressBar) -> Outcome<Option<input::Input>> {
    match input::Input::open_with(path, bar.clone()) {
        Ok(input) => Ok(Some(input)),
        Err(Failure::TooManyOpen(text)) => Err(Failure::Text(format!(
            "{text}; take a lower --max-open, or raise the limit (`ulimit -n`)"
        ))),
        Err(failure) => {
            report(bar, &failure);
            Ok(None)
        }
    }
}

pub(crate) fn report(bar: &ProgressBar, failure: &Failure) {
    bar.suspend(|| failure.report(NAME));
}

/// Looks into each savefile before anything is written: returns those that can be read, what they
/// make together, and how many cannot be read.
pub(crate) fn look(
    args: &Args,
    bar: &ProgressBar,
    filters: &mut Filters<'_>,
) -> Outcome<(Vec<Input>, Option<Format>, usize)> {
    let keep = !args.append && args.inputs.len() <= args.max_open as usize;
    let mut inputs = Vec::new();
    let mut format: Option<Format> = None;
    let mut unread = 0;
    for path in &args.inputs {
        let is_kept = keep || length(path).is_none();
        let bar = if is_kept {
            bar.clone()
        } else {
            ProgressBar::hidden()
        };
        let Some(input) = open(path, &bar)? else {
            unread += 1;
            continue;
        };
        let capture = input.capture();
        match &mut format {
            None => format = Some(Format::of(capture, path)),
            Some(format) => {
                format.check(capture, path)?;
                format.widen(&Format::of(capture, path));
            }
        }
        filters.prepare(capture)?;
        inputs.push(Input {
            open: is_kept.then_some(input),
            path: path.clone(),
            is_ours: false,
        });
    }
    Ok((inputs, format, unread))
}

//! The savefiles to merge.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::files::length;
use pcap_examples::savefile_reader::SavefileReader;

use crate::args::{Args, NAME};
use crate::filters::Filters;
use crate::merged_format::MergedFormat;

/// A savefile to merge.
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    /// Open already, if it can be opened only once, or if there are enough descriptors.
    pub(crate) open: Option<SavefileReader>,
    /// It is the temporary result of a round.
    pub(crate) is_temporary: bool,
}

/// Opens a savefile, or reports why it cannot be opened. Fails if too many files are open.
pub(crate) fn open(path: &Path, bar: &ProgressBar) -> Outcome<Option<SavefileReader>> {
    match SavefileReader::open_with(path, bar.clone()) {
        Ok(input) => Ok(Some(input)),
        Err(Failure::TooManyOpen(text)) => Err(Failure::Text(format!(
            "{text}; lower --max-open, or raise the limit (`ulimit -n`)"
        ))),
        Err(failure) => {
            report(bar, &failure);
            Ok(None)
        }
    }
}

/// Reports a failure above the bar.
pub(crate) fn report(bar: &ProgressBar, failure: &Failure) {
    bar.suspend(|| failure.report(NAME));
}

/// Opens each savefile before anything is written. Returns those that can be read, the common format, and the number of
/// those that cannot be read.
pub(crate) fn inspect_inputs(
    args: &Args,
    bar: &ProgressBar,
    filters: &mut Filters<'_>,
) -> Outcome<(Vec<Input>, Option<MergedFormat>, usize)> {
    let keep = !args.append && args.inputs.len() <= args.max_open as usize;
    let mut inputs = Vec::new();
    let mut format: Option<MergedFormat> = None;
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
            None => format = Some(MergedFormat::of(capture, path)),
            Some(format) => {
                format.check(capture, path)?;
                format.widen(&MergedFormat::of(capture, path));
            }
        }
        filters.compile_for(capture)?;
        inputs.push(Input {
            open: is_kept.then_some(input),
            path: path.clone(),
            is_temporary: false,
        });
    }
    Ok((inputs, format, unread))
}

//! Opens the inputs.

use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::files::length;
use pcap_examples::savefile_reader::SavefileReader;

use crate::args::{Args, NAME};
use crate::filters::Filters;
use crate::merged_format::MergedFormat;

/// An input.
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    /// The open savefile, if it can be opened only once, or if all inputs may be open at the same time.
    pub(crate) open: Option<SavefileReader>,
    /// Whether it is a temporary file, the result of an earlier round.
    pub(crate) is_temporary: bool,
}

/// Opens a savefile. Reports the error and returns `None` if it cannot be opened.
///
/// # Errors
///
/// Returns an error if too many files are open.
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

/// Prints a failure above the progress bar.
pub(crate) fn report(bar: &ProgressBar, failure: &Failure) {
    bar.suspend(|| failure.report(NAME));
}

/// Opens each input once before anything is written, to check it.
///
/// Returns the readable inputs, the header of the output, and the number of unreadable inputs.
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

//! Derives the header of the output from the headers of the inputs.

use std::path::{Path, PathBuf};

use pcap_core::{Capture, Dlt, Offline, Precision, SavefileFormat};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::output_format::OutputFormat;
use pcap_examples::savefile_writer::SavefileWriter;
use pcap_examples::stderr;

use crate::args::NAME;

/// The fields of the output's header.
pub(crate) struct MergedFormat {
    linktype: Dlt,
    snaplen: u32,
    precision: Precision,
    fcs: Fcs,
    /// The input that determined the link type.
    path: PathBuf,
}

/// The declared length of the frame check sequence.
enum Fcs {
    /// All inputs declare the same length, or none.
    Same(Option<u32>),
    /// The inputs differ, as described by the text. The output declares no length.
    Differ(String),
}

impl MergedFormat {
    /// Returns the fields of the first input.
    pub(crate) fn of(capture: &Capture<Offline>, path: &Path) -> MergedFormat {
        MergedFormat {
            linktype: capture.datalink(),
            snaplen: capture.snaplen(),
            precision: capture.precision(),
            fcs: Fcs::Same(capture.fcs_len()),
            path: path.to_owned(),
        }
    }

    /// Extends the snaplen and the precision for another input, and compares the length of the frame check sequence.
    pub(crate) fn widen(&mut self, other: &MergedFormat) {
        if let (Fcs::Same(ours), Fcs::Same(theirs)) = (&self.fcs, &other.fcs) {
            if ours != theirs {
                let length = |length: &Option<u32>| match length {
                    Some(bytes) => format!("{bytes} bytes"),
                    None => "not declared".to_owned(),
                };
                let (first, path) = (self.path.display(), other.path.display());
                let (ours, theirs) = (length(ours), length(theirs));
                self.fcs = Fcs::Differ(format!(
                    "the length of the frame check sequence is {ours} in `{first}` and {theirs} in \
                     `{path}`"
                ));
            }
        }
        self.snaplen = self.snaplen.max(other.snaplen);
        if other.precision == Precision::Nano {
            self.precision = Precision::Nano;
        }
    }

    /// Prints a warning if the inputs declare different lengths of the frame check sequence.
    pub(crate) fn report_fcs(&self) {
        if let Fcs::Differ(why) = &self.fcs {
            let text = format!("warning: {why}; the output declares none");
            stderr::print_message(NAME, text);
        }
    }

    /// Checks that an input has the link type of the output.
    ///
    /// # Errors
    ///
    /// Returns an error if it has another link type.
    pub(crate) fn check(&self, capture: &Capture<Offline>, path: &Path) -> Outcome {
        let (theirs, ours) = (capture.datalink(), self.linktype);
        if theirs == ours {
            return Ok(());
        }
        let (path, first) = (path.display(), self.path.display());
        Err(Failure::Text(format!(
            "cannot merge `{path}` with `{first}`: expected the link type {ours}, found {theirs}"
        )))
    }

    /// Creates the output, or a temporary savefile with the same header.
    pub(crate) fn create(
        &self,
        path: &Path,
        output_format: OutputFormat,
    ) -> Outcome<SavefileWriter> {
        let dead = Capture::dead_with(self.linktype, self.snaplen, self.precision)?;
        let dead = dead.with_fcs_len(match self.fcs {
            Fcs::Same(length) => length,
            Fcs::Differ(_) => None,
        })?;
        SavefileWriter::create(
            path,
            &dead,
            output_format.format_for(SavefileFormat::Pcap),
            output_format.gzip,
        )
    }
}

//! The properties of the new savefile.

use std::path::{Path, PathBuf};

use pcap_core::{Capture, Dlt, Offline, Precision};
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::output_format::OutputFormat;
use pcap_examples::savefile_writer::SavefileWriter;
use pcap_examples::stderr;

use crate::args::NAME;

/// The properties of the new savefile.
pub(crate) struct MergedFormat {
    linktype: Dlt,
    snaplen: u32,
    precision: Precision,
    fcs: Fcs,
    /// The savefile from which the link type is.
    path: PathBuf,
}

/// The declared length of the frame check sequences.
enum Fcs {
    /// All savefiles declare the same.
    Same(Option<u32>),
    /// They differ, as the text says. The new savefile declares none.
    Differ(String),
}

impl MergedFormat {
    pub(crate) fn of(capture: &Capture<Offline>, path: &Path) -> MergedFormat {
        MergedFormat {
            linktype: capture.datalink(),
            snaplen: capture.snaplen(),
            precision: capture.precision(),
            fcs: Fcs::Same(capture.fcs_len()),
            path: path.to_owned(),
        }
    }

    pub(crate) fn widen(&mut self, other: &MergedFormat) {
        if let (Fcs::Same(here), Fcs::Same(there)) = (&self.fcs, &other.fcs) {
            if here != there {
                let length = |length: &Option<u32>| match length {
                    Some(bytes) => format!("{bytes} bytes"),
                    None => "not declared".to_owned(),
                };
                let (first, path) = (self.path.display(), other.path.display());
                let (here, there) = (length(here), length(there));
                self.fcs = Fcs::Differ(format!(
                    "the length of the frame check sequences is {here} in `{first}` and {there} in \
                     `{path}`"
                ));
            }
        }
        self.snaplen = self.snaplen.max(other.snaplen);
        if other.precision == Precision::Nano {
            self.precision = Precision::Nano;
        }
    }

    /// Warns if the new savefile declares no length of the frame check sequences because the inputs differ.
    pub(crate) fn report_fcs(&self) {
        if let Fcs::Differ(why) = &self.fcs {
            let text = format!("warning: {why}: the new savefile declares none");
            stderr::print_message(NAME, text);
        }
    }

    /// Rejects a savefile with another link type.
    pub(crate) fn check(&self, capture: &Capture<Offline>, path: &Path) -> Outcome {
        let (there, here) = (capture.datalink(), self.linktype);
        if there == here {
            return Ok(());
        }
        let (path, first) = (path.display(), self.path.display());
        Err(Failure::Text(format!(
            "cannot merge `{path}` with `{first}`: expected the link type {here}, found {there}"
        )))
    }

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
        SavefileWriter::create(path, &dead, output_format.format, output_format.gzip)
    }
}

//! Derives the format of the output from those of the inputs.

use std::path::{Path, PathBuf};

use pcap_core::pcapng::Interface;
use pcap_core::{Capture, Dlt, Offline, Precision, SavefileFormat};
use pcap_examples::classic_headers::{self, is_classic_fcs_len};
use pcap_examples::compression::Compression;
use pcap_examples::counted;
use pcap_examples::exit::{Failure, Outcome};
use pcap_examples::savefile_writer::SavefileWriter;
use pcap_examples::stderr;

use crate::args::NAME;
use crate::changes::Changes;

/// What the header of a classic savefile says of its packets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Properties {
    linktype: Dlt,
    snaplen: u32,
    precision: Precision,
    fcs: Option<u32>,
}

impl Properties {
    /// Returns those of a classic input.
    pub(crate) fn of_capture(capture: &Capture<Offline>, changes: Changes) -> Properties {
        Properties {
            linktype: capture.datalink(),
            snaplen: changes.snaplen.unwrap_or(capture.snaplen()),
            precision: changes.precision(capture.precision()),
            fcs: capture.fcs_len(),
        }
    }

    /// Returns those of an interface of a pcapng input. Its times may need nanoseconds.
    pub(crate) fn of_interface(interface: &Interface, changes: Changes) -> Properties {
        Properties {
            linktype: interface.linktype().into(),
            snaplen: changes
                .snaplen
                .unwrap_or(classic_headers::snaplen(interface)),
            precision: Precision::Nano,
            fcs: interface
                .fcs_len()
                .filter(|&bytes| is_classic_fcs_len(bytes))
                .map(u32::from),
        }
    }
}

/// The header of a classic output, and whether the inputs fit into one.
#[derive(Debug)]
pub(crate) struct MergedFormat {
    properties: Properties,
    fcs: Fcs,
    /// The input that determined the link type.
    path: PathBuf,
    /// Why a classic savefile cannot hold all inputs.
    difference: Option<String>,
}

/// The declared length of the frame check sequence.
#[derive(Debug)]
enum Fcs {
    /// All inputs declare the same length, or none.
    Same(Option<u32>),
    /// The inputs differ, as described by the text. The output declares no length.
    Differ(String),
}

impl MergedFormat {
    /// Returns the format of the first input.
    pub(crate) fn new(properties: Properties, path: &Path) -> MergedFormat {
        MergedFormat {
            properties,
            fcs: Fcs::Same(properties.fcs),
            path: path.to_owned(),
            difference: None,
        }
    }

    /// Extends the precision and the snaplen for another input, and compares the rest.
    pub(crate) fn add(&mut self, properties: Properties, path: &Path) {
        if let Fcs::Same(ours) = &self.fcs
            && *ours != properties.fcs
        {
            let length = |length: &Option<u32>| match length {
                Some(bytes) => counted::bytes((*bytes).into()).to_string(),
                None => "not declared".to_owned(),
            };
            let (first, path) = (self.path.display(), path.display());
            let (ours, theirs) = (length(ours), length(&properties.fcs));
            self.fcs = Fcs::Differ(format!(
                "the length of the frame check sequence is {ours} in `{first}` and {theirs} in \
                 `{path}`"
            ));
        }
        if properties.precision == Precision::Nano {
            self.properties.precision = Precision::Nano;
        }
        self.properties.snaplen = self.properties.snaplen.max(properties.snaplen);
        if self.difference.is_none() {
            self.difference = self.compare_linktype(properties, path);
        }
    }

    /// Prints a warning if the inputs declare different lengths of the frame check sequence.
    pub(crate) fn report_fcs(&self) {
        if let Fcs::Differ(why) = &self.fcs {
            let text = format!("warning: {why}; the output declares none");
            stderr::print_message(NAME, text);
        }
    }

    /// Returns whether a classic savefile can hold all inputs so far.
    pub(crate) fn is_uniform(&self) -> bool {
        self.difference.is_none()
    }

    /// Checks that a classic savefile can hold all inputs so far.
    ///
    /// # Errors
    ///
    /// Returns an error that names the first two that differ.
    pub(crate) fn check(&self) -> Outcome {
        match &self.difference {
            None => Ok(()),
            Some(text) => Err(Failure::Text(text.clone())),
        }
    }

    /// Checks that the created classic output can hold the packets of another interface.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot.
    pub(crate) fn check_new(&self, properties: Properties, path: &Path) -> Outcome {
        let (ours, theirs) = (self.properties.snaplen, properties.snaplen);
        let difference = self.compare_linktype(properties, path).or_else(|| {
            // Readers truncate packets that are longer.
            (theirs > ours).then(|| {
                let found = format!("expected a snaplen of at most {ours}, found {theirs}");
                self.difference(path, &found)
            })
        });
        match difference {
            None => Ok(()),
            Some(text) => Err(Failure::Text(text)),
        }
    }

    /// Returns the difference if the link type is not that of the first input.
    fn compare_linktype(&self, properties: Properties, path: &Path) -> Option<String> {
        let (ours, theirs) = (self.properties.linktype, properties.linktype);
        (theirs != ours).then(|| {
            let found = format!("expected the link type {ours}, found {theirs}");
            self.difference(path, &found)
        })
    }

    fn difference(&self, path: &Path, found: &str) -> String {
        let merged = match path == self.path {
            true => format!("all of `{}`", path.display()),
            false => format!("`{}` with `{}`", path.display(), self.path.display()),
        };
        format!(
            "cannot merge {merged}: {found}; a classic savefile has one of each: name the output \
             `.pcapng`, or use --format pcapng"
        )
    }

    /// Creates the classic output, or a temporary savefile with the same header.
    pub(crate) fn create(
        &self,
        path: &Path,
        compression: Option<Compression>,
    ) -> Outcome<SavefileWriter> {
        let Properties {
            linktype,
            snaplen,
            precision,
            ..
        } = self.properties;
        let dead = Capture::dead_with(linktype, snaplen, precision)?;
        let dead = dead.with_fcs_len(match self.fcs {
            Fcs::Same(length) => length,
            Fcs::Differ(_) => None,
        })?;
        SavefileWriter::create(path, &dead, SavefileFormat::Pcap, compression)
    }
}

//! Examines libpcap without a C compiler, through the description of pkg-config or another source.

use std::path::{Path, PathBuf};

use crate::checked_in::Times;
use crate::find_unix::BARE;
use crate::library::{Kind, Library};
use crate::report;
use crate::target::Target;

/// An examiner without a C compiler.
#[derive(Debug)]
pub(crate) struct Examiner;

impl Examiner {
    /// Creates an examiner.
    pub(crate) fn new(_: &Target, _: &Path) -> Self {
        Self
    }

    /// Returns the macros that a compiler would predefine.
    pub(crate) fn time_macros(&self, _: &Target) -> Vec<(String, Option<String>)> {
        Vec::new()
    }

    /// Returns the directory in which a compiler would find the library.
    pub(crate) fn folder_of(&self, _: &Library) -> Option<PathBuf> {
        None
    }

    /// Returns the width of times, if it differs from the target's default.
    pub(crate) fn times(&self, _: &Target, _: &Library) -> Times {
        Times::Unknown
    }

    /// Compares nothing, because only a compiler could.
    pub(crate) fn compare(&self, _: &Library, _: &str) -> Result<(), String> {
        Ok(())
    }

    /// Returns the directory of `pcap/pcap.h`, if it is one of these.
    pub(crate) fn folder_of_headers(&self, include_dirs: &[PathBuf]) -> Option<PathBuf> {
        let mut folders = include_dirs.iter();
        folders
            .find(|folder| folder.join("pcap/pcap.h").is_file())
            .cloned()
    }

    /// Returns no functions, because none can be verified, and rejects a library about which too little is known.
    pub(crate) fn exported(
        self,
        target: &Target,
        library: &mut Library,
        _: &[String],
    ) -> Result<Vec<String>, String> {
        let probe = "enable the `probe` feature of pcap-sys, which needs a C compiler";
        if library.pcap.kind == Kind::Static {
            Err(format!(
                "cannot determine what a static libpcap must be linked with: {probe}"
            ))
        } else if library.version.is_some() || target.is_windows() {
            Ok(Vec::new())
        } else if library.found_by == BARE {
            Err(report::no_library(&format!(
                "libpcap was not found: neither pkg-config nor pcap-config knows one; to try {BARE}, {probe}"
            )))
        } else {
            Err(format!(
                "the version of the libpcap found by {} is unknown: set LIBPCAP_VER, or {probe}",
                library.found_by
            ))
        }
    }
}

//! libpcap as pkg-config, or whatever found it, describes it: no C compiler is asked.

use std::path::{Path, PathBuf};

use crate::checked_in::Times;
use crate::find_unix::BARE;
use crate::library::{Kind, Library};
use crate::report;
use crate::target::Target;

/// Asks nobody.
#[derive(Debug)]
pub(crate) struct Examiner;

impl Examiner {
    /// Has nothing to look for.
    pub(crate) fn new(_: &Target, _: &Path) -> Self {
        Self
    }

    /// The macros that a compiler would set.
    pub(crate) fn time_macros(&self, _: &Target) -> Vec<(String, Option<String>)> {
        Vec::new()
    }

    /// The folder from which a compiler would take the library.
    pub(crate) fn folder_of(&self, _: &Library) -> Option<PathBuf> {
        None
    }

    /// How wide times are, where that is not as the target says.
    pub(crate) fn times(&self, _: &Target, _: &Library) -> Times {
        Times::Unknown
    }

    /// The folder of `pcap/pcap.h`, if it is one of these.
    pub(crate) fn folder_of_headers(
        &self,
        _: &Target,
        include_dirs: &[PathBuf],
    ) -> Option<PathBuf> {
        let mut folders = include_dirs.iter();
        folders
            .find(|folder| folder.join("pcap/pcap.h").is_file())
            .cloned()
    }

    /// Promises no function, and refuses a library of which too little is known.
    pub(crate) fn exported(
        self,
        target: &Target,
        library: &mut Library,
        _: &[String],
    ) -> Result<Vec<String>, String> {
        let wants_probe = "the feature `probe` of pcap-sys finds that out, with a C compiler";
        if library.pcap.kind == Kind::Static {
            Err(format!(
                "what a static libpcap has to be linked with is not known: {wants_probe}"
            ))
        } else if library.version.is_some() || target.is_windows() {
            Ok(Vec::new())
        } else if library.found_by == BARE {
            Err(report::no_library(&format!(
                "libpcap was not found: neither pkg-config nor pcap-config knows one; whether {BARE} links, {wants_probe}"
            )))
        } else {
            Err(format!(
                "the version of the libpcap found by {} is not known: set LIBPCAP_VER; or {wants_probe}",
                library.found_by
            ))
        }
    }
}

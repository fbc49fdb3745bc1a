//! The result of a search for libpcap.

use std::path::PathBuf;

use crate::env;
use crate::target::Target;
use crate::version::Version;

/// How a library is linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// By its name, dynamically.
    Dynamic,
    /// By its name, statically.
    Static,
    /// Dynamically, by its full file name (`libsystemd.so.0`), if the symbolic link without a number is not installed.
    Exact,
}

/// A library to link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lib {
    /// The name of the library; for [`Kind::Exact`], its file name.
    pub(crate) name: String,
    /// How it is linked.
    pub(crate) kind: Kind,
}

/// A libpcap that was found.
#[derive(Debug, Clone)]
pub(crate) struct Library {
    /// The directories of the headers, in addition to the compiler's own.
    pub(crate) include_dirs: Vec<PathBuf>,
    /// Whether the headers must come from the first of `include_dirs`.
    pub(crate) own_headers: bool,
    /// The directories of the libraries, in addition to the linker's own.
    pub(crate) lib_dirs: Vec<PathBuf>,
    /// The directory of the linked file, if known.
    pub(crate) dir: Option<PathBuf>,
    /// The macros that C code must define before it includes the headers.
    pub(crate) defines: Vec<(String, Option<String>)>,
    /// libpcap itself.
    pub(crate) pcap: Lib,
    /// Names of libraries that a static libpcap may need.
    pub(crate) private: Vec<String>,
    /// The libraries among them that it does need.
    pub(crate) needed: Vec<Lib>,
    /// The version of the library, if known.
    pub(crate) version: Option<Version>,
    /// Whether anything is linked. If not, only the headers matter.
    pub(crate) linked: bool,
    /// The origin of the library, such as `pkg-config`, for messages.
    pub(crate) found_by: String,
}

impl Library {
    /// Creates a library of which only the name, the kind and the origin are known.
    pub(crate) fn new(name: &str, kind: Kind, found_by: &str) -> Self {
        Self {
            include_dirs: Vec::new(),
            own_headers: false,
            lib_dirs: Vec::new(),
            dir: None,
            defines: Vec::new(),
            pcap: Lib {
                name: name.to_owned(),
                kind,
            },
            private: Vec::new(),
            needed: Vec::new(),
            version: None,
            linked: true,
            found_by: found_by.to_owned(),
        }
    }

    /// Creates a library without searching for it, because nothing is linked.
    pub(crate) fn unlinked(target: &Target) -> Result<Self, String> {
        let mut library = Self::new("pcap", Kind::Dynamic, "nothing");
        library.linked = false;
        if let Some(folder) = include_dir(target)? {
            library.include_dirs.push(folder);
            library.own_headers = true;
        }
        Ok(library)
    }

    /// Reduces the library to its headers.
    #[cfg_attr(not(feature = "bindgen"), allow(dead_code))]
    pub(crate) fn headers_only(self) -> Self {
        Self {
            linked: false,
            lib_dirs: Vec::new(),
            // The version that the program finds at run time is not known now.
            version: None,
            ..self
        }
    }

    /// Returns the possible names of the file to link.
    pub(crate) fn files(&self) -> &'static [&'static str] {
        match (self.pcap.name.as_str(), self.pcap.kind) {
            ("pcap", Kind::Static) => &["libpcap.a"],
            ("pcap", _) => &["libpcap.so", "libpcap.dylib", "libpcap.tbd"],
            _ => &["wpcap.lib", "libwpcap.a", "libwpcap.dll.a"],
        }
    }

    /// Returns the directory of the file to link, if it is one of `lib_dirs` or the directory that pkg-config reports.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        let holds = |folder: &&PathBuf| self.files().iter().any(|file| folder.join(file).exists());
        self.lib_dirs.iter().chain(&self.dir).find(holds).cloned()
    }

    /// Returns everything to link, libpcap first.
    pub(crate) fn libs(&self) -> Vec<Lib> {
        if !self.linked {
            return Vec::new();
        }
        let mut libs = vec![self.pcap.clone()];
        libs.extend_from_slice(&self.needed);
        libs
    }
}

/// The bindings and their origin.
#[derive(Debug)]
pub(crate) struct Bindings {
    /// Rust text.
    pub(crate) text: String,
    /// The libpcap of the headers, if the bindings were generated before.
    pub(crate) made_from: Option<String>,
    /// The value of `BINDINGS`.
    pub(crate) origin: String,
    /// The directory of the target's `pcap/pcap.h`: the one that was read, if any.
    pub(crate) include_dir: Option<PathBuf>,
}

/// Returns `LIBPCAP_INCLUDEDIR`, which must contain the headers.
pub(crate) fn include_dir(target: &Target) -> Result<Option<PathBuf>, String> {
    let Some(setting) = env::folder("LIBPCAP_INCLUDEDIR", "pcap/pcap.h", target)? else {
        return Ok(None);
    };
    let path = setting.path();
    if path.join("pcap/pcap.h").is_file() {
        Ok(Some(path))
    } else {
        Err(setting.wrong("the directory contains no pcap/pcap.h"))
    }
}

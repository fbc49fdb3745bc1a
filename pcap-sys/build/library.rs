//! What a search for libpcap yields.

use std::path::PathBuf;

use crate::env;
use crate::target::Target;
use crate::version::Version;

/// How a library is given to the linker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// By its name, dynamically.
    Dynamic,
    /// By its name, statically.
    Static,
    /// Dynamically, by its whole file name (`libsystemd.so.0`), where the link without a number is not installed.
    Exact,
}

/// A library to link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lib {
    /// Its name, or for [`Kind::Exact`] its file name.
    pub(crate) name: String,
    /// How it is linked.
    pub(crate) kind: Kind,
}

/// A libpcap that was found.
#[derive(Debug, Clone)]
pub(crate) struct Library {
    /// Where its headers are; empty means where the compiler looks anyway.
    pub(crate) include_dirs: Vec<PathBuf>,
    /// Whether the headers must come from the first of `include_dirs`, and from nowhere else.
    pub(crate) own_headers: bool,
    /// Where its files are; empty means where the linker looks anyway.
    pub(crate) lib_dirs: Vec<PathBuf>,
    /// The folder of the file that is linked, where that is known.
    pub(crate) dir: Option<PathBuf>,
    /// Macros that its users must define.
    pub(crate) defines: Vec<(String, Option<String>)>,
    /// libpcap itself.
    pub(crate) pcap: Lib,
    /// Names of libraries that a static libpcap may need.
    pub(crate) private: Vec<String>,
    /// Those of them that it does need.
    pub(crate) needed: Vec<Lib>,
    /// Its version, where that can be known.
    pub(crate) version: Option<Version>,
    /// Whether anything is linked. If not, only the headers matter.
    pub(crate) linked: bool,
    /// What found it, for messages.
    pub(crate) found_by: String,
}

impl Library {
    /// A library of which nothing is known but its name and who found it.
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

    /// One that was not looked for, because nothing is linked.
    pub(crate) fn unlinked(target: &Target) -> Result<Self, String> {
        let mut library = Self::new("pcap", Kind::Dynamic, "nothing");
        library.linked = false;
        if let Some(folder) = include_dir(target)? {
            library.include_dirs.push(folder);
            library.own_headers = true;
        }
        Ok(library)
    }

    /// The same library, with only its headers.
    #[cfg_attr(not(feature = "bindgen"), allow(dead_code))]
    pub(crate) fn headers_only(self) -> Self {
        Self {
            linked: false,
            lib_dirs: Vec::new(),
            // Which one the program finds when it runs, nobody knows now.
            version: None,
            ..self
        }
    }

    /// The names that the file to link may have.
    pub(crate) fn files(&self) -> &'static [&'static str] {
        match (self.pcap.name.as_str(), self.pcap.kind) {
            ("pcap", Kind::Static) => &["libpcap.a"],
            ("pcap", _) => &["libpcap.so", "libpcap.dylib", "libpcap.tbd"],
            _ => &["wpcap.lib", "libwpcap.a", "libwpcap.dll.a"],
        }
    }

    /// The folder of that file, if it is one of those that are searched, or the one that pkg-config tells.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        let holds = |folder: &&PathBuf| self.files().iter().any(|file| folder.join(file).exists());
        self.lib_dirs.iter().chain(&self.dir).find(holds).cloned()
    }

    /// Everything to link, libpcap first.
    pub(crate) fn libs(&self) -> Vec<Lib> {
        if !self.linked {
            return Vec::new();
        }
        let mut libs = vec![self.pcap.clone()];
        libs.extend_from_slice(&self.needed);
        libs
    }
}

/// The bindings and where they come from.
#[derive(Debug)]
pub(crate) struct Bindings {
    /// Rust text.
    pub(crate) text: String,
    /// The libpcap whose headers they are from, if they were made before.
    pub(crate) made_from: Option<String>,
    /// The folder of the target's `pcap/pcap.h`: the one that was read, if any was.
    pub(crate) include_dir: Option<PathBuf>,
}

/// `LIBPCAP_INCLUDEDIR`, which must hold the headers.
pub(crate) fn include_dir(target: &Target) -> Result<Option<PathBuf>, String> {
    let Some(setting) = env::folder("LIBPCAP_INCLUDEDIR", "pcap/pcap.h", target)? else {
        return Ok(None);
    };
    let path = setting.path();
    if path.join("pcap/pcap.h").is_file() {
        Ok(Some(path))
    } else {
        Err(setting.wrong("the folder holds no pcap/pcap.h"))
    }
}

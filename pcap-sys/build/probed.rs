//! Examines libpcap with the target's C compiler.

use std::path::{Path, PathBuf};

#[cfg(feature = "bindgen")]
use crate::checked_in;
use crate::checked_in::Times;
use crate::compiler::Compiler;
#[cfg(feature = "bindgen")]
use crate::env;
use crate::layout;
use crate::library::{Kind, Library};
use crate::probe;
#[cfg(feature = "bindgen")]
use crate::report;
use crate::target::Target;
use crate::version;

/// An examiner with the C compiler, if there is one for the target.
#[derive(Debug)]
pub(crate) struct Examiner(Result<Compiler, String>);

impl Examiner {
    /// Looks for the compiler.
    pub(crate) fn new(target: &Target, out_dir: &Path) -> Self {
        Self(Compiler::new(target, out_dir).and_then(|compiler| compiler.for_system(target)))
    }

    /// Returns the arguments that make clang read the headers as the compiler does. Without a compiler there are none,
    /// which is an error if clang would read the headers of the build machine, or if its defaults may give structures
    /// another layout than libpcap's.
    #[cfg(feature = "bindgen")]
    pub(crate) fn clang_args(
        &self,
        target: &Target,
        documenting: bool,
    ) -> Result<Vec<String>, String> {
        let compiler = self.0.as_ref();
        let times = compiler.ok().and_then(Compiler::time_macros);
        if target.has_times_of_two_widths() && !documenting && times.is_none() {
            return Err(checked_in::unknown_times(target));
        }
        let finds_others = target.is_cross() && !target.is_windows() && !documenting;
        match compiler {
            Ok(compiler) => Ok(compiler.clang_args(target)),
            Err(reason)
                if finds_others && env::lookup("BINDGEN_EXTRA_CLANG_ARGS", target)?.is_none() =>
            {
                Err(report::no_target_headers(&target.triple, reason))
            }
            Err(_) => Ok(Vec::new()),
        }
    }

    /// Returns the predefined macros that determine the layout of libpcap's structures on 32-bit
    /// systems.
    pub(crate) fn time_macros(&self, target: &Target) -> Vec<(String, Option<String>)> {
        if target.pointer_width != "32" {
            return Vec::new();
        }
        let set = self.0.as_ref().ok().and_then(Compiler::time_macros);
        let pairs = set.unwrap_or_default().into_iter().map(|argument| {
            let set = argument.trim_start_matches("-D").split_once('=');
            set.map(|(name, value)| (name.to_owned(), Some(value.to_owned())))
        });
        pairs.flatten().collect()
    }

    /// Checks that the structures of prebuilt bindings are those of the headers. Warns if there is no compiler.
    pub(crate) fn compare(&self, library: &Library, bindings: &str) -> Result<(), String> {
        match &self.0 {
            Ok(compiler) => layout::check(compiler, library, bindings),
            Err(reason) => {
                println!(
                    "cargo::warning=cannot compare the bindings of pcap-sys with pcap.h: no C compiler for the target \
                     works ({reason})"
                );
                Ok(())
            }
        }
    }

    /// Returns the directory in which the compiler finds the library.
    pub(crate) fn folder_of(&self, library: &Library) -> Option<PathBuf> {
        let compiler = self.0.as_ref().ok()?;
        let mut files = library.files().iter();
        files.find_map(|file| compiler.folder_of(file))
    }

    /// Returns the width of times, if it differs from the target's default.
    pub(crate) fn times(&self, target: &Target, library: &Library) -> Times {
        if target.pointer_width != "32" {
            return Times::Unknown;
        }
        let Some(set) = self.0.as_ref().ok().and_then(Compiler::time_macros) else {
            return Times::Unknown;
        };
        let defined = library.defines.iter().map(|(name, value)| match value {
            Some(value) => format!("-D{name}={value}"),
            None => format!("-D{name}"),
        });
        match defined.chain(set).any(|set| set == "-D_TIME_BITS=64") {
            true => Times::Bits64,
            false => Times::Bits32,
        }
    }

    /// Returns the directory of `pcap/pcap.h`: one of these, or where the compiler finds it.
    pub(crate) fn folder_of_headers(&self, include_dirs: &[PathBuf]) -> Option<PathBuf> {
        let holds = |folder: &&PathBuf| folder.join("pcap/pcap.h").is_file();
        let named = include_dirs.iter().find(holds).cloned();
        named.or_else(|| self.0.as_ref().ok()?.folder_of_headers())
    }

    /// Returns the functions among `functions` that the library exports. Rejects a library that cannot be linked or is
    /// too old.
    pub(crate) fn exported(
        self,
        target: &Target,
        library: &mut Library,
        functions: &[String],
    ) -> Result<Vec<String>, String> {
        let names: Vec<&str> = functions.iter().map(String::as_str).collect();
        let compiler =
            self.0.and_then(
                |compiler| match probe::quickly(&compiler, library, &names) {
                    Some(exported) => Ok((compiler, Some(exported))),
                    None => compiler.check().map(|()| (compiler, None)),
                },
            );
        let exported = match &compiler {
            Ok((_, Some(exported))) => exported.clone(),
            Ok((compiler, None)) => probe::exported(compiler, library, &names)?,
            // Neither the location nor the dependencies of the library are known: linking could only fail.
            Err(reason) if library.pcap.kind == Kind::Static => {
                return Err(format!(
                    "cannot determine what a static libpcap must be linked with: no C compiler for {} works ({reason})",
                    target.triple
                ));
            }
            Err(reason) => {
                println!(
                    "cargo::warning=cannot determine which functions libpcap exports, so no DEP_PCAP_HAVE_ variable is \
                     set: no C compiler for {} works ({reason})",
                    target.triple
                );
                Vec::new()
            }
        };
        if library.version.is_none() {
            let has = |names: &[String]| names.iter().any(|name| name == version::NEWEST_FUNCTION);
            if !has(functions) {
                return Err(version::too_old(
                    &library.found_by,
                    "its pcap.h declares no",
                ));
            }
            // On Windows a replacement of wpcap.dll may have only the functions that a program needs.
            if compiler.is_ok() && !target.is_windows() && !has(&exported) {
                return Err(version::too_old(&library.found_by, "it has no"));
            }
        }
        Ok(exported)
    }
}

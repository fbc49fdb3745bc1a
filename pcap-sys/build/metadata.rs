//! The metadata for the build scripts of dependents, where they are the `DEP_PCAP_…` variables, and for this crate's
//! own tests.

use crate::library::{Bindings, Kind, Library};
use crate::target::Target;

/// Prints the metadata in cargo's format.
pub(crate) fn tell(target: &Target, library: &Library, bindings: &Bindings, exported: &[String]) {
    let version = library
        .version
        .map_or_else(|| "unknown".to_owned(), |version| version.to_string());
    let names: Vec<String> = library.libs().into_iter().map(|lib| lib.name).collect();
    let defines = defines(library);
    println!("cargo::metadata=VERSION={version}");
    println!("cargo::metadata=LINK={}", way(library));
    if !names.is_empty() {
        println!("cargo::metadata=LIBS={}", names.join(" "));
    }
    if let (true, Some(folder)) = (library.linked, &library.dir) {
        println!("cargo::metadata=LIBDIR={}", folder.display());
    }
    if !defines.is_empty() {
        println!("cargo::metadata=DEFINES={defines}");
    }
    if let Some(folder) = &bindings.include_dir {
        println!("cargo::metadata=INCLUDE={}", folder.display());
        println!("cargo::rustc-env=PCAP_SYS_INCLUDE={}", folder.display());
    }
    for name in exported {
        println!("cargo::metadata=HAVE_{}=1", name.to_uppercase());
    }
    // For this crate's own tests, which run without cargo's variables.
    if let Some(version) = &bindings.made_from {
        println!("cargo::rustc-env=PCAP_SYS_BINDINGS={version}");
    }
    println!("cargo::metadata=BINDINGS={}", bindings.origin);
    println!(
        "cargo::rustc-env=PCAP_SYS_BINDINGS_ORIGIN={}",
        bindings.origin
    );
    println!("cargo::rustc-env=PCAP_SYS_DEFINES={defines}");
    println!("cargo::rustc-env=PCAP_SYS_VERSION={version}");
    println!("cargo::rustc-env=PCAP_SYS_TARGET={}", target.triple);
    println!("cargo::rustc-env=PCAP_SYS_HOST={}", target.host);
}

/// Returns the value of `DEP_PCAP_LINK`.
fn way(library: &Library) -> &'static str {
    match (library.linked, library.pcap.kind) {
        (true, Kind::Static) => "static",
        (true, Kind::Dynamic | Kind::Exact) => "dynamic",
        (false, _) if cfg!(feature = "load-dynamically") => "load",
        (false, _) => "none",
    }
}

/// Returns the macros that C code must define before it includes libpcap's headers, as `NAME` or
/// `NAME=VALUE`.
fn defines(library: &Library) -> String {
    let defines = library.defines.iter().map(|(name, value)| match value {
        Some(value) => format!("{name}={value}"),
        None => name.clone(),
    });
    defines.collect::<Vec<_>>().join(" ")
}

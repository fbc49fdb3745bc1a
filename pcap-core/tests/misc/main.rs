//! Devices, link types, names, errors, and the pages of the repository.

mod coming_from;
mod conversions;
mod debug;
#[cfg(all(unix, not(emulated)))] // qemu-user has no cargo
mod dependencies;
#[cfg(not(emulated))] // qemu-user cannot list devices
mod device;
mod docs_facts;
mod docs_guide;
mod docs_pages;
mod docs_rows;
mod errors;
mod language;
#[cfg(all(target_os = "linux", feature = "load-dynamically"))]
mod library_missing;
mod linktype;
mod lookup;
mod packet;
mod sendqueue;
#[cfg(feature = "serde")]
mod serialize;
mod stability;

#[path = "../support/mod.rs"]
mod support;

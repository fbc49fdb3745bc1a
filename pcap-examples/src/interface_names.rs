//! Looks up interface names by the interface indices in packets.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long a name is cached. Interfaces may be renamed.
const REFRESH_INTERVAL: Duration = Duration::from_secs(1);

/// The names of this system's interfaces.
///
/// The default value knows no names. It is meant for savefiles, which may be from another system.
#[derive(Clone, Debug, Default)]
pub struct InterfaceNames {
    names: Option<HashMap<u32, Name>>,
    /// The names of the interfaces of the capture, if there are several.
    sources: Vec<String>,
    /// The number of the interface of the current packet.
    source: usize,
}

/// A cached name.
#[derive(Clone, Debug)]
struct Name {
    /// `None` if there is no such interface.
    text: Option<String>,
    /// When the system was last asked.
    queried: Instant,
}

impl InterfaceNames {
    /// Creates a lookup of the names on this system, for a live capture.
    #[must_use]
    pub fn of_this_system() -> InterfaceNames {
        InterfaceNames {
            names: Some(HashMap::new()),
            ..InterfaceNames::default()
        }
    }

    /// Sets the names of the interfaces of the capture, if there are several.
    #[must_use]
    pub fn with_sources(mut self, names: Vec<String>) -> InterfaceNames {
        self.sources = names;
        self
    }

    /// Sets the number of the interface of the current packet.
    #[inline]
    pub fn set_source(&mut self, number: usize) {
        self.source = number;
    }

    /// Returns the name of the interface of the current packet, if the capture has several.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.sources.get(self.source).map(String::as_str)
    }

    /// Returns the name of the interface with this index, if it is known. A removed interface keeps its last name.
    pub fn name(&mut self, index: u32) -> Option<&str> {
        let names = self.names.as_mut()?;
        let now = Instant::now();
        let name = names.entry(index).or_insert_with(|| Name {
            text: system_name(index),
            queried: now,
        });
        if now.duration_since(name.queried) > REFRESH_INTERVAL {
            name.queried = now;
            name.text = system_name(index).or(name.text.take());
        }
        name.text.as_deref()
    }
}

/// Returns the name of an interface on this system.
#[cfg(target_os = "linux")]
fn system_name(index: u32) -> Option<String> {
    let name = nix::net::if_::if_indextoname(index).ok()?;
    // `nix` returns an empty name if there is no such interface.
    Some(name.to_string_lossy().into_owned()).filter(|name| !name.is_empty())
}

/// Returns `None`: only packets captured on Linux have an interface index.
#[cfg(not(target_os = "linux"))]
fn system_name(_: u32) -> Option<String> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::InterfaceNames;

    #[test]
    fn only_existing_interfaces_of_this_system_have_names() {
        assert_eq!(InterfaceNames::of_this_system().name(1), Some("lo"));
        assert_eq!(InterfaceNames::of_this_system().name(u32::MAX), None);
        assert_eq!(InterfaceNames::default().name(1), None);
    }
}

//! The names of interfaces, by their indices in packets.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long a name is used before the system is asked again, since interfaces are renamed.
const REFRESH_INTERVAL: Duration = Duration::from_secs(1);

/// The names of this system's interfaces. For a savefile, which may be from another system, there are none.
#[derive(Clone, Debug, Default)]
pub struct InterfaceNames {
    names: Option<HashMap<u32, Name>>,
}

#[derive(Clone, Debug)]
struct Name {
    text: Option<String>,
    queried: Instant,
}

impl InterfaceNames {
    /// Creates the names of this system, for packets that are captured now.
    #[must_use]
    pub fn of_this_system() -> InterfaceNames {
        InterfaceNames {
            names: Some(HashMap::new()),
        }
    }

    /// Returns the name of the interface with this index. A removed interface keeps its name.
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

#[cfg(target_os = "linux")]
fn system_name(index: u32) -> Option<String> {
    let name = nix::net::if_::if_indextoname(index).ok()?;
    // `nix` returns an empty name if there is no such interface.
    Some(name.to_string_lossy().into_owned()).filter(|name| !name.is_empty())
}

/// Returns `None`: only packets of Linux have an index.
#[cfg(not(target_os = "linux"))]
fn system_name(_: u32) -> Option<String> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::InterfaceNames;

    #[test]
    fn only_interfaces_of_this_system_have_names() {
        assert_eq!(InterfaceNames::of_this_system().name(1), Some("lo"));
        assert_eq!(InterfaceNames::of_this_system().name(u32::MAX), None);
        assert_eq!(InterfaceNames::default().name(1), None);
    }
}

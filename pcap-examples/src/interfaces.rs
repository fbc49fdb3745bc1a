//! Names of interfaces by the numbers that captures have for them.

use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long a name is used before the system is asked again, since interfaces are renamed.
const FRESH: Duration = Duration::from_secs(1);

/// Names of the interfaces of this system; of a savefile, whose interfaces may be another system's,
/// none are known.
#[derive(Clone, Debug, Default)]
pub struct Interfaces {
    names: Option<HashMap<u32, Name>>,
}

#[derive(Clone, Debug)]
struct Name {
    text: Option<String>,
    asked: Instant,
}

impl Interfaces {
    /// The interfaces of this system, for packets that are captured now.
    #[must_use]
    pub fn here() -> Interfaces {
        Interfaces {
            names: Some(HashMap::new()),
        }
    }

    /// The name of the interface with this index. One that is gone keeps the name that it had.
    pub fn name(&mut self, index: u32) -> Option<&str> {
        let names = self.names.as_mut()?;
        let now = Instant::now();
        let name = names.entry(index).or_insert_with(|| Name {
            text: ask(index),
            asked: now,
        });
        if now.duration_since(name.asked) > FRESH {
            name.asked = now;
            name.text = ask(index).or(name.text.take());
        }
        name.text.as_deref()
    }
}

#[cfg(target_os = "linux")]
fn ask(index: u32) -> Option<String> {
    let name = nix::net::if_::if_indextoname(index).ok()?;
    // `nix` does not notice that there is no such interface.
    Some(name.to_string_lossy().into_owned()).filter(|name| !name.is_empty())
}

/// Only packets of Linux have such numbers.
#[cfg(not(target_os = "linux"))]
fn ask(_: u32) -> Option<String> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::Interfaces;

    #[test]
    fn only_interfaces_of_this_system_have_names() {
        assert_eq!(Interfaces::here().name(1), Some("lo"));
        assert_eq!(Interfaces::here().name(u32::MAX), None);
        assert_eq!(Interfaces::default().name(1), None);
    }
}

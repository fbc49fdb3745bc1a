//! The version of libpcap.

mod vulnerability;

use std::fmt;

pub use vulnerability::Vulnerability;

use crate::sys;
use crate::text::rfind;

/// The version of libpcap, parsed from libpcap's own text. Returned by [`version`].
///
/// Versions are ordered by their numbers. Versions with the same numbers are ordered by their text.
///
/// # Examples
///
/// ```
/// let version = pcap_core::version();
/// assert!((version.major(), version.minor()) >= (1, 10));
/// println!("{version}"); // libpcap version 1.10.3 (with TPACKET_V3)
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    // First, because the derived order compares the fields in turn.
    numbers: [u32; 3],
    text: String,
}

impl Version {
    #[inline]
    fn parse(text: String) -> Version {
        let mut numbers = [0; 3];
        // "libpcap version 1.10.3 (…)", "Npcap version 1.79, based on libpcap version 1.10.4".
        let before = "libpcap version ";
        let after = match rfind(&text, before) {
            Some(at) => &text[at + before.len()..],
            None => &text,
        };
        for (number, part) in numbers.iter_mut().zip(after.split('.')) {
            let digits = part.find(|c: char| !c.is_ascii_digit());
            *number = part[..digits.unwrap_or(part.len())].parse().unwrap_or(0);
            if digits.is_some() {
                break;
            }
        }
        Version { numbers, text }
    }

    /// Returns the major version, such as 1 in 1.10.3.
    #[must_use]
    #[inline]
    pub fn major(&self) -> u32 {
        self.numbers[0]
    }

    /// Returns the minor version, such as 10 in 1.10.3.
    #[must_use]
    #[inline]
    pub fn minor(&self) -> u32 {
        self.numbers[1]
    }

    /// Returns the patch version, such as 3 in 1.10.3, or 0 if there is none.
    #[must_use]
    #[inline]
    pub fn patch(&self) -> u32 {
        self.numbers[2]
    }
}

/// Prints libpcap's complete version text, including its build options.
impl fmt::Display for Version {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Returns the version of the libpcap that the program uses at run time.
///
/// If libpcap cannot be loaded, which is only possible with the `load-dynamically` feature, the text is empty and the
/// numbers are 0.
///
#[doc = manual!("pcap_lib_version")]
#[doc(alias = "pcap_lib_version")]
#[must_use]
#[inline]
pub fn version() -> Version {
    if !sys::library::is_available() {
        return Version::parse(String::new());
    }
    // SAFETY: takes no arguments, and returns a static string that never changes.
    let text = unsafe { sys::pcap_lib_version() };
    // SAFETY: as above.
    Version::parse(unsafe { sys::lossy(text) }.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Shows: parity/librarys-version
    #[test]
    fn parses_what_libpcaps_say() {
        for (text, numbers) in [
            ("libpcap version 1.10.3 (with TPACKET_V3)", [1, 10, 3]),
            ("libpcap version 1.11.0-PRE-GIT (64-bit time_t)", [1, 11, 0]),
            (
                "Npcap version 1.79, based on libpcap version 1.10.4",
                [1, 10, 4],
            ),
            ("libpcap version 1.10", [1, 10, 0]),
            ("libpcap version 23.45.67", [23, 45, 67]),
            ("", [0, 0, 0]),
        ] {
            let version = Version::parse(text.into());
            let parts = [version.major(), version.minor(), version.patch()];
            assert_eq!(parts, numbers, "{text}");
            assert_eq!(version.to_string(), text);
        }
    }

    #[test]
    fn versions_are_ordered_by_their_numbers() {
        let texts = [
            "",
            "libpcap version 1.9.1",
            "libpcap version 1.10.3 (with TPACKET_V2)",
            "libpcap version 1.10.3 (with TPACKET_V3)",
            "Npcap version 1.79, based on libpcap version 1.10.4",
            "libpcap version 1.11.0",
        ];
        let versions = texts.map(|text| Version::parse(text.into()));
        assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
    }
}

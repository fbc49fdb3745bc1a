//! Version numbers of libpcap, and the oldest one accepted.

use std::fmt;

use crate::env::{self, Setting};
use crate::target::Target;

/// The oldest libpcap that this crate is tested with.
pub(crate) const MINIMUM: Version = Version {
    major: 1,
    minor: 10,
    patch: Some(0),
};

/// A function that was added in the oldest accepted version, to check a libpcap of unknown version.
pub(crate) const NEWEST_FUNCTION: &str = "pcap_init";

/// A version of libpcap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version {
    /// The first number.
    pub(crate) major: u32,
    /// The second number.
    pub(crate) minor: u32,
    /// The third number, if there is one.
    pub(crate) patch: Option<u32>,
}

impl Version {
    /// Parses `1.10` or `1.10.3`, and nothing else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(|part| {
            // `u32::from_str` would also accept a sign.
            part.bytes()
                .all(|byte| byte.is_ascii_digit())
                .then(|| part.parse().ok())
                .flatten()
        });
        let major = numbers.next()??;
        let minor = numbers.next()??;
        let patch = match numbers.next() {
            None => None,
            Some(number) => Some(number?),
        };
        numbers.next().is_none().then_some(Self {
            major,
            minor,
            patch,
        })
    }

    /// Parses the version text of a library, which may have a suffix: `1.11.0-PRE-GIT`.
    pub(crate) fn parse_lenient(text: &str) -> Option<Self> {
        let text = text.trim();
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        Self::parse(text[..end].trim_end_matches('.'))
    }

    fn is_older_than(self, other: Self) -> bool {
        let key = |v: Self| (v.major, v.minor, v.patch.unwrap_or(0));
        key(self) < key(other)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        match self.patch {
            Some(patch) => write!(f, ".{patch}"),
            None => Ok(()),
        }
    }
}

/// Returns `LIBPCAP_VER`, which overrides the result of the search.
pub(crate) fn from_environment(target: &Target) -> Result<Option<Version>, String> {
    let Some(setting) = env::lookup("LIBPCAP_VER", target)? else {
        return Ok(None);
    };
    let Some(version) = Version::parse(&setting.value) else {
        return Err(setting.wrong("expected a version of libpcap, such as 1.10 or 1.10.3"));
    };
    check_setting(&setting, version).map(Some)
}

fn check_setting(setting: &Setting, version: Version) -> Result<Version, String> {
    if version.is_older_than(MINIMUM) {
        Err(setting.wrong(&format!("libpcap {MINIMUM} or newer is needed")))
    } else {
        Ok(version)
    }
}

/// Rejects a library that is too old.
pub(crate) fn check(version: Version, found_by: &str) -> Result<(), String> {
    if version.is_older_than(MINIMUM) {
        Err(format!(
            "libpcap {version}, found by {found_by}, is too old: libpcap {MINIMUM} or newer is needed"
        ))
    } else {
        Ok(())
    }
}

/// Formats the error for a libpcap of unknown version that lacks [`NEWEST_FUNCTION`].
pub(crate) fn too_old(found_by: &str, lacks: &str) -> String {
    format!(
        "the libpcap found by {found_by} is too old: {lacks} {NEWEST_FUNCTION}, and libpcap {MINIMUM} or newer is \
         needed"
    )
}

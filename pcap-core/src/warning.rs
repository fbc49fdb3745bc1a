//! Warnings of a capture.

use std::ffi::c_int;
use std::fmt;

use crate::printable::Printable;
use crate::sys;

/// The kind of a [`Warning`].
#[doc(alias = "PCAP_WARNING")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WarningKind {
    /// Promiscuous mode was requested, but the device (such as Linux's `any`) does not support it.
    PromiscNotSupported,
    /// The device does not support the requested timestamp type.
    TstampTypeNotSupported,
    /// An option was skipped because it is not available. Only
    /// [`activate_best_effort`](crate::Capture::activate_best_effort) skips options;
    /// [`activate`](crate::Capture::activate) returns an error with the same text instead.
    OptionSkipped,
    /// libpcap only supports blocking reads on this kind of device. Therefore, non-blocking calls, timeouts and breaks
    /// may be delayed: on D-Bus, by up to a tenth of a second; elsewhere, by the packet-buffer timeout or until a
    /// packet arrives.
    OnlyBlocking,
    /// The filter does not compile for a link type of a savefile with
    /// [several link types](crate::Capture::mix_linktypes), so all packets of that type are rejected.
    FilterNotSupported,
    /// Any other warning; the text describes it. This includes warning codes that newer versions of libpcap may
    /// introduce.
    Other,
}

/// A warning of a capture, such as an option that could not be applied at its activation. The capture works regardless.
/// Returned by [`warnings`](crate::Capture::warnings) of a live capture, and by that of a
/// [savefile](crate::Capture::<crate::Offline>::warnings).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Warning {
    kind: WarningKind,
    text: String,
}

impl Warning {
    /// Creates a warning from the status that `pcap_activate` returned, zero or more, and its text.
    pub(crate) fn from_status(code: c_int, text: String) -> Option<Warning> {
        let kind = match code {
            sys::PCAP_WARNING_PROMISC_NOTSUP => WarningKind::PromiscNotSupported,
            sys::PCAP_WARNING_TSTAMP_TYPE_NOTSUP => WarningKind::TstampTypeNotSupported,
            0 if text.is_empty() => return None,
            // For some warnings, libpcap 1.10 returns 0 and only leaves a text.
            _ if text.starts_with("Promiscuous mode not supported") => {
                WarningKind::PromiscNotSupported
            }
            _ => WarningKind::Other,
        };
        let text = if text.is_empty() {
            sys::statustostr(code)
        } else {
            text
        };
        Some(Warning::new(kind, text))
    }

    pub(crate) fn new(kind: WarningKind, text: impl AsRef<str>) -> Warning {
        Warning {
            kind,
            text: Printable(text.as_ref().trim_end()).to_string(),
        }
    }

    /// Returns the kind of warning.
    #[must_use]
    pub fn kind(&self) -> WarningKind {
        self.kind
    }

    /// Returns the text, usually in libpcap's own words. Control characters in it are escaped.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Positive codes of an activation are warnings. To treat them as errors would reject working
    /// captures.
    // Shows: libpcap/positive-answer-success-warning, parity/tell-warnings-activation-errors
    // Shows: parity/warnings-activation-taken-failures
    #[test]
    fn lost_meaning_positive_codes_are_warnings_and_unknown_ones_too() {
        let warning = Warning::from_status(99, "new".into()).unwrap();
        assert_eq!(warning.kind(), WarningKind::Other);
        assert!(Warning::from_status(0, String::new()).is_none());
        assert!(Warning::from_status(0, "Promiscuous mode not supported".into()).is_some());
        let warning = Warning::from_status(2, String::new()).unwrap();
        assert_eq!(warning.kind(), WarningKind::PromiscNotSupported);
        assert!(!warning.text().is_empty());
        let warning = Warning::from_status(3, String::new()).unwrap();
        assert_eq!(warning.kind(), WarningKind::TstampTypeNotSupported);
    }

    #[test]
    fn nothing_hostile_is_in_a_warning() {
        let warning = Warning::from_status(99, "a\u{1b}[2J\n".into()).unwrap();
        assert_eq!(warning.to_string(), "a\\u{1b}[2J");
        let warning = Warning::new(WarningKind::OptionSkipped, "b\rc");
        assert_eq!(warning.text(), "b\\rc");
    }
}

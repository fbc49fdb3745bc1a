//! What there is to say about a capture that was activated all the same.

use std::ffi::c_int;
use std::fmt;

use crate::printable::Printable;
use crate::sys;

/// The kind of a [`Warning`].
#[doc(alias = "PCAP_WARNING")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WarningKind {
    /// Promiscuous mode was asked for, and the device has none (such as Linux's `any`).
    PromiscNotSupported,
    /// The timestamp type that was asked for is not there.
    TstampTypeNotSupported,
    /// An option was left out, because it cannot be had: only after
    /// [`activate_best_effort`](crate::Capture::activate_best_effort). The text is the error that it would have
    /// been.
    LeftOut,
    /// This kind of capture only reads with blocking calls of libpcap. On D-Bus they end within a tenth of a second, by
    /// which a call that is not to wait, a deadline or a break may be late. Elsewhere they may wait for the
    /// packet-buffer timeout, or for a packet.
    OnlyBlocking,
    /// Something else; the text says what. Codes of newer libpcaps are here too.
    Other,
}

/// Something that was not as asked for when a capture was activated. The capture works.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Warning {
    kind: WarningKind,
    text: String,
}

impl Warning {
    /// From what `pcap_activate` returned, zero or more, and the text that it left.
    pub(crate) fn from_status(code: c_int, text: String) -> Option<Warning> {
        let kind = match code {
            sys::PCAP_WARNING_PROMISC_NOTSUP => WarningKind::PromiscNotSupported,
            sys::PCAP_WARNING_TSTAMP_TYPE_NOTSUP => WarningKind::TstampTypeNotSupported,
            0 if text.is_empty() => return None,
            // libpcap 1.10 has warnings for which it returns 0 and only leaves a text.
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

    /// What kind of warning it is.
    #[must_use]
    pub fn kind(&self) -> WarningKind {
        self.kind
    }

    /// Returns what there is to say, usually in libpcap's own words. Control characters are escaped in it.
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

    /// Positive codes of an activation are warnings; treated as failures they stop what works.
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
    }

    #[test]
    fn nothing_hostile_is_in_a_warning() {
        let warning = Warning::from_status(99, "a\u{1b}[2J\n".into()).unwrap();
        assert_eq!(warning.to_string(), "a\\u{1b}[2J");
        let warning = Warning::new(WarningKind::LeftOut, "b\rc");
        assert_eq!(warning.text(), "b\\rc");
    }
}

//! Errors of remote captures, which libpcap reports as text only.

use std::io;

use super::{Error, ErrorKind, classify_text};
use crate::sys::{self, platform};

/// Removes a secret from an error text that comes from a daemon, which may repeat it. If libpcap's buffer may have
/// truncated the text, this also removes the beginning of the secret from the end of the text.
pub(crate) fn hide(text: &str, secret: &str) -> String {
    const HIDDEN: &str = "***";
    if secret.is_empty() {
        return text.to_owned();
    }
    let mut shown = text.replace(secret, HIDDEN);
    if text.len() + 1 >= sys::PCAP_ERRBUF_SIZE as usize {
        // Truncation can leave an incomplete character.
        let end = shown.trim_end_matches(char::REPLACEMENT_CHARACTER);
        let ends = secret.char_indices().map(|(at, _)| &secret[..at]);
        let mut cut = ends.filter(|start| !start.is_empty() && end.ends_with(start));
        if let Some(start) = cut.next_back() {
            shown.truncate(end.len() - start.len());
            shown.push_str(HIDDEN);
        }
    }
    shown
}

impl Error {
    /// Creates an error from the text of libpcap or of the daemon.
    pub(crate) fn remote(operation: &'static str, source: &str, text: &str) -> Error {
        let text = sys::or_no_reason(text.trim_end().trim_end_matches('.'));
        let kind = classify(operation, text);
        Error::cannot(kind, operation, source.to_owned(), text)
    }
}

fn classify(operation: &str, text: &str) -> ErrorKind {
    let code = platform::UNREACHABLE
        .into_iter()
        .chain(platform::CONNECTION_LOST)
        .find(|&code| {
            let known = io::Error::from_raw_os_error(code).to_string();
            let known = known.split(" (os error").next().unwrap_or_default();
            // `text` has lost its full stop as well.
            let known = known.trim_end_matches('.');
            !known.is_empty() && text.contains(known)
        });
    let ended = text.contains("terminated the connection")
        || code.is_some_and(|code| platform::CONNECTION_LOST.contains(&code));
    if text.contains("No TLS support") {
        ErrorKind::Unsupported
    } else if text.contains("Authentication failed") || text.contains("Authentication type") {
        ErrorKind::AuthenticationFailed
    } else if ended && operation == "read from" {
        ErrorKind::Disappeared
    } else if ended {
        ErrorKind::Io(io::ErrorKind::ConnectionAborted)
    } else if let Some(code) = code {
        ErrorKind::Io(io::Error::from_raw_os_error(code).kind())
    } else if text.contains("be resolved") {
        ErrorKind::Io(io::ErrorKind::NotFound)
    } else {
        classify_text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libpcaps_words_are_told_apart() {
        let unsupported = ErrorKind::Unsupported;
        let refused = platform::strerror(platform::UNREACHABLE[0]);
        let refused =
            format!("Is the server properly installed? Cannot connect to 127.0.0.1: {refused}");
        for (text, kind) in [
            (
                "Authentication failed; NULL authentication not permitted.",
                ErrorKind::AuthenticationFailed,
            ),
            (
                refused.as_str(),
                ErrorKind::Io(io::ErrorKind::ConnectionRefused),
            ),
            ("Remote packet capture is not supported", unsupported),
            ("No TLS support", unsupported),
            ("lo9: No such device exists", ErrorKind::NoSuchDevice),
            ("something else", ErrorKind::Other),
        ] {
            let error = Error::remote("open", "rpcap://h/d", text);
            assert_eq!(error.kind(), kind, "{error}");
            assert!(!error.to_string().ends_with('.'), "{error}");
        }
        let text = "The other host terminated the connection.";
        let [reading, opening] =
            ["read from", "open"].map(|o| Error::remote(o, "rpcap://h/d", text));
        assert_eq!(reading.kind(), ErrorKind::Disappeared);
        assert_eq!(
            opening.kind(),
            ErrorKind::Io(io::ErrorKind::ConnectionAborted)
        );
    }

    #[test]
    fn a_secret_is_hidden_also_where_the_text_is_cut() {
        assert_eq!(hide("no p", "pass"), "no p");
        assert_eq!(hide("no pass pass", "pass"), "no *** ***");
        assert_eq!(hide("anything", ""), "anything");
        let full = |end: &str| format!("{}{end}", "x".repeat(255 - end.len()));
        for (end, hidden) in [
            ("pas", "***"),
            ("p", "***"),
            ("papa", "pa***"),
            ("no", "no"),
        ] {
            let shown = hide(&full(end), "pass");
            assert_eq!(shown.trim_start_matches('x'), hidden, "{end}");
        }
        let shown = hide(&full("aé\u{fffd}"), "aéßß");
        assert_eq!(shown.trim_start_matches('x'), "***");
    }
}

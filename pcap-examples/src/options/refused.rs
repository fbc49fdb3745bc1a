//! Options of tcpdump and of Wireshark's tools that no program has. Instead of a general message about an unexpected
//! argument, a program prints a sentence that says why, or which option to use.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The options, and what to print about each.
const REFUSED: [(&str, &str); 13] = [
    (
        "-A",
        "`-A` of editcap is `--after` of `pcap-filter`; `pcap-read -A` prints text",
    ),
    ("-D", "`-D` of editcap is `--dedup-window` of `pcap-filter`"),
    ("-E", "packets are not decrypted"),
    ("-H", "mesh headers of IEEE 802.11s are not detected"),
    ("-M", "TCP signatures are not verified"),
    (
        "-N",
        "names are never resolved, so there is no domain to leave out",
    ),
    (
        "-P",
        "`-P` of dumpcap is `--format pcap`, and `-P` of tshark is `--print`",
    ),
    (
        "-R",
        "use `-f` with a filter expression, as described in pcap-filter(7)",
    ),
    ("-T", "protocols are recognized by their ports and contents"),
    (
        "-V",
        "`--version` prints the version; lists of files are read with `--files-from`",
    ),
    (
        "-a",
        "`-a` of mergecap is `--append`; `-a` of dumpcap is an option of `pcap-capture`",
    ),
    ("-d", "`-d` of editcap is `--dedup` of `pcap-filter`"),
    ("-m", "modules of SNMP are not loaded"),
];

/// Returns an option that no program has, and the sentence about it, if that is why the command line is wrong.
#[must_use]
pub fn sentence_about(error: &clap::Error) -> Option<(&'static str, &'static str)> {
    let Some(ContextValue::String(option)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let is_unknown = error.kind() == ErrorKind::UnknownArgument;
    let known = REFUSED.iter().find(|(name, _)| name == option);
    known.copied().filter(|_| is_unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_sorted_and_refused() {
        assert!(REFUSED.is_sorted_by(|a, b| a.0 < b.0));
        let refused = |word: &str| {
            let error = clap::Command::new("program").try_get_matches_from(["program", word]);
            sentence_about(&error.unwrap_err())
        };
        assert_eq!(refused("-E"), Some(("-E", "packets are not decrypted")));
        assert_eq!(refused("-i"), None);
    }
}

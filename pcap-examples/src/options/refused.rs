//! Options of tcpdump and of Wireshark's tools that no program has. Instead of a general message about an unexpected
//! argument, a program prints a sentence that says why, or which option to use.

use clap::error::{ContextKind, ContextValue, ErrorKind};

/// The options, and what to print about each.
const REFUSED: [(&str, &str); 18] = [
    (
        "-A",
        "`-A` of editcap is `--after` of `pcap-filter`; `pcap-read -A` prints text",
    ),
    (
        "-C",
        "`-C` of editcap is not supported: packets can be truncated only at their end, with `pcap-recode -s`",
    ),
    ("-D", "`-D` of editcap is `--dedup-window` of `pcap-filter`"),
    ("-E", "packets are not decrypted"),
    ("-H", "mesh headers of IEEE 802.11s are not detected"),
    (
        "-I",
        "`-I` of editcap is `--ignore-bytes` of `pcap-filter`, and `-I` of tcpdump is an option of `pcap-capture`",
    ),
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
    (
        "-S",
        "`-S` of editcap is not supported: `pcap-filter --sort` puts packets into the order of their times",
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
    (
        "-c",
        "`-c` of editcap is `--packets` of `pcap-split`; `-c` of tcpdump is an option of `pcap-read`, `pcap-filter`, \
         `pcap-capture` and `pcap-replay`",
    ),
    ("-d", "`-d` of editcap is `--dedup` of `pcap-filter`"),
    ("-m", "modules of SNMP are not loaded"),
    (
        "-t",
        "`-t` of editcap is `--shift` of `pcap-recode`; `-t` of tcpdump is an option of `pcap-read`",
    ),
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

//! Which test programs test a module, and how many of its mutants are tried.

/// How many mutants of a module are tried if only a sample is.
pub(crate) const SAMPLE: usize = 100;

/// Modules all of whose mutants are tried. A mutant that survives is an error unless it is listed.
pub(crate) const WHOLE: [&str; 4] = ["savefile", "filter", "dumper", "pcapng"];

/// Returns the test programs for a module.
pub(crate) fn programs(module: &str) -> &'static [&'static str] {
    match module {
        "dumper" | "pcapng" | "savefile" | "timestamp" => &["lib", "savefile", "misc"],
        "filter" => &["lib", "filter", "misc", "savefile"],
        // The other tests of pcap-sys are of its build, or need another feature.
        "pcap-sys" => &[
            "pcap-sys/layout",
            "pcap-sys/link",
            "pcap-sys/version",
            "lib",
            "misc",
            "savefile",
            "filter",
        ],
        "cooked" | "error" | "linktype" | "lookup" | "printable" | "sendqueue" | "serialize"
        | "text" | "version" => &["lib", "misc", "savefile", "filter"],
        "os" | "sys" => &[
            "lib",
            "misc",
            "savefile",
            "filter",
            "stream",
            "threads",
            "remote",
            "privileges",
            "live",
        ],
        _ => &[
            "lib", "misc", "savefile", "filter", "stream", "threads", "remote", "live",
        ],
    }
}

/// Returns whether a test program needs devices. These tests run last, because they wait.
pub(crate) fn is_live(program: &str) -> bool {
    matches!(
        program,
        "live" | "privileges" | "remote" | "stream" | "threads"
    )
}

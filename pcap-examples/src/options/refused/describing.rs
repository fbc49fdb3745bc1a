//! Options of capinfos and tcpdump that the program for describing savefiles does not have.

use super::{Refused, row};

const INFO: &str = "pcap-info";

pub(super) const ROWS: &[Refused] = &[
    row(
        "capinfos",
        &[INFO],
        &[
            "-A", "-D", "-E", "-I", "-L", "-a", "-d", "-e", "-i", "-k", "-l", "-n", "-o", "-s",
            "-t", "-u", "-x", "-y", "-z",
        ],
        "everything is printed without an option; each value is a member of `--json`",
    ),
    row(
        "capinfos",
        &[INFO],
        &["-B", "-N", "-Q", "-R", "-T", "-b", "-m", "-q"],
        "`--csv` prints a header and a line per file, with commas, and quotes where they are necessary",
    ),
    row(
        "capinfos",
        &[INFO],
        &["-M", "-S"],
        "`--csv` and `--json` have plain numbers, and times in seconds since 1970",
    ),
    row(
        "capinfos",
        &[INFO],
        &["-K"],
        "comments are printed with control characters escaped; in JSON, they are members of their own",
    ),
    row(
        "capinfos",
        &[INFO],
        &["-C"],
        "after an error, the other files are described, and the status is 1",
    ),
    row(
        "capinfos, tcpdump",
        &[INFO],
        &["-H"],
        "use `--hash`, which prints SHA-256 and SHA-1",
    ),
    row("capinfos", &[INFO], &["-v"], "use `--version`"),
    row(
        "tcpdump",
        &[INFO],
        &["-w", "--write"],
        "`pcap-filter IN OUT -f EXPR` copies the packets that pass a filter",
    ),
    row(
        "tcpdump",
        &[INFO],
        &["--count"],
        "the number of packets is printed without an option; `pcap-read --count` prints nothing else",
    ),
];

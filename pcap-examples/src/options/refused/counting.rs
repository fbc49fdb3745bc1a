//! Options of tshark and tcpdump that the program for statistics does not have.

use super::{Refused, row};

const STATS: &str = "pcap-stats";

pub(super) const ROWS: &[Refused] = &[
    row(
        "tshark",
        &[STATS],
        &["-z"],
        "use `--table TABLE`, which also accepts tshark's names, such as conv,tcp and io,phs",
    ),
    row(
        "tcpdump, tshark",
        &[STATS],
        &["-w"],
        "`pcap-capture -w` writes packets; `--report` and `--plot` write pictures",
    ),
    row(
        "tcpdump, tshark",
        &[STATS],
        &["-n", "-N"],
        "names are never resolved",
    ),
    row(
        "tshark",
        &[STATS],
        &["-Y", "-R"],
        "use -f with a filter expression as described in pcap-filter(7)",
    ),
    row(
        "tcpdump, dumpcap",
        &[STATS],
        &["-D", "-L", "-J", "-d"],
        "`pcap-capture` has this option",
    ),
    row(
        "dumpcap, tshark",
        &[STATS],
        &["-a"],
        "`-c N` and `--duration TIME` end the capture",
    ),
];

//! Options of tcpreplay that `pcap-replay` does not have.

use super::{Refused, row};

const REPLAY: &[&str] = &["pcap-replay"];

pub(super) const ROWS: &[Refused] = &[
    row(
        "tcpreplay",
        REPLAY,
        &["-x", "--multiplier"],
        "use `--speed TIMES`",
    ),
    row("tcpreplay", REPLAY, &["-p"], "use `--pps RATE`"),
    row("tcpreplay", REPLAY, &["-M"], "use `--mbps RATE`"),
    row("tcpreplay", REPLAY, &["-t", "--topspeed"], "use `--fast`"),
    row("tcpreplay", REPLAY, &["-l", "--loop"], "use `--loops N`"),
    row(
        "tcpreplay",
        REPLAY,
        &["--loopdelay-ms"],
        "use `--loop-delay TIME`, as in `--loop-delay 50ms`",
    ),
    row("tcpreplay", REPLAY, &["-L"], "use `-c N`"),
    row("tcpreplay", REPLAY, &["--intf1"], "use `-i DEV`"),
    row("tcpreplay", REPLAY, &["-I", "--intf2"], "use `--peer DEV`"),
    row(
        "tcpreplay",
        REPLAY,
        &["--cachefile"],
        "`--peer DEV` divides the packets; `--peer-filter EXPR` selects them",
    ),
    row(
        "tcpreplay",
        REPLAY,
        &["-2", "--dualfile"],
        "use `--peer DEV --peer-file FILE`",
    ),
    row(
        "tcpreplay",
        REPLAY,
        &["-K", "--preload-pcap"],
        "packets are kept in memory for further loops if they fit",
    ),
    row(
        "tcpreplay",
        REPLAY,
        &["--maxsleep"],
        "use `--max-gap TIME`, as in `--max-gap 50ms`",
    ),
    row(
        "tcpreplay",
        REPLAY,
        &["-T", "--timer"],
        "the timer cannot be chosen",
    ),
    row(
        "tcpreplay",
        REPLAY,
        &["-o", "--oneatatime"],
        "packets are not sent one at a time; `--pps 1` sends one per second",
    ),
    row(
        "tcpreplay",
        REPLAY,
        &["--pps-multi"],
        "packets are sent one by one; use `--pps RATE`",
    ),
    row(
        "tcpreplay",
        REPLAY,
        &["--unique-ip", "--unique-ip-loops"],
        "all loops have the same addresses; `--ip OLD=NEW` replaces them",
    ),
    row(
        "tcpreplay, tcpdump",
        REPLAY,
        &["-D", "--listnics", "--list-interfaces"],
        "`pcap-devices` lists the devices",
    ),
    row(
        "tcpreplay",
        REPLAY,
        &["--pktlen"],
        "`--fix-lengths pad` completes truncated packets, and `--cut` sends them as they are",
    ),
    row(
        "tcpreplay",
        REPLAY,
        &["--no-flow-stats", "--flow-expiry"],
        "flows are not counted",
    ),
    row(
        "tcpreplay",
        REPLAY,
        &["--stats", "-P", "--pid"],
        "SIGUSR1 prints statistics, and a line shows the progress on a terminal",
    ),
    row(
        "tcpreplay",
        REPLAY,
        &["-v", "-A", "--decode"],
        "`pcap-read` prints packets",
    ),
    row(
        "tcpreplay",
        REPLAY,
        &["--netmap", "--nm-delay", "--xdp"],
        "packets are sent through the socket of libpcap",
    ),
    row(
        "tcpreplay",
        REPLAY,
        &["-V"],
        "`--version` prints the version",
    ),
    row(
        "tcpreplay",
        REPLAY,
        &["-C", "-E", "-N", "-S"],
        "use the long options of `pcap-recode`, which rewrite packets",
    ),
    row(
        "tcprewrite",
        REPLAY,
        &["-r"],
        "name the savefiles without an option; `--port OLD=NEW` replaces ports",
    ),
    row(
        "tcpdump",
        REPLAY,
        &["-s", "--snapshot-length"],
        "`pcap-recode -s BYTES IN - | pcap-replay -i DEV -` truncates packets",
    ),
    row("tcpdump", REPLAY, &["-n"], "no names are printed"),
    row("tcpdump", REPLAY, &["-w"], "`pcap-recode` writes savefiles"),
];

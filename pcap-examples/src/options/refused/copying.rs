//! Options of editcap, mergecap, reordercap, tcpslice, tcpdump and tcprewrite that the programs for copying savefiles do
//! not have.

use super::{Refused, row};

const FILTER: &str = "pcap-filter";
const MERGE: &str = "pcap-merge";
const RECODE: &str = "pcap-recode";
const REPLAY: &str = "pcap-replay";
const SPLIT: &str = "pcap-split";

pub(super) const ROWS: &[Refused] = &[
    // Inputs, outputs and selected packets.
    row(
        "",
        &[FILTER],
        &[""],
        "expected IN and OUT; give a filter with `-f EXPR`, and numbers of packets with `--packets`",
    ),
    row(
        "",
        &[RECODE],
        &[""],
        "expected IN and OUT; `pcap-filter` selects packets",
    ),
    row(
        "",
        &[SPLIT],
        &[""],
        "expected one savefile; give a filter with `-f EXPR`, and the names of the parts with `-o PREFIX`",
    ),
    row(
        "tcpdump, editcap",
        &[FILTER],
        &["-r"],
        "name IN and OUT without an option; `--packets NUMBERS` selects packets",
    ),
    row(
        "tcpdump, editcap",
        &[FILTER],
        &["-w"],
        "name OUT without an option, after IN; `--dedup-time TIME` removes duplicates",
    ),
    row(
        "tcprewrite",
        &[FILTER, RECODE],
        &["-o", "--outfile", "--write"],
        "name OUT without an option, after IN",
    ),
    row(
        "tcprewrite, editcap",
        &[RECODE],
        &["-i", "--infile"],
        "name IN and OUT without an option; `pcap-split --every TIME` splits by time",
    ),
    row(
        "editcap",
        &[FILTER],
        &["-i"],
        "name IN and OUT without an option; `pcap-split --every TIME` splits by time",
    ),
    row(
        "tcpdump",
        &[RECODE],
        &["-w"],
        "name OUT without an option, after IN",
    ),
    row(
        "tcprewrite, tcpdump",
        &[RECODE],
        &["-r"],
        "name IN and OUT without an option; `--port OLD=NEW` replaces ports",
    ),
    row(
        "tcpdump, mergecap",
        &[MERGE, SPLIT],
        &["-r"],
        "name inputs without an option",
    ),
    row("tcprewrite", &[MERGE], &["-o"], "use `-w OUT`"),
    row("tcpdump, tcpslice", &[SPLIT], &["-w"], "use `-o PREFIX`"),
    row(
        "tcpdump",
        &[RECODE],
        &["-f", "--filter"],
        "`pcap-filter IN - -f EXPR | pcap-recode - OUT` selects packets",
    ),
    row(
        "tcpdump",
        &[RECODE],
        &["-c", "--limit"],
        "`pcap-filter -c N` copies N packets; `pcap-split --packets N` splits a savefile",
    ),
    row(
        "tcpdump",
        &[MERGE],
        &["-c", "--limit"],
        "`pcap-merge -w - IN | pcap-filter -c N - OUT` copies N packets",
    ),
    row(
        "tcpdump, reordercap",
        &[FILTER, MERGE, RECODE, SPLIT],
        &["-n"],
        "no names are printed, and the output is always written",
    ),
    row(
        "editcap, mergecap",
        &[FILTER, MERGE, RECODE, SPLIT],
        &["-V", "-v"],
        "`--version` prints the version; `--json` prints what was copied",
    ),
    // Editing.
    row("editcap", &[FILTER], &["-A"], "use `--after TIME`"),
    row("editcap", &[FILTER], &["-B"], "use `--before TIME`"),
    row(
        "editcap",
        &[RECODE, SPLIT, MERGE],
        &["-A", "-B"],
        "`pcap-filter` selects packets with `--after TIME` and `--before TIME`",
    ),
    row("editcap", &[FILTER], &["-d"], "use `--dedup`"),
    row("editcap", &[FILTER], &["-D"], "use `--dedup-window N`"),
    row("editcap", &[FILTER], &["-I"], "use `--ignore-bytes N`"),
    row(
        "editcap",
        &[RECODE, MERGE, SPLIT],
        &["-d"],
        "`pcap-filter --dedup` removes duplicates",
    ),
    row(
        "editcap",
        &[FILTER],
        &["--novlan", "--skip-radiotap-header"],
        "use `--ignore-bytes N`",
    ),
    row(
        "editcap",
        &[FILTER, RECODE],
        &["-a"],
        "use `--comment N:TEXT`",
    ),
    row("editcap", &[SPLIT], &["-c"], "use `--packets N`"),
    row("editcap", &[SPLIT], &["-i"], "use `--every TIME`"),
    row(
        "editcap",
        &[FILTER, SPLIT],
        &["-s", "--snapshot-length", "-T", "-t"],
        "`pcap-recode` truncates (`-s`), converts (`-y`) and shifts times (`--shift`)",
    ),
    row(
        "editcap",
        &[FILTER, SPLIT],
        &["-C"],
        "`pcap-split --size SIZE` limits the size of savefiles; `pcap-recode --chop` removes bytes of packets",
    ),
    row(
        "editcap",
        &[FILTER, RECODE],
        &["-L"],
        "the length on the wire is kept; `pcap-recode --fix-lengths truncate` forgets missing bytes",
    ),
    row(
        "editcap",
        &[FILTER],
        &["-S"],
        "`--sort` sorts packets by time; times are not changed",
    ),
    row(
        "editcap",
        &[FILTER, RECODE],
        &["-E"],
        "bytes are not changed at random",
    ),
    row(
        "editcap",
        &[FILTER, RECODE],
        &[
            "--inject-secrets",
            "--discard-all-secrets",
            "--discard-capture-comment",
        ],
        "secrets and comments are copied; `pcap-recode --anonymize` removes them",
    ),
    row(
        "editcap",
        &[RECODE],
        &["-F"],
        "use `--format pcap` or `--format pcapng`",
    ),
    row("editcap", &[RECODE], &["-T"], "use `-y LINKTYPE`"),
    row("editcap", &[RECODE], &["-t"], "use `--shift TIME`"),
    // Merging and splitting.
    row("mergecap", &[MERGE], &["-a"], "use `--append`"),
    row(
        "mergecap",
        &[MERGE],
        &["-I"],
        "interfaces are kept apart; `--join-interfaces` joins equal ones",
    ),
    row("tcpdump", &[SPLIT], &["-G"], "use `--every TIME`"),
    row("tcpdump", &[SPLIT], &["-W"], "use `--max-files N`"),
    row(
        "tcpdump",
        &[SPLIT],
        &["-z"],
        "the name of each finished savefile is printed, also as `--json`",
    ),
    row(
        "tcpslice",
        &[MERGE],
        &["-D"],
        "`pcap-filter --dedup` removes duplicates",
    ),
    // Rewriting.
    row(
        "tcprewrite, editcap",
        &[RECODE],
        &["-D"],
        "use `--dst-ip OLD=NEW`; `pcap-filter --dedup-window N` removes duplicates",
    ),
    row(
        "tcprewrite",
        &[RECODE],
        &["--skip-soft-errors"],
        "`--skip` skips packets that cannot be converted to the link type of `-y`",
    ),
    row(
        "tcprewrite, editcap",
        &[RECODE],
        &["--seed"],
        "use `--anonymize KEYFILE`",
    ),
    row("tcprewrite", &[RECODE], &["-N"], "use `--ip OLD=NEW`"),
    row(
        "tcprewrite, editcap",
        &[RECODE],
        &["-S"],
        "use `--src-ip OLD=NEW`; `pcap-filter --sort` sorts packets by time",
    ),
    row(
        "tcprewrite, editcap",
        &[RECODE],
        &["-C"],
        "use `--fix-checksums`, or to remove bytes `--chop`",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &["--portmap"],
        "use `--port OLD=NEW`",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &["--pnat"],
        "use `--ip OLD=NEW`",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &["--srcipmap"],
        "use `--src-ip OLD=NEW`",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &["--dstipmap"],
        "use `--dst-ip OLD=NEW`",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &["-e", "--endpoints"],
        "replace the addresses with `--ip OLD=NEW`",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &["-b", "--skipbroadcast", "--skipl2broadcast"],
        "only addresses that match a rule change; `--anonymize` keeps broadcasts",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &["--fixcsum"],
        "use `--fix-checksums`",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &["--fixlen"],
        "use `--fix-lengths truncate` or `--fix-lengths pad`",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &["-m", "--mtu", "--mtu-trunc"],
        "`pcap-recode -s BYTES` truncates packets",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &["--efcs"],
        "the frame check sequence is kept",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &["--tos", "--tclass", "--flowlabel", "--tcp-sequence"],
        "this field cannot be rewritten",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &[
            "--dlt",
            "--user-dlt",
            "--user-dlink",
            "--hdlc-control",
            "--hdlc-address",
        ],
        "`pcap-recode -y LINKTYPE` converts packets",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &["--enet-smac"],
        "use `--src-mac NEW`",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &["--enet-dmac"],
        "use `--dst-mac NEW`",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &["--enet-subsmac"],
        "use `--mac OLD=NEW`",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &["--enet-mac-seed", "--enet-mac-seed-keep-bytes"],
        "use `--anonymize KEYFILE`, and `--keep-oui` to keep the manufacturer",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &[
            "--enet-vlan",
            "--enet-vlan-tag",
            "--enet-vlan-cfi",
            "--enet-vlan-pri",
            "--enet-vlan-proto",
        ],
        "use `--vlan-add TAG`, `--vlan TAG` or `--vlan-remove`",
    ),
    row(
        "tcprewrite",
        &[RECODE, REPLAY],
        &["--fuzz-seed", "--fuzz-factor", "--fragroute", "--fragdir"],
        "packets are neither damaged nor fragmented",
    ),
];

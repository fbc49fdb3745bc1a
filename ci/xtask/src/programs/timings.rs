//! Comparing the speed of whole programs with that of their counterparts.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::inputs;
use super::run::create_devices;
use crate::Result;
use crate::cold_build::{median, processor_time};
use crate::command;

/// The number of packets in the large file.
const PACKETS: usize = 1_000_000;

/// How often each side runs.
const ROUNDS: usize = 5;

/// The time of our program divided by that of its counterpart must not exceed this.
const LIMIT: f64 = 1.05;

/// A name, and both command lines. They run in a folder with `large.pcap`, `even.pcap` and `odd.pcap`.
const ROWS: [(&str, &str, &str); 23] = [
    ("read", "tcpdump -n -r large.pcap", "pcap-read large.pcap"),
    (
        "link header",
        "tcpdump -n -e -r large.pcap",
        "pcap-read -e large.pcap",
    ),
    (
        "verbose",
        "tcpdump -n -v -r large.pcap",
        "pcap-read -v large.pcap",
    ),
    (
        "hex",
        "tcpdump -n -X -r large.pcap",
        "pcap-read -X large.pcap",
    ),
    (
        "text",
        "tcpdump -n -A -r large.pcap",
        "pcap-read -A large.pcap",
    ),
    (
        "count",
        "tcpdump --count -r large.pcap udp",
        "pcap-read --count -r large.pcap udp",
    ),
    (
        "describe",
        "capinfos -T -c -d -a -e -o large.pcap",
        "pcap-info large.pcap",
    ),
    (
        "hashes",
        "capinfos -T -H large.pcap",
        "pcap-info --hash large.pcap",
    ),
    (
        "filter",
        "tcpdump -Z root -r large.pcap -w out.pcap tcp port 80",
        "pcap-filter large.pcap out.pcap -f 'tcp port 80'",
    ),
    (
        "copy",
        "editcap -F pcap large.pcap out.pcap",
        "pcap-filter large.pcap out.pcap",
    ),
    (
        "range",
        "editcap -F pcap -r large.pcap out.pcap 1-600000",
        "pcap-filter --packets 1-600000 large.pcap out.pcap",
    ),
    (
        "duplicates",
        "editcap -F pcap -d large.pcap out.pcap",
        "pcap-filter --dedup large.pcap out.pcap",
    ),
    (
        "sort",
        "reordercap large.pcap out.pcap",
        "pcap-filter --sort large.pcap out.pcap",
    ),
    (
        "snaplen",
        "editcap -F pcap -s 96 large.pcap out.pcap",
        "pcap-recode -q -s 96 large.pcap out.pcap",
    ),
    (
        "shift",
        "editcap -F pcap -t 3600 large.pcap out.pcap",
        "pcap-recode -q --shift 3600 large.pcap out.pcap",
    ),
    (
        "pcapng",
        "editcap -F pcapng large.pcap out.pcapng",
        "pcap-recode -q large.pcap out.pcapng",
    ),
    (
        "gzip",
        "gzip -c large.pcap >out.gz",
        "pcap-recode -q large.pcap out.pcap.gz",
    ),
    (
        "addresses",
        "tcprewrite --pnat=192.0.2.0/24:198.51.100.0/24 -i large.pcap -o out.pcap",
        "pcap-recode -q --ip 192.0.2.0/24=198.51.100.0/24 large.pcap out.pcap",
    ),
    (
        "merge",
        "mergecap -F pcap -w out.pcap even.pcap odd.pcap",
        "pcap-merge -q -w out.pcap even.pcap odd.pcap",
    ),
    (
        "append",
        "mergecap -a -F pcap -w out.pcap even.pcap odd.pcap",
        "pcap-merge -q --append -w out.pcap even.pcap odd.pcap",
    ),
    (
        "split",
        "editcap -F pcap -c 100000 large.pcap part.pcap",
        "pcap-split -q --force --packets 100000 -o part.pcap large.pcap",
    ),
    (
        "replay",
        "tcpreplay -q -i eth0 --topspeed large.pcap",
        "pcap-replay -q -i eth0 --fast large.pcap",
    ),
    (
        "preloaded",
        "tcpreplay -q -K -i eth0 --topspeed --loop 2 even.pcap",
        "pcap-replay -q -i eth0 --fast --loops 2 even.pcap",
    ),
];

/// Measures the rows whose names contain one of the words, and prints a table.
pub(crate) fn run(folder: &Path, words: &[&str]) -> Result<()> {
    let rows: Vec<_> = ROWS
        .iter()
        .filter(|(name, ..)| words.is_empty() || words.iter().any(|word| name.contains(word)))
        .collect();
    if rows.is_empty() {
        return Err(format!("no row is called {}", words.join(" or ")));
    }
    create_devices()?;
    let folder = folder.join("timings");
    prepare(&folder)?;
    println!(
        "{PACKETS} packets, medians of {ROUNDS} rounds in turns, in seconds (processor time in brackets)\n"
    );
    println!(
        "{:<10} {:>16} {:>16} {:>7}",
        "", "other tool", "ours", "ratio"
    );
    let mut slow = Vec::new();
    for &(name, theirs, ours) in rows {
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..ROUNDS {
            for (times, line) in times.iter_mut().zip([theirs, ours]) {
                times.push(measure(&folder, line)?);
            }
        }
        let [theirs, ours] = times.map(|times| {
            [0, 1].map(|which| median(times.iter().map(|both: &[f64; 2]| both[which])))
        });
        let ratio = ours[0] / theirs[0];
        let verdict = if ratio <= LIMIT { "" } else { "slower" };
        println!(
            "{name:<10} {:>7.2} ({:>6.2}) {:>7.2} ({:>6.2}) {ratio:>7.2} {verdict}",
            theirs[0], theirs[1], ours[0], ours[1]
        );
        if ratio > LIMIT {
            slow.push(name);
        }
    }
    match slow.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "above {LIMIT} times the other tool: {}",
            slow.join(", ")
        )),
    }
}

/// Creates the files, in memory, so that no disk is measured.
fn prepare(folder: &Path) -> Result<()> {
    command::empty_folder(folder)?;
    let mut mount = Command::new("mount");
    mount.args(["-t", "tmpfs", "-o", "size=4g,mode=755", "none"]);
    command::run(mount.arg(folder))?;
    inputs::create_large(folder, PACKETS)
}

/// Runs a command line, and returns the seconds that it took by the clock and of processor time.
fn measure(folder: &Path, line: &str) -> Result<[f64; 2]> {
    let script =
        format!("{{ {line}; }} >/dev/null 2>stderr || {{ cat stderr >&2; exit 1; }}; times");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &script])
        .current_dir(folder)
        .stdin(Stdio::null());
    let began = Instant::now();
    let times = command::output(&mut shell)?;
    let clock = began.elapsed().as_secs_f64();
    let processor =
        processor_time(&times).ok_or_else(|| format!("cannot read the times: {times}"))?;
    Ok([clock, processor])
}

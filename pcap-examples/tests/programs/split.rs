//! `pcap-split` against editcap and tshark, and against files that the tests split.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common;
use crate::common::{
    Record, arg, by_tool, copied, feed, file, nano_packets, ours, packets, program, record, run,
    run_into_broken_pipe, savefile, tool,
};
use etherparse::{IpFragOffset, IpNumber, Ipv4Header, PacketBuilder};

/// Returns the files of a directory with this prefix, by their names.
fn files(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let named = entries.filter(|entry| entry.file_name().to_str().unwrap().starts_with(prefix));
    let mut paths: Vec<PathBuf> = named.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Returns the contents of the files of a directory with this prefix.
fn contents(folder: &Path, prefix: &str) -> Vec<Vec<u8>> {
    let paths = files(folder, prefix);
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Returns the records of savefiles, without the headers, which differ between programs.
fn records(files: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    files
        .into_iter()
        .map(|bytes| bytes[24..].to_vec())
        .collect()
}

/// Splits a file, and checks that the listed files were written.
fn split(folder: &Path, input: &Path, options: &[&str]) -> Vec<Vec<u8>> {
    let prefix = folder.join("ours");
    for old in files(folder, "ours-") {
        fs::remove_file(old).unwrap();
    }
    let all = [options, &["--json", "-o", arg(&prefix), arg(input)]].concat();
    let ran = ours("split", &all);
    assert_eq!(ran.status, Some(0), "{options:?}: {}", ran.stderr);
    let written = contents(folder, "ours-");
    let lines: Vec<serde_json::Value> = ran
        .lines()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (summary, listed) = lines.split_last().unwrap();
    assert_eq!(summary["type"], "summary");
    assert_eq!(summary["files"], written.len());
    assert_eq!(
        (&summary["incomplete"], &summary["error"]),
        (&0.into(), &().into())
    );
    assert_eq!(listed.len(), written.len());
    let mut packets = 0;
    for ((bytes, line), number) in written.iter().zip(listed).zip(0..) {
        let path = folder.join(format!("ours-{number:05}.pcap"));
        assert_eq!(line["path"], arg(&path));
        assert_eq!(line["bytes"], bytes.len());
        let raw = ours("read", &["--raw", arg(&path)]).good();
        assert_eq!(line["packets"], raw.lines().count());
        for (name, raw) in [("first", raw.lines().next()), ("last", raw.lines().last())] {
            assert_eq!(line[name], raw.unwrap().split(' ').next().unwrap());
        }
        packets += raw.lines().count();
    }
    assert_eq!(summary["packets"], packets);
    written
}

/// Returns what editcap makes of the same file.
fn editcap(folder: &Path, input: &Path, options: &[&str]) -> Vec<Vec<u8>> {
    for old in files(folder, "editcap_") {
        fs::remove_file(old).unwrap();
    }
    let output = folder.join("editcap.pcap");
    tool("editcap", &[options, &[arg(input), arg(&output)]].concat());
    let paths = files(folder, "editcap_");
    paths.iter().map(|path| by_tool(path)).collect()
}

/// Returns packets with these times, in milliseconds, and distinct bytes.
fn at(times: &[u32]) -> Vec<Record> {
    let packet = |(n, &time): (u8, &u32)| {
        let (secs, millis) = (time / 1000, time % 1000);
        record(1_700_000_000 + secs, millis * 1_000_000, vec![n; 20])
    };
    (0..).zip(times).map(packet).collect()
}

// Shows: parity/programs-dump-split-recode
#[test]
fn by_packets_they_are_those_of_editcap() {
    let folder = tempfile::tempdir().unwrap();
    for (swapped, nano) in [(false, false), (false, true), (true, false), (true, true)] {
        let bytes = savefile(swapped, nano, 1, &nano_packets());
        let input = file(folder.path(), "in.pcap", &bytes);
        let format = if nano { "nsecpcap" } else { "pcap" };
        for (count, parts) in [("1", 8), ("3", 3), ("8", 1), ("9", 1)] {
            let expected = editcap(folder.path(), &input, &["-F", format, "-c", count]);
            let written = split(folder.path(), &input, &["--packets", count]);
            assert_eq!(written.len(), parts);
            assert_eq!(
                records(written),
                records(expected),
                "{count} {swapped} {nano}"
            );
        }
    }
}

#[test]
fn the_header_is_the_inputs() {
    let folder = tempfile::tempdir().unwrap();
    for (nano, linktype, snaplen) in [(false, 1, 2000_u32), (true, 101, 65_535), (false, 147, 96)] {
        let mut bytes = savefile(false, nano, linktype, &at(&[0, 1, 2]));
        bytes[16..20].copy_from_slice(&snaplen.to_ne_bytes());
        let input = file(folder.path(), "in.pcap", &bytes);
        for options in [&["--packets", "2"][..], &["--flow", "--max-open", "1"]] {
            for written in split(folder.path(), &input, options) {
                assert_eq!(written[..24], bytes[..24]);
            }
        }
    }
}

#[test]
fn by_time_they_are_those_of_editcap() {
    let folder = tempfile::tempdir().unwrap();
    // No packet exactly on a boundary, and none missing in an interval: there editcap differs.
    let times = [
        300, 800, 1299, 1301, 2000, 2500, 3900, 2800, 3200, 4305, 5400,
    ];
    let bytes = savefile(false, false, 1, &at(&times));
    let input = file(folder.path(), "in.pcap", &bytes);
    let expected = editcap(folder.path(), &input, &["-F", "pcap", "-i", "1"]);
    for span in ["1", "1s", "1000ms"] {
        let written = split(folder.path(), &input, &["--every", span]);
        assert_eq!(written.len(), 6);
        assert_eq!(records(written), records(expected.clone()), "{span}");
    }
}

#[test]
fn spans_have_no_gaps_and_no_empty_files() {
    let folder = tempfile::tempdir().unwrap();
    let times = [500, 999, 1000, 60_250, 60_600, 60_400, 60_999, 61_000, 100];
    let bytes = savefile(false, false, 1, &at(&times));
    let input = file(folder.path(), "in.pcap", &bytes);
    let written = split(folder.path(), &input, &["--every", "500ms"]);
    let parts = [&[0, 1][..], &[2], &[3], &[4, 5, 6], &[7, 8]];
    let all = at(&times);
    let expected = parts.map(|part| {
        let packets: Vec<Record> = part.iter().map(|&n| all[n].clone()).collect();
        savefile(false, false, 1, &packets)
    });
    assert_eq!(written, expected);
}

#[test]
fn sizes_are_as_large_as_they_may_be() {
    let folder = tempfile::tempdir().unwrap();
    let lengths = (0..500).map(|n| n * 37 % 1400);
    let packets: Vec<Record> = lengths
        .map(|n| record(n, n, vec![n as u8; n as usize]))
        .collect();
    let bytes = savefile(false, false, 1, &packets);
    let input = file(folder.path(), "in.pcap", &bytes);
    for (text, limit) in [
        ("1417B", 1417),
        ("1", 1024),
        ("4k", 4096),
        ("50KiB", 51_200),
        ("1G", 1 << 30),
    ] {
        let written = split(folder.path(), &input, &["--size", text]);
        assert_eq!(written.len() > 1, limit < bytes.len());
        for pair in written.windows(2) {
            let next = u32::from_ne_bytes(pair[1][32..36].try_into().unwrap()) as usize;
            assert!(pair[0].len() + 16 + next > limit, "{limit}");
        }
        for part in &written {
            let only = u32::from_ne_bytes(part[32..36].try_into().unwrap()) as usize;
            assert!(part.len() <= limit || part.len() == 40 + only, "{limit}");
        }
        assert_eq!(records(written).concat(), bytes[24..], "{limit}");
    }
}

/// Returns a conversation of each kind, with both directions interleaved.
fn conversations() -> Vec<Record> {
    let (a, b, c) = ([192, 0, 2, 1], [192, 0, 2, 2], [192, 0, 2, 3]);
    let ethernet = || PacketBuilder::ethernet2([2; 6], [4; 6]);
    let mut all: Vec<Vec<u8>> = Vec::new();
    let mut add = |write: &dyn Fn(&mut Vec<u8>)| {
        let mut data = Vec::new();
        write(&mut data);
        all.push(data);
    };
    for (from, to, ports) in [
        (a, b, (1000, 80)),
        (b, a, (80, 1000)),
        (a, b, (80, 1000)),
        (a, c, (1000, 80)),
        (c, a, (80, 1000)),
        (b, a, (1000, 80)),
    ] {
        add(&|data| {
            let ip = ethernet().ipv4(from, to, 64);
            ip.tcp(ports.0, ports.1, 1, 2).write(data, b"tcp").unwrap();
        });
        add(&|data| {
            let ip = ethernet().ipv4(from, to, 64);
            ip.udp(ports.0, ports.1).write(data, b"udp!").unwrap();
        });
        add(&|data| {
            let ip = ethernet()
                .single_vlan(7.try_into().unwrap())
                .ipv4(from, to, 64);
            ip.icmpv4_echo_request(1, ports.0)
                .write(data, b"ping")
                .unwrap();
        });
        add(&|data| {
            let ip = ethernet().ipv6([from[3]; 16], [to[3]; 16], 64);
            ip.udp(ports.0, ports.1).write(data, b"six").unwrap();
        });
        let ip = |data: &mut Vec<u8>, number: u8, fragment: (bool, u16), payload: &[u8]| {
            data.extend([4, 4, 4, 4, 4, 4, 2, 2, 2, 2, 2, 2, 8, 0]);
            let length = payload.len() as u16;
            let mut header = Ipv4Header::new(length, 64, IpNumber(number), from, to).unwrap();
            header.more_fragments = fragment.0;
            header.fragment_offset = IpFragOffset::try_new(fragment.1).unwrap();
            header.header_checksum = header.calc_header_checksum();
            header.write(data).unwrap();
            data.extend(payload);
        };
        let ports = [ports.0.to_be_bytes(), ports.1.to_be_bytes()].concat();
        let sctp = [&ports[..], &[0; 8], &[11, 0, 0, 4]].concat();
        add(&|data| ip(data, 132, (false, 0), &sctp));
        add(&|data| {
            ip(
                data,
                17,
                (true, 0),
                &[&ports[..], &[0, 24, 0, 0], &[9; 8]].concat(),
            )
        });
        add(&|data| ip(data, 17, (false, 2), &[9; 8]));
        add(&|data| {
            data.extend([255, 255, 255, 255, 255, 255, 2, 2, 2, 2, 2, 2, 8, 6]);
            data.extend([0, 1, 8, 0, 6, 4, 0, 1, 2, 2, 2, 2, 2, 2]);
            data.extend([&from[..], &[0; 6], &to].concat());
        });
    }
    (0..).zip(all).map(|(n, data)| record(n, 0, data)).collect()
}

// Shows: parity/programs-dump-split-recode
#[test]
fn flows_are_what_tshark_says_of_the_packets() {
    let folder = tempfile::tempdir().unwrap();
    let all = conversations();
    let input = file(folder.path(), "in.pcap", &savefile(false, false, 1, &all));
    let pairs = [
        ("ip.src", "ip.dst"),
        ("ipv6.src", "ipv6.dst"),
        ("arp.src.proto_ipv4", "arp.dst.proto_ipv4"),
        ("tcp.srcport", "tcp.dstport"),
        ("udp.srcport", "udp.dstport"),
        ("sctp.srcport", "sctp.dstport"),
    ];
    let mut options = vec![
        "-n",
        "-r",
        arg(&input),
        "-T",
        "fields",
        "-E",
        "occurrence=f",
    ];
    // Each fragment on its own: only the first has ports.
    options.extend(["-o", "ip.defragment:FALSE"]);
    for field in pairs.iter().flat_map(|pair| [pair.0, pair.1]) {
        options.extend(["-e", field]);
    }
    options.extend(["-e", "ip.proto", "-e", "ipv6.nxt", "-e", "ip.frag_offset"]);
    let mut numbers = HashMap::new();
    let mut groups: Vec<Vec<Record>> = Vec::new();
    let mut last = 0;
    for (line, packet) in tool("tshark", &options).lines().zip(&all) {
        let fields: Vec<&str> = line.split('\t').collect();
        let (sides, rest) = fields.split_at(12);
        // Addresses come before ports.
        let side =
            |which: usize| -> Vec<&str> { (0..6).map(|pair| sides[2 * pair + which]).collect() };
        let mut ends = [side(0), side(1)];
        ends.sort();
        let is_arp = !sides[4].is_empty();
        let key = format!("{ends:?} {} {} {is_arp}", rest[0], rest[1]);
        let next = groups.len();
        // A later fragment directly follows the first of its datagram.
        let number = match rest[2].parse().unwrap_or(0) {
            0 => *numbers.entry(key).or_insert(next),
            _ => last,
        };
        last = number;
        if number == next {
            groups.push(Vec::new());
        }
        groups[number].push(packet.clone());
    }
    // TCP, UDP, IPv6 and SCTP have three each; ICMP and ARP two, one per pair of hosts.
    assert_eq!(groups.len(), 16);
    let expected: Vec<Vec<u8>> = groups
        .iter()
        .map(|group| savefile(false, false, 1, group))
        .collect();
    for most in ["1", "2", "7", "100"] {
        let written = split(folder.path(), &input, &["--flow", "--max-open", most]);
        assert_eq!(written, expected, "{most}");
    }
    assert_eq!(split(folder.path(), &input, &["--flow"]), expected);
}

#[cfg(unix)]
#[test]
fn many_flows_need_few_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    let flow = |n: u32| {
        let mut data = Vec::new();
        PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .udp((n % 1000) as u16, 53)
            .write(&mut data, &n.to_be_bytes())
            .unwrap();
        record(n, 0, data)
    };
    let packets: Vec<Record> = (0..3000).map(flow).collect();
    let input = file(
        folder.path(),
        "in.pcap",
        &savefile(false, false, 101, &packets),
    );
    for (name, options) in [("ours", &["--max-open", "20"][..]), ("fewer", &[])] {
        let prefix = folder.path().join(name);
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "ulimit -n 40; exec \"$@\"", "sh"]);
        command.arg(program("split").get_program());
        command.args(["--flow", "-o", arg(&prefix), arg(&input)]);
        let ran = run(command.args(options));
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        assert_eq!(ran.stderr, "3000 of 3000 packets in 1000 savefiles\n");
        let line = format!("{}-00007.pcap: 3 packets, 168 bytes", prefix.display());
        assert_eq!(ran.lines()[7], line + ", 10.0.0.1:7 > 10.0.0.2:53 UDP");
        let written = contents(folder.path(), &format!("{name}-"));
        assert_eq!(written.len(), 1000);
        for (written, n) in written.iter().zip(0..) {
            let of_it = [0, 1000, 2000].map(|m| flow(m + n));
            assert_eq!(*written, savefile(false, false, 101, &of_it), "{n}");
        }
    }
}

#[test]
fn only_force_replaces_and_never_the_input() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &packets());
    for by in [&["--packets", "3"][..], &["--flow"]] {
        let input = file(folder.path(), "a-00002.pcap", &bytes);
        let there = file(folder.path(), "a-00001.pcap", b"precious");
        let prefix = folder.path().join("a");
        let options = [by, &["-o", arg(&prefix), arg(&input)]].concat();
        let ran = ours("split", &options);
        assert_eq!(ran.status, Some(1), "{by:?}");
        let text = format!("pcap-split: cannot create `{}`: it exists", there.display());
        assert!(ran.stderr.contains(&text), "{}", ran.stderr);
        assert_eq!(fs::read(&there).unwrap(), b"precious");
        let ran = ours("split", &[&options[..], &["--force"]].concat());
        assert_eq!(ran.status, Some(1), "{by:?}");
        assert!(
            ran.stderr.contains("it is also the input"),
            "{}",
            ran.stderr
        );
        assert_eq!(fs::read(&input).unwrap(), bytes);
        assert_ne!(fs::read(&there).unwrap(), b"precious");
        let elsewhere = file(folder.path(), "in.pcap", &bytes);
        let options = [by, &["-q", "--force", "-o", arg(&prefix), arg(&elsewhere)]].concat();
        assert_eq!(ours("split", &options).good(), "");
        for path in files(folder.path(), "a-") {
            fs::remove_file(path).unwrap();
        }
    }
}

/// A new file that nobody may open for writing because of the umask is opened only once: a file that replaces it
/// meanwhile is not touched.
#[cfg(unix)]
#[test]
fn a_new_savefile_is_opened_only_once() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let bytes = savefile(false, false, 1, &packets());
    let input = file(folder.path(), "in.pcap", &bytes);
    let copy = copied("split", folder.path());
    for (by, name) in [(&["--packets", "3"][..], "packets"), (&["--flow"], "flow")] {
        let prefix = folder.path().join(name);
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "umask 222; exec \"$@\"", "sh", arg(&copy)]);
        command
            .args(by)
            .args(["-q", "-o", arg(&prefix), arg(&input)]);
        // SAFETY: takes nothing and always succeeds.
        if unsafe { libc::geteuid() } == 0 {
            // Root may open everything.
            command.uid(65_534).gid(65_534);
        }
        assert_eq!(run(&mut command).good(), "");
        assert!(files(folder.path(), &format!("{name}-")).len() >= 3);
    }
}

#[test]
fn a_damaged_file_is_split_to_the_damage() {
    let folder = tempfile::tempdir().unwrap();
    let whole = savefile(false, false, 1, &packets());
    let input = file(folder.path(), "in.pcap", &whole[..whole.len() - 1]);
    for (by, files) in [(&["--packets", "3"][..], 3), (&["--every", "1s"], 6)] {
        let prefix = folder.path().join(format!("out{files}"));
        let ran = ours("split", &[by, &["-o", arg(&prefix), arg(&input)]].concat());
        assert_eq!(ran.status, Some(1));
        assert_eq!(ran.lines().len(), files);
        let (summary, error) = ran.stderr.split_once('\n').unwrap();
        assert_eq!(summary, format!("7 of 7 packets in {files} savefiles"));
        assert!(error.starts_with("pcap-split: cannot read `"), "{error}");
        assert!(
            error.contains("in.pcap`: ") && error.contains("truncated"),
            "{error}"
        );
        let written = records(contents(folder.path(), &format!("out{files}-"))).concat();
        assert_eq!(written, savefile(false, false, 1, &packets()[..7])[24..]);
    }
}

#[test]
fn names_filters_and_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, true, 1, &nano_packets());
    let input = file(folder.path(), "day.one.pcap", &bytes);
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let options = ["--packets", "2", "-f", "udp", "-o", arg(&out)];
    let ran = ours(
        "split",
        &[&options[..], &["--digits", "2", arg(&input)]].concat(),
    );
    assert_eq!(
        (ran.status, ran.stderr.as_str()),
        (Some(0), "3 of 8 packets in 2 savefiles\n")
    );
    let piped = feed(program("split").args(options).arg("-"), &bytes);
    assert_eq!((piped.status, piped.lines().len()), (Some(0), 2));
    let names: Vec<String> = files(&out, "")
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    let expected = [
        "day.one-00.pcap",
        "day.one-01.pcap",
        "packets-00000.pcap",
        "packets-00001.pcap",
    ];
    assert_eq!(names, expected);
    let files = contents(&out, "");
    assert_eq!(files[..2], files[2..]);
    let expected = tool(
        "tcpdump",
        &[
            "--time-stamp-precision=nano",
            "-tt",
            "-n",
            "-r",
            arg(&input),
            "udp",
        ],
    );
    let both = [0, 1].map(|n| out.join(format!("day.one-0{n}.pcap")));
    let lines = both.map(|path| {
        let options = ["--time-stamp-precision=nano", "-tt", "-n", "-r", arg(&path)];
        tool("tcpdump", &options)
    });
    assert_eq!(lines.concat(), expected);
}

#[test]
fn pcapng_becomes_classic_nanoseconds() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, true, 1, &nano_packets());
    let input = file(folder.path(), "in.pcap", &bytes);
    let ng = folder.path().join("in.pcapng");
    tool("editcap", &["-F", "pcapng", arg(&input), arg(&ng)]);
    let written = split(folder.path(), &ng, &["--packets", "5"]);
    assert_eq!(written.len(), 2);
    assert_eq!(written[1][..4], 0xa1b2_3c4d_u32.to_ne_bytes());
    assert_eq!(records(written).concat(), bytes[24..]);
}

#[test]
fn exactly_one_way_to_split_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let input = file(folder.path(), "in.pcap", &savefile(false, false, 1, &[]));
    let prefix = folder.path().join("out");
    for (options, status) in [
        (&[][..], 2),
        (&["--packets", "1", "--flow"], 2),
        (&["--packets", "0"], 2),
        (&["--size", "0"], 2),
        (&["--size", "4X"], 2),
        (&["--every", "0"], 2),
        (&["--every", "1y"], 2),
        (&["--packets", "1", "--max-open", "3"], 2),
        (&["--flow", "--max-open", "0"], 2),
        (&["--flow", "-q", "--json"], 2),
        (&["--flow", "-f", "tcp prot 80"], 1),
        (&["--flow"], 0),
        (&["--every", "1h"], 0),
    ] {
        let ran = ours(
            "split",
            &[options, &["-o", arg(&prefix), arg(&input)]].concat(),
        );
        assert_eq!(ran.status, Some(status), "{options:?}: {}", ran.stderr);
        assert!(files(folder.path(), "out").is_empty());
    }
    let ran = ours("split", &["--flow", "-o", arg(&prefix), "/no/such/file"]);
    assert_eq!(ran.status, Some(1));
    let nowhere = file(
        folder.path(),
        "a.pcap",
        &savefile(false, false, 1, &packets()),
    );
    let ran = ours("split", &["--flow", "-o", "/no/such/out", arg(&nowhere)]);
    assert_eq!(ran.status, Some(1));
    let text = "pcap-split: cannot create `/no/such/out-00000.pcap`: No such file";
    let (summary, error) = ran.stderr.split_once('\n').unwrap();
    assert_eq!(summary, "0 of 1 packets in 0 savefiles");
    assert!(error.starts_with(text), "{}", ran.stderr);
}

#[test]
fn an_unread_list_costs_no_packets() {
    let folder = tempfile::tempdir().unwrap();
    let many: Vec<Record> = (0..3000).map(|n| record(n, 0, vec![0; 20])).collect();
    let input = file(folder.path(), "in.pcap", &savefile(false, false, 1, &many));
    let prefix = folder.path().join("out");
    let options = ["--packets", "1", "-o", arg(&prefix), arg(&input)];
    let ran = run_into_broken_pipe(program("split").args(options));
    let summary = "3000 of 3000 packets in 3000 savefiles\n";
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), summary));
    assert_eq!(files(folder.path(), "out-").len(), 3000);
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_ends_it_with_all_that_was_read() {
    for by in [&["--packets", "2"][..], &["--flow"]] {
        let folder = tempfile::tempdir().unwrap();
        let prefix = folder.path().join("out");
        let first = folder.path().join("out-00000.pcap");
        let list = folder.path().join("list");
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "exec \"$@\" > \"$0\"", arg(&list)]);
        command.arg(program("split").get_program()).args(by);
        command.args(["--json", "-o", arg(&prefix), "-"]);
        let (status, error) = common::live::interrupt(&mut command, &first);
        assert_eq!(status, Some(1), "{error}");
        let (summary, text) = error.split_once('\n').unwrap();
        let read: usize = summary.split(' ').next().unwrap().parse().unwrap();
        assert!(
            text.starts_with(&format!("pcap-split: stopped after {read} packets")),
            "{text}"
        );
        let packets = common::live::endless(read);
        let written = records(contents(folder.path(), "out-")).concat();
        assert_eq!(written, packets[24..], "{by:?}");
        let (lines, summary) = listed(&fs::read(&list).unwrap());
        assert_eq!(lines.len(), files(folder.path(), "out-").len());
        assert_eq!(
            (&summary["read"], &summary["packets"]),
            (&read.into(), &read.into())
        );
        let error = summary["error"].as_str().unwrap();
        assert_eq!(text, format!("pcap-split: {error}\n"));
    }
}

/// Returns the lines of JSON that a failed run printed: the savefiles, and the summary.
fn listed(stdout: &[u8]) -> (Vec<serde_json::Value>, serde_json::Value) {
    let lines = std::str::from_utf8(stdout).unwrap().lines();
    let mut lines: Vec<serde_json::Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let summary = lines.pop().expect("a summary");
    (lines, summary)
}

#[cfg(unix)]
#[test]
fn what_was_written_before_an_error_is_listed() {
    let flow = |ports: u16, length: usize| {
        let mut data = Vec::new();
        let ip = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
        let udp = ip.udp(ports, 53);
        udp.write(&mut data, &vec![0; length]).unwrap();
        record(u32::from(ports), 0, data)
    };
    // Three small flows of two packets, and a fourth that exceeds the limit of a file.
    let mut all: Vec<Record> = (0..6).map(|n| flow(n / 2, 20)).collect();
    all.extend((0..20).map(|_| flow(9, 1400)));
    let one_open = ["--flow", "--max-open", "1"];
    for by in [&["--packets", "2"][..], &["--flow"], &one_open] {
        let folder = tempfile::tempdir().unwrap();
        let mut packets = all.clone();
        if by[0] == "--packets" {
            // A packet longer than the limit.
            packets[7] = flow(9, 60_000);
        }
        let bytes = savefile(false, false, 101, &packets);
        let input = file(folder.path(), "in.pcap", &bytes);
        let prefix = folder.path().join("out");
        let mut command = std::process::Command::new("sh");
        // Blocks of 512 or 1024 bytes, which differs between shells.
        let script = "trap '' XFSZ; ulimit -f 16; exec \"$@\"";
        command.args(["-c", script, "sh"]);
        command.arg(program("split").get_program()).args(by);
        command.args(["-o", arg(&prefix), arg(&input)]);
        let ran = run(command.arg("--json"));
        assert_eq!(ran.status, Some(1), "{by:?}: {}", ran.stderr);
        let (files, summary) = listed(&ran.stdout);
        assert_eq!(files.len(), 3, "{by:?}");
        for (n, line) in files.iter().enumerate() {
            let path = folder.path().join(format!("out-{n:05}.pcap"));
            assert_eq!(line["path"], arg(&path));
            let whole = savefile(false, false, 101, &packets[2 * n..][..2]);
            assert_eq!(fs::read(&path).unwrap(), whole, "{by:?}");
            assert_eq!(
                (&line["packets"], &line["bytes"]),
                (&2.into(), &whole.len().into())
            );
        }
        let error = summary["error"].as_str().unwrap();
        let text = format!("cannot write `{}-00003.pcap`: File too large", arg(&prefix));
        assert!(error.starts_with(&text), "{error}");
        let expected = serde_json::json!({
            "type": "summary", "read": summary["read"], "packets": 6, "files": 3,
            "incomplete": 1, "error": error,
        });
        assert_eq!(summary, expected);
        let read = &summary["read"];
        assert_eq!(
            ran.stderr,
            format!(
                "6 of {read} packets in 3 savefiles\n1 more are incomplete\npcap-split: {error}\n"
            )
        );
    }
}

#[test]
fn the_summary_says_why_it_ended() {
    let folder = tempfile::tempdir().unwrap();
    let whole = savefile(false, false, 1, &packets());
    let input = file(folder.path(), "in.pcap", &whole[..whole.len() - 1]);
    let prefix = folder.path().join("out");
    let there = file(folder.path(), "out-00001.pcap", b"precious");
    let options = ["--json", "-o", arg(&prefix), arg(&input)];
    let error = format!("cannot create `{}`: it exists", there.display());
    for (by, files, error) in [
        (&["--packets", "3"][..], 1, error.as_str()),
        (&["--packets", "3", "--force"], 3, "cannot read `"),
        (&["--flow", "--force"], 4, "cannot read `"),
    ] {
        let ran = ours("split", &[by, &options].concat());
        assert_eq!(ran.status, Some(1));
        let (lines, summary) = listed(&ran.stdout);
        assert_eq!((lines.len(), &summary["files"]), (files, &files.into()));
        assert_eq!(summary["incomplete"], 0);
        let text = summary["error"].as_str().unwrap();
        assert!(text.starts_with(error), "{by:?}: {text}");
        assert!(
            ran.stderr.ends_with(&format!("pcap-split: {text}\n")),
            "{}",
            ran.stderr
        );
        if error != "cannot read `" {
            fs::remove_file(folder.path().join("out-00000.pcap")).unwrap();
        }
    }
}

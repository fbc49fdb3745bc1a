//! Which packets count, and how reading ends.

use std::fs::File;

use super::{describe, description};
use crate::common::{
    gzip, path_arg, program, record, run_program, run_with_stdin, sample_packets, savefile, tool,
    write_file,
};
use crate::pcapng::bytes::{Ng, Order};
use crate::pcapng::two_sections;

#[test]
fn only_selected_packets_count() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let path = write_file(folder.path(), "a.pcap", &bytes);
    let (sections, _) = two_sections(folder.path());
    for (path, options, packets, end) in [
        (&path, &["-f", "tcp"][..], 4, "complete"),
        (&path, &["-c", "3"], 3, "limit"),
        (&path, &["--packets", "2-3"], 2, "limit"),
        (&path, &["--except", "1"], 7, "complete"),
        (&path, &["--after", "+3s", "--before", "+6s"], 3, "complete"),
        (&sections, &["-f", "udp"], 8, "complete"),
        (&sections, &["-c", "2", "-f", "udp"], 2, "limit"),
    ] {
        // The numbers and the limit are those of each file.
        let words = [&["--json", path_arg(path), path_arg(path)], options].concat();
        let text = run_program("info", &words).success_output();
        assert_eq!(text.lines().count(), 2);
        for line in text.lines() {
            let ours: serde_json::Value = serde_json::from_str(line).unwrap();
            assert_eq!(
                (&ours["packets"], &ours["end"]),
                (&packets.into(), &end.into()),
                "{options:?}"
            );
            assert_eq!(
                run_program("read", &[&["--count", path_arg(path)], options].concat())
                    .success_output(),
                format!("{packets}\n"),
            );
        }
    }
    let ran = run_program("info", &["-r", path_arg(&path), "tcp", "--json"]);
    assert_eq!(description(&ran)["packets"], 4);
    let ran = run_program("info", &["-f", "tcp prot", path_arg(&path)]);
    assert_eq!((ran.status, ran.text()), (Some(1), ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("cannot filter"), "{}", ran.stderr);
}

#[test]
fn gaps_and_order_are_those_of_the_selected_packets() {
    let folder = tempfile::tempdir().unwrap();
    let times = [100, 101, 105, 103, 104, 107];
    let packets: Vec<_> = { times }
        .iter()
        .map(|&secs| record(secs, 500, vec![0; 60]))
        .collect();
    let path = write_file(folder.path(), "a.pcap", &savefile(false, true, 1, &packets));
    let ours = describe(&path);
    assert_eq!(
        (&ours["disordered"], &ours["strict_time_order"]),
        (&1.into(), &false.into())
    );
    assert_eq!(
        (&ours["first"], &ours["last"]),
        (&"100.000000500".into(), &"107.000000500".into())
    );
    assert_eq!(
        (&ours["earliest"], &ours["duration"]),
        (&"100.000000500".into(), &"7.000000000".into())
    );
    let gap = serde_json::json!({"after": 2, "before": 3, "start": "101.000000500", "duration": "4.000000000"});
    assert_eq!(ours["largest_gap"], gap);
    let ran = run_program("info", &["--json", "--except", "3", path_arg(&path)]);
    let ours = description(&ran);
    let gap = serde_json::json!({"after": 5, "before": 6, "start": "104.000000500", "duration": "3.000000000"});
    assert_eq!(
        (&ours["disordered"], &ours["largest_gap"]),
        (&0.into(), &gap)
    );
}

#[test]
fn truncated_and_damaged_files_are_described_up_to_there() {
    let folder = tempfile::tempdir().unwrap();
    let packets = [
        record(1, 0, vec![0; 20]),
        record(3, 500_000_000, vec![0; 30]),
    ];
    let bytes = savefile(true, true, 101, &packets);
    let mut damaged = bytes.clone();
    damaged[24 + 36 + 8..][..4].fill(0xff);
    let packed = gzip(&bytes);
    let (_, sections) = two_sections(folder.path());
    let write = |name: &str, bytes: &[u8]| write_file(folder.path(), name, bytes);
    for (path, end) in [
        (write("cut.pcap", &bytes[..bytes.len() - 1]), "truncated"),
        (write("cut.gz", &packed[..packed.len() - 12]), "truncated"),
        (
            write("cut.pcapng", &sections[..sections.len() - 150]),
            "truncated",
        ),
        (write("damaged.pcap", &damaged), "damaged"),
    ] {
        let count = run_program("read", &["--count", path_arg(&path)]);
        let count: u64 = count.text().trim().parse().unwrap();
        assert!(count > 0);
        let ran = run_program("info", &["--json", path_arg(&path)]);
        assert_eq!(ran.status, Some(1));
        let ours = description(&ran);
        assert_eq!(ours["end"], end, "{ours}");
        assert_eq!(
            (&ours["packets_read"], &ours["packets"]),
            (&count.into(), &count.into())
        );
        let error = ours["error"].as_str().unwrap();
        assert!(ran.stderr.contains(error), "{error}: {}", ran.stderr);
        // The number is that of all packets.
        let ran = run_program("info", &["-f", "greater 1000", path_arg(&path)]);
        let place = format!("after {count} packet");
        let lines = ran.lines();
        let line = lines.iter().find(|line| line.starts_with("  incomplete"));
        assert!(line.unwrap().contains(&place), "{}", ran.text());
    }
    // The other files are described, too.
    let cut = folder.path().join("cut.pcap");
    let whole = write("whole.pcap", &bytes);
    let ran = run_program("info", &[path_arg(&cut), path_arg(&whole)]);
    assert_eq!(ran.status, Some(1));
    assert!(ran.text().contains("whole.pcap\n"), "{}", ran.text());
}

#[test]
fn standard_input_may_be_a_pipe_or_compressed() {
    let bytes = savefile(false, false, 1, &sample_packets());
    for (input, compression) in [(bytes.clone(), None), (gzip(&bytes), Some("gzip"))] {
        let ran = run_with_stdin(program("info").args(["--json", "--hash", "-"]), &input);
        let ours = description(&ran);
        assert_eq!((&ours["path"], &ours["packets"]), (&"-".into(), &8.into()));
        assert_eq!(ours["compression"].as_str(), compression);
        assert_eq!(ours["file_size"], input.len());
        let hash = run_with_stdin(&mut tool("sha256sum"), &input);
        assert_eq!(ours["sha256"], hash.text()[..64]);
        // The size and the hashes are unknown if the pipe is not read to its end.
        let words = ["--json", "--hash", "-c", "1", "-"];
        let ran = run_with_stdin(program("info").args(words), &input);
        let ours = description(&ran);
        assert!(
            ours["file_size"].is_null() && ours["sha1"].is_null(),
            "{ours}"
        );
        // A file as standard input has one position, at which reading begins.
        let folder = tempfile::tempdir().unwrap();
        let path = write_file(folder.path(), "a", &input);
        let mut command = program("info");
        command.args(["--json", "--hash", "-"]);
        let output = command.stdin(File::open(path).unwrap()).output().unwrap();
        let line = String::from_utf8(output.stdout).unwrap();
        let ours: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&ours["packets"], &ours["file_size"]),
            (&8.into(), &input.len().into())
        );
        assert_eq!(ours["sha256"], hash.text()[..64]);
    }
}

/// A signal ends the program while its input stays open.
#[cfg(target_os = "linux")]
#[test]
fn what_was_read_before_a_signal_is_described() {
    use crate::common::process::{Lines, Process};
    use std::io::Write;
    let bytes = savefile(false, false, 1, &sample_packets());
    let mut process = Process::piped(program("info").args(["--json", "--hash", "-"]));
    let stdin = process.child().stdin.as_mut().unwrap();
    stdin.write_all(&bytes[..bytes.len() - 1]).unwrap();
    process.wait_until_handles(libc::SIGUSR1);
    let lines = Lines::of(&mut process);
    let ask = || process.signal(libc::SIGUSR1);
    lines.until(ask, |line| line == "7 packets read");
    process.signal(libc::SIGINT);
    let ran = process.end_unread();
    assert_eq!(ran.status, Some(1));
    let ours = description(&ran);
    assert_eq!(
        (&ours["end"], &ours["packets"]),
        (&"stopped".into(), &7.into())
    );
    assert!(ours["file_size"].is_null() && ours["sha256"].is_null());
    let error = lines.rest();
    assert!(error.contains("stopped before the end of `-`"), "{error}");
}

#[test]
fn more_comments_than_fit_into_memory_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let mut ng = Ng::new(Order::Little);
    ng.section(-1, &[]);
    ng.interface(1, 0, &[]);
    for n in 0..35_000 {
        ng.packet(0, n, b"data", &[(1, b"look")]);
    }
    // Interfaces are kept apart from comments.
    ng.interface(1, 0, &[(2, b"eth1")]);
    let path = write_file(folder.path(), "a.pcapng", &ng.bytes);
    let ours = describe(&path);
    assert_eq!(ours["packet_comments"], 35_000);
    let kept = ours["comments"].as_array().unwrap();
    assert_eq!(
        kept.len() as u64 + ours["omitted"].as_u64().unwrap(),
        35_000
    );
    assert!((10_000..35_000).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept[9]["packet"], 10);
    assert_eq!(ours["interfaces"][1]["name"], "eth1");
    let text = run_program("info", &[path_arg(&path)]).success_output();
    assert!(
        text.contains("34990 more, which pcap-read prints\n"),
        "{text}"
    );
    assert!(
        text.ends_with(" sections, interfaces and comments\n"),
        "{text}"
    );
}

#[test]
fn the_options_of_capinfos_are_explained() {
    let ran = run_program("info", &["-c", "trace.pcap"]);
    assert_eq!(ran.status, Some(2));
    let expected = "the number of packets is printed without `-c`";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    let ran = run_program("info", &["-T", "-m", "trace.pcap"]);
    assert!(
        ran.stderr.contains("`--csv` prints a header"),
        "{}",
        ran.stderr
    );
}

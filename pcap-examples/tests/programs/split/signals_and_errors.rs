//! Errors and signals of `pcap-split`, and how its summary reports them.

use std::fs;

use etherparse::PacketBuilder;

use super::{contents, files, listed, records};
use crate::common;
use crate::common::{
    Record, path_arg, program, record, run, run_into_broken_pipe, run_program, sample_packets,
    savefile, write_file,
};

#[test]
fn exactly_one_way_to_split_is_required() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(folder.path(), "in.pcap", &savefile(false, false, 1, &[]));
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
        let ran = run_program(
            "split",
            &[options, &["-o", path_arg(&prefix), path_arg(&input)]].concat(),
        );
        assert_eq!(ran.status, Some(status), "{options:?}: {}", ran.stderr);
        assert!(files(folder.path(), "out").is_empty());
    }
    let ran = run_program(
        "split",
        &["--flow", "-o", path_arg(&prefix), "/no/such/file"],
    );
    assert_eq!(ran.status, Some(1));
    let nowhere = write_file(
        folder.path(),
        "a.pcap",
        &savefile(false, false, 1, &sample_packets()),
    );
    let ran = run_program(
        "split",
        &["--flow", "-o", "/no/such/out", path_arg(&nowhere)],
    );
    assert_eq!(ran.status, Some(1));
    let text = "pcap-split: cannot create `/no/such/out-00000.pcap`: No such file";
    let (summary, error) = ran.stderr.split_once('\n').unwrap();
    assert_eq!(summary, "0 of 1 packet in 0 savefiles");
    assert!(error.starts_with(text), "{}", ran.stderr);
}

#[test]
fn a_closed_list_pipe_loses_no_packets() {
    let folder = tempfile::tempdir().unwrap();
    let many: Vec<Record> = (0..3000).map(|n| record(n, 0, vec![0; 20])).collect();
    let input = write_file(folder.path(), "in.pcap", &savefile(false, false, 1, &many));
    let prefix = folder.path().join("out");
    let options = ["--packets", "1", "-o", path_arg(&prefix), path_arg(&input)];
    let ran = run_into_broken_pipe(program("split").args(options));
    let summary = "3000 of 3000 packets in 3000 savefiles\n";
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), summary));
    assert_eq!(files(folder.path(), "out-").len(), 3000);
}

#[cfg(target_os = "linux")]
#[test]
fn ctrl_c_keeps_all_packets_read() {
    for by in [&["--packets", "2"][..], &["--flow"]] {
        let folder = tempfile::tempdir().unwrap();
        let prefix = folder.path().join("out");
        let first = folder.path().join("out-00000.pcap");
        let list = folder.path().join("list");
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "exec \"$@\" > \"$0\"", path_arg(&list)]);
        command.arg(program("split").get_program()).args(by);
        command.args(["--json", "-o", path_arg(&prefix), "-"]);
        let (status, error) = common::live::interrupt(&mut command, &first);
        assert_eq!(status, Some(1), "{error}");
        let (summary, text) = error.split_once('\n').unwrap();
        let read: usize = summary.split(' ').next().unwrap().parse().unwrap();
        assert!(
            text.starts_with(&format!("pcap-split: stopped after {read} packet")),
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

#[cfg(unix)]
#[test]
fn savefiles_completed_before_an_error_are_listed() {
    let flow = |ports: u16, length: usize| {
        let mut data = Vec::new();
        let ip = PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64);
        let udp = ip.udp(ports, 53);
        udp.write(&mut data, &vec![0; length]).unwrap();
        record(u32::from(ports), 0, data)
    };
    // Three small flows of two packets each, and a fourth flow that exceeds the file size limit.
    let mut all: Vec<Record> = (0..6).map(|n| flow(n / 2, 20)).collect();
    all.extend((0..20).map(|_| flow(9, 1400)));
    let one_open = ["--flow", "--max-open", "1"];
    for by in [&["--packets", "2"][..], &["--flow"], &one_open] {
        let folder = tempfile::tempdir().unwrap();
        let mut packets = all.clone();
        if by[0] == "--packets" {
            // A packet longer than the file size limit.
            packets[7] = flow(9, 60_000);
        }
        let bytes = savefile(false, false, 101, &packets);
        let input = write_file(folder.path(), "in.pcap", &bytes);
        let prefix = folder.path().join("out");
        let mut command = std::process::Command::new("sh");
        // The unit is blocks of 512 or 1024 bytes, depending on the shell.
        let script = "trap '' XFSZ; ulimit -f 16; exec \"$@\"";
        command.args(["-c", script, "sh"]);
        command.arg(program("split").get_program()).args(by);
        command.args(["-o", path_arg(&prefix), path_arg(&input)]);
        let ran = run(command.arg("--json"));
        assert_eq!(ran.status, Some(1), "{by:?}: {}", ran.stderr);
        let (files, summary) = listed(&ran.stdout);
        assert_eq!(files.len(), 3, "{by:?}");
        for (n, line) in files.iter().enumerate() {
            let path = folder.path().join(format!("out-{n:05}.pcap"));
            assert_eq!(line["path"], path_arg(&path));
            let whole = savefile(false, false, 101, &packets[2 * n..][..2]);
            assert_eq!(fs::read(&path).unwrap(), whole, "{by:?}");
            assert_eq!(
                (&line["packets"], &line["bytes"]),
                (&2.into(), &whole.len().into())
            );
        }
        let error = summary["error"].as_str().unwrap();
        let text = format!(
            "cannot write `{}-00003.pcap`: File too large",
            path_arg(&prefix)
        );
        assert!(error.starts_with(&text), "{error}");
        let expected = serde_json::json!({
            "schema": 1, "type": "summary", "read": summary["read"], "packets": 6, "files": 3,
            "incomplete": 1, "error": error,
        });
        assert_eq!(summary, expected);
        let read = &summary["read"];
        assert_eq!(
            ran.stderr,
            format!(
                "6 of {read} packets in 3 savefiles\n1 further savefile is incomplete\npcap-split: {error}\n"
            )
        );
    }
}

#[test]
fn the_summary_contains_the_error() {
    let folder = tempfile::tempdir().unwrap();
    let whole = savefile(false, false, 1, &sample_packets());
    let input = write_file(folder.path(), "in.pcap", &whole[..whole.len() - 1]);
    let prefix = folder.path().join("out");
    let there = write_file(folder.path(), "out-00001.pcap", b"precious");
    let options = ["--json", "-o", path_arg(&prefix), path_arg(&input)];
    let error = format!("cannot create `{}`: it exists", there.display());
    for (by, files, error) in [
        (&["--packets", "3"][..], 1, error.as_str()),
        (&["--packets", "3", "--force"], 3, "cannot read `"),
        (&["--flow", "--force"], 4, "cannot read `"),
    ] {
        let ran = run_program("split", &[by, &options].concat());
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

/// Many savefiles are open at once, and those without a byte do not stay.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_no_empty_savefiles() {
    if !common::live::is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("disk")).unwrap();
    let packet = |port: u16| {
        let builder = PacketBuilder::ethernet2([2; 6], [4; 6]);
        let builder = builder.ipv4([192, 0, 2, 1], [192, 0, 2, 2], 9);
        let mut bytes = Vec::new();
        let udp = builder.udp(port, 53);
        udp.write(&mut bytes, &[0; 1000]).unwrap();
        record(0, 0, bytes)
    };
    let packets: Vec<_> = (1..=60).map(packet).collect();
    let input = savefile(false, false, 1, &packets);
    write_file(folder.path(), "in.pcap", &input);
    for by in [&["--flow"][..], &["--packets", "1"]] {
        let script = "mount --make-rprivate / 2>/dev/null; mount -t tmpfs -o size=64k none disk || exit 99; \
                      \"$@\"; status=$?; find disk -type f -empty; umount disk; exit $status";
        let mut unshare = std::process::Command::new("unshare");
        unshare.args(["-m", "--propagation", "unchanged", "sh", "-c", script, "sh"]);
        let split = program("split");
        unshare
            .arg(split.get_program())
            .args(["-o", "disk/part", "in.pcap"]);
        let ran = run(unshare.args(by).current_dir(folder.path()));
        assert_eq!(ran.status, Some(1), "{}", ran.stderr);
        assert!(ran.stderr.contains("No space left"), "{}", ran.stderr);
        let stdout = String::from_utf8(ran.stdout).unwrap();
        assert!(
            stdout.contains("disk/part-00000.pcap: 1 packet"),
            "{stdout}"
        );
        // find prints only names.
        assert!(stdout.lines().all(|line| line.contains(": ")), "{stdout}");
    }
}

//! Rules that all programs that copy packets follow: extensions, skipped packets, unchanged fields, names in JSON.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::{
    error_text, path_arg, program, raw_line, record, run, run_program, sample_packets,
    sample_packets_nano, savefile, write_file,
};
use pcap_core::pcapng::{Interface, PcapngDumper};
use pcap_core::{Linktype, Packet, Timestamp};

/// Returns the programs that write one output file, with their arguments.
fn copies(input: &str, output: &str) -> Vec<Command> {
    [
        &["filter", input, output][..],
        &["merge", "-q", "-w", output, input],
        &["merge", "-q", "--append", "-w", output, input],
        &[
            "merge",
            "-q",
            "--max-open",
            "2",
            "-w",
            output,
            input,
            input,
            input,
        ],
        &["recode", "-q", input, output],
    ]
    .iter()
    .map(|words| {
        let mut command = program(words[0]);
        command.args(&words[1..]);
        command
    })
    .collect()
}

/// Returns the format and the compression of a file, as an extension.
fn kind(path: &Path) -> &'static str {
    let bytes = fs::read(path).unwrap();
    let inside = |bytes: &[u8]| match bytes[..4] {
        [0x0a, 0x0d, 0x0d, 0x0a] => "pcapng",
        _ => "pcap",
    };
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return inside(&bytes);
    }
    let gunzip = run(Command::new("gzip")
        .args(["-dc", path_arg(path)])
        .env("LC_ALL", "C"));
    // gzip requires the extension `.gz`, which all these files have.
    assert_eq!(gunzip.status, Some(0), "{}", gunzip.stderr);
    match inside(&gunzip.stdout) {
        "pcapng" => "pcapng.gz",
        _ => "pcap.gz",
    }
}

#[test]
fn the_extension_determines_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, true, 1, &sample_packets_nano()),
    );
    let raw = run_program("read", &["--raw", path_arg(&input)]).success_output();
    for (name, expected) in [
        ("a.pcap", "pcap"),
        ("a", "pcap"),
        ("a.PcapNG", "pcapng"),
        ("a.pcapng", "pcapng"),
        ("a.pcap.gz", "pcap.gz"),
        ("a.pcapng.GZ", "pcapng.gz"),
    ] {
        let output = folder.path().join(name);
        for mut command in copies(path_arg(&input), path_arg(&output)) {
            let ran = run(&mut command);
            assert_eq!(ran.status, Some(0), "{command:?}: {}", ran.stderr);
            let read = run_program("read", &["--raw", path_arg(&output)]).success_output();
            let times = read.lines().count() / raw.lines().count();
            assert!(times == 1 || times == 3, "{command:?}");
            assert!(read.lines().all(|line| raw.contains(line)), "{command:?}");
            let lower = output.with_file_name(name.to_lowercase());
            fs::rename(&output, &lower).unwrap();
            assert_eq!(kind(&lower), expected, "{command:?}");
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn a_capture_has_the_format_of_its_extension() {
    use crate::common::live::{Running, Sender, in_netns};
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.pcap", "a.pcapng", "a.pcap.gz", "a.pcapng.gz"] {
            let path = folder.path().join(name);
            let mut command = program("capture");
            command.args(["-i", "lo", "-c", "5", "-U", "-w", path_arg(&path), "udp"]);
            let running = Running::start(&mut command);
            Sender::new().send(5, 100);
            let (status, _, stderr) = running.end();
            assert_eq!(status.code(), Some(0), "{stderr}");
            assert_eq!(kind(&path), &name[2..]);
            assert_eq!(
                run_program("read", &["--count", path_arg(&path)]).success_output(),
                "5\n"
            );
        }
        let ran = run_program("capture", &["-i", "lo", "-w", "a.pcap.xz"]);
        assert_eq!(ran.status, Some(1));
        assert!(ran.stderr.contains("extension of xz"), "{}", ran.stderr);
    });
}

#[test]
fn extensions_of_other_compressions_are_rejected() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, true, 1, &sample_packets()),
    );
    for (ending, name) in [("XZ", "xz"), ("pcapng.bz2", "bzip2"), ("zip", "zip")] {
        let output = write_file(folder.path(), &format!("a.{ending}"), b"precious");
        for mut command in copies(path_arg(&input), path_arg(&output)) {
            let ran = run(&mut command);
            assert_eq!(ran.status, Some(1), "{command:?}");
            let start = format!("cannot write `{}`: ", path_arg(&output));
            assert!(ran.stderr.contains(&start), "{}", ran.stderr);
            assert!(
                ran.stderr.contains(&format!("extension of {name}")),
                "{}",
                ran.stderr
            );
            assert_eq!(fs::read(&output).unwrap(), b"precious");
        }
    }
    for prefix in ["a.pcapng.xz", "a.pcap.bz2", "gz.XZ"] {
        let prefix = folder.path().join(prefix);
        let words = ["--packets", "3", "-o", path_arg(&prefix), path_arg(&input)];
        let ran = run_program("split", &words);
        assert_eq!((ran.status, ran.text()), (Some(1), ""));
        let start = format!("pcap-split: cannot write `{}", path_arg(&prefix));
        assert!(ran.stderr.starts_with(&start), "{}", ran.stderr);
    }
    for (prefix, first, format) in [
        ("a", "a-00000.pcap", "pcap"),
        ("b.pcap", "b-00000.pcap", "pcap"),
        ("c.PcapNG", "c-00000.pcapng", "pcapng"),
        ("d.pcap.GZ", "d-00000.pcap.gz", "pcap.gz"),
        ("e.pcapng.gz", "e-00000.pcapng.gz", "pcapng.gz"),
    ] {
        let prefix = folder.path().join(prefix);
        let words = ["--packets", "3", "-o", path_arg(&prefix), path_arg(&input)];
        let ran = run_program("split", &words);
        assert_eq!(ran.status, Some(0), "{}", ran.stderr);
        assert_eq!(kind(&folder.path().join(first)), format);
    }
    let inside = folder.path().join("folder.gz");
    fs::create_dir(&inside).unwrap();
    let ran = run_program(
        "split",
        &["--packets", "9", "-o", path_arg(&inside), path_arg(&input)],
    );
    assert_eq!(
        (ran.status, ran.lines().len()),
        (Some(0), 1),
        "{}",
        ran.stderr
    );
}

#[test]
fn missing_folders_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, true, 1, &sample_packets()),
    );
    let missing = folder.path().join("new");
    let said = format!("the folder `{}` does not exist", path_arg(&missing));
    for name in ["a.pcap", "a.pcapng", "a.pcap.gz", "deep/er/a.pcap"] {
        let output = missing.join(name);
        let start = format!("cannot create `{}`: ", path_arg(&output));
        for mut command in copies(path_arg(&input), path_arg(&output)) {
            let ran = run(&mut command);
            assert_eq!(ran.status, Some(1), "{command:?}");
            assert!(
                ran.stderr.contains(&start) && ran.stderr.contains(&said),
                "{}",
                ran.stderr
            );
        }
    }
    for (prefix, first) in [("", "in-00000.pcap"), ("part", "part-00000.pcap")] {
        let prefix = format!("{}/{prefix}", path_arg(&missing));
        for by in [&["--packets", "3"][..], &["--flow"], &["--flow", "--force"]] {
            let ran = run_program("split", &[&["-o", &prefix, path_arg(&input)], by].concat());
            let start = format!("cannot create `{}`: ", path_arg(&missing.join(first)));
            assert_eq!(ran.status, Some(1));
            assert!(
                ran.stderr.contains(&start) && ran.stderr.contains(&said),
                "{}",
                ran.stderr
            );
        }
    }
}

/// Returns a frame that contains a number. All such frames belong to one flow.
fn frame(number: u8) -> Vec<u8> {
    [&[2; 12][..], &[0x88, 0xb5], &[number; 46]].concat()
}

/// Creates a pcapng file in which some packets have times that classic savefiles cannot represent.
fn far(folder: &Path) -> PathBuf {
    let mut dumper = PcapngDumper::new(Vec::new());
    let interface = dumper
        .add_interface(&Interface::new(Linktype::ETHERNET))
        .unwrap();
    for secs in [1, 1 << 32, 2, 1 << 33, 1 << 33, 3] {
        let time = Timestamp::new(secs, 0);
        dumper
            .write(interface, Packet::whole(time, &frame(secs as u8)))
            .unwrap();
    }
    let bytes: Vec<u8> = dumper.into_writer().unwrap();
    write_file(folder, "far.pcapng", &bytes)
}

#[test]
fn all_programs_skip_packets_that_the_format_cannot_represent() {
    let folder = tempfile::tempdir().unwrap();
    let input = far(folder.path());
    let kept: Vec<_> = [1, 2, 3]
        .iter()
        .map(|&secs| record(secs, 0, frame(secs as u8)))
        .collect();
    let expected: String = kept.iter().map(raw_line).collect();
    let (input, output) = (path_arg(&input), folder.path().join("out.pcap"));
    let part = folder.path().join("part.pcap");
    let once = [
        &["filter", input, path_arg(&output)][..],
        &["recode", input, path_arg(&output)],
        &["merge", "-w", path_arg(&output), input],
        &["merge", "--append", "-w", path_arg(&output), input],
        &["split", "--packets", "99", "-o", path_arg(&part), input],
        &[
            "split",
            "--every",
            "99",
            "-o",
            path_arg(&part),
            "--force",
            input,
        ],
        &["split", "--flow", "-o", path_arg(&part), "--force", input],
    ];
    for words in once {
        let ran = run_program(words[0], &words[1..]);
        assert_eq!(ran.status, Some(1), "{words:?}: {}", ran.stderr);
        assert_eq!(
            ran.stderr
                .matches("is out of range for a savefile, 1970 to 2106")
                .count(),
            1,
            "{words:?}: {}",
            ran.stderr
        );
        let written = match words[0] {
            "split" => folder.path().join("part-00000.pcap"),
            _ => output.clone(),
        };
        let read = run_program("read", &["--raw", path_arg(&written)]).success_output();
        assert_eq!(read, expected, "{words:?}");
        if words[0] != "merge" {
            assert!(ran.stderr.contains("packet 2: "), "{}", ran.stderr);
            assert!(ran.stderr.contains("3 packets skipped"), "{}", ran.stderr);
        }
    }
    // pcapng can represent all packets.
    let output = folder.path().join("out.pcapng");
    for mut command in copies(input, path_arg(&output)) {
        let ran = run(&mut command);
        assert_eq!(ran.status, Some(0), "{command:?}: {}", ran.stderr);
        let read = run_program("read", &["--count", path_arg(&output)]).success_output();
        assert!(
            ["6\n", "18\n"].contains(&read.as_str()),
            "{command:?}: {read}"
        );
    }
    let ran = run_program(
        "recode",
        &["--json", input, path_arg(&folder.path().join("json.pcap"))],
    );
    let summary: serde_json::Value = serde_json::from_str(ran.text()).unwrap();
    assert_eq!(
        (&summary["written"], &summary["left_out"]),
        (&3.into(), &3.into())
    );
}

#[test]
fn times_of_damaged_packets_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.pcap");
    let part = folder.path().join("part");
    // Fractions of more than a second, and fractions that are negative as signed numbers, also at the start of 1970.
    for (secs, fraction) in [(5, 1_500_000), (5, u32::MAX), (0, u32::MAX)] {
        let mut bytes = savefile(false, false, 1, &[record(secs, 0, vec![7; 60])]);
        bytes[28..32].copy_from_slice(&fraction.to_ne_bytes());
        let input = write_file(folder.path(), "in.pcap", &bytes);
        let records = |path: &Path| fs::read(path).unwrap()[24..].to_vec();
        for mut command in copies(path_arg(&input), path_arg(&output)) {
            let ran = run(&mut command);
            assert_eq!(ran.status, Some(0), "{command:?}: {}", ran.stderr);
            assert!(
                records(&output).starts_with(&bytes[24..]),
                "{command:?} {fraction}"
            );
        }
        for by in ["--flow", "--packets=1", "--every=1"] {
            let ran = run_program(
                "split",
                &["-q", "--force", by, "-o", path_arg(&part), path_arg(&input)],
            );
            assert_eq!(ran.status, Some(0), "{}", ran.stderr);
            let written = folder.path().join("part-00000.pcap");
            assert!(records(&written) == bytes[24..], "{by} {fraction}");
        }
    }
}

#[test]
fn merge_keeps_a_common_frame_check_sequence_length() {
    let folder = tempfile::tempdir().unwrap();
    let of = |name: &str, nano, linktype| {
        let bytes = savefile(false, nano, linktype, &sample_packets());
        write_file(folder.path(), name, &bytes)
    };
    let with = [
        of("a.pcap", false, 0x2400_0001),
        of("b.pcap", true, 0x2400_0001),
    ];
    let without = of("c.pcap", false, 1);
    let other = of("d.pcap", false, 0x1400_0001);
    let output = folder.path().join("out.pcap");
    let linktype = || {
        let bytes = fs::read(&output).unwrap()[20..24].try_into().unwrap();
        u32::from_ne_bytes(bytes)
    };
    for more in [&[][..], &["--append"], &["--max-open", "2"]] {
        let inputs = [path_arg(&with[0]), path_arg(&with[1]), path_arg(&with[0])];
        let ran = run_program(
            "merge",
            &[&["-w", path_arg(&output)], &inputs[..], more].concat(),
        );
        assert_eq!(
            (ran.status, ran.stderr.as_str()),
            (Some(0), "24 packets of 3 savefiles\n")
        );
        assert_eq!(linktype(), 0x2400_0001, "{more:?}");
    }
    for (second, length) in [(&without, "not declared"), (&other, "2 bytes")] {
        let ran = run_program(
            "merge",
            &[
                "-w",
                path_arg(&output),
                path_arg(&with[0]),
                path_arg(second),
            ],
        );
        assert_eq!((ran.status, linktype()), (Some(0), 1), "{}", ran.stderr);
        let said = format!(
            "pcap-merge: warning: the length of the frame check sequence is 4 bytes in `{}` and {length} \
             in `{}`; ",
            path_arg(&with[0]),
            path_arg(second)
        );
        assert!(ran.stderr.starts_with(&said), "{}", ran.stderr);
    }
}

#[cfg(unix)]
#[test]
fn json_has_the_bytes_of_paths_that_are_not_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let input = write_file(
        folder.path(),
        "in.pcap",
        &savefile(false, true, 1, &sample_packets()),
    );
    let check = |line: &str| {
        let told: serde_json::Value = serde_json::from_str(line).unwrap();
        let digits = told["path_hex"].as_str().unwrap().as_bytes();
        let byte =
            |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let bytes: Vec<u8> = digits.chunks(2).map(byte).collect();
        assert!(Path::new(OsStr::from_bytes(&bytes)).exists(), "{line}");
        assert!(
            told["path"].as_str().unwrap().contains('\u{fffd}'),
            "{line}"
        );
    };
    let odd = folder.path().join(OsStr::from_bytes(b"s\xff\xfe"));
    let mut split = program("split");
    split
        .args(["--json", "--packets", "3", path_arg(&input), "-o"])
        .arg(&odd);
    let ran = run(&mut split);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    let lines = ran.lines();
    lines[..lines.len() - 1].iter().for_each(|line| check(line));
    let mut merge = program("merge");
    merge
        .args(["-q", "--json", path_arg(&input), "-w"])
        .arg(&odd);
    check(run(&mut merge).text());
    let plain = run_program(
        "merge",
        &[
            "-q",
            "--json",
            path_arg(&input),
            "-w",
            path_arg(&folder.path().join("a")),
        ],
    );
    assert!(!plain.text().contains("path_hex"), "{}", plain.text());
}

#[cfg(target_os = "linux")]
#[test]
fn an_error_of_the_first_read_is_reported_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.pcap");
    for command in &mut copies("/proc/self/mem", path_arg(&output)) {
        let result = command.output().unwrap();
        let stderr = String::from_utf8_lossy(&result.stderr);
        assert_eq!(result.status.code(), Some(1));
        let expected = format!("cannot read `/proc/self/mem`: {}", error_text(libc::EIO));
        assert!(stderr.contains(&expected), "{stderr}");
    }
}

//! Savefiles compressed with zstd and lz4: what other programs make of them, and what these programs make of theirs.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{
    path_arg, program, run, run_program, run_with_stdin, sample_packets_nano, savefile, write_file,
};

/// The compressions, with the command that decompresses standard input.
const TOOLS: [(&str, &str, &[&str]); 3] = [
    ("gz", "gzip", &["-dc"]),
    ("zst", "zstd", &["-dcq"]),
    ("lz4", "lz4", &["-dcq"]),
];

fn unpack(tool: &str, options: &[&str], bytes: &[u8]) -> (Option<i32>, Vec<u8>) {
    let ran = run_with_stdin(Command::new(tool).args(options), bytes);
    (ran.status, ran.stdout)
}

#[test]
fn other_programs_read_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, true, 1, &sample_packets_nano());
    let input = write_file(folder.path(), "in.pcap", &bytes);
    for (extension, tool, options) in TOOLS {
        let output = folder.path().join(format!("out.pcap.{extension}"));
        run_program("recode", &["-q", path_arg(&input), path_arg(&output)]).success_output();
        let written = fs::read(&output).unwrap();
        assert_eq!(unpack(tool, options, &written), (Some(0), bytes.clone()));
        let piped = run_with_stdin(
            program("recode").args(["--compress", tool, "-", "-"]),
            &bytes,
        );
        assert_eq!(unpack(tool, options, &piped.stdout).1, bytes, "{tool}");
        let mut tshark = Command::new("tshark");
        let lines = run(tshark.args(["-n", "-r", path_arg(&output)]));
        assert_eq!(
            String::from_utf8_lossy(&lines.stdout).lines().count(),
            sample_packets_nano().len()
        );
    }
}

#[test]
fn what_other_programs_write_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, true, 1, &sample_packets_nano());
    let (start, rest) = bytes.split_at(100);
    for (tool, options) in [
        ("gzip", &["-c"][..]),
        ("zstd", &["-cq"]),
        ("zstd", &["-cq", "-19", "--long=27", "--no-check"]),
        ("lz4", &["-cq"]),
        ("lz4", &["-cq", "-9", "-BD", "--content-size"]),
    ] {
        let pack = |bytes: &[u8]| {
            let ran = run_with_stdin(Command::new(tool).args(options), bytes);
            assert_eq!(ran.status, Some(0), "{}", ran.stderr);
            ran.stdout
        };
        let packed = [pack(start), pack(rest)].concat();
        let path = write_file(folder.path(), "a.pcap", &packed);
        let expected = format!("{}\n", sample_packets_nano().len());
        let count = run_program("read", &["--count", path_arg(&path)]);
        assert_eq!(count.success_output(), expected, "{tool} {options:?}");
        let piped = run_with_stdin(program("read").args(["--count", "-"]), &packed);
        assert_eq!(String::from_utf8_lossy(&piped.stdout), expected);
    }
}

#[test]
fn savefiles_are_split_and_merged_compressed() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, true, 1, &sample_packets_nano());
    let input = write_file(folder.path(), "in.pcap", &bytes);
    for (extension, tool, options) in TOOLS {
        for by in [
            &["--packets", "2"][..],
            &["--flow"],
            &["--flow", "--max-open", "1"],
        ] {
            let parts = folder.path().join("parts");
            fs::create_dir(&parts).unwrap();
            let prefix = parts.join(format!("p.pcap.{extension}"));
            let words = [by, &["-q", "-o", path_arg(&prefix), path_arg(&input)]].concat();
            run_program("split", &words).success_output();
            let mut names: Vec<_> = fs::read_dir(&parts)
                .unwrap()
                .map(|e| e.unwrap().path())
                .collect();
            names.sort();
            assert!(names.len() > 1);
            let first = fs::read(&names[0]).unwrap();
            assert_eq!(unpack(tool, options, &first).0, Some(0), "{by:?}");
            let merged = folder.path().join("merged.pcap");
            let mut words: Vec<_> = names.iter().map(|path| path_arg(path)).collect();
            words.extend(["-q", "-w", path_arg(&merged)]);
            run_program("merge", &words).success_output();
            let count = run_program("read", &["--count", path_arg(&merged)]);
            let expected = format!("{}\n", sample_packets_nano().len());
            assert_eq!(count.success_output(), expected, "{extension} {by:?}");
            fs::remove_dir_all(&parts).unwrap();
        }
    }
}

#[test]
fn errors_name_the_position() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, true, 1, &sample_packets_nano());
    let input = write_file(folder.path(), "in.pcap", &bytes);
    for (extension, tool, _) in TOOLS {
        let path = folder.path().join(format!("a.pcap.{extension}"));
        run_program("recode", &["-q", path_arg(&input), path_arg(&path)]).success_output();
        let whole = fs::read(&path).unwrap();
        let end = whole.len() - 3;
        let cut = write_file(folder.path(), "cut", &whole[..end]);
        let said = |path: &Path| {
            let ran = run_program("read", &["--count", path_arg(path)]);
            assert_eq!(ran.status, Some(1));
            ran.stderr
        };
        let expected = format!(
            "pcap-read: cannot read `{}`: expected more {tool} data, found the end of the file at byte {end}\n",
            path_arg(&cut)
        );
        assert_eq!(said(&cut), expected);
        let longer = write_file(folder.path(), "longer", &[&whole[..], b"x"].concat());
        assert!(said(&longer).contains("found other data at byte"), "{tool}");
    }
}

#[cfg(all(target_os = "linux", not(emulated)))]
#[test]
fn sigkill_loses_at_most_the_last_second() {
    use crate::common::live::{Running, Sender, in_netns};
    use std::thread;
    use std::time::Duration;

    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        for (extension, tool, options) in TOOLS {
            let path = folder.path().join(format!("a.pcap.{extension}"));
            let mut command = program("capture");
            command.args(["-i", "lo", "-w", path_arg(&path), "udp"]);
            let running = Running::start(&mut command);
            Sender::new().send(50, 100);
            let count = || {
                let ran = run_program("read", &["--count", path_arg(&path)]);
                ran.text().trim().parse::<u32>().unwrap_or(0)
            };
            let is_written = (0..200).any(|_| {
                thread::sleep(Duration::from_millis(100));
                count() == 50
            });
            assert!(is_written, "{extension}");
            running.signal(libc::SIGKILL);
            drop(running);
            assert_eq!(count(), 50, "{extension}");
            // The tools also write what they could decompress.
            let bytes = fs::read(&path).unwrap();
            assert!(
                unpack(tool, options, &bytes).1.len() > 50 * 100,
                "{extension}"
            );
        }
    });
}

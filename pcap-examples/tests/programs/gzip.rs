//! Savefiles compressed with gzip, in all programs that read savefiles.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::{
    gzip, path_arg, program, run, run_program, run_tool, run_with_stdin, sample_packets_nano,
    savefile, write_file,
};

/// Returns the programs that read savefiles, with arguments to read one and to write to a directory.
fn commands(input: &str, output: &Path) -> Vec<Command> {
    let prefix = output.join("part");
    let out = output.join("out.pcap");
    let (prefix, out) = (path_arg(&prefix), path_arg(&out));
    [
        &["read", "--raw", input][..],
        &["read", "--count", "-f", "udp", input],
        &["bpf", "--run", input, "udp"],
        &["bpf", "--match", input, "udp"],
        &["filter", input, out, "-f", "udp"],
        &["split", input, "--packets", "3", "-q", "-o", prefix],
        &["split", input, "--flow", "-q", "--force", "-o", prefix],
        &["merge", input, "-q", "-w", out],
        &["merge", input, "--append", "-q", "-w", out],
        &["recode", input, out],
    ]
    .iter()
    .map(|words| {
        let mut command = program(words[0]);
        command.args(&words[1..]);
        command
    })
    .collect()
}

/// Returns the contents of the files in a directory, and deletes the files.
fn taken(folder: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = paths.iter().map(|path| {
        let bytes = fs::read(path).unwrap();
        fs::remove_file(path).unwrap();
        bytes
    });
    read.collect()
}

#[test]
fn zeros_after_gzip_data_are_ignored() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("output");
    fs::create_dir(&output).unwrap();
    let bytes = savefile(false, true, 1, &sample_packets_nano());
    let (start, rest) = bytes.split_at(100);
    let packed = [gzip(start), gzip(rest)].concat();
    let path = write_file(folder.path(), "a.pcap.gz", &packed);
    let ran = |mut command: Command| {
        let ran = run(&mut command);
        (ran.status, ran.stdout, ran.stderr, taken(&output))
    };
    let expected: Vec<_> = commands(path_arg(&path), &output)
        .into_iter()
        .map(ran)
        .collect();
    for zeros in [1, 512, 70_000] {
        let padded = [&packed[..], &vec![0; zeros]].concat();
        write_file(folder.path(), "a.pcap.gz", &padded);
        let got: Vec<_> = commands(path_arg(&path), &output)
            .into_iter()
            .map(ran)
            .collect();
        assert!(got == expected, "{zeros}");
        let piped = run_with_stdin(program("read").args(["--raw", "-"]), &padded);
        assert_eq!(
            (piped.status, &piped.stdout),
            (Some(0), &expected[0].1),
            "{}",
            piped.stderr
        );
    }
    for behind in [&b"x"[..], &[0, 0, 1], &[vec![0; 9], gzip(&bytes)].concat()] {
        let padded = [&packed[..], behind].concat();
        write_file(folder.path(), "a.pcap.gz", &padded);
        for command in commands(path_arg(&path), &output) {
            let (status, _, stderr, _) = ran(command);
            assert_eq!(status, Some(1), "{stderr}");
            assert!(stderr.contains(path_arg(&path)), "{stderr}");
        }
    }
}

#[test]
fn other_compressions_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("output");
    fs::create_dir(&output).unwrap();
    for (start, name, unpack) in [
        (&b"\xfd7zXZ\0"[..], "xz", "xz -dc"),
        (b"BZh9", "bzip2", "bzip2 -dc"),
        (b"\x1f\x9d\x90", "compress", "uncompress -c"),
        (b"PK\x03\x04", "zip", "unzip -p"),
    ] {
        // Compression is detected from the content, not from the name.
        let bytes = [start, &[7; 40]].concat();
        let path = write_file(folder.path(), "a.pcap", &bytes);
        let said = format!(
            "it is compressed with {name}; unpack it with `{unpack} {}`",
            path_arg(&path)
        );
        for mut command in commands(path_arg(&path), &output) {
            let ran = run(&mut command);
            assert_eq!(
                (ran.status, ran.text().trim_end_matches("0\n")),
                (Some(1), ""),
                "{command:?}"
            );
            assert!(ran.stderr.contains(&said), "{command:?}: {}", ran.stderr);
            assert!(taken(&output).is_empty(), "{command:?}");
        }
        let piped = run_with_stdin(program("read").arg("-"), &bytes);
        assert!(
            piped
                .stderr
                .contains(&format!("it is compressed with {name}")),
            "{}",
            piped.stderr
        );
    }
}

#[test]
fn compressed_savefiles_are_read_like_plain_ones() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("output");
    fs::create_dir(&output).unwrap();
    let bytes = savefile(false, true, 1, &sample_packets_nano());
    // Compression is detected from the content, not from the name. The data may have several members.
    let plain = write_file(folder.path(), "plain.gz", &bytes);
    let (start, rest) = bytes.split_at(100);
    let packed = [gzip(start), gzip(rest)].concat();
    let packed = write_file(folder.path(), "packed.pcap", &packed);
    let ng = folder.path().join("ng.pcapng");
    run_tool(
        "editcap",
        &["-F", "pcapng", path_arg(&plain), path_arg(&ng)],
    );
    let packed_ng = gzip(&fs::read(&ng).unwrap());
    let packed_ng = write_file(folder.path(), "packed_ng", &packed_ng);
    let run = |index: usize, input: &str, stdin: Stdio| {
        let mut command = commands(input, &output).remove(index);
        let ran = command.stdin(stdin).output().unwrap();
        let [stdout, stderr] =
            [ran.stdout, ran.stderr].map(|text| String::from_utf8(text).unwrap());
        (ran.status.code(), stdout, stderr, taken(&output))
    };
    for (plain, packed) in [(&plain, &packed), (&ng, &packed_ng)] {
        for index in 0..commands("", &output).len() {
            let expected = run(index, path_arg(plain), Stdio::null());
            assert_eq!(expected.0, Some(0), "{index}: {}", expected.2);
            assert!(!expected.1.is_empty() || !expected.3.is_empty(), "{index}");
            assert!(
                run(index, path_arg(packed), Stdio::null()) == expected,
                "{index}"
            );
            for path in [plain, packed] {
                let redirected = run(index, "-", File::open(path).unwrap().into());
                assert!(redirected == expected, "{index}: {}", redirected.2);
                let mut cat = Command::new("cat");
                let mut cat = cat.arg(path).stdout(Stdio::piped()).spawn().unwrap();
                let piped = run(index, "-", cat.stdout.take().unwrap().into());
                assert!(piped == expected, "{index}: {}", piped.2);
                assert!(cat.wait().unwrap().success());
            }
        }
    }
}

#[test]
fn compressed_and_plain_inputs_are_merged_in_rounds() {
    let folder = tempfile::tempdir().unwrap();
    let all = sample_packets_nano();
    let mut inputs = Vec::new();
    let mut packed = Vec::new();
    for (n, packet) in all.iter().enumerate() {
        let bytes = savefile(false, true, 1, std::slice::from_ref(packet));
        inputs.push(write_file(folder.path(), &format!("{n}.pcap"), &bytes));
        let bytes = if n % 3 == 0 { bytes } else { gzip(&bytes) };
        packed.push(write_file(folder.path(), &format!("{n}.packed"), &bytes));
    }
    let output = folder.path().join("out.pcap");
    for options in [&[][..], &["--append"], &["--max-open", "2"]] {
        let merge = |inputs: &[PathBuf]| {
            let mut command = program("merge");
            command.args(options).args(inputs).args(["-q", "-w"]);
            assert_eq!(
                run_with_stdin(command.arg(&output), b"").success_output(),
                ""
            );
            fs::read(&output).unwrap()
        };
        let expected = savefile(false, true, 1, &all);
        assert_eq!(merge(&inputs), expected);
        assert_eq!(merge(&packed), expected, "{options:?}");
    }
}

#[test]
fn a_truncated_gzip_file_yields_its_complete_packets() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("output");
    fs::create_dir(&output).unwrap();
    let bytes = savefile(false, true, 1, &sample_packets_nano());
    // The second member contains the last packet, and is truncated.
    let (start, rest) = bytes.split_at(bytes.len() - 20);
    let rest = gzip(rest);
    let cut = [gzip(start), rest[..rest.len() - 12].to_vec()].concat();
    let cut = write_file(folder.path(), "cut.gz", &cut);
    let start = savefile(false, true, 1, &sample_packets_nano()[..7]);
    let good = write_file(folder.path(), "good.pcap", &start);
    let of_good = commands(path_arg(&good), &output);
    for (mut command, mut of_good) in commands(path_arg(&cut), &output).into_iter().zip(of_good) {
        let ran = run_with_stdin(&mut command, b"");
        let files = taken(&output);
        let expected = run_with_stdin(&mut of_good, b"");
        assert_eq!(ran.status, Some(1), "{command:?}");
        let error = ran.stderr.lines().last().unwrap();
        let text = format!(": cannot read `{}`: ", path_arg(&cut));
        assert!(error.contains(&text), "{error}");
        assert_eq!(files, taken(&output), "{command:?}");
        // `--match` prints no count for an incomplete savefile.
        if !command.get_args().any(|word| word == "--match") {
            assert_eq!(ran.stdout, expected.stdout, "{command:?}");
        }
    }
}

#[test]
fn compressed_savefiles_cannot_be_followed() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = gzip(&savefile(false, true, 1, &sample_packets_nano()));
    // This also applies to a file that is only begun.
    for length in [bytes.len(), 10] {
        let path = write_file(folder.path(), "a.pcap", &bytes[..length]);
        let ran = run_program("read", &["--follow", path_arg(&path)]);
        let path = path_arg(&path);
        let text = format!("pcap-read: cannot follow `{path}`: it is compressed with gzip\n");
        assert_eq!((ran.status, ran.stderr), (Some(1), text));
    }
}

/// A device has no header, for which the program would wait forever.
#[test]
fn pipes_and_devices_cannot_be_followed() {
    let bytes = savefile(false, true, 1, &sample_packets_nano());
    for (path, bytes) in [("-", &gzip(&bytes)), ("-", &bytes), ("/dev/null", &bytes)] {
        let ran = run_with_stdin(program("read").args(["--follow", path]), bytes);
        assert_eq!(ran.status, Some(1));
        let start = format!("pcap-read: cannot follow `{path}`: expected a regular file; a pipe");
        assert!(ran.stderr.starts_with(&start), "{}", ran.stderr);
    }
}

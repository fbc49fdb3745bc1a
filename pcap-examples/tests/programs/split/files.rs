//! The input and the output files of `pcap-split`.

use std::fs;

use super::{contents, files, records, split};
use crate::common::{
    copy_program, path_arg, program, run, run_program, run_tool, run_with_stdin, sample_packets,
    sample_packets_nano, savefile, write_file,
};

#[test]
fn force_replaces_savefiles_but_not_the_input() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    for by in [&["--packets", "3"][..], &["--flow"]] {
        let input = write_file(folder.path(), "a-00002.pcap", &bytes);
        let there = write_file(folder.path(), "a-00001.pcap", b"precious");
        let prefix = folder.path().join("a");
        let options = [by, &["-o", path_arg(&prefix), path_arg(&input)]].concat();
        let ran = run_program("split", &options);
        assert_eq!(ran.status, Some(1), "{by:?}");
        let text = format!("pcap-split: cannot create `{}`: it exists", there.display());
        assert!(ran.stderr.contains(&text), "{}", ran.stderr);
        assert_eq!(fs::read(&there).unwrap(), b"precious");
        let ran = run_program("split", &[&options[..], &["--force"]].concat());
        assert_eq!(ran.status, Some(1), "{by:?}");
        assert!(
            ran.stderr.contains("it is also the input"),
            "{}",
            ran.stderr
        );
        assert_eq!(fs::read(&input).unwrap(), bytes);
        assert_ne!(fs::read(&there).unwrap(), b"precious");
        let elsewhere = write_file(folder.path(), "in.pcap", &bytes);
        let options = [
            by,
            &[
                "-q",
                "--force",
                "-o",
                path_arg(&prefix),
                path_arg(&elsewhere),
            ],
        ]
        .concat();
        assert_eq!(run_program("split", &options).success_output(), "");
        for path in files(folder.path(), "a-") {
            fs::remove_file(path).unwrap();
        }
    }
}

/// A new savefile is opened only once, so a file that replaces it in the meantime is not modified. The umask makes a
/// second attempt to open it fail.
#[cfg(unix)]
#[test]
fn a_new_savefile_is_opened_only_once() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let input = write_file(folder.path(), "in.pcap", &bytes);
    let copy = copy_program("split", folder.path());
    for (by, name) in [(&["--packets", "3"][..], "packets"), (&["--flow"], "flow")] {
        let prefix = folder.path().join(name);
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "umask 222; exec \"$@\"", "sh", path_arg(&copy)]);
        command
            .args(by)
            .args(["-q", "-o", path_arg(&prefix), path_arg(&input)]);
        // SAFETY: geteuid(2) has no preconditions.
        if unsafe { libc::geteuid() } == 0 {
            // Root may open any file.
            command.uid(65_534).gid(65_534);
        }
        assert_eq!(run(&mut command).success_output(), "");
        assert!(files(folder.path(), &format!("{name}-")).len() >= 3);
    }
}

#[test]
fn packets_before_the_damage_are_split() {
    let folder = tempfile::tempdir().unwrap();
    let whole = savefile(false, false, 1, &sample_packets());
    let input = write_file(folder.path(), "in.pcap", &whole[..whole.len() - 1]);
    for (by, files) in [(&["--packets", "3"][..], 3), (&["--every", "1s"], 6)] {
        let prefix = folder.path().join(format!("out{files}"));
        let ran = run_program(
            "split",
            &[by, &["-o", path_arg(&prefix), path_arg(&input)]].concat(),
        );
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
        assert_eq!(
            written,
            savefile(false, false, 1, &sample_packets()[..7])[24..]
        );
    }
}

#[test]
fn names_filters_and_standard_input_are_handled() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, true, 1, &sample_packets_nano());
    let input = write_file(folder.path(), "day.one.pcap", &bytes);
    let out = folder.path().join("out");
    fs::create_dir(&out).unwrap();
    let options = ["--packets", "2", "-f", "udp", "-o", path_arg(&out)];
    let ran = run_program(
        "split",
        &[&options[..], &["--digits", "2", path_arg(&input)]].concat(),
    );
    assert_eq!(
        (ran.status, ran.stderr.as_str()),
        (Some(0), "3 of 8 packets in 2 savefiles\n")
    );
    let piped = run_with_stdin(program("split").args(options).arg("-"), &bytes);
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
    let expected = run_tool(
        "tcpdump",
        &[
            "--time-stamp-precision=nano",
            "-tt",
            "-n",
            "-r",
            path_arg(&input),
            "udp",
        ],
    );
    let both = [0, 1].map(|n| out.join(format!("day.one-0{n}.pcap")));
    let lines = both.map(|path| {
        let options = [
            "--time-stamp-precision=nano",
            "-tt",
            "-n",
            "-r",
            path_arg(&path),
        ];
        run_tool("tcpdump", &options)
    });
    assert_eq!(lines.concat(), expected);
}

#[test]
fn pcapng_is_split_into_nanosecond_pcap() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, true, 1, &sample_packets_nano());
    let input = write_file(folder.path(), "in.pcap", &bytes);
    let ng = folder.path().join("in.pcapng");
    run_tool(
        "editcap",
        &["-F", "pcapng", path_arg(&input), path_arg(&ng)],
    );
    let written = split(folder.path(), &ng, &["--packets", "5", "--format", "pcap"]);
    assert_eq!(written.len(), 2);
    assert_eq!(written[1][..4], 0xa1b2_3c4d_u32.to_ne_bytes());
    assert_eq!(records(written).concat(), bytes[24..]);
}

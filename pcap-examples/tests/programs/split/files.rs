//! Input and output files.

use std::fs;

use super::{contents, files, records, split};
use crate::common::{
    arg, copied, feed, file, nano_packets, ours, packets, program, run, savefile, tool,
};

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

//! Tests of `pcap-demo`, with and without the privileges to capture.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::common::live::{in_netns, is_root};
use crate::common::{
    RunResult, copy_program, path_arg, program, run, run_into_broken_pipe, run_tool,
};

/// Runs the program. Returns its output, and the path of the savefile at its end.
fn tell(command: &mut Command, folder: &Path) -> (String, String) {
    let RunResult {
        status,
        stdout,
        stderr,
    } = run(command.env("TMPDIR", folder));
    assert_eq!((status, stderr.as_str()), (Some(0), ""));
    let story = String::from_utf8(stdout).unwrap();
    let (_, path) = story.trim_end().rsplit_once(": ").unwrap();
    assert!(path.starts_with(path_arg(folder)), "{story}");
    let path = path.to_owned();
    (story, path)
}

/// Returns the lines of packets below a heading of the output.
fn packets<'s>(story: &'s str, heading: &str) -> Vec<&'s str> {
    let (_, part) = story.split_once(&format!("\n{heading}\n")).unwrap();
    let part = part.split("\n\n").next().unwrap();
    part.lines().filter(|line| line.contains(" > ")).collect()
}

#[test]
fn every_packet_is_captured_on_the_loopback_device() {
    in_netns(|| {
        let folder = tempfile::tempdir().unwrap();
        let (story, path) = tell(&mut program("demo"), folder.path());
        let live = packets(&story, "Capture");
        let datagrams = live.iter().filter(|line| line.contains(" UDP")).count();
        let segments = live.iter().filter(|line| line.contains(" TCP")).count();
        assert_eq!(datagrams, 4, "{story}");
        assert!(segments >= 7, "{story}");
        let in_file = run_tool("tcpdump", &["-n", "-r", &path]).lines().count();
        assert_eq!(in_file, live.len());
        let back = packets(&story, "Read back");
        assert_eq!(back.len(), 4, "{story}");
        assert!(back.iter().all(|line| live.contains(line)), "{story}");
    });
}

#[test]
fn without_privileges_it_generates_packets() {
    if !is_root() {
        return;
    }
    // Another user needs access to the directory and the program.
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    let copy = copy_program("demo", folder.path());
    let (story, path) = tell(Command::new(copy).uid(65_534).gid(65_534), folder.path());
    assert!(
        story.contains("Not possible: cannot activate `lo`: no permission"),
        "{story}"
    );
    assert!(story.contains("setcap"), "{story}");
    assert_eq!(packets(&story, "Capture").len(), 11, "{story}");
    assert_eq!(packets(&story, "Read back").len(), 4, "{story}");
    assert_eq!(run_tool("tshark", &["-n", "-r", &path]).lines().count(), 11);
}

#[test]
fn a_closed_output_pipe_is_not_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let ran = run_into_broken_pipe(program("demo").env("TMPDIR", folder.path()));
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
}

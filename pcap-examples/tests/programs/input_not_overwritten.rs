//! No program overwrites its input, even if the input or the output is `-`.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::process::Command;

use crate::common::{RunResult, path_arg, program, sample_packets, savefile, write_file};

/// Runs a program with a file as standard input or standard output.
fn run_with(command: &mut Command) -> RunResult {
    let output = command.output().expect("the program");
    RunResult {
        status: output.status.code(),
        stdout: output.stdout,
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn bytes() -> Vec<u8> {
    savefile(false, false, 1, &sample_packets())
}

/// Returns the programs that copy standard input to a file, with their arguments.
fn copies(output: &Path) -> Vec<Command> {
    let output = path_arg(output);
    [
        &["filter", "-", output][..],
        &["recode", "-", output],
        &["merge", "-", "-w", output],
    ]
    .iter()
    .map(|words| {
        let mut command = program(words[0]);
        command.args(&words[1..]);
        command
    })
    .collect()
}

#[test]
fn a_file_on_standard_input_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_file(folder.path(), "part-00000.pcap", &bytes());
    let [link, hard] = ["link", "hard"].map(|name| folder.path().join(name));
    std::os::unix::fs::symlink(&path, &link).unwrap();
    fs::hard_link(&path, &hard).unwrap();
    let mut commands: Vec<Command> = [&path, &link, &hard]
        .into_iter()
        .flat_map(|p| copies(p))
        .collect();
    let mut split = program("split");
    split.args(["-", "--packets", "2", "--force", "-o"]);
    split.arg(folder.path().join("part"));
    commands.push(split);
    for mut command in commands {
        let ran = run_with(command.stdin(File::open(&path).unwrap()));
        assert_eq!(ran.status, Some(1), "{command:?}: {}", ran.stderr);
        assert!(ran.stderr.contains("it is also the input"));
        assert_eq!(fs::read(&path).unwrap(), bytes(), "{command:?}");
    }
    // Overwriting another file is allowed.
    let other = write_file(folder.path(), "other.pcap", &bytes());
    for mut command in copies(&other) {
        let ran = run_with(command.stdin(File::open(&path).unwrap()));
        assert_eq!(ran.status, Some(0), "{command:?}: {}", ran.stderr);
    }
}

#[test]
fn the_input_is_not_appended_to_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_file(folder.path(), "in.pcap", &bytes());
    for words in [
        &["filter", path_arg(&path), "-"][..],
        &["recode", path_arg(&path), "-"],
        &["merge", path_arg(&path), "-w", "-"],
    ] {
        let end = OpenOptions::new().append(true).open(&path).unwrap();
        let ran = run_with(program(words[0]).args(&words[1..]).stdout(end));
        assert_eq!(ran.status, Some(1), "{words:?}: {}", ran.stderr);
        assert_eq!(fs::read(&path).unwrap(), bytes(), "{words:?}");
    }
}

#[test]
fn a_list_of_names_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_file(folder.path(), "in.pcap", &bytes());
    let text = format!("{}\n", path_arg(&path));
    let list = write_file(folder.path(), "names", text.as_bytes());
    let mut command = program("merge");
    let ran = run_with(command.arg("-w").arg(&list).arg("--files-from").arg(&list));
    assert_eq!(ran.status, Some(1), "{}", ran.stderr);
    assert_eq!(fs::read(&list).unwrap(), text.as_bytes());
}

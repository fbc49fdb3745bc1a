//! Tests of `pcap-split`, compared with editcap and tshark, and with savefiles that the tests split themselves.

mod by_flow;
mod by_limit;
mod files;
mod names;
mod signals_and_errors;

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{path_arg, read_tool_savefile, run_program, run_tool};

/// Returns the paths in a directory whose names begin with a prefix, sorted.
fn files(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let named = entries.filter(|entry| entry.file_name().to_str().unwrap().starts_with(prefix));
    let mut paths: Vec<PathBuf> = named.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Returns the contents of the files in a directory whose names begin with a prefix.
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

/// Splits a savefile, checks that the list matches the files, and returns their contents.
fn split(folder: &Path, input: &Path, options: &[&str]) -> Vec<Vec<u8>> {
    let prefix = folder.join("ours");
    for old in files(folder, "ours-") {
        fs::remove_file(old).unwrap();
    }
    let all = [
        options,
        &["--json", "-o", path_arg(&prefix), path_arg(input)],
    ]
    .concat();
    let ran = run_program("split", &all);
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
        assert_eq!(line["path"], path_arg(&path));
        assert_eq!(line["bytes"], bytes.len());
        let raw = run_program("read", &["--raw", path_arg(&path)]).success_output();
        assert_eq!(line["packets"], raw.lines().count());
        for (name, raw) in [("first", raw.lines().next()), ("last", raw.lines().last())] {
            assert_eq!(line[name], raw.unwrap().split(' ').next().unwrap());
        }
        packets += raw.lines().count();
    }
    assert_eq!(summary["packets"], packets);
    written
}

/// Returns the savefiles that editcap writes for the same input.
fn editcap(folder: &Path, input: &Path, options: &[&str]) -> Vec<Vec<u8>> {
    for old in files(folder, "editcap_") {
        fs::remove_file(old).unwrap();
    }
    let output = folder.join("editcap.pcap");
    run_tool(
        "editcap",
        &[options, &[path_arg(input), path_arg(&output)]].concat(),
    );
    let paths = files(folder, "editcap_");
    paths.iter().map(|path| read_tool_savefile(path)).collect()
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

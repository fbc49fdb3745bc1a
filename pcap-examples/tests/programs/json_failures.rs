//! Tests of the member `error` in the JSON of all programs.

use std::fs;

use crate::common::frames::ETHERNET;
use crate::common::{
    path_arg, program, record, run_into_broken_pipe, run_program, savefile, write_file,
};
use crate::json::{sample_file, validate};

/// Returns the member `error` of the last line, which must match a definition of the schema.
fn error_of(definition: &str, lines: &str) -> String {
    let last = lines
        .lines()
        .last()
        .unwrap_or_else(|| panic!("no line for {definition}"));
    let value = validate(definition, last).remove(0);
    let error = value["error"].as_str();
    error
        .unwrap_or_else(|| panic!("no error in {value}"))
        .to_owned()
}

#[test]
fn failures_are_members_of_the_last_line() {
    let folder = tempfile::tempdir().unwrap();
    let input = sample_file(folder.path());
    let damaged = fs::read(&input).unwrap();
    let damaged = write_file(folder.path(), "cut.pcap", &damaged[..damaged.len() - 1]);
    let (input, damaged) = (path_arg(&input), path_arg(&damaged));
    let output = folder.path().join("out.pcap");
    let output = path_arg(&output);
    let ng = folder.path().join("out.pcapng");
    let whole_ng = folder.path().join("in.pcapng");
    let converted = run_program("recode", &["-q", input, path_arg(&whole_ng)]);
    assert_eq!(converted.status, Some(0), "{}", converted.stderr);
    let cut_ng = fs::read(&whole_ng).unwrap();
    let cut_ng = write_file(folder.path(), "cut.pcapng", &cut_ng[..cut_ng.len() - 1]);
    let (ng, cut_ng) = (path_arg(&ng), path_arg(&cut_ng));
    let prefix = folder.path().join("part");
    let prefix = path_arg(&prefix);
    let missing = folder.path().join("missing.pcap");
    let missing = path_arg(&missing);
    let mut cases = vec![
        // Truncated input: the packets before the end are copied, and the summary says so.
        (
            "filter_summary",
            "filter",
            vec![damaged, output],
            "truncated",
        ),
        ("filter_summary", "filter", vec![cut_ng, ng], "truncated"),
        (
            "filter_summary",
            "filter",
            vec![cut_ng, output],
            "truncated",
        ),
        (
            "filter_summary",
            "filter",
            vec!["--sort", damaged, output],
            "truncated",
        ),
        (
            "recode_summary",
            "recode",
            vec![damaged, output],
            "truncated",
        ),
        ("recode_summary", "recode", vec![cut_ng, ng], "truncated"),
        (
            "recode_summary",
            "recode",
            vec![cut_ng, output],
            "truncated",
        ),
        (
            "file",
            "merge",
            vec!["-w", output, damaged, input],
            "truncated",
        ),
        (
            "file",
            "merge",
            vec!["-w", output, input, missing],
            "missing.pcap",
        ),
        (
            "split_summary",
            "split",
            vec!["--packets", "4", "--force", "-o", prefix, damaged],
            "truncated",
        ),
        ("error", "read", vec![damaged], "truncated"),
        ("error", "bpf", vec!["--match", damaged, "udp"], "truncated"),
        // A comment for a packet that there is not.
        (
            "recode_summary",
            "recode",
            vec!["--comment", "99:x", cut_ng, ng],
            "truncated",
        ),
        (
            "recode_summary",
            "recode",
            vec!["--comment", "99:x", path_arg(&whole_ng), ng],
            "99",
        ),
        (
            "split_summary",
            "split",
            vec![
                "--packets",
                "9",
                "--format",
                "pcapng",
                "--comment",
                "99:x",
                "--force",
                "-o",
                prefix,
                input,
            ],
            "99",
        ),
    ];
    // Without a summary, there is another line.
    for name in ["filter", "recode"] {
        cases.push(("error", name, vec![missing, output], "missing.pcap"));
        cases.push(("error", name, vec![input, input], "it is also the input"));
    }
    cases.push((
        "error",
        "merge",
        vec!["-w", output, missing],
        "missing.pcap",
    ));
    cases.push((
        "error",
        "split",
        vec!["--packets", "4", "-o", prefix, missing],
        "missing.pcap",
    ));
    cases.push(("error", "read", vec![missing], "missing.pcap"));
    if cfg!(target_os = "linux") {
        // A full disk, and a place where not even the superuser may write.
        let denied = "/sys/out.pcap";
        cases.push((
            "filter_summary",
            "filter",
            vec![input, "/dev/full"],
            "No space left",
        ));
        cases.push((
            "recode_summary",
            "recode",
            vec![input, "/dev/full"],
            "No space left",
        ));
        cases.push((
            "file",
            "merge",
            vec!["-w", "/dev/full", input],
            "No space left",
        ));
        cases.push(("error", "filter", vec![input, denied], denied));
        cases.push(("error", "recode", vec![input, denied], denied));
        cases.push(("error", "merge", vec!["-w", denied, input], denied));
        cases.push((
            "split_summary",
            "split",
            vec!["--packets", "4", "-o", "/sys/part", input],
            "/sys/part",
        ));
    }
    for (definition, name, words, text) in cases {
        let ran = run_program(name, &[&["--json"], &words[..]].concat());
        assert_eq!(ran.status, Some(1), "{name} {words:?}: {}", ran.stderr);
        let error = error_of(definition, ran.text());
        assert!(error.contains(text), "{name} {words:?}: {error}");
        assert!(
            ran.stderr.contains(&error),
            "{name} {words:?}: {}",
            ran.stderr
        );
        let errors = ran.text().matches("\"error\":").count();
        assert_eq!(errors, 1, "{}", ran.text());
    }
    // With a savefile on standard output, it is on standard error.
    for (definition, words) in [
        ("filter_summary", ["--json", damaged, "-"]),
        ("error", ["--json", missing, "-"]),
    ] {
        let ran = run_program("filter", &words);
        let line = ran.stderr.lines().find(|line| line.starts_with('{'));
        error_of(definition, line.unwrap());
    }
    // Success has no such member, and a wrong command line no line.
    let ran = run_program("filter", &["--json", input, output]);
    assert_eq!(ran.status, Some(0), "{}", ran.stderr);
    assert!(!ran.text().contains("error"));
    let wrong = run_program("filter", &["--json", "--packets", "0", input, output]);
    assert_eq!((wrong.status, wrong.text()), (Some(2), ""));
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_an_error_of_a_savefile_but_not_of_lines() {
    let folder = tempfile::tempdir().unwrap();
    let packets: Vec<_> = (0..20_000).map(|_| record(1, 0, vec![7; 60])).collect();
    let bytes = savefile(false, false, ETHERNET, &packets);
    let input = write_file(folder.path(), "a.pcap", &bytes);
    let run = |name, words: &[&str]| run_into_broken_pipe(program(name).arg("--json").args(words));
    let ran = run("filter", &[path_arg(&input), "-"]);
    let line = ran.stderr.lines().find(|line| line.starts_with('{'));
    let error = error_of(
        "filter_summary",
        line.unwrap_or_else(|| panic!("{}", ran.stderr)),
    );
    assert!(error.contains("Broken pipe"), "{error}");
    let ran = run("read", &[path_arg(&input)]);
    assert_eq!((ran.status, ran.stderr.as_str()), (Some(0), ""));
}

#[cfg(all(target_os = "linux", not(emulated)))]
#[test]
fn failures_before_a_capture_or_replay_are_objects() {
    crate::common::live::in_netns(|| {
        let failed = run_program("capture", &["--json", "-i", "missing0"]);
        assert_eq!(failed.status, Some(1), "{}", failed.stderr);
        let error = error_of("error", failed.text());
        assert!(error.contains("missing0"), "{error}");
        let options = ["--json", "-q", "-i", "lo", "missing.pcap"];
        let failed = run_program("replay", &options);
        assert!(error_of("error", failed.text()).contains("missing.pcap"));
    });
}

//! `manual`, and the programs under the names that packages give them.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common;
use crate::common::{Ran, arg, ours, program, run};
use pcap_examples::program::NAMES;

fn manual(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manual"));
    assert_eq!(run(command.arg(folder).args(arguments)).good(), "");
}

fn text(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// The words of a page without what roff wants, as somebody reads them.
fn words(page: &str) -> String {
    let plain = page
        .replace("\\fB", "")
        .replace("\\fI", "")
        .replace("\\fR", "")
        .replace("\\-", "-")
        .replace("\\[u2026]", "…")
        .replace("\\*(Aq", "'");
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A link to a program, by another name.
fn installed(name: &str, folder: &Path) -> Command {
    let path = folder.join(format!("pcap-{name}"));
    let _ = fs::remove_file(&path);
    fs::hard_link(program(name).get_program(), &path)
        .or_else(|_| fs::copy(program(name).get_program(), &path).map(drop))
        .expect("a link or a copy");
    Command::new(path)
}

/// The long options in a help or a page.
fn long_options(text: &str) -> Vec<&str> {
    let is_name = |c: char| c.is_ascii_lowercase() || c == '-';
    let mut found: Vec<&str> = text
        .split([' ', '\n', '[', ','])
        .filter_map(|word| word.strip_prefix("--"))
        .map(|word| word.split(|c| !is_name(c)).next().unwrap_or_default())
        .filter(|word| !word.is_empty())
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

#[test]
fn pages_say_what_the_help_says() {
    let folder = tempfile::tempdir().unwrap();
    manual(folder.path(), &[]);
    for name in NAMES {
        let page = text(folder.path(), &format!("man1/pcap-{name}.1"));
        let read = words(&page);
        assert!(
            page.contains(&format!(".TH PCAP-{} 1", name.to_uppercase())),
            "{page}"
        );
        assert!(read.contains(&format!(".SH NAME pcap-{name} - ")), "{read}");
        assert!(
            read.contains(&format!(".SH SYNOPSIS pcap-{name} ")),
            "{read}"
        );
        for section in ["DESCRIPTION", "OPTIONS", "EXIT STATUS", "SEE ALSO"] {
            assert!(
                read.contains(&format!(".SH {section} "))
                    || read.contains(&format!(".SH \"{section}\" ")),
                "{name}: {section}"
            );
        }
        assert!(!page.contains('`'), "{page}");
        // A line of roff that begins so is a command.
        assert!(page.lines().all(|line| !line.starts_with('\'')), "{page}");
        let mut command = installed(name, folder.path());
        let help = run(command.arg("--help")).good();
        for option in long_options(&help) {
            assert!(read.contains(&format!("--{option}")), "{name}: --{option}");
        }
        assert!(!long_options(&help).is_empty(), "{help}");
        // Each example, and each line of the rest in its words.
        for line in help.lines().skip_while(|line| *line != "Examples:").skip(1) {
            let line = line.trim_end_matches(':').replace('`', "");
            for part in line.split("  ").filter(|part| !part.trim().is_empty()) {
                let part = words(part);
                let found = read.contains(&part) || read.contains(&part.to_uppercase());
                assert!(found, "{name}: {part}\n{read}");
            }
        }
    }
}

#[test]
fn completions_are_for_the_installed_names() {
    let folder = tempfile::tempdir().unwrap();
    manual(folder.path(), &[]);
    for name in NAMES {
        let bash = text(folder.path(), &format!("bash/pcap-{name}"));
        let zsh = text(folder.path(), &format!("zsh/_pcap-{name}"));
        let fish = text(folder.path(), &format!("fish/pcap-{name}.fish"));
        let complete = format!("-o default pcap-{name}");
        assert!(
            bash.lines().any(|line| line.trim().ends_with(&complete)),
            "{bash}"
        );
        assert_eq!(
            zsh.lines().next(),
            Some(format!("#compdef pcap-{name}").as_str())
        );
        assert!(
            fish.starts_with(&format!("complete -c pcap-{name} ")),
            "{fish}"
        );
        for script in [&bash, &zsh] {
            assert!(script.contains("--help"), "{script}");
        }
    }
    assert!(text(folder.path(), "bash/pcap-capture").contains("--interface"));
    assert!(text(folder.path(), "fish/pcap-capture.fish").contains("-l direction"));
}

#[test]
fn the_prefix_is_anybodys() {
    let folder = tempfile::tempdir().unwrap();
    manual(folder.path(), &["--prefix", "my-"]);
    let page = words(&text(folder.path(), "man1/my-filter.1"));
    assert!(
        page.contains("my-filter all.pcap.gz - arp | my-read -"),
        "{page}"
    );
    let none = folder.path().join("none");
    manual(&none, &["--prefix", "", "--date", "2026-11-21"]);
    let page = words(&text(&none, "man1/filter.1"));
    assert!(
        page.contains(".TH FILTER 1 2026-11-21 \"pcap-examples "),
        "{page}"
    );
    assert!(
        page.contains(" filter all.pcap.gz - arp | read -"),
        "{page}"
    );
}

#[test]
fn a_folder_that_cannot_be_made_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = common::file(folder.path(), "file", b"");
    let mut command = Command::new(env!("CARGO_BIN_EXE_manual"));
    let Ran { status, stderr, .. } = run(command.arg(&file));
    assert_eq!(status, Some(1));
    assert!(stderr.starts_with("manual: cannot write `"), "{stderr}");
}

/// Help, version, and errors of either kind have the name that the program was called by.
#[test]
fn programs_go_by_the_name_they_have() {
    let folder = tempfile::tempdir().unwrap();
    let mut read = installed("read", folder.path());
    let version = format!("pcap-read {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(run(read.arg("--version")).good(), version);
    let help = run(installed("read", folder.path()).arg("-h")).good();
    assert!(help.contains("\nUsage: pcap-read "), "{help}");
    assert!(help.contains("\n  pcap-read trace.pcap "), "{help}");
    assert!(help.contains("| pcap-read --json -l -"), "{help}");
    let missing = run(installed("read", folder.path()).arg("/nonexistent/x.pcap"));
    assert_eq!(missing.status, Some(1));
    assert!(
        missing.stderr.starts_with("pcap-read: cannot open "),
        "{missing:?}"
    );
    // Refused after clap took it.
    let twice = run(installed("read", folder.path()).args(["--follow", "a", "b"]));
    assert_eq!(twice.status, Some(2));
    assert!(twice.stderr.contains("\nUsage: pcap-read "), "{twice:?}");

    // And by their own otherwise, as by any name that does not end with theirs.
    assert!(
        ours("read", &["-h"])
            .good()
            .contains("\n  read trace.pcap ")
    );
    let path = folder.path().join("thread");
    fs::hard_link(folder.path().join("pcap-read"), &path).expect("a link");
    let mut command = Command::new(arg(&path));
    let version = format!("read {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(run(command.arg("--version")).good(), version);
}

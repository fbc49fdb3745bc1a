//! Tests of `manual`: its manual pages and completions are compared with the help of the programs.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{RunResult, run, run_program};
use pcap_examples::program::NAMES;

fn manual(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_manual"));
    assert_eq!(
        run(command.arg(folder).args(arguments)).success_output(),
        ""
    );
}

fn text(folder: &Path, file: &str) -> String {
    fs::read_to_string(folder.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// Returns the text of a page without roff markup, with single spaces between words.
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

/// Returns the long options in a help text or a page.
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
fn pages_contain_the_help_text() {
    let folder = tempfile::tempdir().unwrap();
    manual(folder.path(), &[]);
    for name in NAMES {
        let page = text(folder.path(), &format!("man1/{name}.1"));
        let read = words(&page);
        assert!(
            page.contains(&format!(".TH {} 1", name.to_uppercase())),
            "{page}"
        );
        assert!(read.contains(&format!(".SH NAME {name} - ")), "{read}");
        assert!(read.contains(&format!(".SH SYNOPSIS {name} ")), "{read}");
        for section in ["DESCRIPTION", "OPTIONS", "EXIT STATUS", "SEE ALSO"] {
            assert!(
                read.contains(&format!(".SH {section} "))
                    || read.contains(&format!(".SH \"{section}\" ")),
                "{name}: {section}"
            );
        }
        assert!(!page.contains('`'), "{page}");
        // roff treats a line that begins with an apostrophe as a command.
        assert!(page.lines().all(|line| !line.starts_with('\'')), "{page}");
        let short = name.strip_prefix("pcap-").unwrap();
        let help = run_program(short, &["--help"]).success_output();
        for option in long_options(&help) {
            assert!(read.contains(&format!("--{option}")), "{name}: --{option}");
        }
        assert!(!long_options(&help).is_empty(), "{help}");
        // The page contains the text of each line after the options.
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
fn completions_are_registered_for_the_program_names() {
    let folder = tempfile::tempdir().unwrap();
    manual(folder.path(), &[]);
    for name in NAMES {
        let bash = text(folder.path(), &format!("bash/{name}"));
        let zsh = text(folder.path(), &format!("zsh/_{name}"));
        let fish = text(folder.path(), &format!("fish/{name}.fish"));
        let complete = format!("-o default {name}");
        assert!(
            bash.lines().any(|line| line.trim().ends_with(&complete)),
            "{bash}"
        );
        assert_eq!(
            zsh.lines().next(),
            Some(format!("#compdef {name}").as_str())
        );
        assert!(fish.starts_with(&format!("complete -c {name} ")), "{fish}");
        for script in [&bash, &zsh] {
            assert!(script.contains("--help"), "{script}");
        }
    }
    assert!(text(folder.path(), "bash/pcap-capture").contains("--interface"));
    assert!(text(folder.path(), "fish/pcap-capture.fish").contains("-l direction"));
}

/// The completions of each shell call `pcap-devices --names`, and contain link types.
#[test]
fn completions_know_devices_and_link_types() {
    let folder = tempfile::tempdir().unwrap();
    manual(folder.path(), &[]);
    for file in ["bash/{}", "zsh/_{}", "fish/{}.fish"] {
        for name in ["pcap-capture", "pcap-replay"] {
            let script = text(folder.path(), &file.replace("{}", name));
            assert!(
                script.contains("(pcap-devices --names 2>/dev/null)"),
                "{file}"
            );
            assert!(!script.contains("DEVICES_OF"), "{file}");
        }
        let script = text(folder.path(), &file.replace("{}", "pcap-capture"));
        for word in ["LINUX_SLL2", "adapter_unsynced", "inout", "zstd"] {
            assert!(script.contains(word), "{file}: {word}");
        }
    }
    let script = folder.path().join("bash/pcap-capture");
    let complete = "PATH=$1:$PATH; . \"$2\"; COMP_WORDS=(pcap-capture -i ''); COMP_CWORD=2; \
                    _pcap__capture pcap-capture '' -i; echo \"${COMPREPLY[*]}\"";
    let programs = Path::new(env!("CARGO_BIN_EXE_pcap-devices"))
        .parent()
        .unwrap();
    let mut bash = Command::new("bash");
    bash.args(["-c", complete, "bash"])
        .arg(programs)
        .arg(&script);
    let devices = run_program("devices", &["--names"]).success_output();
    let completed = run(&mut bash).success_output().to_owned();
    let offered: Vec<_> = completed.split_whitespace().collect();
    assert_eq!(offered, devices.lines().collect::<Vec<_>>());
}

#[test]
fn pages_have_the_given_date() {
    let folder = tempfile::tempdir().unwrap();
    manual(folder.path(), &["--date", "2026-11-21"]);
    let page = words(&text(folder.path(), "man1/pcap-filter.1"));
    assert!(
        page.contains(".TH PCAP-FILTER 1 2026-11-21 \"pcap-examples "),
        "{page}"
    );
    assert!(
        page.contains(" pcap-filter all.pcap.gz - -f arp | pcap-read -"),
        "{page}"
    );
}

#[test]
fn a_folder_that_cannot_be_created_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = crate::common::write_file(folder.path(), "file", b"");
    let mut command = Command::new(env!("CARGO_BIN_EXE_manual"));
    let RunResult { status, stderr, .. } = run(command.arg(&file));
    assert_eq!(status, Some(1));
    assert!(stderr.starts_with("manual: cannot write `"), "{stderr}");
}

/// The help, the version and errors contain the name of the program.
#[test]
fn messages_contain_the_program_name() {
    let version = format!(
        "pcap-read {} with {}\n",
        env!("CARGO_PKG_VERSION"),
        pcap_core::version()
    );
    assert_eq!(
        run_program("read", &["--version"]).success_output(),
        version
    );
    let help = run_program("read", &["-h"]).success_output();
    assert!(help.contains("\nUsage: pcap-read "), "{help}");
    let help = run_program("read", &["--help"]).success_output();
    assert!(help.contains("\n  pcap-read trace.pcap "), "{help}");
    assert!(help.contains("| pcap-read --json -l -"), "{help}");
    let missing = run_program("read", &["/nonexistent/x.pcap"]);
    assert_eq!(missing.status, Some(1));
    assert!(
        missing.stderr.starts_with("pcap-read: cannot open "),
        "{missing:?}"
    );
    // clap accepts this command line, but the program rejects it.
    let twice = run_program("read", &["--follow", "a", "b"]);
    assert_eq!(twice.status, Some(2));
    assert!(twice.stderr.contains("\nUsage: pcap-read "), "{twice:?}");
}

/// The headings are those of the help, and each occurs once.
#[test]
fn pages_have_the_headings_of_the_help() {
    let folder = tempfile::tempdir().unwrap();
    manual(folder.path(), &[]);
    for name in NAMES {
        let page = text(folder.path(), &format!("man1/{name}.1"));
        let heading = |line: &str| {
            let title = line.strip_prefix(".SH ")?;
            Some(title.trim_matches('"').replace("\\-", "-"))
        };
        let headings: Vec<String> = page.lines().filter_map(heading).collect();
        let mut unique = headings.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), headings.len(), "{name}: {headings:?}");
        let short = name.strip_prefix("pcap-").unwrap();
        let help = run_program(short, &["--help"]).success_output().to_owned();
        // A title follows a blank line.
        let titles = help.split("\n\n").filter_map(|block| block.lines().next());
        let titles = titles.filter(|line| !line.starts_with(' ') && line.ends_with(':'));
        for title in titles.filter(|title| *title != "Arguments:") {
            let title = title.trim_end_matches(':').to_uppercase();
            assert!(headings.contains(&title), "{name}: {title} in {headings:?}");
        }
        let source = page.lines().find(|line| line.starts_with(".TH ")).unwrap();
        assert!(!source.contains("libpcap"), "{source}");
    }
}

/// In tables, such as that of the members of JSON, each row keeps its line.
#[test]
fn tables_keep_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    manual(folder.path(), &[]);
    for (name, row) in [
        (
            "pcap-read",
            "caplen, len      bytes captured, and on the wire",
        ),
        (
            "pcap-read",
            "+60s                    after the first packet: +90, +5m, +1.5h",
        ),
        (
            "pcap-capture",
            "pcap-capture -C 100 -W 10 -w a.pcap     a ring: a.pcap0 to a.pcap9",
        ),
    ] {
        let page = text(folder.path(), &format!("man1/{name}.1"));
        let has = |line: &str| line.replace("\\-", "-").replace("\\&", "") == row;
        assert!(page.lines().any(has), "{name}: {row}\n{page}");
    }
    let page = text(folder.path(), "man1/pcap-read.1");
    assert!(
        page.contains(".SS \"Packets of pcapng savefiles\""),
        "{page}"
    );
}

/// groff and mandoc accept the pages, and the shells accept the completions.
#[cfg(unix)]
#[test]
fn other_programs_accept_pages_and_completions_without_warnings() {
    let folder = tempfile::tempdir().unwrap();
    manual(folder.path(), &["--date", "2026-11-21"]);
    for name in NAMES {
        let path = |file: String| folder.path().join(file);
        let page = path(format!("man1/{name}.1"));
        let shells = [
            ("bash", path(format!("bash/{name}"))),
            ("zsh", path(format!("zsh/_{name}"))),
            ("fish", path(format!("fish/{name}.fish"))),
        ];
        let mut commands = Vec::new();
        let mut groff = Command::new("groff");
        groff.args(["-man", "-ww", "-Tutf8", "-z"]).arg(&page);
        commands.push(groff);
        let mut mandoc = Command::new("mandoc");
        mandoc.args(["-T", "lint", "-W", "warning"]).arg(&page);
        commands.push(mandoc);
        commands.extend(shells.map(|(shell, script)| {
            let mut command = Command::new(shell);
            command.arg("-n").arg(script);
            command
        }));
        for mut command in commands {
            let RunResult { stdout, stderr, .. } = run(&mut command);
            let stdout = String::from_utf8_lossy(&stdout);
            assert_eq!((&*stdout, stderr.as_str()), ("", ""), "{command:?}");
        }
    }
}

/// Each option for a device offers devices, and each option for a link type offers link types.
#[test]
fn completions_of_all_programs_know_values() {
    let folder = tempfile::tempdir().unwrap();
    manual(folder.path(), &[]);
    let mut checked = 0;
    for name in NAMES {
        let short = name.strip_prefix("pcap-").unwrap();
        let help = run_program(short, &["--help"]).success_output().to_owned();
        let fish = text(folder.path(), &format!("fish/{name}.fish"));
        let zsh = text(folder.path(), &format!("zsh/_{name}"));
        for (value, offered) in [("DEV", "pcap-devices --names"), ("LINKTYPE", "EN10MB")] {
            for line in help
                .lines()
                .filter(|line| line.contains(&format!(" <{value}>")))
            {
                let Some((_, option)) = line.split_once("--") else {
                    continue;
                };
                let option = option.split(' ').next().unwrap_or_default();
                // The values of an option may be on several lines.
                let of_fish = fish.split("complete -c ");
                let mut of_fish = of_fish.filter(|text| text.contains(&format!(" -l {option} ")));
                let of_fish = of_fish.next().expect("the option");
                assert!(of_fish.contains(offered), "{name} --{option}");
                let of_zsh = zsh
                    .lines()
                    .find(|line| line.contains(&format!("--{option}=[")));
                assert!(
                    of_zsh.is_some_and(|line| line.contains(offered)),
                    "{name} --{option}: {zsh}"
                );
                checked += 1;
            }
        }
    }
    assert!(checked >= 7, "{checked}");
}

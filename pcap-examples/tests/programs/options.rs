//! The options of all programs: their names, and the page that compares them with those of other tools.

use std::collections::BTreeMap;

use pcap_examples::program::NAMES;

use crate::common::{program, run};

/// An option as `--help` lists it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    short: Option<String>,
    long: Option<String>,
}

/// Returns the options of a program.
fn options(name: &str) -> Vec<Listed> {
    let short = name.strip_prefix("pcap-").unwrap_or(name);
    let ran = run(program(short).arg("--help"));
    let help = ran.success_output();
    let lines = help.lines().filter(|line| {
        let text = line.trim_start();
        text.starts_with('-') && matches!(line.len() - text.len(), 2 | 6)
    });
    lines.map(listed).collect()
}

/// Parses a line such as `  -c, --limit <N>`.
fn listed(line: &str) -> Listed {
    let mut words = line.split_whitespace().map(|word| {
        let end = word.find([',', '[', '<', '=']).unwrap_or(word.len());
        word[..end].trim_end_matches('.').to_owned()
    });
    let first = words.next().expect("an option");
    if first.starts_with("--") {
        return Listed {
            short: None,
            long: Some(first),
        };
    }
    Listed {
        short: Some(first),
        long: words.next().filter(|word| word.starts_with("--")),
    }
}

/// The long names are those of tcpdump, so that one name serves in all programs.
#[test]
fn a_letter_has_one_long_name_in_all_programs() {
    let mut names: BTreeMap<String, Vec<(String, &str)>> = BTreeMap::new();
    for name in NAMES {
        for option in options(name) {
            let (Some(short), Some(long)) = (option.short, option.long) else {
                continue;
            };
            names.entry(short).or_default().push((long, name));
        }
    }
    assert!(names.len() > 30, "{names:?}");
    for (short, longs) in names {
        let first = &longs[0].0;
        assert!(
            longs.iter().all(|(long, _)| long == first),
            "{short}: {longs:?}"
        );
    }
}

#[test]
fn long_names_of_tcpdump_are_understood() {
    for (name, words) in [
        (
            "pcap-capture",
            "buffer-size direction immediate-mode interface limit linktype list-data-link-types list-interfaces \
             list-time-stamp-types micro monitor-mode nano no-optimize no-promiscuous-mode packet-buffered print \
             relinquish-privileges snapshot-length time-stamp-precision time-stamp-type",
        ),
        (
            "pcap-read",
            "absolute-tcp-sequence-numbers count dont-verify-checksums nano no-optimize number",
        ),
        ("pcap-bpf", "linktype no-optimize snapshot-length"),
        ("pcap-merge", "snapshot-length"),
        (
            "pcap-recode",
            "linktype snapshot-length time-stamp-precision",
        ),
        ("pcap-replay", "interface limit"),
        (
            "pcap-devices",
            "interface list-data-link-types list-time-stamp-types",
        ),
    ] {
        let known = options(name);
        for word in words.split_whitespace() {
            let long = Some(format!("--{word}"));
            assert!(
                known.iter().any(|option| option.long == long),
                "{name} {word}"
            );
        }
    }
}

//! The options of all programs: their names, and the page that compares them with those of other tools.

use std::collections::BTreeMap;

use pcap_examples::options::refused;
use pcap_examples::program::NAMES;

use crate::common::{
    path_arg, program, run, run_program, run_with_stdin, sample_packets, savefile, write_file,
};

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
    // Text after the examples may begin with an option.
    let lines = help.lines().take_while(|line| *line != "Examples:");
    let lines = lines.filter(|line| {
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

/// The page that lists all options.
const PAGE: &str = include_str!("../../docs/options.md");

/// Returns the cells of the table below a title of the page.
fn table(title: &str) -> Vec<Vec<String>> {
    let from = PAGE.split_once(&format!("\n## {title}\n")).expect(title).1;
    let section = from.split("\n## ").next().expect("a section");
    let rows = section.lines().filter(|line| line.starts_with("| "));
    // The first row has the titles of the columns.
    rows.skip(1)
        .map(|row| {
            let cells = row.replace("\\|", "\u{1}");
            let cells = cells.trim_matches('|').split('|');
            cells
                .map(|cell| cell.trim().replace('\u{1}', "|"))
                .collect()
        })
        .collect()
}

/// Returns the words between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_page_lists_all_options_of_all_programs() {
    let mut described = BTreeMap::new();
    for row in table("All options") {
        let names = quoted(&row[0]).join(", ");
        let programs = row[3].split(", ").map(|short| format!("pcap-{short}"));
        let programs = match row[3].as_str() {
            "all" => NAMES.iter().map(|name| (*name).to_owned()).collect(),
            _ => programs.collect::<Vec<_>>(),
        };
        assert!(described.insert(names, programs).is_none(), "{row:?}");
    }
    let mut listed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for name in NAMES {
        for option in options(name) {
            let names = option
                .short
                .into_iter()
                .chain(option.long)
                .collect::<Vec<_>>();
            listed
                .entry(names.join(", "))
                .or_default()
                .push(name.to_owned());
        }
    }
    for (names, programs) in &listed {
        assert_eq!(described.get(names), Some(programs), "{names}");
    }
    assert_eq!(described.len(), listed.len(), "{described:?}");
}

#[test]
fn the_page_names_existing_options_as_counterparts() {
    let known: BTreeMap<&str, Vec<Listed>> = NAMES.map(|name| (name, options(name))).into();
    let mut checked = 0;
    let rows = table("Options of tools for editing and sending");
    let messages = refused::all().map(|row| row.sentence.to_owned());
    for text in rows.iter().map(|row| row[2].clone()).chain(messages) {
        for words in quoted(&text) {
            // A pipe contains several programs.
            for command in words.split(" | ") {
                let Some((name, rest)) = command.split_once(' ') else {
                    continue;
                };
                let Some(options) = known.get(name) else {
                    continue;
                };
                for word in rest
                    .split(' ')
                    .filter(|word| word.starts_with('-') && *word != "-")
                {
                    let is = |name: &Option<String>| name.as_deref() == Some(word);
                    assert!(
                        options.iter().any(|o| is(&o.short) || is(&o.long)),
                        "{command}"
                    );
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 60, "{checked}");
}

#[test]
fn the_page_has_the_messages_about_refused_options() {
    let rows = table("Options that are refused");
    let expected: Vec<Vec<String>> = refused::all()
        .map(|row| {
            let quote = |option: &&str| match *option {
                "" => "a further word".to_owned(),
                option => format!("`{option}`"),
            };
            let programs = row
                .programs
                .iter()
                .map(|name| name.trim_start_matches("pcap-"));
            vec![
                programs.collect::<Vec<_>>().join(", "),
                row.options.iter().map(quote).collect::<Vec<_>>().join(", "),
                row.tools.to_owned(),
                row.sentence.to_owned(),
            ]
        })
        .collect();
    let lines: Vec<String> = expected
        .iter()
        .map(|row| {
            let cells: Vec<_> = row.iter().map(|cell| cell.replace('|', "\\|")).collect();
            format!("| {} |", cells.join(" | "))
        })
        .collect();
    assert_eq!(rows, expected, "expected this table:\n{}", lines.join("\n"));
}

/// Runs in a network namespace, in case a program accepts the option.
#[cfg(target_os = "linux")]
#[test]
fn refused_options_cause_their_messages() {
    crate::common::live::in_netns(|| {
        for row in refused::all() {
            for name in row.programs {
                for option in row.options {
                    let words: &[&str] = match option.is_empty() {
                        true => &["a", "b", "c"],
                        false => &[option],
                    };
                    let ran = run(program(name.trim_start_matches("pcap-")).args(words));
                    assert_eq!(ran.status, Some(2), "{name} {option}: {}", ran.stderr);
                    let message = format!("': {}\n", row.sentence);
                    assert!(
                        ran.stderr.contains(&message),
                        "{name} {option}: {}",
                        ran.stderr
                    );
                }
            }
        }
    });
}

/// Compares with the page that the options have no effect.
#[test]
fn options_without_an_effect_are_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = savefile(false, false, 1, &sample_packets());
    let path = write_file(folder.path(), "a.pcap", &bytes);
    let plain = run_program("read", &["-r", path_arg(&path)])
        .success_output()
        .to_owned();
    let section = PAGE
        .split("\n## Options that `pcap-read` accepts")
        .nth(1)
        .expect("a section");
    let section = section.split("\n## ").next().expect("its text");
    let accepted = quoted(section)
        .into_iter()
        .filter(|word| word.starts_with('-') && *word != "-l");
    let mut tried = 0;
    for option in accepted.chain(["-nnlUps0", "--snapshot-length=0", "-nK"]) {
        let words = match option {
            "-s" | "--snapshot-length" => vec![option, "96"],
            _ => vec![option],
        };
        let words = [&words[..], &["-r", path_arg(&path)]].concat();
        assert_eq!(
            run_program("read", &words).success_output(),
            plain,
            "{option}"
        );
        tried += 1;
    }
    assert!(tried > 8, "{tried}");
}

/// With `-d` and a link type, no device is opened.
#[cfg(target_os = "linux")]
#[test]
fn letters_are_combined_and_values_follow_them() {
    crate::common::live::in_netns(|| {
        let expected = run_program("bpf", &["udp"]).success_output().to_owned();
        for words in [
            "-nnvvXSUs0",
            "-c5 -s0 -i1",
            "--limit=5 -lUB4096",
            "-pnl#Kett",
        ] {
            let words = words
                .split(' ')
                .chain(["-dyEN10MB", "udp"])
                .collect::<Vec<_>>();
            let listing = run_program("capture", &words);
            assert_eq!(listing.success_output(), expected, "{words:?}");
        }
    });
}

/// Tries values that most options reject. The device does not exist, and neither do the inputs.
#[cfg(target_os = "linux")]
#[test]
fn errors_about_values_say_what_is_expected() {
    let of_rust = [
        "digit found",
        "cannot parse integer",
        "number too",
        "is not in",
        "invalid IPv4",
        "cannot parse",
        "float literal",
    ];
    crate::common::live::in_netns(|| {
        let mut tried = 0;
        for name in NAMES {
            let words: &[&str] = match name {
                "pcap-bpf" => &["udp"],
                "pcap-capture" | "pcap-devices" | "pcap-top" => &["-i", "none"],
                "pcap-filter" | "pcap-recode" => &["/none", "/dev/null"],
                "pcap-merge" => &["/none", "-w", "/dev/null"],
                "pcap-replay" => &["/none", "-i", "none"],
                "pcap-split" => &["/none", "--flow", "-o", "/none/"],
                _ => &["/none"],
            };
            let short = name.trim_start_matches("pcap-");
            for option in options(name).into_iter().filter_map(|option| option.long) {
                for value in ["", "-1", "1e99", "99999999999999999999", "a=b"] {
                    let ran = run(program(short).arg(format!("{option}={value}")).args(words));
                    for words in of_rust {
                        // A filter expression and a MAC address are not parsed here.
                        let is_ours = !ran.stderr.contains("hardware address");
                        assert!(
                            !(ran.stderr.contains(words) && is_ours),
                            "{name} {option}={value}: {}",
                            ran.stderr
                        );
                    }
                    tried += 1;
                }
            }
        }
        assert!(tried > 500, "{tried}");
        for (name, words, end) in [
            (
                "capture",
                &["-i", "none"][..],
                "; `pcap-devices` lists the devices",
            ),
            (
                "capture",
                &["-i", "lo", "-y", "PPP"],
                "; `pcap-devices -L` lists its link types",
            ),
            (
                "capture",
                &["-i", "lo", "-f", "udp", "-F", "none"],
                "has a filter already",
            ),
            (
                "read",
                &["-tttttt", "none"],
                "expected -t, -tt, -ttt, -tttt or -ttttt",
            ),
        ] {
            let ran = run(program(name).args(words));
            let first = ran.stderr.lines().next().unwrap_or_default();
            assert!(first.ends_with(end), "{name}: {}", ran.stderr);
            // The filter in question is named, and no other.
            assert!(!first.contains("at the end"), "{name}: {first}");
        }
        let format = run(program("filter").args(["-F", "pcap", "/dev/null", "/dev/full"]));
        assert_eq!(format.status, Some(1), "{}", format.stderr);
    });
}

/// Otherwise the second reader would find an empty file, and an empty expression selects all packets.
#[test]
fn standard_input_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("out.pcap");
    let out = path_arg(&output);
    let packets = savefile(false, false, 1, &sample_packets());
    for words in [
        &["read", "-", "-"][..],
        &["read", "-r", "-", "-r", "-"],
        &["read", "-F", "-", "-"],
        &["read", "-F", "-", "-r", "-"],
        &["filter", "-F", "-", "-", out],
        &["split", "-F", "-", "-o", out, "--packets", "1", "-"],
        &["merge", "-w", out, "-", "-"],
        &["merge", "-w", out, "-F", "-", "-"],
        &["bpf", "-F", "-", "--match", "-"],
        &["top", "-F", "-", "-r", "-"],
        &["bpf", "-F", "-", "--run", "-"],
        &["replay", "-i", "none", "-", "-"],
        &["replay", "-i", "none", "-F", "-", "-"],
        &[
            "replay",
            "-i",
            "none",
            "--peer",
            "none",
            "--peer-file",
            "-",
            "-",
        ],
    ] {
        let ran = run_with_stdin(program(words[0]).args(&words[1..]), &packets);
        assert_eq!(ran.status, Some(2), "{words:?}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("cannot read standard input twice"),
            "{words:?}: {}",
            ran.stderr
        );
        assert!(!output.exists(), "{words:?}");
    }
}

/// They are wrong in most options, but not unknown options.
#[test]
fn negative_numbers_are_values() {
    for words in [
        &["capture", "--queue", "-1"][..],
        &["filter", "--dedup-window", "-1", "a", "b"],
        &["merge", "--max-open", "-1", "-w", "b", "a"],
        &["read", "-c", "-1", "a"],
        &["read", "--after", "-1", "a"],
        &["recode", "-s", "-1", "a", "b"],
        &["replay", "-i", "none", "--pps", "-1", "a"],
        &["split", "--every", "-1", "-o", "b", "a"],
    ] {
        let ran = run_program(words[0], &words[1..]);
        assert_eq!(ran.status, Some(2), "{words:?}: {}", ran.stderr);
        let start = "error: invalid value '-1' for '-";
        assert!(ran.stderr.starts_with(start), "{words:?}: {}", ran.stderr);
    }
}

#[test]
fn errors_about_unknown_options_suggest_similar_ones() {
    let ran = run_program("read", &["--lengths", "a"]);
    assert!(
        ran.stderr
            .starts_with("error: unexpected argument '--lengths' found")
    );
    assert!(!ran.stderr.contains("as a value"), "{}", ran.stderr);
    let ran = run_program("read", &["--limt", "3", "a"]);
    assert!(
        ran.stderr.contains("a similar argument exists: '--limit'"),
        "{}",
        ran.stderr
    );
}

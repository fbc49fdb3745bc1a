//! The help of all programs: its width, and what `-h` and `--help` contain.

use pcap_examples::program::NAMES;

use crate::common::{program, run};

/// The width of a terminal.
const WIDTH: usize = 80;

/// Returns the help of a program in a pipe.
fn help(name: &str, option: &str, columns: Option<&str>) -> String {
    let mut command = program(name.strip_prefix("pcap-").unwrap_or(name));
    command.env_remove("COLUMNS").arg(option);
    if let Some(columns) = columns {
        command.env("COLUMNS", columns);
    }
    run(&mut command).success_output().to_owned()
}

fn assert_width(name: &str, text: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= WIDTH, "{name}: {line}");
    }
}

#[test]
fn it_has_at_most_80_columns() {
    for name in NAMES {
        for option in ["-h", "--help"] {
            assert_width(name, &help(name, option, None));
            assert_width(name, &help(name, option, Some("80")));
        }
    }
}

#[cfg(all(target_os = "linux", not(emulated)))]
#[test]
fn it_has_at_most_80_columns_on_a_terminal() {
    for name in NAMES {
        let program = program(name.strip_prefix("pcap-").unwrap_or(name));
        let path = program.get_program().to_str().expect("a path in UTF-8");
        for option in ["-h", "--help"] {
            let command = format!("stty cols 80; {path} {option}");
            let mut script = std::process::Command::new("script");
            script.args(["-q", "-e", "-c", &command, "/dev/null"]);
            let shown = run(script.env("TERM", "xterm").env("NO_COLOR", "1"));
            let text = String::from_utf8_lossy(&shown.stdout).into_owned();
            assert!(text.contains("Usage:"), "{text}");
            assert_width(name, &without_styles(&text.replace('\r', "")));
        }
    }
}

/// Removes the control sequences for styles.
#[cfg(all(target_os = "linux", not(emulated)))]
fn without_styles(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain.push_str(part.split_once('m').map_or(part, |(_, rest)| rest));
    }
    plain
}

#[test]
fn examples_fit_on_one_line() {
    for name in NAMES {
        let text = help(name, "--help", None);
        let examples = text.lines().skip_while(|line| *line != "Examples:").skip(1);
        for line in examples.take_while(|line| !line.is_empty()) {
            assert!(
                // The description may follow on a line of its own.
                line.starts_with("  ") && (line.contains("pcap-") || line.starts_with("      ")),
                "{name}: {line}"
            );
        }
    }
}

#[test]
fn the_short_help_is_short() {
    for name in NAMES {
        let (short, long) = (help(name, "-h", None), help(name, "--help", None));
        assert!(!short.contains("Examples:"), "{name}");
        assert!(short.lines().count() <= long.lines().count(), "{name}");
        // It has the same options.
        let options = |text: &str| {
            let lines = text.lines().map(str::trim_start);
            let options = lines.filter(|line| line.starts_with('-') && line.contains("--"));
            options
                .filter_map(|line| {
                    line.split_whitespace()
                        .find(|word| word.starts_with("--"))
                        .map(str::to_owned)
                })
                .count()
        };
        assert!(options(&short) > 0, "{name}");
        for kind in ["Input:", "Selection:", "Output:", "Display:", "Device:"] {
            let line = format!("\n{kind}\n");
            assert_eq!(
                short.contains(&line),
                long.contains(&line),
                "{name}: {kind}"
            );
        }
    }
}

/// A paragraph is wrapped once, so a line ends only where the next word does not fit.
#[test]
fn paragraphs_fill_their_lines() {
    for name in NAMES {
        let text = help(name, "--help", None);
        let Some((_, notes)) = text.split_once("\nExamples:\n") else {
            continue;
        };
        let indentation = |line: &str| line.len() - line.trim_start().len();
        let is_text =
            |line: &str| !line.trim_start().contains("  ") && !line.contains("pcap-capture -");
        let lines: Vec<&str> = notes.lines().skip_while(|line| !line.is_empty()).collect();
        for pair in lines.windows(2) {
            let [line, next] = pair else { unreachable!() };
            let (Some(word), false) = (next.split_whitespace().next(), line.is_empty()) else {
                continue;
            };
            if indentation(line) == indentation(next) && is_text(line) && is_text(next) {
                let length = line.chars().count() + 1 + word.chars().count();
                assert!(length > WIDTH, "{name}: {line}\n{next}");
            }
        }
    }
}

/// The details of an option are in the long help. Without them, the short help names the choices.
#[test]
fn the_short_help_names_choices_and_has_one_paragraph_per_option() {
    let short = help("pcap-capture", "-h", None);
    let text = short.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "seconds since 1970 (-tt)",
        "Print more (-v), also of tunnels (-vv)",
        "none, local, utc, epoch, delta, date or since-first",
        "duration:TIME, filesize:SIZE, files:N or packets:N",
        "none, gzip, zstd or lz4",
        "C code (-dd)",
    ] {
        assert!(text.contains(words), "{words}\n{short}");
    }
    assert!(
        !short
            .lines()
            .any(|line| !line.is_empty() && line.trim().is_empty()),
        "{short}"
    );
    for name in NAMES {
        let both = ["-h", "--help"].map(|option| help(name, option, None));
        for phrase in ["epeatable", "everal times", "may be given", "be given"] {
            assert!(
                both.iter().all(|text| !text.contains(phrase)),
                "{name}: {phrase}"
            );
        }
    }
}

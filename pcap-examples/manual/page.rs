//! Generates a manual page from a command line and its help.

use clap::Command;
use clap::builder::StyledStr;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};
use pcap_examples::exit::Outcome;
use pcap_examples::program;

/// The exit statuses of every program.
const STATUS: [(&str, &str); 3] = [
    ("0", "The work is done."),
    (
        "1",
        "The work failed, or something was skipped or interrupted where this page says so; standard error has the \
         reason.",
    ),
    ("2", "The command line is wrong."),
];

/// The section about privileges, for programs that use devices.
const PRIVILEGES: [&str; 2] = [
    "Capturing and sending require the privileges of root, or on Linux the capability CAP_NET_RAW. Promiscuous and \
     monitor mode also require CAP_NET_ADMIN. The following command grants the capabilities to the program, for \
     everyone who may run it. Installing the program again removes them:",
    "To restrict the capabilities to a group, let only that group run the program. Change the group and the mode \
     before this command, because changing the owner or the group removes the capabilities.",
];
const DEVICE_PROGRAMS: [&str; 4] = ["pcap-capture", "pcap-demo", "pcap-devices", "pcap-replay"];

/// Paragraphs for the pages that are not in the help.
const EXTRA_PARAGRAPHS: [(&str, &str); 1] = [(
    "pcap-filter",
    "This page describes the program. For the syntax of filter expressions, see pcap-filter(7): `man 7 pcap-filter`.",
)];

/// Returns the manual page of a program in roff.
pub(crate) fn page(mut command: Command, date: &str) -> Outcome<String> {
    let name = command.get_name().to_owned();
    let text = |help: Option<&StyledStr>| help.map(ToString::to_string).unwrap_or_default();
    let help = Help::read(&text(command.get_after_long_help()));
    let about = text(command.get_about());
    let whole = text(command.get_long_about().or(command.get_about()));
    let usage = command.render_usage().to_string();
    let usage = usage.strip_prefix("Usage: ").unwrap_or(&usage);
    let version = command.get_version().unwrap_or_default();

    // roff ignores an empty argument, which would shift the next ones.
    let date = if date.is_empty() { " " } else { date };
    let mut head = Roff::new();
    let title = name.to_uppercase();
    let source = format!("pcap-examples {version}");
    head.control("TH", [title.as_str(), "1", date, &source, "User Commands"]);
    head.control("SH", ["NAME"]);
    // The first sentence, without a list at its end.
    let short = about.split([':', ';', '.']).next().unwrap_or_default();
    head.text([roman(format!("{name} - {}", lower(short.trim())))]);
    head.control("SH", ["SYNOPSIS"]);
    let (called, arguments) = usage.split_once(' ').unwrap_or((usage, ""));
    head.text([bold(called), roman(" "), roman(joined(arguments))]);
    head.control("SH", ["DESCRIPTION"]);
    let described = whole.split("\n\n").map(|part| sentence(&joined(part)));
    let more = EXTRA_PARAGRAPHS
        .iter()
        .filter(|(of, _)| *of == name)
        .map(|(_, said)| (*said).to_owned());
    let notes = help.paragraphs.iter().cloned();
    for (index, paragraph) in described.chain(more).chain(notes).enumerate() {
        if index > 0 {
            head.control("PP", []);
        }
        head.text([roman(paragraph)]);
    }

    let mut options = Vec::new();
    Man::new(command).render_options_section(&mut options)?;
    let options = String::from_utf8_lossy(&options);
    // Remove the second definition of the apostrophe, and convert blank lines to roff.
    let options = options.lines().filter(|line| !line.contains(".ds Aq "));
    let options = options.collect::<Vec<_>>().join("\n");
    let options = options.replace("\n.br\n\n.br\n", "\n.sp\n");

    let mut rest = Roff::new();
    for (title, paragraphs) in &help.sections {
        rest.control("SH", [title.to_uppercase().as_str()]);
        for (index, paragraph) in paragraphs.iter().enumerate() {
            if index > 0 {
                rest.control("PP", []);
            }
            rest.text([roman(paragraph)]);
        }
    }
    if DEVICE_PROGRAMS.contains(&name.as_str()) {
        rest.control("SH", ["PRIVILEGES"]);
        rest.text([roman(PRIVILEGES[0])]);
        example(
            &mut rest,
            &format!("setcap cap_net_raw,cap_net_admin+eip \"$(command -v {name})\""),
        );
        rest.control("PP", []);
        rest.text([roman(PRIVILEGES[1])]);
    }
    rest.control("SH", ["EXIT STATUS"]);
    for (status, meaning) in STATUS {
        rest.control("TP", []);
        rest.text([bold(status)]);
        rest.text([roman(meaning)]);
    }
    if !help.examples.is_empty() {
        rest.control("SH", ["EXAMPLES"]);
    }
    for (line, meaning) in &help.examples {
        rest.control("TP", []);
        rest.text([bold(line)]);
        if !meaning.is_empty() {
            rest.text([roman(meaning)]);
        }
    }
    rest.control("SH", ["SEE ALSO"]);
    rest.text(see_also(&name));
    let page = format!("{}{options}\n{}", head.render(), rest.to_roff());
    Ok(in_ascii(&bold_between_backticks(&page)))
}

/// Appends a command line as an example.
fn example(roff: &mut Roff, line: &str) {
    roff.control("PP", []);
    roff.control("RS", ["4"]);
    roff.control("nf", []);
    roff.text([bold(line)]);
    roff.control("fi", []);
    roff.control("RE", []);
}

/// Returns the references to other manual pages.
fn see_also(name: &str) -> Vec<Inline> {
    let ours = program::NAMES
        .iter()
        .filter(|other| **other != name)
        .map(|other| (*other, 1));
    let others = [
        ("tcpdump", 8),
        ("pcap-savefile", 5),
        ("pcap-filter", 7),
        ("pcap-linktype", 7),
        ("pcap-tstamp", 7),
    ];
    let mut line = Vec::new();
    for (page, section) in ours.chain(others) {
        if !line.is_empty() {
            line.push(roman(", "));
        }
        line.push(bold(page));
        line.push(roman(format!("({section})")));
    }
    line
}

/// Converts the first letter to lower case.
fn lower(sentence: &str) -> String {
    let mut letters = sentence.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

/// Appends the full stop that clap removes from the end of a paragraph.
fn sentence(text: &str) -> String {
    let dot = if text.ends_with('.') { "" } else { "." };
    format!("{text}{dot}")
}

/// Escapes characters that are not ASCII, because some roff programs reject them.
fn in_ascii(page: &str) -> String {
    let mut ascii = String::with_capacity(page.len());
    for letter in page.chars() {
        if letter.is_ascii() {
            ascii.push(letter);
        } else {
            ascii.push_str(&format!("\\[u{:04X}]", u32::from(letter)));
        }
    }
    ascii
}

/// Formats text between backticks in bold.
fn bold_between_backticks(page: &str) -> String {
    let parts = page.split('`').enumerate();
    parts
        .map(|(index, part)| match index {
            0 => part.to_owned(),
            odd if odd % 2 == 1 => format!("\\fB{part}"),
            _ => format!("\\fR{part}"),
        })
        .collect()
}

/// The parts of the help after the list of options.
#[derive(Default)]
struct Help {
    /// Commands with their descriptions.
    examples: Vec<(String, String)>,
    /// Paragraphs without a title.
    paragraphs: Vec<String>,
    /// Sections with a title, such as `JSON:`.
    sections: Vec<(String, Vec<String>)>,
}

impl Help {
    fn read(help: &str) -> Help {
        let mut read = Help::default();
        for block in help.split("\n\n").filter(|block| !block.trim().is_empty()) {
            let (first, rest) = block.split_once('\n').unwrap_or((block, ""));
            match first.strip_suffix(':') {
                Some("Examples") => {
                    for line in rest.lines() {
                        match read.examples.last_mut() {
                            // The description of the line above.
                            Some((_, meaning)) if line.starts_with("      ") => {
                                meaning.push_str(line.trim());
                            }
                            _ => read.examples.push(split_example(line)),
                        }
                    }
                }
                Some(title) => {
                    let sections = &mut read.sections;
                    sections.push((title.to_owned(), vec![joined(rest)]));
                }
                None => match read.sections.last_mut() {
                    Some((_, paragraphs)) if first.starts_with(' ') => {
                        paragraphs.push(joined(block));
                    }
                    _ => read.paragraphs.push(joined(block)),
                },
            }
        }
        read
    }
}

/// Splits an example into the command and its description.
fn split_example(line: &str) -> (String, String) {
    let line = line.trim();
    let (typed, meaning) = line.split_once("  ").unwrap_or((line, ""));
    (typed.to_owned(), meaning.trim().to_owned())
}

/// Joins lines and collapses white space.
fn joined(lines: &str) -> String {
    lines.split_whitespace().collect::<Vec<_>>().join(" ")
}

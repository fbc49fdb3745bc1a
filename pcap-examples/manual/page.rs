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
const DEVICE_PROGRAMS: [&str; 6] = [
    "pcap-capture",
    "pcap-demo",
    "pcap-devices",
    "pcap-replay",
    "pcap-stats",
    "pcap-top",
];

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
    // The version of libpcap does not fit on the line.
    let version = version.split(' ').next().unwrap_or_default();
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
        let mut is_first = true;
        for paragraph in paragraphs {
            let is_title = matches!(paragraph, Paragraph::Title(_));
            if !is_first && !is_title {
                rest.control("PP", []);
            }
            is_first = is_title;
            paragraph.push_to(&mut rest);
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
    sections: Vec<(String, Vec<Paragraph>)>,
}

/// A paragraph of a section.
enum Paragraph {
    Text(String),
    /// Lines with columns, or of commands, which stay as they are.
    Lines(Vec<String>),
    /// The title of the paragraphs that follow.
    Title(String),
}

impl Paragraph {
    /// Reads the lines of a block below the title of a section.
    fn read(lines: &str) -> Vec<Paragraph> {
        let (first, rest) = lines.split_once('\n').unwrap_or((lines, ""));
        if let Some(title) = first.strip_suffix(':').filter(|_| !rest.is_empty()) {
            let mut read = vec![Paragraph::Title(title.trim().to_owned())];
            read.extend(Paragraph::read(rest));
            return read;
        }
        let is_indented = |line: &&str| line.starts_with("    ");
        let mut read: Vec<Paragraph> = Vec::new();
        let mut lines = lines.lines().peekable();
        while let Some(line) = lines.next() {
            let text = line.trim();
            let is_row =
                text.contains("  ") || is_indented(&line) || lines.peek().is_some_and(is_indented);
            match read.last_mut() {
                Some(Paragraph::Lines(rows)) if is_row => rows.push(without_indentation(line)),
                Some(Paragraph::Text(before)) if !is_row => {
                    before.push(' ');
                    before.push_str(text);
                }
                _ if is_row => read.push(Paragraph::Lines(vec![without_indentation(line)])),
                _ => read.push(Paragraph::Text(text.to_owned())),
            }
        }
        read
    }

    fn push_to(&self, roff: &mut Roff) {
        match self {
            Paragraph::Text(text) => {
                roff.text([roman(text)]);
            }
            Paragraph::Title(title) => {
                roff.control("SS", [title.as_str()]);
            }
            Paragraph::Lines(lines) => {
                // The lines are as wide as a terminal.
                roff.control("RS", ["-4"]);
                roff.control("nf", []);
                for line in lines {
                    roff.text([roman(line)]);
                }
                roff.control("fi", []);
                roff.control("RE", []);
            }
        }
    }
}

/// Removes the indentation of a section.
fn without_indentation(line: &str) -> String {
    line.strip_prefix("  ").unwrap_or(line).to_owned()
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
                    match sections.last_mut().filter(|_| first.starts_with(' ')) {
                        Some((_, paragraphs)) => paragraphs.extend(Paragraph::read(block)),
                        None => sections.push((title.to_owned(), Paragraph::read(rest))),
                    }
                }
                None => match read.sections.last_mut() {
                    Some((_, paragraphs)) if first.starts_with(' ') => {
                        paragraphs.extend(Paragraph::read(block));
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

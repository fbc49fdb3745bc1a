//! The pairs of command lines in `ci/counterparts`.

use std::path::Path;

use crate::Result;
use crate::command;

/// The files with the pairs, in the order of the page. The first line of each is its heading.
const FILES: [&str; 9] = [
    "reading",
    "describing",
    "statistics",
    "filters",
    "capturing",
    "rotation",
    "editing",
    "rewriting",
    "replaying",
];

/// A command line of another tool, and the one of these programs that does the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pair {
    /// The name, `FILE/NAME`.
    pub(crate) name: String,
    /// What both do.
    pub(crate) title: String,
    /// The command line of the other tool.
    pub(crate) theirs: String,
    /// The command line of ours.
    pub(crate) ours: String,
    /// What must be equal.
    pub(crate) compare: Vec<Part>,
    /// Shell commands that prepare the printed text of either side for the comparison.
    pub(crate) filters: [Option<String>; 2],
    /// Shell commands that prepare the names of the created files.
    pub(crate) names_filter: Option<String>,
    /// The exit statuses of both sides.
    pub(crate) statuses: [i32; 2],
    /// What happens on the network while the commands run.
    pub(crate) live: Option<Live>,
    /// Why the outputs or the command lines differ.
    pub(crate) why: String,
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Part {
    /// The printed text.
    Stdout,
    /// The text on standard error.
    Stderr,
    /// Both.
    Printed,
    /// The names of the created files.
    Names,
    /// The packets of each created file, in the order of the names: times, lengths, link types and bytes.
    Packets,
    /// The same, with the times in whole microseconds.
    Microseconds,
    /// The same, as if all files were one.
    Joined,
    /// The packets without the times.
    Frames,
    /// The comments, interfaces and flags of the packets.
    Blocks,
    /// All bytes of the created files.
    Bytes,
}

const PARTS: [(&str, Part); 10] = [
    ("stdout", Part::Stdout),
    ("stderr", Part::Stderr),
    ("printed", Part::Printed),
    ("names", Part::Names),
    ("packets", Part::Packets),
    ("microseconds", Part::Microseconds),
    ("joined", Part::Joined),
    ("frames", Part::Frames),
    ("blocks", Part::Blocks),
    ("bytes", Part::Bytes),
];

/// What happens while the commands run.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Live {
    /// Both capture at the same time, while this file is sent with the options of tcpreplay before it.
    Capture(String),
    /// They run one after the other, while `received.pcap` and `returned.pcap` record what `eth1` and `eth0` receive.
    Send,
    /// They run one after the other, and need the devices.
    Devices,
}

/// A heading and the pairs below it.
pub(crate) struct Section {
    /// The heading.
    pub(crate) heading: String,
    /// The pairs.
    pub(crate) pairs: Vec<Pair>,
}

/// Reads all pairs.
pub(crate) fn read_all(root: &Path) -> Result<Vec<Section>> {
    let section = |file: &&str| {
        let path = root.join("ci/counterparts").join(format!("{file}.txt"));
        parse(file, &command::read(&path)?).map_err(|error| format!("{}: {error}", path.display()))
    };
    let sections = FILES.iter().map(section).collect::<Result<Vec<_>>>()?;
    let pairs = || sections.iter().flat_map(|section| &section.pairs);
    let mut names: Vec<&str> = pairs().map(|pair| pair.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|two| two[0] == two[1]) {
        Some(two) => Err(format!("two pairs are called {}", two[0])),
        None => Ok(sections),
    }
}

/// Parses a file: its heading, then the pairs, each of which begins with its name in brackets.
fn parse(file: &str, text: &str) -> Result<Section> {
    let mut section = Section {
        heading: String::new(),
        pairs: Vec::new(),
    };
    let mut last = String::new();
    for (index, line) in text.lines().enumerate() {
        let wrong = |what: &str| format!("line {}: {what}: {line}", index + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if section.heading.is_empty() {
            section.heading = line.to_owned();
            continue;
        }
        if let Some(name) = line.strip_prefix('[') {
            let name = name
                .strip_suffix(']')
                .ok_or_else(|| wrong("expected `]`"))?;
            section.pairs.push(Pair {
                name: format!("{file}/{name}"),
                ..Pair::default()
            });
            continue;
        }
        let pair = section
            .pairs
            .last_mut()
            .ok_or_else(|| wrong("expected `[NAME]`"))?;
        let (key, value) = match line.split_once(": ") {
            Some((key, value)) if !line.starts_with(' ') => (key.to_owned(), value.trim()),
            _ if line.starts_with(' ') => (last.clone(), line.trim()),
            _ => return Err(wrong("expected `KEY: VALUE`")),
        };
        set(pair, &key, value).map_err(|error| wrong(&error))?;
        last = key;
    }
    for pair in &section.pairs {
        check(pair).map_err(|error| format!("{}: {error}", pair.name))?;
    }
    Ok(section)
}

/// Sets a value, or appends to it.
fn set(pair: &mut Pair, key: &str, value: &str) -> Result<()> {
    let append = |text: &mut String| {
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(value);
    };
    match key {
        "title" => append(&mut pair.title),
        "theirs" => append(&mut pair.theirs),
        "ours" => append(&mut pair.ours),
        "why" => append(&mut pair.why),
        "filter" => pair.filters = [Some(value.to_owned()), Some(value.to_owned())],
        "filter-names" => pair.names_filter = Some(value.to_owned()),
        "filter-theirs" => pair.filters[0] = Some(value.to_owned()),
        "filter-ours" => pair.filters[1] = Some(value.to_owned()),
        "compare" => {
            for word in value.split(' ') {
                let part = PARTS.iter().find(|(name, _)| *name == word);
                let (_, part) = part.ok_or_else(|| format!("unknown part `{word}`"))?;
                pair.compare.push(*part);
            }
        }
        "status" => {
            let (theirs, ours) = value.split_once(' ').unwrap_or((value, value));
            let number = |text: &str| {
                text.parse()
                    .map_err(|_| format!("expected a number: {text}"))
            };
            pair.statuses = [number(theirs)?, number(ours)?];
        }
        "live" => {
            pair.live = Some(match value.split_once(' ') {
                Some(("capture", sent)) => Live::Capture(sent.to_owned()),
                None if value == "send" => Live::Send,
                None if value == "devices" => Live::Devices,
                _ => return Err("expected `capture FILE`, `send` or `devices`".to_owned()),
            });
        }
        _ => return Err("unknown key".to_owned()),
    }
    Ok(())
}

fn check(pair: &Pair) -> Result<()> {
    for (key, value) in [
        ("title", &pair.title),
        ("theirs", &pair.theirs),
        ("ours", &pair.ours),
    ] {
        if value.is_empty() {
            return Err(format!("no {key}"));
        }
    }
    if pair.compare.is_empty() && pair.why.is_empty() {
        return Err("nothing is compared, and there is no reason (`why`)".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_parsed() {
        let text = "Heading\n\n# A comment.\n[epoch]\ntitle: Times\ntheirs: tcpdump -tt \\\n  -r a.pcap\n\
                    ours: pcap-read -tt a.pcap\nfilter: cut -c 1-5\nstatus: 1 2\nlive: capture a.pcap\n\
                    compare: stdout packets\nwhy: one,\n  two\n";
        let section = parse("reading", text).unwrap();
        assert_eq!(section.heading, "Heading");
        let pair = Pair {
            name: "reading/epoch".to_owned(),
            title: "Times".to_owned(),
            theirs: "tcpdump -tt \\ -r a.pcap".to_owned(),
            ours: "pcap-read -tt a.pcap".to_owned(),
            compare: vec![Part::Stdout, Part::Packets],
            filters: [Some("cut -c 1-5".to_owned()), Some("cut -c 1-5".to_owned())],
            names_filter: None,
            statuses: [1, 2],
            live: Some(Live::Capture("a.pcap".to_owned())),
            why: "one, two".to_owned(),
        };
        assert_eq!(section.pairs, [pair]);
    }

    #[test]
    fn mistakes_are_errors() {
        for (text, error) in [
            ("H\ntitle: x\n", "line 2: expected `[NAME]`: title: x"),
            ("H\n[a\n", "line 2: expected `]`: [a"),
            ("H\n[a]\nx: y\n", "line 3: unknown key: x: y"),
            (
                "H\n[a]\ncompare: all\n",
                "line 3: unknown part `all`: compare: all",
            ),
            ("H\n[a]\ntitle: x\n", "f/a: no theirs"),
            (
                "H\n[a]\ntitle: x\ntheirs: y\nours: z\n",
                "f/a: nothing is compared, and there is no reason (`why`)",
            ),
        ] {
            assert_eq!(parse("f", text).err().as_deref(), Some(error));
        }
    }
}

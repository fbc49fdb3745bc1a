//! The exhibits in `ci/exhibits.txt`: command lines whose output the gallery shows.

use std::path::Path;

use crate::Result;
use crate::command;

/// The file with the exhibits.
const PATH: &str = "ci/exhibits.txt";

/// A program and its exhibits.
#[derive(Debug, PartialEq)]
pub(super) struct Section {
    /// The name of the program.
    pub(super) program: String,
    /// What it is for, in one sentence.
    pub(super) about: String,
    /// Its exhibits.
    pub(super) exhibits: Vec<Exhibit>,
}

/// Command lines, and how their output is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Exhibit {
    /// The name of its files.
    pub(super) name: String,
    /// What it shows, in one sentence.
    pub(super) about: String,
    /// The command lines, which run one after the other.
    pub(super) commands: Vec<String>,
    /// A command line that runs as soon as the first of `commands` captures.
    pub(super) meanwhile: Option<String>,
    /// The exit status of the last command line.
    pub(super) status: i32,
    /// The width of the terminal.
    pub(super) columns: usize,
    /// Whether the page shows a picture instead of text.
    pub(super) is_picture: bool,
}

/// Reads the exhibits.
pub(super) fn read(root: &Path) -> Result<Vec<Section>> {
    let sections =
        parse(&command::read(&root.join(PATH))?).map_err(|error| format!("{PATH}: {error}"))?;
    let exhibits = sections.iter().flat_map(|section| &section.exhibits);
    let mut names: Vec<&str> = exhibits.map(|exhibit| exhibit.name.as_str()).collect();
    names.sort_unstable();
    match names.windows(2).find(|two| two[0] == two[1]) {
        Some(two) => Err(format!("{PATH}: two exhibits are called {}", two[0])),
        None => Ok(sections),
    }
}

fn parse(text: &str) -> Result<Vec<Section>> {
    let mut sections: Vec<Section> = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let wrong = |what: &str| format!("line {}: {what}: {line}", index + 1);
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(program) = line.strip_prefix("= ") {
            sections.push(Section {
                program: program.to_owned(),
                about: String::new(),
                exhibits: Vec::new(),
            });
            continue;
        }
        let section = sections
            .last_mut()
            .ok_or_else(|| wrong("expected `= PROGRAM`"))?;
        if let Some(name) = line.strip_prefix('[') {
            let name = name
                .strip_suffix(']')
                .ok_or_else(|| wrong("expected `]`"))?;
            section.exhibits.push(Exhibit {
                name: name.to_owned(),
                columns: 140,
                ..Exhibit::default()
            });
            continue;
        }
        let Some(exhibit) = section.exhibits.last_mut() else {
            append(&mut section.about, line);
            continue;
        };
        set(exhibit, line).map_err(|error| wrong(&error))?;
    }
    for exhibit in sections.iter().flat_map(|section| &section.exhibits) {
        if exhibit.about.is_empty() || exhibit.commands.is_empty() {
            return Err(format!(
                "{}: expected a sentence and a command",
                exhibit.name
            ));
        }
    }
    Ok(sections)
}

fn append(text: &mut String, line: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(line.trim());
}

/// Sets what a line says about an exhibit.
fn set(exhibit: &mut Exhibit, line: &str) -> Result<()> {
    if let Some(command) = line.strip_prefix("$ ") {
        exhibit.commands.push(command.to_owned());
        return Ok(());
    }
    if line.starts_with("  ") {
        // The rest of a command line.
        let command = exhibit.commands.last_mut().ok_or("expected a command")?;
        command.push('\n');
        command.push_str(line);
        return Ok(());
    }
    let number = |text: &str| text.parse().map_err(|_| "expected a number".to_owned());
    match line.split_once(": ") {
        Some(("meanwhile", command)) => exhibit.meanwhile = Some(command.to_owned()),
        Some(("status", status)) => exhibit.status = number(status)?,
        Some(("picture", columns)) => {
            exhibit.is_picture = true;
            exhibit.columns = number(columns)? as usize;
        }
        _ if exhibit.commands.is_empty() => append(&mut exhibit.about, line),
        _ => return Err("expected `$ COMMAND` or `KEY: VALUE`".to_owned()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exhibits_are_parsed() {
        let text = "# A comment.\n= pcap-a\nDoes one\nthing.\n\n[a-b]\nShows it.\npicture: 100\nstatus: 1\n\
                    meanwhile: c\n$ pcap-a \\\n  -b\n$ ls\n";
        let exhibit = Exhibit {
            name: "a-b".to_owned(),
            about: "Shows it.".to_owned(),
            commands: vec!["pcap-a \\\n  -b".to_owned(), "ls".to_owned()],
            meanwhile: Some("c".to_owned()),
            status: 1,
            columns: 100,
            is_picture: true,
        };
        let section = Section {
            program: "pcap-a".to_owned(),
            about: "Does one thing.".to_owned(),
            exhibits: vec![exhibit],
        };
        assert_eq!(parse(text), Ok(vec![section]));
    }

    #[test]
    fn mistakes_are_errors() {
        for (text, error) in [
            ("a\n", "line 1: expected `= PROGRAM`: a"),
            ("= p\n[a\n", "line 2: expected `]`: [a"),
            (
                "= p\n[a]\npicture: x\n",
                "line 3: expected a number: picture: x",
            ),
            ("= p\n[a]\n  x\n", "line 3: expected a command:   x"),
            (
                "= p\n[a]\n$ x\ny\n",
                "line 4: expected `$ COMMAND` or `KEY: VALUE`: y",
            ),
            ("= p\n[a]\n$ x\n", "a: expected a sentence and a command"),
        ] {
            assert_eq!(parse(text), Err(error.to_owned()));
        }
    }
}

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
    /// The rows of the terminal of a program that fills it.
    pub(super) rows: Option<usize>,
    /// What happens while such a program runs.
    pub(super) steps: Vec<Step>,
    /// The files that the command lines create, and the page shows.
    pub(super) shown: Vec<Shown>,
}

impl Exhibit {
    /// Returns the command lines in one line.
    pub(super) fn title(&self) -> String {
        self.commands.join("; ").replace("\\\n ", "")
    }

    /// Returns the name in the gallery of a file that the page shows.
    pub(super) fn file_name(&self, shown: &Shown) -> String {
        match shown {
            Shown::Picture(file) => format!("{}-{file}", self.name),
            Shown::Page(photo) => {
                let scheme = if photo.is_dark { "dark" } else { "light" };
                format!("{}-{scheme}-{}.png", self.name, photo.size[0])
            }
        }
    }
}

/// What happens while a program fills the screen.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// These keys are pressed, named as in tmux.
    Press(Vec<String>),
    /// This text is typed.
    Type(String),
    /// This text appears.
    Await(String),
}

/// A file that the page shows.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shown {
    /// A picture.
    Picture(String),
    /// A page, as a browser shows it.
    Page(Photo),
}

/// A picture of a page in a browser.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Photo {
    /// The file of the page.
    pub(super) file: String,
    /// The width and the height of the window.
    pub(super) size: [usize; 2],
    /// Whether the browser prefers dark colors.
    pub(super) is_dark: bool,
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
        Some(("press", keys)) => {
            let keys = keys.split(' ').map(str::to_owned).collect();
            exhibit.steps.push(Step::Press(keys));
        }
        Some(("type", text)) => exhibit.steps.push(Step::Type(text.to_owned())),
        Some(("await", text)) => exhibit.steps.push(Step::Await(text.to_owned())),
        Some(("screen", size)) => {
            let [columns, rows] = parse_size(size)?;
            (exhibit.columns, exhibit.rows) = (columns, Some(rows));
            exhibit.is_picture = true;
        }
        Some(("file", file)) => exhibit.shown.push(Shown::Picture(file.to_owned())),
        Some(("page", photo)) => exhibit.shown.push(Shown::Page(parse_photo(photo)?)),
        Some(("picture", columns)) => {
            exhibit.is_picture = true;
            exhibit.columns = number(columns)? as usize;
        }
        _ if exhibit.commands.is_empty() => append(&mut exhibit.about, line),
        _ => return Err("expected `$ COMMAND` or `KEY: VALUE`".to_owned()),
    }
    Ok(())
}

/// Parses a width and a height, such as `80x24`.
fn parse_size(text: &str) -> Result<[usize; 2]> {
    let wrong = || format!("expected WIDTHxHEIGHT, found {text}");
    let (width, height) = text.split_once('x').ok_or_else(wrong)?;
    let number = |text: &str| text.parse().map_err(|_| wrong());
    Ok([number(width)?, number(height)?])
}

/// Parses `FILE WIDTHxHEIGHT light` or `dark`.
fn parse_photo(text: &str) -> Result<Photo> {
    match text.split(' ').collect::<Vec<_>>()[..] {
        [file, size, scheme @ ("light" | "dark")] => Ok(Photo {
            file: file.to_owned(),
            size: parse_size(size)?,
            is_dark: scheme == "dark",
        }),
        _ => Err("expected `FILE WIDTHxHEIGHT light` or `dark`".to_owned()),
    }
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
            ..Exhibit::default()
        };
        let section = Section {
            program: "pcap-a".to_owned(),
            about: "Does one thing.".to_owned(),
            exhibits: vec![exhibit],
        };
        assert_eq!(parse(text), Ok(vec![section]));
    }

    #[test]
    fn screens_and_pages_are_parsed() {
        let text = "= p\n[a]\nb\nscreen: 80x24\n$ c\npress: Down Enter\nawait: two words\nfile: d.svg\n\
                    page: e.html 400x800 dark\n";
        let exhibit = parse(text).unwrap()[0].exhibits[0].clone();
        assert_eq!((exhibit.columns, exhibit.rows), (80, Some(24)));
        let keys = ["Down", "Enter"].map(str::to_owned).to_vec();
        let steps = [Step::Press(keys), Step::Await("two words".to_owned())];
        assert_eq!(exhibit.steps, steps);
        let photo = Photo {
            file: "e.html".to_owned(),
            size: [400, 800],
            is_dark: true,
        };
        let shown = [Shown::Picture("d.svg".to_owned()), Shown::Page(photo)];
        assert_eq!(exhibit.shown, shown);
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
            (
                "= p\n[a]\nscreen: 80\n",
                "line 3: expected WIDTHxHEIGHT, found 80: screen: 80",
            ),
            (
                "= p\n[a]\npage: a 1x2\n",
                "line 3: expected `FILE WIDTHxHEIGHT light` or `dark`: page: a 1x2",
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

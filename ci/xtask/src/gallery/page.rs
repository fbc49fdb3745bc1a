//! The page that shows the exhibits.

use std::fmt::Write;

use super::exhibits::{Exhibit, Section, Shown, Step};

/// The width of paragraphs.
const WIDTH: usize = 120;

/// What is above the exhibits.
const INTRODUCTION: &str = "\
<!-- ci/gallery --update writes this page. -->

# Gallery

Real output of each program. The input is always the same: `office.pcap` is a morning in an office with three minutes \
of traffic, and `router.pcapng` is an incident that a router recorded on three interfaces. Addresses and names are those \
reserved for documentation. To try the command lines, run `ci/gallery --inputs FOLDER`, which creates the files. Times \
are UTC.

`ci/gallery` runs all command lines again. It fails if a text differs by a byte, or a picture in its labels or size. The \
text of each picture is also in a file of the same name.
";

/// Returns the page. `text` returns what an exhibit printed.
pub(super) fn page(sections: &[Section], text: impl Fn(&Exhibit) -> String) -> String {
    let mut page = String::new();
    for paragraph in INTRODUCTION.split("\n\n") {
        let _ = writeln!(page, "{}\n", wrapped(paragraph.trim_end()));
    }
    let links: Vec<String> = sections
        .iter()
        .map(|section| format!("[`{0}`](#{0})", section.program))
        .collect();
    let _ = writeln!(page, "{}", wrapped(&links.join(" · ")));
    for section in sections {
        let _ = write!(
            page,
            "\n## {}\n\n{}\n",
            section.program,
            wrapped(&section.about)
        );
        for exhibit in &section.exhibits {
            let _ = write!(page, "\n{}\n\n", wrapped(&exhibit.about));
            if exhibit.rows.is_some() {
                let _ = writeln!(page, "{}\n", wrapped(&steps(exhibit)));
            }
            if exhibit.is_picture {
                let title = exhibit.title().replace('[', "\\[").replace(']', "\\]");
                let name = &exhibit.name;
                let _ = writeln!(page, "[![{title}]({name}.svg)]({name}.txt)");
            } else {
                let _ = writeln!(page, "```console\n{}```", text(exhibit));
            }
            for shown in &exhibit.shown {
                let name = exhibit.file_name(shown);
                let _ = match shown {
                    Shown::Picture(file) => writeln!(page, "\n![{file}]({name})"),
                    Shown::Page(photo) => writeln!(
                        page,
                        "\n<img src=\"{name}\" alt=\"{}\" width=\"{}\">",
                        photo.file, photo.size[0]
                    ),
                };
            }
        }
    }
    page
}

/// Describes how to get to what is on the screen: the command line and the keys.
fn steps(exhibit: &Exhibit) -> String {
    let mut text = format!("`{}`", exhibit.title());
    let mut keys = Vec::new();
    for step in &exhibit.steps {
        match step {
            Step::Press(names) => {
                keys.extend(names.iter().map(|name| format!("<kbd>{name}</kbd>")))
            }
            Step::Type(typed) => keys.push(format!("`{typed}`")),
            Step::Await(_) => {}
        }
    }
    if !keys.is_empty() {
        text = format!("{text}, then {}", keys.join(" "));
    }
    text
}

/// Wraps a paragraph.
fn wrapped(text: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.len() - 1;
        if !lines[last].is_empty() && lines[last].chars().count() + 1 + word.chars().count() > WIDTH
        {
            lines.push(word.to_owned());
        } else {
            if !lines[last].is_empty() {
                lines[last].push(' ');
            }
            lines[last].push_str(word);
        }
    }
    lines.join("\n")
}

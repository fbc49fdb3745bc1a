//! The page that shows the pairs to users.

use super::pair::{Pair, Section};

/// The page, below the root of the repository.
pub(crate) const PATH: &str = "docs/counterparts.md";

const INTRODUCTION: &str = "\
# Command lines of other tools, and their counterparts

How to do with the programs of `pcap-examples` what you do with tcpdump, Wireshark's tools (tshark, dumpcap, editcap,
mergecap, capinfos, reordercap) and tcpreplay. `ci/programs` runs both command lines of each row and compares what they
print and write: packets, times, file names, counts and exit statuses. It also generates this page from
`ci/counterparts` (`ci/programs --page`).
";

/// Returns the text of the page.
pub(crate) fn page(sections: &[Section]) -> String {
    let mut page = INTRODUCTION.to_owned();
    for section in sections.iter().filter(|section| !section.pairs.is_empty()) {
        page += &format!("\n## {}\n\n", section.heading);
        page += "| task | other tools | here |\n|---|---|---|\n";
        for pair in &section.pairs {
            page += &row(pair);
        }
    }
    page
}

fn row(pair: &Pair) -> String {
    let title = match pair.why.as_str() {
        "" => pair.title.clone(),
        why => format!("{}. {why}", pair.title),
    };
    let code = |line: &str| format!("`{}`", line.replace('|', "\\|"));
    format!(
        "| {} | {} | {} |\n",
        title.replace('|', "\\|"),
        code(&pair.theirs),
        code(&pair.ours)
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::pair;
    use super::*;

    #[test]
    fn the_page_shows_the_pairs() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let sections = pair::read_all(&root).unwrap();
        let page = crate::command::read(&root.join(PATH)).unwrap();
        assert!(
            page == super::page(&sections),
            "{PATH} is not that of ci/counterparts: run ci/programs --page"
        );
    }
}

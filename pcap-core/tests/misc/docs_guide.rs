//! The pages for newcomers are short: at most sixty names, and ten tasks of at most ten lines. The guide names all
//! examples.

use std::collections::BTreeSet;
use std::fs;

use super::docs_pages::root;

fn page(name: &str) -> String {
    fs::read_to_string(root().join("docs").join(name)).unwrap()
}

/// Returns the names before the colon of a list item, each with whether it is a link.
fn names(item: &str) -> Vec<(&str, bool)> {
    let (names, _) = item.split_once(": ").expect("a description");
    let mut names = names.trim_start_matches("- ").split(", ");
    let mut found = Vec::new();
    for name in names.by_ref() {
        let link = name.starts_with('[');
        found.push((name.split('`').nth(1).expect("a name"), link));
    }
    found
}

#[test]
fn newcomers_need_at_most_sixty_names() {
    let page = page("overview.md");
    let items: Vec<_> = page.lines().filter(|line| line.starts_with("- ")).collect();
    let all: Vec<_> = items.iter().flat_map(|item| names(item)).collect();
    assert!((40..=60).contains(&all.len()), "{} names", all.len());
    for (name, link) in &all {
        let twice = all.iter().filter(|(other, _)| other == name).count();
        assert_eq!(twice, 1, "`{name}` occurs {twice} times");
        // What a feature adds has no page without it.
        let item = items.iter().find(|item| item.contains(name)).unwrap();
        assert!(*link || item.contains("` feature"), "{item}");
    }
    assert_eq!(
        names("- [`A`](crate::A), `b`: c: d"),
        [("A", true), ("b", false)]
    );
}

/// Returns the sections of a page with the number of visible lines of code, without blank ones.
fn sections(page: &str) -> Vec<(&str, usize)> {
    let (mut sections, mut inside) = (Vec::new(), false);
    for line in page.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            sections.push((heading, 0));
        } else if line.starts_with("```") {
            inside = !inside;
        } else if inside && !line.is_empty() && line != "#" && !line.starts_with("# ") {
            sections.last_mut().expect("a heading").1 += 1;
        }
    }
    sections
}

#[test]
fn there_are_ten_tasks_of_at_most_ten_lines() {
    let page = page("tasks.md");
    let sections = sections(&page);
    let headings: Vec<_> = sections.iter().map(|(heading, _)| *heading).collect();
    let expected = [
        "Capture",
        "Filter",
        "Write a savefile",
        "Read a savefile",
        "Send",
        "List devices",
        "Stop",
        "Await packets",
        "Several threads",
        "Write pcapng",
        "An event loop",
        "Read all of pcapng",
    ];
    assert_eq!(headings, expected);
    for (heading, lines) in &sections[..10] {
        assert!((1..=10).contains(lines), "{heading} has {lines} lines");
    }
}

#[test]
fn all_examples_are_listed() {
    let guide = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let list = guide.split("The crate has more examples").nth(1).unwrap();
    let list = list.split(". In a clone").next().unwrap();
    let listed = list.split('`').skip(1).step_by(2).map(str::to_owned);
    let files = fs::read_dir(root().join("examples")).unwrap();
    let names = files.map(|file| {
        let path = file.unwrap().path();
        path.file_stem().unwrap().to_str().unwrap().to_owned()
    });
    assert_eq!(
        listed.collect::<BTreeSet<_>>(),
        names.collect::<BTreeSet<_>>()
    );
}

//! `COVERAGE.md`, and what can be wrong with it.

use std::collections::BTreeSet;

use crate::api::Api;

/// A version of libpcap.
pub(crate) type Version = (u32, u32, u32);

/// The newest libpcap whose headers were read for the page.
pub(crate) const NEWEST: Version = (1, 11, 0);
/// The oldest that this crate takes.
const OLDEST: Version = (1, 10, 0);

/// The tables, by the headings above them.
pub(crate) const FUNCTIONS: &str = "Functions";
pub(crate) const ELSEWHERE: &str = "Functions of other platforms";
pub(crate) const TYPES: &str = "Types";
pub(crate) const CONSTANTS: &str = "Constants";
pub(crate) const MACROS: &str = "Macros with arguments";

/// A row of a table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) table: String,
    /// What stands in the first cell, in backticks.
    pub(crate) names: Vec<String>,
    since: String,
    on: String,
    pub(crate) class: String,
    pub(crate) text: String,
    line: usize,
}

/// What a header declares.
#[derive(Debug, Clone, Default)]
pub(crate) struct Header {
    /// The library's version, if it is known.
    pub(crate) version: Option<Version>,
    /// `linux`, `macos`, `windows`, …
    pub(crate) system: String,
    pub(crate) functions: Vec<String>,
    pub(crate) types: Vec<String>,
    pub(crate) constants: Vec<String>,
    /// Macros with arguments.
    pub(crate) macros: Vec<String>,
}

/// What stands in backticks.
fn quoted(text: &str) -> Vec<String> {
    let inside = text.split('`').skip(1).step_by(2);
    inside.map(str::to_owned).collect()
}

/// Reads the page's tables, and notes lines that are no row.
pub(crate) fn rows(page: &str, faults: &mut Vec<String>) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut table = String::new();
    for (number, line) in page.lines().enumerate() {
        let line = line.trim();
        let number = number + 1;
        if let Some(heading) = line.strip_prefix("## ") {
            table = heading.to_owned();
        }
        let Some(inner) = line
            .strip_prefix('|')
            .and_then(|rest| rest.strip_suffix('|'))
        else {
            continue;
        };
        let cells: Vec<&str> = inner.split('|').map(str::trim).collect();
        let [name, since, on, class, text] = cells[..] else {
            faults.push(format!(
                "line {number}: {} cells, and not five",
                cells.len()
            ));
            continue;
        };
        if name.starts_with("---") || since == "since" {
            continue;
        }
        rows.push(Row {
            table: table.clone(),
            names: quoted(name),
            since: since.to_owned(),
            on: on.to_owned(),
            class: class.to_owned(),
            text: text.to_owned(),
            line: number,
        });
    }
    rows
}

/// Whether a row's name, `PCAP_IF_*` or a whole one, stands for this one; longer is closer.
fn matches(pattern: &str, name: &str) -> Option<usize> {
    match pattern.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix).then_some(prefix.len()),
        None => (pattern == name).then_some(usize::MAX),
    }
}

impl Row {
    /// The first and the last libpcap that has it, `1.0` or `1.0 to 1.10.4`.
    fn versions(&self) -> Option<(Version, Option<Version>)> {
        let version = |text: &str| {
            let mut parts = text.split('.').map(|part| part.parse().ok());
            Some((
                parts.next()??,
                parts.next()??,
                parts.next().unwrap_or(Some(0))?,
            ))
        };
        match self.since.split_once(" to ") {
            Some((first, last)) => Some((version(first)?, Some(version(last)?))),
            None => Some((version(&self.since)?, None)),
        }
    }

    /// Whether a header may lack what the row names.
    fn may_lack(&self, header: &Header) -> bool {
        let other = self.versions().is_some_and(|(since, last)| {
            let older = header.version.is_none_or(|here| here < since) && since > OLDEST;
            let gone = last.is_some_and(|last| header.version.is_none_or(|here| here > last));
            older || gone
        });
        let elsewhere = match self.on.as_str() {
            "all" => false,
            "Unix" => header.system == "windows",
            // Such as "Windows" or "Linux".
            on => !on.to_lowercase().contains(&header.system),
        };
        other || elsewhere
    }
}

/// Everything that is wrong with the rows.
pub(crate) fn check(rows: &[Row], header: &Header, api: Option<&Api>) -> Vec<String> {
    let mut faults = Vec::new();
    for (names, tables) in [
        (&header.functions, &[FUNCTIONS, ELSEWHERE][..]),
        (&header.types, &[TYPES]),
        (&header.constants, &[CONSTANTS]),
        (&header.macros, &[MACROS]),
    ] {
        let rows: Vec<&Row> = rows
            .iter()
            .filter(|r| tables.contains(&r.table.as_str()))
            .collect();
        compare(names, &rows, header, &mut faults);
    }
    let known: BTreeSet<&str> = rows
        .iter()
        .flat_map(|row| &row.names)
        .chain(&header.functions)
        .chain(&header.constants)
        .map(String::as_str)
        .collect();
    for row in rows {
        let mut fault = |text: &str| {
            let names = row.names.join(", ");
            faults.push(format!("line {}: {names}: {text}", row.line));
        };
        let tables = [FUNCTIONS, ELSEWHERE, TYPES, CONSTANTS, MACROS];
        if !tables.contains(&row.table.as_str()) {
            fault("in no table that is known");
        }
        for cell in [&row.since, &row.on, &row.class, &row.text] {
            if cell.is_empty() {
                fault("an empty cell");
            }
        }
        if row.names.is_empty() {
            fault("no name in the first cell");
        }
        match row.versions() {
            None => fault("`since` is no version"),
            Some((since, _)) if since > NEWEST => fault("since a libpcap that is not known"),
            Some(_) => {}
        }
        explain(row, api, &known, &mut fault);
    }
    if let Some(api) = api {
        compare_aliases(rows, api, &known, &mut faults);
    }
    faults
}

/// The calls of the rows that are wrapped have their names for the documentation's search, and nothing
/// else has such a name: what a row says stands in two places, of which one is where the call is.
fn compare_aliases(rows: &[Row], api: &Api, known: &BTreeSet<&str>, faults: &mut Vec<String>) {
    let mut named = BTreeSet::new();
    for row in rows.iter().filter(|row| row.class == "wrapped") {
        let names = row.names.iter().filter(|name| !name.ends_with('*'));
        for path in quoted(&row.text) {
            if known.contains(path.as_str()) || path.ends_with('*') {
                continue;
            }
            let places = api.places(&path);
            if places.is_empty() && api.resolve(&path).is_ok() {
                faults.push(format!("line {}: `{path}` is declared nowhere", row.line));
            }
            for place in places {
                for name in names.clone() {
                    named.insert((place, name));
                    if !api.all_places()[place].aliases.contains(name) {
                        let line = row.line;
                        faults.push(format!("line {line}: `{path}` has no alias {name}"));
                    }
                }
            }
        }
    }
    for (place, what) in api.all_places().iter().enumerate() {
        for alias in &what.aliases {
            // All names of C have an underscore; other aliases are words that users search for.
            if alias.contains('_') && !named.contains(&(place, alias)) {
                let shown = &what.shown;
                faults.push(format!("{shown} has the alias {alias}, which no row says"));
            }
        }
    }
    match api.lost_aliases() {
        0 => {}
        lost => faults.push(format!("{lost} aliases are of nothing public, or twice")),
    }
}

/// Each name has one row, and each row something that it names.
fn compare(names: &[String], rows: &[&Row], header: &Header, faults: &mut Vec<String>) {
    for name in names {
        let mut found: Vec<(usize, usize)> = Vec::new();
        for row in rows {
            let closest = row
                .names
                .iter()
                .filter_map(|pattern| matches(pattern, name))
                .max();
            found.extend(closest.map(|closest| (closest, row.line)));
        }
        found.sort_unstable();
        match found[..] {
            [] => faults.push(format!("{name} has no row")),
            [.., (a, _), (b, line)] if a == b => {
                faults.push(format!("line {line}: {name} has another row"));
            }
            _ => {}
        }
    }
    for row in rows
        .iter()
        .filter(|row| row.table != ELSEWHERE && !row.may_lack(header))
    {
        for pattern in &row.names {
            if !names.iter().any(|name| matches(pattern, name).is_some()) {
                let line = row.line;
                faults.push(format!("line {line}: {pattern} is declared by no header"));
            }
        }
    }
}

/// Checks a row's class with what is said of it.
fn explain(row: &Row, api: Option<&Api>, known: &BTreeSet<&str>, fault: &mut impl FnMut(&str)) {
    let is_function = [FUNCTIONS, ELSEWHERE].contains(&row.table.as_str());
    let mut safe = 0;
    let mut other_c = false;
    for name in quoted(&row.text) {
        if known.contains(name.as_str()) || name.ends_with('*') {
            other_c = true;
            continue;
        }
        safe += 1;
        let Some(api) = api else { continue };
        // Until the module is there.
        if name == "remote::…" && api.resolve("remote").is_err() {
            continue;
        }
        if let Err(why) = api.resolve(&name) {
            fault(&format!("`{name}`: {why}"));
        }
    }
    let named = |name: &String| api.is_none_or(|api| api.names(name));
    let pending = row.text.contains("`remote::…`");
    match row.class.as_str() {
        "wrapped" | "inside" if safe == 0 => fault("no safe call is named"),
        "wrapped" if is_function && !pending => {
            if !row.names.iter().all(named) && !other_c && !row.text.contains("without libpcap") {
                fault("pcap-core does not call it, and what it does instead is not said");
            }
        }
        "inside" if is_function && !row.names.iter().all(named) => {
            fault("pcap-core does not use it");
        }
        "wrapped" | "inside" => {}
        "excluded" => {
            if row.text.split_whitespace().count() < 3 {
                fault("excluded without a reason");
            }
        }
        _ => fault("the class is not wrapped, inside or excluded"),
    }
}

//! Makes faults, such as a full disk or a device that goes away, and prints a table of what each costs: what the user
//! sees, the packets before and after, and how many were lost silently.

mod clock;
mod closed_pipe;
mod devices;
mod found;
mod full_disk;
mod limits;
mod media;
mod own_disk;
mod packets;
mod place;
mod power;
mod process;
mod reading;
mod signals;
mod storm;

use std::time::Instant;

use self::found::{Failure, Found};
use self::place::Place;
use crate::Result;
use crate::{command, unexpected};

/// A fault, and how to make it.
struct Row {
    /// The subject and the case, as in `full-disk/filter`.
    name: &'static str,
    /// The fault in words.
    fault: &'static str,
    make: fn(&Place) -> std::result::Result<Found, Failure>,
}

/// The rows of the table, in order.
const TABLE: &[&[Row]] = &[
    full_disk::ROWS,
    limits::ROWS,
    media::ROWS,
    reading::ROWS,
    closed_pipe::ROWS,
    signals::ROWS,
    devices::ROWS,
    storm::ROWS,
    clock::ROWS,
    power::ROWS,
];

/// Makes the faults that the arguments name, or all.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let is_option = |name: &str| arguments.iter().any(|argument| argument == name);
    let names: Vec<&String> = arguments.iter().filter(|a| !a.starts_with("--")).collect();
    if let Some(unknown) = arguments
        .iter()
        .find(|a| a.starts_with("--") && !["--list", "--json"].contains(&a.as_str()))
    {
        return Err(unexpected(unknown));
    }
    let rows = TABLE.iter().copied().flatten();
    let is_chosen = |row: &&Row| names.is_empty() || names.iter().any(|name| row.is(name));
    let chosen: Vec<&Row> = rows.clone().filter(is_chosen).collect();
    if let Some(unknown) = names.iter().find(|name| !rows.clone().any(|r| r.is(name))) {
        return Err(format!("no row `{unknown}` (see --list)"));
    }
    if is_option("--list") {
        for row in chosen {
            println!("{:<30} {}", row.name, row.fault);
        }
        return Ok(());
    }
    make_all(&chosen, is_option("--json"))
}

/// Makes faults, and prints a line for each.
fn make_all(rows: &[&Row], is_json: bool) -> Result<()> {
    let start = Instant::now();
    let folder = command::root()?.join("target/faults");
    command::empty_folder(&folder)?;
    if !is_json {
        println!(
            "| row | fault | what the user sees | packets before -> after | lost silently | verdict |"
        );
        println!("|---|---|---|---|---|---|");
    }
    let (mut right, mut lost, mut not_made) = (0, 0, 0);
    for row in rows {
        let place = Place::new(&folder.join(row.name.replace('/', "-")))?;
        let made = (row.make)(&place);
        match &made {
            Ok(found) if found.lost == 0 => right += 1,
            Ok(found) => lost += found.lost,
            Err(Failure::CannotBeMade(_)) => not_made += 1,
            Err(Failure::Differs(_)) => {}
        }
        let line = match is_json {
            true => found::to_json(row.name, row.fault, &made),
            false => found::to_line(row.name, row.fault, &made),
        };
        println!("{line}");
        // The files of a row that failed may explain why.
        if made.is_ok() {
            place.remove()?;
        }
    }
    let summary = format!(
        "{} rows in {} s: {right} are right, {} are not, {not_made} cannot be made here; {lost} packets lost silently",
        rows.len(),
        start.elapsed().as_secs(),
        rows.len() - right - not_made
    );
    if right < rows.len() {
        return Err(summary);
    }
    match is_json {
        true => eprintln!("ci/faults: {summary}"),
        false => println!("{summary}"),
    }
    Ok(())
}

impl Row {
    /// Returns whether an argument names this row or its subject.
    fn is(&self, name: &str) -> bool {
        let subject = self.name.split('/').next();
        self.name == name || subject == Some(name)
    }
}

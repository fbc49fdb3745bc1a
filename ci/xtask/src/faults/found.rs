//! What a fault costs, and how it is printed.

use super::process::Ended;

/// What happened after a fault.
#[derive(Debug)]
pub(super) struct Found {
    /// The exit status, and what the program said.
    pub(super) seen: String,
    /// The packets in the input, or those sent.
    pub(super) before: u64,
    /// The packets that could be read afterwards.
    pub(super) after: u64,
    /// The packets that are neither there nor reported: not by a status other than 0, nor by a number.
    pub(super) lost: u64,
}

impl Found {
    /// Returns what a program has done with its packets. `reported` is how many it says are missing.
    pub(super) fn new(ended: &Ended, before: u64, after: u64, reported: u64) -> Found {
        let missing = before.saturating_sub(after).saturating_sub(reported);
        Found {
            seen: ended.summary(),
            before,
            after,
            lost: if ended.has_failed() { 0 } else { missing },
        }
    }

    /// Returns the result of a row without packets.
    pub(super) fn without_packets(seen: String) -> Found {
        Found {
            seen,
            before: 0,
            after: 0,
            lost: 0,
        }
    }
}

/// Why a row is not right.
#[derive(Debug)]
pub(super) enum Failure {
    /// Something else happened than expected.
    Differs(String),
    /// This system cannot have the fault.
    CannotBeMade(String),
}

impl From<String> for Failure {
    fn from(text: String) -> Failure {
        Failure::Differs(text)
    }
}

type Made = Result<Found, Failure>;

/// Returns a row of the table, in Markdown.
pub(super) fn to_line(name: &str, fault: &str, made: &Made) -> String {
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    match made {
        Ok(found) => format!(
            "| {name} | {} | {} | {} -> {} | {} | {} |",
            cell(fault),
            cell(&found.seen),
            found.before,
            found.after,
            found.lost,
            verdict(made)
        ),
        Err(_) => format!(
            "| {name} | {} | | | | **{}** |",
            cell(fault),
            cell(&verdict(made))
        ),
    }
}

/// Returns a row as an object in JSON.
pub(super) fn to_json(name: &str, fault: &str, made: &Made) -> String {
    let mut line = format!("{{\"row\":{},\"fault\":{}", quoted(name), quoted(fault));
    if let Ok(found) = made {
        line += &format!(
            ",\"seen\":{},\"before\":{},\"after\":{},\"lost\":{}",
            quoted(&found.seen),
            found.before,
            found.after,
            found.lost
        );
    }
    line + &format!(",\"verdict\":{}}}", quoted(&verdict(made)))
}

fn verdict(made: &Made) -> String {
    match made {
        Ok(found) if found.lost == 0 => "right".to_owned(),
        Ok(found) => format!("{} packets lost silently", found.lost),
        Err(Failure::Differs(why)) => format!("differs: {why}"),
        Err(Failure::CannotBeMade(why)) => format!("cannot be made here: {why}"),
    }
}

/// Returns a string of JSON.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c < ' ' => quoted += &format!("\\u{:04x}", u32::from(c)),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

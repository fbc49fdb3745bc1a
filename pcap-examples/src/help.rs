//! Arranges the help of the programs: `-h` has a short line per option, `--help` has everything, and both group the
//! options under the same headings in all programs.

use clap::builder::Resettable;
use clap::{Arg, Command};

/// Where the short help of an option ends: what follows are details.
const DETAILS: [&str; 6] = ["; ", ": ", ". ", " [", " (see below)", ", such as "];
/// The maximum indentation of a paragraph.
const MAX_INDENTATION: usize = 4;
/// The title of the section whose lines are commands.
const EXAMPLES: &str = "Examples:";

/// Arranges the help of a command line.
#[must_use]
pub(crate) fn arrange(command: Command) -> Command {
    let program = command.get_name().to_owned();
    let more = command.get_after_help().map(ToString::to_string);
    let mut command = command.mut_args(|arg| shorten(with_heading(&program, arg)));
    if let Some(text) = more {
        command = command
            .after_help(Resettable::Reset)
            .after_long_help(joined_paragraphs(&text));
    }
    command
}

/// Puts an option that has no heading under that of its kind.
fn with_heading(program: &str, arg: Arg) -> Arg {
    if arg.is_positional() || arg.get_help_heading().is_some() {
        return arg;
    }
    let name = arg.get_long().unwrap_or(arg.get_id().as_str());
    match heading(program, name) {
        Some(heading) => arg.help_heading(heading),
        None => arg,
    }
}

/// Returns the heading of an option.
fn heading(program: &str, option: &str) -> Option<&'static str> {
    let is_capture = matches!(program, "pcap-capture" | "pcap-top");
    Some(match option {
        "max-open" if program == "pcap-merge" => "Input",
        "linktype" | "snapshot-length" | "netmask" | "filter" | "filter-file" | "no-optimize"
            if program == "pcap-bpf" =>
        {
            "Compilation"
        }
        "limit" | "duration" if program == "pcap-stats" => "Selection",
        "snapshot-length" | "linktype" | "time-stamp-precision" if program == "pcap-stats" => {
            "Device"
        }
        "interval" | "layer" | "max-conversations" | "rows" if program == "pcap-top" => "Display",
        "read" | "files-from" | "follow" | "run" | "match" => "Input",
        "limit" | "autostop" | "duration" if is_capture => "End of the capture",
        "snapshot-length" | "linktype" | "time-stamp-precision" if is_capture => "Device",
        "interface"
        | "peer"
        | "peer-file"
        | "peer-filter"
        | "buffer-size"
        | "no-promiscuous-mode"
        | "monitor-mode"
        | "immediate-mode"
        | "timeout"
        | "time-stamp-type"
        | "micro"
        | "direction"
        | "threads" => "Device",
        "packets" | "size" | "every" | "flow" | "align" | "ignore-vlan" | "max-files"
            if program == "pcap-split" =>
        {
            "Splitting"
        }
        "filter" | "filter-file" | "no-optimize" | "packets" | "except" | "after" | "before"
        | "limit" | "dedup" | "dedup-window" | "dedup-time" | "ignore-bytes" => "Selection",
        "speed" | "pps" | "mbps" | "fast" | "max-gap" | "loops" | "loop-delay" | "duration"
        | "cut" | "stop-on-error" => "Sending",
        "linktype"
        | "relabel"
        | "skip"
        | "snapshot-length"
        | "time-stamp-precision"
        | "chop"
        | "shift"
        | "sort"
        | "sort-memory"
        | "append"
        | "join-interfaces" => "Changes",
        "file-size" | "file-time" | "file-count" | "ring-buffer" | "print-files"
        | "postrotate-command" | "min-free" | "sync" => "Several files",
        "write" | "output" | "report" | "plot" | "name" | "force" | "digits" | "format"
        | "compress" | "queue" | "packet-buffered" | "print" | "also" | "status-file"
        | "capture-comment" | "comment" | "max-open" => "Output",
        "count" | "table" | "top" | "order" | "names" | "raw" | "json" | "csv" | "hash"
        | "fields" | "payload" | "data" | "quiet" | "bytecode" | "dump" => "Display",
        "list-interfaces" | "list-data-link-types" | "list-time-stamp-types" | "dump_filter" => {
            "Information"
        }
        _ => return None,
    })
}

/// Makes the whole help of an option its long help, and the words before the details its short help.
fn shorten(arg: Arg) -> Arg {
    let Some(help) = arg.get_help().or(arg.get_long_help()) else {
        return arg;
    };
    let help = help.to_string();
    let whole = arg
        .get_long_help()
        .map_or(help.clone(), ToString::to_string);
    let end = DETAILS
        .iter()
        .filter_map(|details| help.find(details))
        .min();
    let short = help[..end.unwrap_or(help.len())].to_owned();
    arg.help(short).long_help(whole)
}

/// Joins the lines of each paragraph, which clap wraps again to the width of the terminal. Lines with columns, lists
/// and examples stay as they are.
fn joined_paragraphs(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    let mut before = "";
    let mut is_example = false;
    let mut is_before_separate = true;
    for line in text.lines() {
        is_example = line == EXAMPLES || (is_example && line.starts_with(' '));
        let is_title = before.is_empty() && line.ends_with(':') && indentation(line) == 0;
        let is_separate = is_title || is_separate(line);
        let continues = !is_example
            && indentation(line) == indentation(before)
            && !is_separate
            && !is_before_separate;
        is_before_separate = is_separate;
        if continues {
            joined.push(' ');
            joined.push_str(line.trim_start());
        } else {
            if !joined.is_empty() {
                joined.push('\n');
            }
            joined.push_str(line);
        }
        before = line;
    }
    joined
}

/// Returns whether a line is not part of a paragraph: it is blank, an entry of a list, has columns, or is the second
/// line in a column.
fn is_separate(line: &str) -> bool {
    let text = line.trim_start();
    let is_in_column = indentation(line) > MAX_INDENTATION;
    text.is_empty() || text.starts_with("- ") || text.contains("  ") || is_in_column
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_joined_and_tables_are_kept() {
        let text = "Examples:\n  a b\n  c d\n\nOne\ntwo:\nthree.\n\nTitle:\n  one\n  two\n  x  y\n  z  w\n- a\n- b";
        let joined = "Examples:\n  a b\n  c d\n\nOne two: three.\n\nTitle:\n  one two\n  x  y\n  z  w\n- a\n- b";
        assert_eq!(joined_paragraphs(text), joined);
    }

    #[test]
    fn the_short_help_has_no_details() {
        let short = |text: &'static str| {
            let arg = shorten(Arg::new("a").help(text));
            arg.get_help().map(ToString::to_string)
        };
        assert_eq!(short("Do it: now; or later").as_deref(), Some("Do it"));
        let two = Arg::new("a")
            .help("Do it")
            .long_help("Do it\n\nNow; or later");
        let two = shorten(two);
        assert_eq!(
            two.get_help().map(ToString::to_string).as_deref(),
            Some("Do it")
        );
        let long = two.get_long_help().map(ToString::to_string);
        assert_eq!(long.as_deref(), Some("Do it\n\nNow; or later"));
        assert_eq!(
            short("After size:N bytes").as_deref(),
            Some("After size:N bytes")
        );
    }
}

//! The colors of packet lines.

use std::io::{IsTerminal, Write, stdout};

use anstyle::AnsiColor;
use clap::ColorChoice;

/// A part of a line that has its own color.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// The time.
    Time,
    /// The name of a protocol.
    Protocol(&'static str),
    /// What is wrong, or needs attention.
    Wrong,
    /// What is missing.
    Missing,
}

impl Style {
    fn ansi(self) -> anstyle::Style {
        match self {
            Style::Time => anstyle::Style::new().dimmed(),
            Style::Protocol("TCP") => AnsiColor::Green.on_default(),
            Style::Protocol("UDP") => AnsiColor::Blue.on_default(),
            Style::Protocol("ICMP" | "ICMPv6" | "IGMP") => AnsiColor::Magenta.on_default(),
            Style::Protocol(_) => AnsiColor::Cyan.on_default(),
            Style::Wrong => AnsiColor::Red.on_default().bold(),
            Style::Missing => AnsiColor::Yellow.on_default(),
        }
    }

    /// Appends what the closure appends, in color if it is wanted.
    pub(crate) fn paint(self, is_colored: bool, out: &mut Vec<u8>, add: impl FnOnce(&mut Vec<u8>)) {
        if !is_colored {
            return add(out);
        }
        let style = self.ansi();
        // Writing to memory cannot fail.
        let _ = write!(out, "{style}");
        add(out);
        let _ = write!(out, "{style:#}");
    }
}

/// Returns whether to print in color on standard output.
pub(crate) fn is_colored(choice: ColorChoice) -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb
        }
    }
}

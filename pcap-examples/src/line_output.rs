//! Prints lines to standard output.

use std::io::{self, IsTerminal};

use crate::background_writer::BackgroundWriter;
use crate::{caret, escape};

/// Prints whole lines to standard output. Several threads may print, each with its own `LineOutput`.
///
/// On a terminal, each line is written immediately, with control characters escaped.
#[derive(Debug)]
pub struct LineOutput {
    line: Vec<u8>,
    is_line_buffered: bool,
    is_terminal: bool,
    is_styled: bool,
}

/// What a line is, which determines what is escaped on a terminal.
#[derive(Clone, Copy)]
enum Text {
    /// A line with the names of files or devices.
    Line,
    /// A line of the program itself.
    Listing,
    /// The lines of a packet with this length on the wire.
    Packet(u32),
}

impl LineOutput {
    /// Creates an output that prints to standard output.
    #[must_use]
    pub fn stdout() -> LineOutput {
        LineOutput {
            line: Vec::new(),
            is_line_buffered: false,
            is_terminal: io::stdout().is_terminal(),
            is_styled: false,
        }
    }

    /// Sets whether each line is written immediately, instead of within a fraction of a second. Default: `false`, but
    /// `true` on a terminal.
    #[must_use]
    pub fn line_buffered(mut self, on: bool) -> LineOutput {
        self.is_line_buffered |= on;
        self
    }

    /// Sets whether the lines of packets and listings contain colors, which are not escaped. Default: `false`.
    #[must_use]
    pub fn styled(mut self, on: bool) -> LineOutput {
        self.is_styled = on;
        self
    }

    /// Prints the line that the closure appends. The line must end with a line feed.
    ///
    /// # Errors
    ///
    /// Returns the error of standard output if it has failed.
    pub fn print_line(&mut self, add: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.append(Text::Line, add)
    }

    /// Prints lines that are those of the program itself, such as instructions or tables. Their tabs and colors are not
    /// escaped.
    ///
    /// # Errors
    ///
    /// Returns the error of standard output if it has failed.
    pub fn print_listing(&mut self, listing: &str) -> io::Result<()> {
        listing.lines().try_for_each(|line| {
            self.append(Text::Listing, |out| {
                out.extend_from_slice(line.as_bytes());
                out.push(b'\n');
            })
        })
    }

    /// Prints the lines of a packet with this length on the wire. The packet counts as written once they are written.
    ///
    /// # Errors
    ///
    /// Returns the error of standard output if it has failed.
    pub fn print_packet(&mut self, length: u32, add: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.append(Text::Packet(length), add)
    }

    fn append(&mut self, text: Text, add: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        let packet = match text {
            Text::Packet(length) => Some(length),
            Text::Line | Text::Listing => None,
        };
        self.line.clear();
        add(&mut self.line);
        let background_writer = BackgroundWriter::stdout();
        if self.is_terminal {
            let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
            let lines = match text {
                Text::Packet(_) | Text::Listing => escape::packet_lines(line, self.is_styled),
                Text::Line => escape::controls(line),
            };
            let lines = format!("{}{lines}\n", caret::before_line());
            background_writer.append(lines.as_bytes(), packet)?;
            // Wait for the line, so that later messages on standard error appear below it.
            return background_writer.flush();
        }
        background_writer.append(&self.line, packet)?;
        if self.is_line_buffered {
            background_writer.request_flush();
        }
        Ok(())
    }

    /// Waits until all lines are written.
    ///
    /// # Errors
    ///
    /// Returns the error of standard output if it has failed.
    pub fn flush(&mut self) -> io::Result<()> {
        BackgroundWriter::stdout().flush()
    }
}

//! Lines on standard output.

use std::io::{self, IsTerminal};

use crate::background_writer::Outlet;
use crate::escape;

/// Prints whole lines to standard output, also from several threads with one of these each. A terminal shows each line
/// at once, and control characters are escaped there.
#[derive(Debug)]
pub struct Output {
    line: Vec<u8>,
    each_line: bool,
    is_terminal: bool,
}

impl Output {
    /// Prints to standard output.
    #[must_use]
    pub fn stdout() -> Output {
        Output {
            line: Vec::new(),
            each_line: false,
            is_terminal: io::stdout().is_terminal(),
        }
    }

    /// Sets whether each line is written at once, instead of within a fraction of a second.
    #[must_use]
    pub fn line_buffered(mut self, on: bool) -> Output {
        self.each_line |= on;
        self
    }

    /// Prints the line that the closure appends, with its line feed.
    ///
    /// # Errors
    ///
    /// If standard output has failed.
    pub fn line(&mut self, add: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.print(None, add)
    }

    /// Prints the line of a packet, given its length on the wire. The packet counts when its line is written.
    ///
    /// # Errors
    ///
    /// If standard output has failed.
    pub fn packet(&mut self, length: u32, add: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.print(Some(length), add)
    }

    fn print(&mut self, packet: Option<u32>, add: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.line.clear();
        add(&mut self.line);
        let outlet = Outlet::stdout();
        if self.is_terminal {
            let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
            let line = escape::controls(line) + "\n";
            outlet.give(line.as_bytes(), packet)?;
            // Whatever follows on standard error is shown below it.
            return outlet.flush();
        }
        outlet.give(&self.line, packet)?;
        if self.each_line {
            outlet.hurry();
        }
        Ok(())
    }

    /// Waits until all lines are written.
    ///
    /// # Errors
    ///
    /// If standard output has failed.
    pub fn flush(&mut self) -> io::Result<()> {
        Outlet::stdout().flush()
    }
}

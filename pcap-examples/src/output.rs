//! Standard output for lines, which are written soon, and without a panic where nobody reads them any more.

use std::io::{self, IsTerminal};

use crate::escape;
use crate::outlet::Outlet;

/// Standard output, in whole lines, also where several threads have one each. On a terminal each line shows
/// at once, and control characters in it are escaped.
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

    /// Whether each line is written at once, wherever it goes, and not just within a fraction of a second.
    #[must_use]
    pub fn line_buffered(mut self, on: bool) -> Output {
        self.each_line |= on;
        self
    }

    /// Prints the line that the closure makes, with its end.
    ///
    /// # Errors
    ///
    /// If standard output took no more.
    pub fn line(&mut self, add: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.print(None, add)
    }

    /// Prints the line of a packet of this length on the wire, and counts it when it is written.
    ///
    /// # Errors
    ///
    /// If standard output took no more.
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
            // What is said on standard error comes after it.
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
    /// If standard output took no more.
    pub fn flush(&mut self) -> io::Result<()> {
        Outlet::stdout().flush()
    }
}

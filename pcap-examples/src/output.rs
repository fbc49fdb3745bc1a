//! Standard output for lines: buffered, and without a panic where nobody reads it any more.

use std::io::{self, IsTerminal, Write};

/// So many bytes are collected before they are written.
const BUFFER: usize = 64 * 1024;

/// Standard output, in whole lines, also where several threads have one each. On a terminal each line shows
/// at once.
#[derive(Debug)]
pub struct Output {
    buffer: Vec<u8>,
    each_line: bool,
}

impl Output {
    /// Prints to standard output.
    #[must_use]
    pub fn stdout() -> Output {
        Output {
            each_line: io::stdout().is_terminal(),
            buffer: Vec::with_capacity(BUFFER),
        }
    }

    /// Whether each line is written at once, wherever it goes.
    #[must_use]
    pub fn line_buffered(mut self, on: bool) -> Output {
        self.each_line |= on;
        self
    }

    /// Prints what the closure adds to the buffer: a line, or several.
    ///
    /// # Errors
    ///
    /// If standard output does not take it.
    pub fn line(&mut self, add: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        add(&mut self.buffer);
        if self.each_line || self.buffer.len() >= BUFFER {
            self.flush()?;
        }
        Ok(())
    }

    /// Whether there is something that is not written yet.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Writes what there is.
    ///
    /// # Errors
    ///
    /// If standard output does not take it. It is lost then, and not tried again.
    pub fn flush(&mut self) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        let result = stdout.write_all(&self.buffer);
        self.buffer.clear();
        result.and_then(|()| stdout.flush())
    }
}

impl Drop for Output {
    /// What is printed before an error is not lost.
    fn drop(&mut self) {
        // The error that is reported is the first one.
        let _ = self.flush();
    }
}

//! Standard output for lines: buffered, and without a panic where nobody reads it any more.

use std::io::{self, IsTerminal, StdoutLock, Write};

/// So many bytes are collected before they are written.
const BUFFER: usize = 64 * 1024;

/// Standard output, in whole lines. On a terminal each line shows at once.
#[derive(Debug)]
pub struct Output {
    stdout: StdoutLock<'static>,
    buffer: Vec<u8>,
    each_line: bool,
}

impl Output {
    /// Takes standard output, which nobody else can print to meanwhile.
    #[must_use]
    pub fn stdout() -> Output {
        let stdout = io::stdout().lock();
        Output {
            each_line: stdout.is_terminal(),
            stdout,
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
        let result = self.stdout.write_all(&self.buffer);
        self.buffer.clear();
        result.and_then(|()| self.stdout.flush())
    }
}

impl Drop for Output {
    /// What is printed before an error is not lost.
    fn drop(&mut self) {
        // The error that is reported is the first one.
        let _ = self.flush();
    }
}

//! Prints the last line of JSON: the summary of a program, and why it failed.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::Outcome;
use crate::json::Object;
use crate::line_output::LineOutput;
use crate::stderr;

/// The member that says why the program failed.
const ERROR: &str = "error";

/// Whether an object had this member.
static IS_ERROR_PRINTED: AtomicBool = AtomicBool::new(false);

/// Where lines of JSON go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonOutput {
    /// They go to standard output.
    Stdout,
    /// They go to standard error, because a savefile goes to standard output.
    Stderr,
}

impl JsonOutput {
    /// Returns where lines of JSON go if a savefile goes to standard output, or if it does not.
    #[must_use]
    pub fn beside(is_stdout_taken: bool) -> JsonOutput {
        match is_stdout_taken {
            true => JsonOutput::Stderr,
            false => JsonOutput::Stdout,
        }
    }

    /// Prints a line, which has no line break yet.
    ///
    /// # Errors
    ///
    /// Returns the error of standard output if it has failed.
    pub fn print(self, mut line: Vec<u8>) -> Outcome {
        if self == JsonOutput::Stderr {
            stderr::print_line(String::from_utf8_lossy(&line));
            return Ok(());
        }
        line.push(b'\n');
        let mut output = LineOutput::stdout();
        output.print_line(|out| out.append(&mut line))?;
        Ok(output.flush()?)
    }

    /// Prints a summary, to which the closure adds the members. If the program has failed, the summary says why. Returns
    /// the outcome.
    ///
    /// # Errors
    ///
    /// Returns the failure of the program, or the error of standard output.
    pub fn print_summary(
        self,
        outcome: Outcome,
        add: impl for<'a> FnOnce(&'a mut Vec<u8>) -> Object<'a>,
    ) -> Outcome {
        let mut line = Vec::new();
        let error = outcome.as_ref().err();
        add(&mut line)
            .some_text(ERROR, error.map(|error| error.reason()))
            .end();
        let printed = self.print(line);
        if outcome.is_err() {
            note_error();
        }
        outcome.and(printed)
    }

    /// Prints why the program failed, unless another object has said that. Returns the outcome.
    ///
    /// # Errors
    ///
    /// Returns the failure of the program.
    pub fn print_error(self, outcome: Outcome) -> Outcome {
        let Err(failure) = outcome else {
            return Ok(());
        };
        if !IS_ERROR_PRINTED.load(Ordering::Relaxed) && !failure.is_of_stdout() {
            let mut line = Vec::new();
            Object::of_type(&mut line, ERROR)
                .text(ERROR, failure.reason())
                .end();
            // The failure of the program is more important than that of this line.
            let _ = self.print(line);
        }
        Err(failure)
    }
}

/// Appends the line of a file that a program with several files cannot use.
pub fn push_file_error(out: &mut Vec<u8>, path: &Path, reason: &str) {
    Object::of_type(out, ERROR)
        .path("path", path)
        .text(ERROR, reason)
        .end();
    out.push(b'\n');
    note_error();
}

/// Notes that an object has the member `error`, so that there is no further line for the same failure.
pub fn note_error() {
    IS_ERROR_PRINTED.store(true, Ordering::Relaxed);
}

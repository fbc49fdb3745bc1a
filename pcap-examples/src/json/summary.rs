//! Prints the JSON line with the summary of a program.

use crate::exit::Outcome;
use crate::line_output::LineOutput;
use crate::stderr;

/// Prints a summary on standard output, or on standard error if a savefile is written to standard output. The closure
/// appends the object.
///
/// # Errors
///
/// Returns the error of standard output if it has failed.
pub fn print_summary(is_stdout_taken: bool, add: impl FnOnce(&mut Vec<u8>)) -> Outcome {
    let mut line = Vec::new();
    add(&mut line);
    if is_stdout_taken {
        stderr::print_line(String::from_utf8_lossy(&line));
        return Ok(());
    }
    line.push(b'\n');
    let mut output = LineOutput::stdout();
    output.print_line(|out| out.append(&mut line))?;
    Ok(output.flush()?)
}

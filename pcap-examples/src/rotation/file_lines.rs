//! Prints a line for each finished savefile.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::background_writer::{BackgroundWriter, FileCare};
use crate::exit::{Failure, Outcome};
use crate::files;
use crate::line_output::LineOutput;
use crate::savefile_summary::SavefileSummary;
use crate::{safe_files, signals, stderr};

/// Prints the name of each finished savefile, or a line of JSON. The clones print to the same output.
#[derive(Clone, Debug)]
pub struct FileLines(Arc<Mutex<Lines>>);

#[derive(Debug)]
struct Lines {
    target: Target,
    json: bool,
}

#[derive(Debug)]
enum Target {
    Stdout(LineOutput),
    Stderr,
    File(PathBuf, BackgroundWriter),
    /// An output that has failed, or whose reader has gone away.
    Ended,
}

impl FileLines {
    /// Prints to a file, which is created or truncated. As with dumpcap, `-` and `stdout` mean standard output, and
    /// `stderr` means standard error.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be created.
    pub fn to(path: &Path, json: bool) -> Outcome<FileLines> {
        let target = match FileLines::path_of(path) {
            None => Target::Stderr,
            Some(path) if path == Path::new("-") => {
                Target::Stdout(LineOutput::stdout().line_buffered(true))
            }
            Some(path) => {
                // Opening a FIFO waits for its reader.
                let created = signals::while_killable(|| safe_files::create(path));
                let file = created.map_err(|e| files::creation_failure(path, &e))?;
                // A pipe may block. A background writer gives it up when the program must end.
                let writer = BackgroundWriter::for_file(file, None, FileCare::default(), None);
                Target::File(path.to_owned(), writer)
            }
        };
        Ok(FileLines(Arc::new(Mutex::new(Lines { target, json }))))
    }

    /// Returns the path of the file that [`to`](Self::to) writes to: `-` for standard output, and `None` for standard
    /// error.
    #[must_use]
    pub fn path_of(path: &Path) -> Option<&Path> {
        match path.to_str() {
            Some("stderr") => None,
            Some("stdout") => Some(Path::new("-")),
            _ => Some(path),
        }
    }

    /// Prints the line of a savefile. After an error, prints no more lines.
    ///
    /// # Errors
    ///
    /// Returns an error if the line cannot be written. It is no error if the reader of a pipe has gone away.
    pub(super) fn print(&self, path: &Path, summary: &SavefileSummary) -> Outcome {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut line = Vec::new();
        if lines.json {
            summary.push_json(&mut line, path);
        } else {
            line.extend(path.as_os_str().as_encoded_bytes());
            line.push(b'\n');
        }
        let printed = match &mut lines.target {
            Target::Stdout(output) => output
                .print_line(|out| out.append(&mut line))
                .map_err(|e| (e.kind(), Failure::Stdout(e))),
            Target::Stderr => {
                stderr::print_bytes(line);
                Ok(())
            }
            Target::File(path, writer) => {
                let written = writer.append(&line, None).and_then(|()| writer.flush());
                written.map_err(|e| {
                    let text = format!("cannot write `{}`: {e}", path.display());
                    (e.kind(), Failure::Text(text))
                })
            }
            Target::Ended => Ok(()),
        };
        printed.or_else(|(kind, failure)| {
            lines.target = Target::Ended;
            match kind {
                io::ErrorKind::BrokenPipe => Ok(()),
                _ => Err(failure),
            }
        })
    }
}

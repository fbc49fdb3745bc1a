//! The failures and the exit status of the programs: 0 on success, 1 if the work failed. If the command line is wrong,
//! clap exits with status 2.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use clap::CommandFactory;
use pcap_core::{Error, ErrorKind};

use crate::files::is_too_many_open;
use crate::{background_writer, program, stderr};

/// Temporary folders to remove when [`give_up`] ends the process.
static TEMPORARY_FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// The text of the first failure that was reported.
static FIRST_REPORTED: Mutex<Option<String>> = Mutex::new(None);

/// How pcap-core advises callers to read a savefile with several link types.
const MIXED_ADVICE: &str = "call `Capture::mix_linktypes` first, or use `pcapng::Reader`";
/// How users read it with a program that cannot.
const MIXED_WAY_OUT: &str =
    "`pcap-recode --skip --linktype ETHERNET`, or another type, converts the packets to one";
/// How pcap-core advises callers to read a compressed savefile.
const COMPRESSED_ADVICE: [&str; 2] = [
    "pass a decompressor to `Capture::from_reader`",
    "read it through a decompressor",
];
/// What users do, if a program cannot decompress it, or if it is compressed twice.
const COMPRESSED_WAY_OUT: &str = "decompress it first";

/// Why the work failed.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// An error of pcap-core. Its text also says how to obtain a missing privilege.
    #[error(transparent)]
    Pcap(#[from] Error),
    /// Standard output has failed.
    #[error("cannot write to standard output: {0}")]
    Stdout(#[from] io::Error),
    /// The savefile format cannot represent a packet. Other packets can still be written.
    #[error("cannot write `{path}`: {why}")]
    UnwritablePacket {
        /// The savefile.
        path: String,
        /// What is wrong with the packet.
        why: String,
    },
    /// A file cannot be opened because too many are open. Closing one may help.
    #[error("{0}")]
    TooManyOpen(String),
    /// Any other failure, as a message: `cannot …`.
    #[error("{0}")]
    Text(String),
    /// A failure that was already reported. It only affects the exit status.
    #[error("reported already")]
    Reported,
}

/// The result of the work of a program.
pub type Outcome<T = ()> = Result<T, Failure>;

/// Combines two outcomes: returns the first failure. A [broken pipe](Failure::is_broken_pipe), which is no error, does not
/// hide a failure after it.
///
/// # Errors
///
/// Returns an error if one of the outcomes is an error.
pub fn both(first: Outcome, second: Outcome) -> Outcome {
    match first {
        Err(failure) if failure.is_broken_pipe() => second.and(Err(failure)),
        _ => first.and(second),
    }
}

impl Failure {
    /// Returns whether the reader of the lines on standard output has closed the pipe, as in `pcap-read x.pcap | head`.
    /// Returns `false` if it is a savefile whose reader has closed the pipe, because that is an ordinary error.
    #[must_use]
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Failure::Stdout(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// Returns the text of the failure, with what helps.
    fn text(&self) -> String {
        if let Failure::Pcap(error) = self {
            let advice = COMPRESSED_ADVICE.map(|advice| (advice, COMPRESSED_WAY_OUT));
            let mut advice = advice.into_iter().chain([(MIXED_ADVICE, MIXED_WAY_OUT)]);
            if let Some((advice, way_out)) = advice.find(|(end, _)| error.text().ends_with(end)) {
                let text = self.to_string();
                return format!("{}{way_out}", text.trim_end_matches(advice));
            }
        }
        let way_out = match self {
            Failure::Pcap(error) if error.kind() == ErrorKind::NoSuchDevice => {
                "; `pcap-devices` lists the devices"
            }
            Failure::Pcap(error) if error.operation() == Some("set the link type of") => {
                "; `pcap-devices -L` lists its link types"
            }
            _ => "",
        };
        format!("{self}{way_out}")
    }

    /// Creates the failure to open a savefile: [`TooManyOpen`](Failure::TooManyOpen) at the limit of open files.
    #[must_use]
    pub fn to_open(error: Error) -> Failure {
        match error.io_error() {
            Some(cause) if is_too_many_open(cause) => Failure::TooManyOpen(error.to_string()),
            _ => error.into(),
        }
    }

    /// Creates the failure to start a thread.
    #[must_use]
    pub fn no_thread(error: &io::Error) -> Failure {
        Failure::Text(format!("cannot start a thread: {error}"))
    }

    /// Returns whether standard output has failed.
    #[must_use]
    pub fn is_of_stdout(&self) -> bool {
        matches!(self, Failure::Stdout(_))
    }

    /// Returns the text of the failure. If it was already reported, returns that of the first failure that was.
    #[must_use]
    pub fn reason(&self) -> String {
        let first = FIRST_REPORTED
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match (self, &*first) {
            (Failure::Reported, Some(text)) => text.clone(),
            (Failure::Reported, None) => "see standard error".to_owned(),
            _ => self.text(),
        }
    }

    /// Prints the failure as one line on standard error: `pcap-read: cannot open …`. Prints nothing if it was already
    /// reported, or if it is a broken pipe.
    pub fn report(&self, program: &str) {
        if !matches!(self, Failure::Reported) && !self.is_broken_pipe() {
            let text = self.text();
            stderr::print_message(program, &text);
            let first = FIRST_REPORTED.lock();
            first
                .unwrap_or_else(PoisonError::into_inner)
                .get_or_insert(text);
        }
    }
}

/// Ends the program with status 2, because of an error in the command line that clap did not detect.
pub fn usage_error<A: CommandFactory>(what: &str) -> ! {
    program::command::<A>()
        .error(clap::error::ErrorKind::ArgumentConflict, what)
        .exit()
}

/// Reports the failure, if there is one, and returns the exit status.
#[must_use]
pub fn status(program: &str, outcome: Outcome) -> ExitCode {
    match outcome {
        Err(failure) if !failure.is_broken_pipe() => {
            failure.report(program);
            ExitCode::FAILURE
        }
        _ if stderr::is_incomplete() => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}

/// Makes [`give_up`] remove a folder with its contents.
pub fn remove_on_give_up(folder: &Path) {
    let folders = TEMPORARY_FOLDERS.lock();
    let mut folders = folders.unwrap_or_else(PoisonError::into_inner);
    folders.push(folder.to_owned());
}

/// Ends the process with status 1, because the program does not end by itself. Any thread may call this.
pub fn give_up(program: &'static str) {
    let folders = TEMPORARY_FOLDERS.lock();
    for folder in folders.unwrap_or_else(PoisonError::into_inner).iter() {
        let _ = fs::remove_dir_all(folder);
    }
    // Writing to standard error may block, so a separate thread does it.
    let _ = thread::Builder::new().spawn(move || {
        stderr::print_unwritten(background_writer::unwritten_packets());
        stderr::print_message(program, "ended by a further signal");
        process::exit(1);
    });
    thread::sleep(Duration::from_millis(200));
    process::exit(1);
}

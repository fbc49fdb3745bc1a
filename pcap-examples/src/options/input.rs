//! The options that name the savefiles to read.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};

use super::filter::{FilterOption, Selection};
use crate::exit::{self, Failure, Outcome};

/// The savefiles to read, and the filter for their packets.
#[derive(Args, Clone, Debug, Default)]
pub struct InputOptions {
    /// Read this savefile, and take all words as the filter, as in tcpdump; may be repeated; `-` means
    /// standard input
    #[arg(short, long = "read", value_name = "FILE")]
    read: Vec<PathBuf>,
    #[command(flatten)]
    filter: FilterOption,
    /// The savefiles to read; `-` means standard input. With `-r`, the words of the filter instead
    #[arg(
        value_name = "FILE",
        required_unless_present = "read",
        allow_negative_numbers = true
    )]
    words: Vec<OsString>,
}

/// The savefiles to read, and the filter for their packets.
#[derive(Clone, Debug)]
pub struct Input {
    /// The savefiles.
    pub files: Vec<PathBuf>,
    /// The filter.
    pub selection: Selection,
    /// Whether the files are words of the command line without an option, which may be meant as a filter.
    are_words: bool,
}

impl InputOptions {
    /// Returns the savefiles and the filter. Ends the program if the filter is on the command line twice.
    ///
    /// # Errors
    ///
    /// Returns an error if the file of the filter expression cannot be read.
    pub fn input<A: CommandFactory>(&self) -> Outcome<Input> {
        if self.read.is_empty() {
            self.filter.check_stdin::<A>(&self.words);
            return Ok(Input {
                files: self.words.iter().map(PathBuf::from).collect(),
                selection: self.filter.selection()?,
                are_words: true,
            });
        }
        Ok(Input {
            files: self.read.clone(),
            selection: self.selection::<A>()?,
            are_words: false,
        })
    }

    /// Returns the filter, if all words belong to it. Ends the program if the filter is on the command line twice.
    ///
    /// # Errors
    ///
    /// Returns an error if the file of the filter expression cannot be read.
    pub fn selection<A: CommandFactory>(&self) -> Outcome<Selection> {
        self.filter.check_stdin::<A>(&self.read);
        if !self.words.is_empty() && self.filter.is_given() {
            exit::usage_error::<A>(
                "cannot use `-f` or `-F` together with a filter in words: all words are the filter",
            );
        }
        let words: Option<Vec<&str>> = self.words.iter().map(|word| word.to_str()).collect();
        let Some(words) = words else {
            exit::usage_error::<A>("the filter is not UTF-8");
        };
        match words.is_empty() {
            true => self.filter.selection(),
            false => Ok(self.filter.selection_of(words.join(" "))),
        }
    }
}

impl Input {
    /// Checks that all arguments are files, before anything is printed. The user may have forgotten `-r` before the
    /// file, or `-f` before the filter.
    ///
    /// # Errors
    ///
    /// Returns an error if a file does not exist, after a message for each of them.
    pub fn check(&self, program: &str) -> Outcome {
        let mut outcome = Ok(());
        for failure in self
            .files
            .iter()
            .filter_map(|path| self.check_file(path).err())
        {
            failure.report(program);
            outcome = Err(Failure::Reported);
        }
        outcome
    }

    /// Returns whether at least one argument is a file.
    #[must_use]
    pub fn has_file(&self) -> bool {
        self.files.iter().any(|path| self.check_file(path).is_ok())
    }

    /// Checks that an argument is a file.
    ///
    /// # Errors
    ///
    /// Returns an error if it does not exist. Also says how to filter if it looks like a word of a filter.
    pub fn check_file(&self, path: &Path) -> Outcome {
        if path.as_os_str() == "-" {
            return Ok(());
        }
        let Some(why) = missing_reason(path) else {
            return Ok(());
        };
        let is_name = path.extension().is_none() && path.components().count() == 1;
        let hint = match self.are_words && is_name {
            true => "; filter with `-r FILE EXPR` or `-f EXPR FILE`",
            false => "",
        };
        let path = path.display();
        Err(Failure::Text(format!("cannot open `{path}`: {why}{hint}")))
    }
}

/// Returns why a path is no file. Other errors are reported when the file is opened.
fn missing_reason(path: &Path) -> Option<String> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Some("it is a folder".to_owned()),
        Err(e)
            if matches!(
                e.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Some(e.to_string())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Words {
        #[command(flatten)]
        input: InputOptions,
    }

    fn parse(words: &[&str]) -> Result<(Vec<PathBuf>, String), clap::Error> {
        let line = ["program"].iter().chain(words);
        let parsed = Words::try_parse_from(line)?;
        let input = parsed.input.input::<Words>().unwrap();
        Ok((input.files, input.selection.expression))
    }

    #[test]
    fn words_are_files_or_with_r_the_filter() {
        for (words, files, expression) in [
            (&["a", "-"][..], &["a", "-"][..], ""),
            (&["-f", "udp", "a"], &["a"], "udp"),
            (&["-r", "a"], &["a"], ""),
            (&["-r", "a", "udp", "port", "53"], &["a"], "udp port 53"),
            (&["udp", "-r", "a", "-r", "b"], &["a", "b"], "udp"),
            (&["-r", "a", "-f", "udp"], &["a"], "udp"),
            (&["-r", "a", "ether[0]", "=", "-1"], &["a"], "ether[0] = -1"),
        ] {
            let (found, filter) = parse(words).unwrap();
            let files: Vec<_> = files.iter().map(PathBuf::from).collect();
            assert_eq!((found, filter.as_str()), (files, expression), "{words:?}");
        }
        assert!(parse(&[]).is_err());
        assert!(parse(&["-f", "udp"]).is_err());
    }
}

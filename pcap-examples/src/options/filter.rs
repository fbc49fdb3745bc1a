//! The options that select packets with a filter expression.

use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};
use pcap_core::{Activated, Capture, CompileOptions, Filter};

use crate::exit::{self, Outcome};
use crate::{expression, signals};

/// The filter of a program whose operands are files.
#[derive(Args, Clone, Debug, Default)]
pub struct FilterOption {
    /// Select only packets that pass this filter expression, as described in pcap-filter(7)
    #[arg(short, long, value_name = "EXPR", conflicts_with = "filter_file")]
    filter: Option<String>,
    /// Read the filter expression from a file, in which # begins a comment; `-` means standard input
    #[arg(short = 'F', long, value_name = "FILE")]
    filter_file: Option<PathBuf>,
    /// Do not optimize the filter
    #[arg(short = 'O', long)]
    no_optimize: bool,
}

impl FilterOption {
    /// Returns the filter; without one on the command line, it selects all packets.
    ///
    /// # Errors
    ///
    /// Returns an error if the file of the expression cannot be read.
    pub fn selection(&self) -> Outcome<Selection> {
        let expression = match (&self.filter, &self.filter_file) {
            (Some(expression), _) => expression.clone(),
            (None, Some(file)) => expression::from_file(file)?,
            (None, None) => String::new(),
        };
        Ok(self.selection_of(expression))
    }

    /// Checks that standard input is read only once: as one of these files, or as the file of the expression. Ends the
    /// program otherwise.
    pub fn check_stdin<A: CommandFactory>(&self, files: impl IntoIterator<Item: AsRef<Path>>) {
        let is_stdin = |path: &Path| path.as_os_str() == "-";
        let files = { files }.into_iter().filter(|path| is_stdin(path.as_ref()));
        let expressions = self.filter_file.iter().filter(|path| is_stdin(path));
        if files.count() + expressions.count() > 1 {
            exit::usage_error::<A>("cannot read standard input twice");
        }
    }

    /// Returns whether an expression or its file is on the command line.
    pub(super) fn is_given(&self) -> bool {
        self.filter.is_some() || self.filter_file.is_some()
    }

    pub(super) fn selection_of(&self, expression: String) -> Selection {
        Selection {
            expression,
            options: CompileOptions::new().optimize(!self.no_optimize),
        }
    }
}

/// The filter of a program whose operands are the words of a filter expression.
#[derive(Args, Clone, Debug, Default)]
pub struct FilterWords {
    #[command(flatten)]
    option: FilterOption,
    /// The filter expression; several words are joined with spaces
    #[arg(
        value_name = "EXPR",
        allow_negative_numbers = true,
        conflicts_with_all = ["filter", "filter_file"]
    )]
    words: Vec<String>,
}

impl FilterWords {
    /// Checks that standard input is read only once, as [`FilterOption::check_stdin`] does.
    pub fn check_stdin<A: CommandFactory>(&self, files: impl IntoIterator<Item: AsRef<Path>>) {
        self.option.check_stdin::<A>(files);
    }

    /// Returns the filter; without one on the command line, it selects all packets.
    ///
    /// # Errors
    ///
    /// Returns an error if the file of the expression cannot be read.
    pub fn selection(&self) -> Outcome<Selection> {
        match self.words.is_empty() {
            true => self.option.selection(),
            false => Ok(self.option.selection_of(expression::join(&self.words))),
        }
    }
}

/// A filter expression, and how to compile it.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The expression; an empty one selects all packets.
    pub expression: String,
    /// The options for compiling it.
    pub options: CompileOptions,
}

impl Selection {
    /// Returns whether it selects all packets, because there is no expression.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.expression.trim().is_empty()
    }

    /// Returns the source for a filter.
    #[must_use]
    pub fn source(&self) -> (&str, CompileOptions) {
        (&self.expression, self.options)
    }

    /// Compiles the expression for the packets of a capture.
    ///
    /// # Errors
    ///
    /// Returns an error if the expression is wrong or does not suit the link type.
    pub fn compile_for<S: Activated>(&self, capture: &Capture<S>) -> Outcome<Filter> {
        // Resolving host names may take a long time.
        let compile = || self.options.compile_for(capture, &self.expression);
        Ok(signals::while_killable(compile)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Words {
        #[command(flatten)]
        filter: FilterWords,
    }

    fn parse(words: &[&str]) -> Result<FilterWords, clap::Error> {
        let line = ["program"].iter().chain(words);
        Words::try_parse_from(line).map(|parsed| parsed.filter)
    }

    #[test]
    fn an_expression_is_given_in_one_of_three_ways() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("names");
        std::fs::write(&file, "udp # names\n port 53").unwrap();
        let file = file.to_str().unwrap();
        for (words, expression) in [
            (vec![], ""),
            (vec!["tcp", "port", "80"], "tcp port 80"),
            (vec!["-f", "tcp port 80"], "tcp port 80"),
            (vec!["-F", file], "udp   port 53"),
            (vec!["ether[0]", "=", "-1"], "ether[0] = -1"),
        ] {
            assert_eq!(
                parse(&words).unwrap().selection().unwrap().expression,
                expression
            );
        }
        for words in [
            vec!["-f", "arp", "udp"],
            vec!["-F", file, "udp"],
            vec!["-F", file, "-f", "udp"],
        ] {
            assert!(parse(&words).is_err(), "{words:?}");
        }
    }
}

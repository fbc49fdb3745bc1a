//! The options that add comments to pcapng savefiles.

use std::collections::HashSet;
use std::path::Path;

use pcap_core::SavefileFormat;
use pcap_core::pcapng::Section;

use crate::exit::{Failure, Outcome};

/// The options `--capture-comment` and `--comment`.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CommentArgs {
    /// Add a comment to the header of the output, which must be pcapng. Can be repeated
    #[arg(long, value_name = "TEXT", value_parser = text)]
    capture_comment: Vec<String>,
    /// Add a comment to packet N of the input, counted from 1. The output must be pcapng. Can be repeated
    #[arg(long, value_name = "N:TEXT", value_parser = numbered_text)]
    comment: Vec<(u64, String)>,
}

/// Parses a comment.
fn text(text: &str) -> Result<String, String> {
    match text.len() {
        0 => Err("expected a text".to_owned()),
        length if length > usize::from(u16::MAX) => {
            Err(format!("expected at most 65535 bytes, found {length}"))
        }
        _ => Ok(text.to_owned()),
    }
}

/// Parses the number of a packet and its comment.
fn numbered_text(argument: &str) -> Result<(u64, String), String> {
    let numbered = argument.split_once(':').and_then(|(number, rest)| {
        let number = number.parse().ok().filter(|&number| number > 0)?;
        Some((number, rest))
    });
    let (number, rest) = numbered.ok_or("expected N:TEXT, where N is 1 or more")?;
    Ok((number, text(rest)?))
}

impl CommentArgs {
    /// Returns whether no comment is to be added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.capture_comment.is_empty() && self.comment.is_empty()
    }

    /// Checks that the output can have comments.
    ///
    /// # Errors
    ///
    /// Returns an error if there are comments and the output is a classic savefile.
    pub fn check(&self, output: &Path, format: SavefileFormat) -> Outcome {
        if self.is_empty() || format == SavefileFormat::Pcapng {
            return Ok(());
        }
        let path = output.display();
        Err(Failure::Text(format!(
            "cannot write comments to `{path}`: classic savefiles have none; name the output `.pcapng`, or use \
             --format pcapng"
        )))
    }

    /// Returns a new section header with the comments.
    #[must_use]
    pub fn new_section(&self) -> Section {
        self.add_to_section(&Section::new())
    }

    /// Returns a section header with the comments.
    #[must_use]
    pub fn add_to_section(&self, section: &Section) -> Section {
        let comments = self.of_header();
        comments.fold(section.clone(), |section, comment| {
            section.with_comment(comment)
        })
    }

    /// Returns the comments for the header.
    pub fn of_header(&self) -> impl Iterator<Item = &str> {
        self.capture_comment.iter().map(String::as_str)
    }

    /// Returns the comments for a packet.
    pub fn of_packet(&self, number: u64) -> impl Iterator<Item = &str> {
        let comments = self.comment.iter();
        comments.filter_map(move |(packet, text)| (*packet == number).then_some(text.as_str()))
    }

    /// Returns whether there are comments for packets.
    #[must_use]
    pub fn has_packets(&self) -> bool {
        !self.comment.is_empty()
    }

    /// Checks that all packets with a comment were written. `written` has the numbers of those that were.
    ///
    /// # Errors
    ///
    /// Returns an error that names the first packet that was not.
    pub fn check_written(&self, written: &HashSet<u64>) -> Outcome {
        let mut comments = self.comment.iter();
        match comments.find(|(number, _)| !written.contains(number)) {
            None => Ok(()),
            Some((number, _)) => Err(Failure::Text(format!(
                "cannot add the comment to packet {number}: the output does not have it"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_checked() {
        assert_eq!(numbered_text("3:a: b"), Ok((3, "a: b".to_owned())));
        for wrong in ["", "3", "0:a", "-1:a", "x:a", "3:", ":a"] {
            assert!(numbered_text(wrong).is_err(), "{wrong}");
        }
        assert!(text(&"x".repeat(65_535)).is_ok());
        assert!(text(&"x".repeat(65_536)).is_err());
    }
}

//! Reads filter expressions from the command line and from files.

use std::fs;
use std::io;
use std::path::Path;

use crate::exit::{Failure, Outcome};

/// Joins the words of an expression that the shell has split.
#[must_use]
pub fn join(words: &[String]) -> String {
    words.join(" ")
}

/// Reads an expression from a file, in which `#` begins a comment. The path `-` means standard input.
///
/// # Errors
///
/// Returns an error if the file cannot be read.
pub fn from_file(path: &Path) -> Outcome<String> {
    let text = if path == Path::new("-") {
        io::read_to_string(io::stdin())
    } else {
        fs::read_to_string(path)
    };
    let text = text.map_err(|e| {
        // `-F` of Wireshark's tools is the format of the output.
        let is_format = FORMATS.iter().any(|format| path == Path::new(format));
        let hint = match is_format {
            true => "; use `--format` for the format of the output",
            false => "",
        };
        Failure::Text(format!(
            "cannot read the expression from `{}`: {e}{hint}",
            path.display()
        ))
    })?;
    Ok(without_comments(&text))
}

/// Names of formats in Wireshark's tools.
const FORMATS: [&str; 4] = ["libpcap", "nsecpcap", "pcap", "pcapng"];

/// Removes comments, and joins the lines.
fn without_comments(text: &str) -> String {
    let code = |line: &str| line.split('#').next().unwrap_or_default().to_owned();
    text.lines().map(code).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_removed() {
        let text = "udp # names\nport 53\n# nothing\n or arp";
        assert_eq!(without_comments(text), "udp  port 53   or arp");
    }
}

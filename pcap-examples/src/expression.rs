//! Filter expressions from the command line and from files.

use std::fs;
use std::io;
use std::path::Path;

use crate::exit::{Failure, Outcome};

/// Joins the words of an expression, which the shell separated.
#[must_use]
pub fn join(words: &[String]) -> String {
    words.join(" ")
}

/// Reads an expression from a file, where `#` begins a comment; `-` is standard input.
///
/// # Errors
///
/// If the file cannot be read.
pub fn from_file(path: &Path) -> Outcome<String> {
    let text = if path == Path::new("-") {
        io::read_to_string(io::stdin())
    } else {
        fs::read_to_string(path)
    };
    let text = text.map_err(|e| {
        Failure::Text(format!(
            "cannot read the expression `{}`: {e}",
            path.display()
        ))
    })?;
    Ok(without_comments(&text))
}

/// Removes everything from `#` to the end of its line.
fn without_comments(text: &str) -> String {
    let code = |line: &str| line.split('#').next().unwrap_or_default().to_owned();
    text.lines().map(code).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_blank() {
        let text = "udp # names\nport 53\n# nothing\n or arp";
        assert_eq!(without_comments(text), "udp  port 53   or arp");
    }
}

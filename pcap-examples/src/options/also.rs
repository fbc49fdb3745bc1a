//! The option `--also` of a capture: a further savefile with its own filter.

use std::path::PathBuf;

use crate::value_parsers::to_output_path;

/// The value of `--also`: `EXPR=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlsoArg {
    /// The filter expression; an empty one accepts all packets.
    pub expression: String,
    /// The savefile.
    pub path: PathBuf,
}

impl AlsoArg {
    /// Parses the text. The expression may contain `=`, but the path may not.
    ///
    /// # Errors
    ///
    /// Returns a message for clap to print if there is no `=` or no path.
    pub fn parse(text: &str) -> Result<AlsoArg, String> {
        match text.rsplit_once('=') {
            Some((expression, path)) if !path.is_empty() => Ok(AlsoArg {
                expression: expression.to_owned(),
                path: to_output_path(path.into()),
            }),
            _ => Err(format!("expected EXPR=FILE, found `{text}`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_equals_sign_separates_the_file() {
        let parse = |text: &str| AlsoArg::parse(text).map(|arg| (arg.expression, arg.path));
        assert_eq!(
            parse("tcp[13] & 2 != 0=syn.pcap"),
            Ok(("tcp[13] & 2 != 0".to_owned(), "syn.pcap".into()))
        );
        assert_eq!(parse("=all.pcap"), Ok((String::new(), "all.pcap".into())));
        for text in ["", "dns.pcap", "udp="] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}

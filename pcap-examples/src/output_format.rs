//! The format and compression of an output savefile, chosen by the extension of its name. All programs follow this
//! rule.

use std::path::Path;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use pcap_core::SavefileFormat;

use crate::compression::Compression;
use crate::exit::{Failure, Outcome};

/// The section of `--help` about extensions, for programs with an input.
pub const HELP: &str = "\
The extension of the name determines the format, in upper or lower case: `.pcapng` means pcapng, and
`.pcap`, `.cap` and `.dmp` mean classic pcap. With another extension or none, and on standard
output, the format is that of the input. --format overrides this. If `.gz` follows, the savefile is
compressed with gzip. Extensions of other compression formats, such as `.zst`, are rejected.";

/// The section of `--help` about extensions, for programs without an input.
pub const HELP_WITHOUT_INPUT: &str = "\
The extension of the name determines the format, in upper or lower case: `.pcapng` means pcapng,
and anything else means pcap. If `.gz` follows, the savefile is compressed with gzip. Extensions
of other compression formats, such as `.zst`, are rejected.";

/// The extensions of classic savefiles, in lower case.
const CLASSIC: [&str; 3] = ["pcap", "cap", "dmp"];

/// The format and compression of an output savefile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputFormat {
    /// [`Pcapng`](SavefileFormat::Pcapng) or [`Pcap`](SavefileFormat::Pcap). `None` means that the name does not tell.
    pub format: Option<SavefileFormat>,
    /// Whether to compress the savefile with gzip.
    pub gzip: bool,
}

/// The option `--format`.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct FormatArg {
    /// The format of the output, regardless of its name [default: by the name, see below]
    #[arg(long, value_name = "FORMAT",
        value_parser = PossibleValuesParser::new(["pcap", "pcapng"]).try_map(|name| name.parse::<SavefileFormat>()))]
    pub format: Option<SavefileFormat>,
}

impl OutputFormat {
    /// Returns the format for a path. Standard output, `-`, is not compressed, and its name does not tell the format.
    ///
    /// # Errors
    ///
    /// Returns an error if the path has the extension of a compression other than gzip.
    pub fn of_path(path: &Path) -> Outcome<OutputFormat> {
        let (gzip, inner) = match Compression::from_name(path) {
            None => (false, path.to_owned()),
            Some(Compression::Gzip) => (true, path.with_extension("")),
            Some(Compression::Other { name, .. }) => {
                let path = path.display();
                return Err(Failure::Text(format!(
                    "cannot write `{path}`: expected no compression or gzip, found the extension of \
                     {name}; write to `-` and compress the output of the pipe"
                )));
            }
        };
        let is_one_of = |extensions: &[&str]| {
            inner.extension().is_some_and(|extension| {
                extensions
                    .iter()
                    .any(|known| extension.eq_ignore_ascii_case(known))
            })
        };
        let format = match () {
            () if is_one_of(&["pcapng"]) => Some(SavefileFormat::Pcapng),
            () if is_one_of(&CLASSIC) => Some(SavefileFormat::Pcap),
            () => None,
        };
        Ok(OutputFormat { format, gzip })
    }

    /// Returns the format with that of the option `--format`, if it was given.
    #[must_use]
    pub fn with(self, arg: FormatArg) -> OutputFormat {
        OutputFormat {
            format: arg.format.or(self.format),
            ..self
        }
    }

    /// Returns the format, which is that of the input if the name does not tell.
    #[must_use]
    pub fn format_for(self, input: SavefileFormat) -> SavefileFormat {
        self.format.unwrap_or(input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pcap_core::SavefileFormat::{Pcap, Pcapng};

    #[test]
    fn the_extension_chooses_the_format_in_any_case() {
        for (name, format, gzip) in [
            ("a.pcap", Some(Pcap), false),
            ("a", None, false),
            ("-", None, false),
            ("a.CAP", Some(Pcap), false),
            ("a.dmp", Some(Pcap), false),
            ("a.txt", None, false),
            ("a.pcap.gz", Some(Pcap), true),
            ("a.gz", None, true),
            ("A.PCAPNG", Some(Pcapng), false),
            ("a.b/c.PcapNg.GZ", Some(Pcapng), true),
            ("pcapng", None, false),
            ("a.pcapng.pcap", Some(Pcap), false),
        ] {
            assert_eq!(
                OutputFormat::of_path(Path::new(name)).unwrap(),
                OutputFormat { format, gzip },
                "{name}"
            );
        }
        for name in [
            "a.pcap.zst",
            "a.lz4",
            "a.XZ",
            "a.pcapng.bz2",
            "a.Z",
            "a.zip",
        ] {
            let failure = OutputFormat::of_path(Path::new(name))
                .unwrap_err()
                .to_string();
            assert!(
                failure.starts_with(&format!("cannot write `{name}`: ")),
                "{failure}"
            );
        }
    }
}

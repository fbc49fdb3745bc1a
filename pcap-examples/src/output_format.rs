//! The format and compression of an output savefile, chosen by the extension of its name. All programs follow this
//! rule.

use std::path::Path;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use pcap_core::SavefileFormat;

use crate::compression::{CompressArg, Compression, Recognized};
use crate::exit::{Failure, Outcome};

/// The section of `--help` about extensions, for programs with an input.
pub const HELP: &str = "\
Formats:
  The extension of the name determines the format, in upper or lower case:
  `.pcapng` means pcapng, and `.pcap`, `.cap` and `.dmp` mean classic pcap.
  With another extension or none, and on standard output, the format is that
  of the input. --format overrides this. If `.gz`, `.zst` or `.lz4` follows,
  the savefile is compressed. --compress overrides this. Extensions of other
  compression formats, such as `.xz`, are rejected.";

/// The section of `--help` about extensions, for programs without an input.
pub const HELP_WITHOUT_INPUT: &str = "\
Formats:
  The extension of the name determines the format, in upper or lower case:
  `.pcapng` means pcapng, and anything else means pcap. If `.gz`, `.zst` or
  `.lz4` follows, the savefile is compressed. --format and --compress override
  this. Extensions of other compression formats, such as `.xz`, are rejected.";

/// The extensions of classic savefiles, in lower case.
const CLASSIC: [&str; 3] = ["pcap", "cap", "dmp"];

/// The format and compression of an output savefile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputFormat {
    /// [`Pcapng`](SavefileFormat::Pcapng) or [`Pcap`](SavefileFormat::Pcap). `None` means that the name does not tell.
    pub format: Option<SavefileFormat>,
    /// How to compress the savefile. `None` means that it is not compressed.
    pub compression: Option<Compression>,
}

/// The options `--format` and `--compress`.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct FormatArg {
    /// The format of the output [default: by the name, see below]
    #[arg(long, value_name = "FORMAT",
        value_parser = PossibleValuesParser::new(["pcap", "pcapng"]).try_map(|name| name.parse::<SavefileFormat>()))]
    pub format: Option<SavefileFormat>,
    /// Compress the output (none, gzip, zstd or lz4), optionally with a level, as in `zstd:9` [default: by
    /// the name, see below]
    #[arg(long, value_name = "HOW")]
    pub compress: Option<CompressArg>,
}

impl FormatArg {
    /// Returns whether one of the options was given.
    #[must_use]
    pub fn is_given(self) -> bool {
        self.format.is_some() || self.compress.is_some()
    }
}

impl OutputFormat {
    /// Returns the format for a path. Standard output, `-`, is not compressed, and its name does not tell the format.
    ///
    /// # Errors
    ///
    /// Returns an error if the path has the extension of a compression that is not supported.
    pub fn of_path(path: &Path) -> Outcome<OutputFormat> {
        let (compression, inner) = match Recognized::from_name(path) {
            None => (None, path.to_owned()),
            Some(Recognized::Supported(format)) => (Some(format.into()), path.with_extension("")),
            Some(Recognized::Other { name, .. }) => {
                let path = path.display();
                return Err(Failure::Text(format!(
                    "cannot write `{path}`: expected gzip, zstd, lz4 or no compression, found the \
                     extension of {name}; write to `-` and compress the output of the pipe"
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
        Ok(OutputFormat {
            format,
            compression,
        })
    }

    /// Returns the format with those of the options, if they were given.
    #[must_use]
    pub fn with(self, arg: FormatArg) -> OutputFormat {
        OutputFormat {
            format: arg.format.or(self.format),
            compression: match arg.compress {
                Some(CompressArg(compression)) => compression,
                None => self.compression,
            },
        }
    }

    /// Returns the format for a live capture, which compresses at the fastest level unless the level is given.
    #[must_use]
    pub fn for_capture(mut self) -> OutputFormat {
        if let Some(compression) = &mut self.compression {
            compression.level = compression.level.or(compression.format.fastest_level());
        }
        self
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
    use crate::compression::CompressionFormat::{self, Gzip, Lz4, Zstd};
    use pcap_core::SavefileFormat::{Pcap, Pcapng};

    #[test]
    fn the_extension_chooses_the_format_in_any_case() {
        let none = None::<CompressionFormat>;
        for (name, format, compression) in [
            ("a.pcap", Some(Pcap), none),
            ("a", None, none),
            ("-", None, none),
            ("a.CAP", Some(Pcap), none),
            ("a.dmp", Some(Pcap), none),
            ("a.txt", None, none),
            ("a.pcap.gz", Some(Pcap), Some(Gzip)),
            ("a.gz", None, Some(Gzip)),
            ("a.pcap.zst", Some(Pcap), Some(Zstd)),
            ("a.pcap.zstd", Some(Pcap), Some(Zstd)),
            ("a.lz4", None, Some(Lz4)),
            ("A.PCAPNG", Some(Pcapng), none),
            ("a.b/c.PcapNg.GZ", Some(Pcapng), Some(Gzip)),
            ("pcapng", None, none),
            ("a.pcapng.pcap", Some(Pcap), none),
        ] {
            assert_eq!(
                OutputFormat::of_path(Path::new(name)).unwrap(),
                OutputFormat {
                    format,
                    compression: compression.map(Compression::from)
                },
                "{name}"
            );
        }
        for name in ["a.XZ", "a.pcapng.bz2", "a.Z", "a.zip"] {
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

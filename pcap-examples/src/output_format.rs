//! The format and compression of an output savefile, chosen by the extension of its name. All programs follow this
//! rule.

use std::path::Path;

use pcap_core::SavefileFormat;

use crate::compression::Compression;
use crate::exit::{Failure, Outcome};

/// The section of `--help` about extensions.
pub const HELP: &str = "\
The extension of the name determines the format, in upper or lower case: `.pcapng` means pcapng,
and anything else means pcap. If `.gz` follows, the savefile is compressed with gzip. Extensions
of other compression formats, such as `.zst`, are rejected.";

/// The format and compression of an output savefile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputFormat {
    /// [`Pcapng`](SavefileFormat::Pcapng) or [`Pcap`](SavefileFormat::Pcap).
    pub format: SavefileFormat,
    /// Whether to compress the savefile with gzip.
    pub gzip: bool,
}

impl OutputFormat {
    /// Uncompressed pcap.
    pub const PCAP: OutputFormat = OutputFormat {
        format: SavefileFormat::Pcap,
        gzip: false,
    };

    /// Returns the format for a path. Standard output, `-`, is uncompressed pcap.
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
        let is_pcapng = inner
            .extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("pcapng"));
        let format = if is_pcapng {
            SavefileFormat::Pcapng
        } else {
            SavefileFormat::Pcap
        };
        Ok(OutputFormat { format, gzip })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_chooses_the_format_in_any_case() {
        for (name, is_pcapng, gzip) in [
            ("a.pcap", false, false),
            ("a", false, false),
            ("-", false, false),
            ("a.cap", false, false),
            ("a.pcap.gz", false, true),
            ("a.gz", false, true),
            ("A.PCAPNG", true, false),
            ("a.b/c.PcapNg.GZ", true, true),
            ("pcapng", false, false),
            ("a.pcapng.pcap", false, false),
        ] {
            let format = match is_pcapng {
                true => SavefileFormat::Pcapng,
                false => SavefileFormat::Pcap,
            };
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

//! What a savefile is to be by the ending of its name: one rule for all programs that write any.

use std::path::Path;

use pcap_core::SavefileFormat;

use crate::compressed::Compression;
use crate::exit::{Failure, Outcome};

/// What `--help` says of it.
pub const HELP: &str = "\
The ending of a name decides what is written, in upper or lower case: `.pcapng` is pcapng, and
everything else pcap; with `.gz` behind it, it is compressed by gzip. The endings of other
compressions, such as `.zst`, are refused.";

/// The format of a savefile, and whether it is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// [`Pcapng`](SavefileFormat::Pcapng) or [`Pcap`](SavefileFormat::Pcap).
    pub format: SavefileFormat,
    /// Whether it is compressed by gzip.
    pub gzip: bool,
}

impl Ending {
    /// pcap that is not compressed.
    pub const PCAP: Ending = Ending {
        format: SavefileFormat::Pcap,
        gzip: false,
    };

    /// What a savefile of this name is; standard output, `-`, is pcap.
    ///
    /// # Errors
    ///
    /// If its name says that it is compressed by something else than gzip.
    pub fn of(path: &Path) -> Outcome<Ending> {
        let (gzip, inner) = match Compression::of_name(path) {
            None => (false, path.to_owned()),
            Some(Compression::Gzip) => (true, path.with_extension("")),
            Some(Compression::Other { name, .. }) => {
                let path = path.display();
                return Err(Failure::Text(format!(
                    "cannot write `{path}`: the programs compress by gzip alone, and its name says \
                     {name}; write to `-` and compress what comes out of the pipe"
                )));
            }
        };
        let is_pcapng = inner
            .extension()
            .is_some_and(|end| end.eq_ignore_ascii_case("pcapng"));
        let format = if is_pcapng {
            SavefileFormat::Pcapng
        } else {
            SavefileFormat::Pcap
        };
        Ok(Ending { format, gzip })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides_in_any_case() {
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
                Ending::of(Path::new(name)).unwrap(),
                Ending { format, gzip },
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
            let failure = Ending::of(Path::new(name)).unwrap_err().to_string();
            assert!(
                failure.starts_with(&format!("cannot write `{name}`: ")),
                "{failure}"
            );
        }
    }
}

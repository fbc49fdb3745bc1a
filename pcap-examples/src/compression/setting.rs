//! How to compress an output: the option `--compress`.

use std::str::FromStr;

use super::CompressionFormat;

/// How to compress an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    /// The format.
    pub format: CompressionFormat,
    /// The level. `None` means the default of the format.
    pub level: Option<u8>,
}

/// The value of `--compress`: a [`Compression`], or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompressArg(pub Option<Compression>);

impl From<CompressionFormat> for Compression {
    fn from(format: CompressionFormat) -> Compression {
        Compression {
            format,
            level: None,
        }
    }
}

impl FromStr for CompressArg {
    type Err = String;

    fn from_str(text: &str) -> Result<CompressArg, String> {
        let (name, level) = match text.split_once(':') {
            Some((name, level)) => (name, Some(level)),
            None => (text, None),
        };
        let (format, max) = match name {
            "gzip" => (CompressionFormat::Gzip, 9),
            "zstd" => (CompressionFormat::Zstd, 19),
            "lz4" if level.is_some() => {
                return Err("expected `lz4` without a level".to_owned());
            }
            "lz4" => (CompressionFormat::Lz4, 0),
            "none" if level.is_none() => return Ok(CompressArg(None)),
            _ => {
                return Err(format!("expected none, gzip, zstd or lz4, found `{name}`"));
            }
        };
        let parse = |level: &str| match level.parse() {
            Ok(number) if (1..=max).contains(&number) => Ok(number),
            _ => Err(format!(
                "expected a level from 1 to {max} after `{name}:`, found `{level}`"
            )),
        };
        let level = level.map(parse).transpose()?;
        Ok(CompressArg(Some(Compression { format, level })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_follows_the_format() {
        let parse = |text: &str| text.parse::<CompressArg>();
        let zstd = |level| {
            let format = CompressionFormat::Zstd;
            CompressArg(Some(Compression { format, level }))
        };
        assert_eq!(parse("zstd"), Ok(zstd(None)));
        assert_eq!(parse("zstd:19"), Ok(zstd(Some(19))));
        assert_eq!(parse("none"), Ok(CompressArg(None)));
        for wrong in ["zstd:20", "gzip:0", "gzip:x", "zstd:", "lz4:1", "none:1"] {
            assert!(
                parse(wrong).unwrap_err().starts_with("expected "),
                "{wrong}"
            );
        }
        assert_eq!(
            parse("xz").unwrap_err(),
            "expected none, gzip, zstd or lz4, found `xz`"
        );
    }
}

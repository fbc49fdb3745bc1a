//! Parses sizes.

use super::amount::{Default, Units};

const UNITS: Units = Units {
    sizes: &[
        ("B", 1),
        ("K", 1 << 10),
        ("KiB", 1 << 10),
        ("M", 1 << 20),
        ("MiB", 1 << 20),
        ("G", 1 << 30),
        ("GiB", 1 << 30),
        ("T", 1 << 40),
        ("TiB", 1 << 40),
        ("kB", 1_000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
    ],
    list: "B, kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB and TiB (or K, M, G and T)",
    examples: "64KiB, 10MB, 1.5GiB",
    noun: "size",
    smallest: "byte",
    has_case: false,
};

/// Parses a size in bytes, or with a unit: `96`, `10MB`, `1.5GiB`. `K`, `M`, `G` and `T` are the same as `KiB`, `MiB`,
/// `GiB` and `TiB`.
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn bytes(text: &str) -> Result<u64, String> {
    size(text, 1, "bytes")
}

/// Parses a size in thousands of bytes, as dumpcap's `filesize:`, or with a unit.
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn kilobytes(text: &str) -> Result<u64, String> {
    size(text, 1_000, "thousands of bytes")
}

/// Parses a size in KiB, as tcpdump's `-B`, or with a unit.
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn kibibytes(text: &str) -> Result<u64, String> {
    size(text, 1 << 10, "KiB")
}

/// Parses a size in millions of bytes, as tcpdump's `-C`, or with a unit.
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn megabytes(text: &str) -> Result<u64, String> {
    size(text, 1_000_000, "millions of bytes")
}

/// Parses a size that is greater than 0.
fn size(text: &str, size: i128, name: &'static str) -> Result<u64, String> {
    match UNITS.parse(text, &Default { size, name })? {
        size if size <= 0 => Err("expected a size greater than 0".to_owned()),
        size => u64::try_from(size).map_err(|_| "the size is out of range".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_numbers_have_the_unit_of_their_option() {
        assert_eq!(bytes("96"), Ok(96));
        assert_eq!(kilobytes("10"), Ok(10_000));
        assert_eq!(kibibytes("4"), Ok(4096));
        assert_eq!(megabytes("1.5"), Ok(1_500_000));
    }

    #[test]
    fn units_mean_the_same_in_all_options() {
        for (text, size) in [
            ("64B", 64),
            ("2m", 2 << 20),
            ("1GiB", 1 << 30),
            ("10MB", 10_000_000),
            ("10mib", 10 << 20),
            ("1.5KiB", 1536),
            ("3kB", 3000),
            ("2T", 2 << 40),
            ("0.5TB", 500_000_000_000),
        ] {
            for parse in [bytes, kilobytes, kibibytes, megabytes] {
                assert_eq!(parse(text), Ok(size), "{text}");
            }
        }
        for text in [
            "",
            "M",
            "4 apples",
            "4 M",
            "0",
            "0.1B",
            "99999999999999999999",
            "-1",
            "1e3",
            "1s",
        ] {
            assert!(bytes(text).is_err(), "{text}");
        }
        assert_eq!(
            bytes("4x"),
            Err("expected one of the units B, kB, MB, GB, TB (powers of 1000), KiB, MiB, GiB and TiB \
                 (or K, M, G and T), found `x`"
                .to_owned())
        );
    }
}

//! Parses sizes, times, moments, numbers and link types on the command line. The functions are value parsers for clap.

mod amount;
mod moment;
mod number_ranges;
mod size;
mod time;
mod time_shift;

use pcap_core::{Dlt, Linktype};

pub use moment::{Moment, moment};
pub use number_ranges::{NumberRanges, number_ranges};
pub use size::{bytes, kibibytes, kilobytes, megabytes};
pub use time::{milliseconds, nonzero_seconds, seconds};
pub use time_shift::{TimeShift, numbered_time_shift, time_shift};

/// Parses a number greater than 0, which may have a fraction.
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn positive_number(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("expected a number greater than 0".to_owned()),
    }
}

/// Parses a number of these things greater than 0, without a fraction.
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn count(text: &str, things: &str) -> Result<u64, String> {
    match text.parse::<u64>() {
        Ok(count @ 1..) => Ok(count),
        _ => Err(format!(
            "expected a number of {things} greater than 0, found `{text}`"
        )),
    }
}

/// Parses a link type: the name of a LINKTYPE or DLT, or the number of a LINKTYPE.
///
/// # Errors
///
/// Returns a message for clap to print if the text is invalid or out of range.
pub fn linktype(text: &str) -> Result<Linktype, String> {
    let found = match text.parse::<Linktype>() {
        Ok(linktype) => linktype,
        Err(error) => Dlt::from_name(text).ok_or(error.to_string())?.into(),
    };
    match found.value() {
        0..=0xffff => Ok(found),
        number => Err(format!("expected at most 65535, found {number}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_types_are_parsed_by_both_names_and_by_number() {
        for text in ["RAW", "linktype_raw", "DLT_RAW", "101"] {
            assert_eq!(linktype(text), Ok(Linktype::RAW), "{text}");
        }
        assert_eq!(linktype("EN10MB"), Ok(Linktype::ETHERNET));
        for text in ["", "pigeon", "-1", "65536"] {
            assert!(linktype(text).is_err(), "{text}");
        }
    }
}

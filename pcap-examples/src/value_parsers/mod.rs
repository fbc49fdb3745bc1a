//! Parses sizes, times, moments, numbers and link types on the command line. The functions are value parsers for clap.

mod amount;
mod chop;
mod moment;
mod number;
mod number_ranges;
mod output_path;
mod size;
mod time;
mod time_shift;

use std::net::Ipv4Addr;

use pcap_core::{Dlt, Linktype, TstampType};

pub use chop::{Chop, chop};
pub use moment::{Moment, moment};
pub use number::number;
pub use number_ranges::{NumberRanges, number_ranges};
pub use output_path::{output_path, to_output_path};
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
        Err(_) => datalink(text)?.into(),
    };
    match found.value() {
        0..=0xffff => Ok(found),
        number => Err(format!("expected at most 65535, found {number}")),
    }
}

/// Parses a link type of libpcap: the name or number of a DLT.
///
/// # Errors
///
/// Returns a message for clap to print if there is no such link type.
pub fn datalink(text: &str) -> Result<Dlt, String> {
    let found = text.parse::<Dlt>().ok().filter(|dlt| dlt.value() >= 0);
    found.ok_or("expected the name or number of a link type, such as EN10MB or 1".to_owned())
}

/// Parses an IPv4 netmask.
///
/// # Errors
///
/// Returns a message for clap to print if the text is not an IPv4 address.
pub fn netmask(text: &str) -> Result<Ipv4Addr, String> {
    let mask = text.parse().ok();
    mask.ok_or("expected an IPv4 address, such as 255.255.255.0".to_owned())
}

/// Parses the name or number of a source of packet times.
///
/// # Errors
///
/// Returns a message for clap to print if there is no such source.
pub fn time_stamp_type(text: &str) -> Result<TstampType, String> {
    let found = text
        .parse::<TstampType>()
        .ok()
        .filter(|source| source.value() >= 0);
    found.ok_or("expected a source of packet times, such as host or adapter, see -J".to_owned())
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

//! Formats the times of packets.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use clap::ValueEnum;
use jiff::tz::{Offset, TimeZone};
use pcap_core::Timestamp;

/// The form of the time before a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TimeFormat {
    /// No time.
    None,
    /// The local time of day.
    Local,
    /// The date and time in UTC, as in RFC 3339.
    Utc,
    /// Seconds since 1970.
    Epoch,
    /// The time since the previous packet.
    Delta,
    /// The local date and time.
    Date,
    /// The time since the first packet.
    SinceFirst,
}

/// Formats times, which may be relative to earlier ones.
#[derive(Clone, Debug)]
pub struct PacketTimes {
    format: TimeFormat,
    /// The number of decimals, 6 or 9.
    digits: usize,
    zone: TimeZone,
    /// The time that others are relative to. Copies of this value share it.
    reference: Arc<Mutex<Option<Timestamp>>>,
    /// The last second that was formatted, and its text. Packets often share a second.
    second: Option<i64>,
    text: Vec<u8>,
}

impl Default for PacketTimes {
    fn default() -> PacketTimes {
        PacketTimes::new(TimeFormat::Local, false)
    }
}

impl PacketTimes {
    /// Creates a formatter for the time zone of the system, or of the `TZ` variable.
    #[must_use]
    pub fn new(format: TimeFormat, nano: bool) -> PacketTimes {
        PacketTimes::in_zone(format, nano, TimeZone::system())
    }

    fn in_zone(format: TimeFormat, nano: bool, zone: TimeZone) -> PacketTimes {
        PacketTimes {
            format,
            digits: if nano { 9 } else { 6 },
            zone,
            reference: Arc::default(),
            second: None,
            text: Vec::new(),
        }
    }

    /// Appends a time and a space. Without a time, appends `- `, unless no times are wanted.
    pub fn push(&mut self, out: &mut Vec<u8>, time: Option<Timestamp>) {
        let Some(time) = time else {
            if self.format != TimeFormat::None {
                out.extend(b"- ");
            }
            return;
        };
        // The decimals of differences match those of the times.
        let time = match self.digits {
            6 => Timestamp::from_micros(time.secs(), time.subsec_micros().into()),
            _ => time,
        };
        match self.format {
            TimeFormat::None => return,
            TimeFormat::Local | TimeFormat::Date => {
                self.push_second(out, time.secs());
                self.push_fraction(out, time.subsec_nanos());
            }
            TimeFormat::Epoch => {
                // Writing to memory cannot fail.
                let _ = write!(out, "{}", time.secs());
                self.push_fraction(out, time.subsec_nanos());
            }
            TimeFormat::Utc => {
                let _ = write!(out, "{:.1$}", time.rfc3339(), self.digits);
            }
            TimeFormat::Delta | TimeFormat::SinceFirst => {
                let shared = self.reference.lock();
                let mut shared = shared.unwrap_or_else(PoisonError::into_inner);
                let reference = *shared.get_or_insert(time);
                if self.format == TimeFormat::Delta {
                    *shared = Some(time);
                }
                drop(shared);
                let (sign, (from, to)) = match time < reference {
                    true => (b'-', (time, reference)),
                    false => (b' ', (reference, time)),
                };
                let passed = to.saturating_duration_since(from);
                out.push(sign);
                // More than a day is counted in hours.
                push_clock(out, passed.as_secs());
                self.push_fraction(out, passed.subsec_nanos());
            }
        }
        out.push(b' ');
    }

    /// Appends the local time of a second, and the date if it is wanted.
    fn push_second(&mut self, out: &mut Vec<u8>, second: i64) {
        if self.second != Some(second) {
            self.second = Some(second);
            self.text.clear();
            let offset = jiff::Timestamp::from_second(second)
                .map_or(Offset::UTC, |time| self.zone.to_offset(time));
            let local = second.saturating_add(offset.seconds().into());
            if self.format == TimeFormat::Date {
                let date = Timestamp::new(local, 0).to_rfc3339();
                let date = date.split('T').next().unwrap_or_default();
                let _ = write!(self.text, "{date} ");
            }
            push_clock(&mut self.text, local.rem_euclid(86400).unsigned_abs());
        }
        out.extend_from_slice(&self.text);
    }

    fn push_fraction(&self, out: &mut Vec<u8>, nanos: u32) {
        let mut text = *b".000000000";
        let mut rest = nanos;
        for digit in text[1..].iter_mut().rev() {
            *digit += (rest % 10) as u8;
            rest /= 10;
        }
        out.extend_from_slice(&text[..=self.digits]);
    }
}

/// Appends `HH:MM:SS`.
fn push_clock(out: &mut Vec<u8>, seconds: u64) {
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    // Writing to memory cannot fail.
    let _ = write!(out, "{hours:02}:{minutes:02}:{seconds:02}");
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the times in Berlin, where summer time ended at 1:00 UTC on 2023-10-29.
    fn texts(format: TimeFormat, nano: bool, times: &[Timestamp]) -> Vec<String> {
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        let mut formatter = PacketTimes::in_zone(format, nano, zone);
        let text = |&time| {
            let mut out = Vec::new();
            formatter.push(&mut out, Some(time));
            String::from_utf8(out).unwrap()
        };
        times.iter().map(text).collect()
    }

    #[test]
    fn each_format_is_that_of_tcpdump() {
        const CHANGE: i64 = 1_698_541_200;
        let times = [
            Timestamp::new(CHANGE - 1, 999_999_999),
            Timestamp::new(CHANGE, 5),
            Timestamp::new(CHANGE - 90_000, 0),
        ];
        for (format, expected) in [
            (TimeFormat::None, ["", "", ""]),
            (
                TimeFormat::Local,
                ["02:59:59.999999 ", "02:00:00.000000 ", "02:00:00.000000 "],
            ),
            (
                TimeFormat::Date,
                [
                    "2023-10-29 02:59:59.999999 ",
                    "2023-10-29 02:00:00.000000 ",
                    "2023-10-28 02:00:00.000000 ",
                ],
            ),
            (
                TimeFormat::Utc,
                [
                    "2023-10-29T00:59:59.999999Z ",
                    "2023-10-29T01:00:00.000000Z ",
                    "2023-10-28T00:00:00.000000Z ",
                ],
            ),
            (
                TimeFormat::Epoch,
                [
                    "1698541199.999999 ",
                    "1698541200.000000 ",
                    "1698451200.000000 ",
                ],
            ),
            (
                TimeFormat::Delta,
                [
                    " 00:00:00.000000 ",
                    " 00:00:00.000001 ",
                    "-25:00:00.000000 ",
                ],
            ),
            (
                TimeFormat::SinceFirst,
                [
                    " 00:00:00.000000 ",
                    " 00:00:00.000001 ",
                    "-24:59:59.999999 ",
                ],
            ),
        ] {
            assert_eq!(texts(format, false, &times), expected);
        }
        assert_eq!(
            texts(TimeFormat::Delta, true, &times)[1],
            " 00:00:00.000000006 "
        );
    }

    #[test]
    fn extreme_times_cause_no_panic() {
        let times = [i64::MIN, -1, i64::MAX].map(|secs| Timestamp::new(secs, 0));
        for &format in TimeFormat::value_variants() {
            assert_eq!(texts(format, true, &times).len(), 3);
        }
    }

    #[test]
    fn a_missing_time_is_a_dash() {
        let mut out = Vec::new();
        PacketTimes::default().push(&mut out, None);
        PacketTimes::new(TimeFormat::None, false).push(&mut out, None);
        assert_eq!(out, b"- ");
    }
}

//! The options that select packets by their numbers and times.

use clap::Args;
use pcap_core::Timestamp;

use crate::value_parsers::{Moment, NumberRanges, moment, number_ranges};

/// The section of `--help` about times.
pub const HELP: &str = "\
Times:
  2026-11-28 09:30        local time; a date alone means midnight
  2026-11-28T09:30:00.5Z  UTC, or another zone: 2026-11-28 09:30+01:00
  09:30                   on the day of the first packet, in local time; or in
                          another zone: 09:30Z, 09:30+01:00
  1795858200.5            seconds since 1970
  +60s                    after the first packet: +90, +5m, +1.5h
  Where clocks change, a local time that occurs twice is the first one, and
  one that is skipped is as much later. Packets without a time, which pcapng
  can have, are not selected by time.";

/// The packets to select, by their numbers and times.
#[derive(Args, Clone, Debug, Default)]
pub struct RangeOptions {
    /// Select only packets with these numbers, counted from 1 in the input: 7, 1-100,200-
    #[arg(long, value_name = "NUMBERS", value_parser = number_ranges)]
    packets: Option<NumberRanges>,
    /// Leave out packets with these numbers
    #[arg(long, value_name = "NUMBERS", value_parser = number_ranges)]
    except: Option<NumberRanges>,
    /// Select only packets at or after this time (see below)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    after: Option<Moment>,
    /// Select only packets before this time (see below)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    before: Option<Moment>,
}

impl RangeOptions {
    /// Returns why no time can be in the range, or `None` if one can.
    #[must_use]
    pub fn mistake(&self) -> Option<String> {
        let (after, before) = (self.after.as_ref()?, self.before.as_ref()?);
        let advice = match after {
            Moment::OnFirstDay(..) => "; with dates, a range may cross midnight",
            _ => "",
        };
        let is_empty = after.is_before(before) == Some(false);
        is_empty.then(|| format!("expected a later time for --before than for --after{advice}"))
    }

    /// Returns the range, before the first packet.
    #[must_use]
    pub fn start(&self) -> PacketRange {
        let last = self.packets.as_ref().map_or(u64::MAX, NumberRanges::last);
        let all_after = self.except.as_ref().and_then(NumberRanges::open_from);
        PacketRange {
            options: self.clone(),
            is_all: self.packets.is_none()
                && self.except.is_none()
                && self.after.is_none()
                && self.before.is_none(),
            last: all_after.map_or(last, |first| last.min(first - 1)),
            times: None,
        }
    }
}

/// Decides which packets of an input are selected, in the order of the input.
#[derive(Clone, Debug)]
pub struct PacketRange {
    options: RangeOptions,
    is_all: bool,
    /// The number after which no packet is selected.
    last: u64,
    /// The bounds, once the time of the first packet is known.
    times: Option<(Option<Timestamp>, Option<Timestamp>)>,
}

impl PacketRange {
    /// Returns whether all packets are selected, because there is no option.
    #[inline]
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.is_all
    }

    /// Returns whether no packet after the one with this number is selected.
    #[inline]
    #[must_use]
    pub fn is_over(&self, number: u64) -> bool {
        number >= self.last
    }

    /// Returns whether a packet is selected. Call this for each packet of the input. A packet without a time is not
    /// selected if there is an option for times.
    #[inline]
    #[must_use]
    pub fn selects(&mut self, number: u64, time: Option<Timestamp>) -> bool {
        self.is_all || self.compare(number, time)
    }

    fn compare(&mut self, number: u64, time: Option<Timestamp>) -> bool {
        let RangeOptions {
            packets,
            except,
            after,
            before,
        } = &self.options;
        if let (None, Some(first)) = (self.times, time) {
            let time = |moment: &Option<Moment>| moment.as_ref().map(|moment| moment.time(first));
            self.times = Some((time(after), time(before)));
        }
        let has_number = packets.as_ref().is_none_or(|list| list.contains(number));
        if !has_number || except.as_ref().is_some_and(|list| list.contains(number)) {
            return false;
        }
        match (self.times, time) {
            (Some((after, before)), Some(time)) => {
                after.is_none_or(|after| time >= after) && before.is_none_or(|before| time < before)
            }
            _ => after.is_none() && before.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        range: RangeOptions,
    }

    /// Returns the selected numbers of ten packets, one every second from 1000 on. The second has no time.
    fn selected(words: &[&str]) -> Vec<u64> {
        let line = ["program"].iter().chain(words);
        let mut range = Line::try_parse_from(line).unwrap().range.start();
        let numbers = (1..=10).filter(|&number| {
            let time = (number != 2).then(|| Timestamp::new(999 + number as i64, 0));
            range.selects(number, time)
        });
        numbers.collect()
    }

    #[test]
    fn packets_are_selected_by_number_and_time() {
        assert_eq!(selected(&[]), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        assert_eq!(selected(&["--packets", "2-3,9-"]), [2, 3, 9, 10]);
        assert_eq!(selected(&["--except", "2-8"]), [1, 9, 10]);
        assert_eq!(
            selected(&["--packets", "1-5", "--except", "2"]),
            [1, 3, 4, 5]
        );
        assert_eq!(selected(&["--after", "1007"]), [8, 9, 10]);
        assert_eq!(selected(&["--before", "1003"]), [1, 3]);
        assert_eq!(selected(&["--after", "+5s", "--before", "+7"]), [6, 7]);
        assert_eq!(selected(&["--packets", "7-", "--after", "+7s"]), [8, 9, 10]);
    }

    #[test]
    fn the_end_of_a_range_is_known_from_numbers() {
        let over = |words: &[&str]| {
            let line = ["program"].iter().chain(words);
            let range = Line::try_parse_from(line).unwrap().range.start();
            (1..=10).find(|&number| range.is_over(number))
        };
        assert_eq!(over(&[]), None);
        assert_eq!(over(&["--packets", "1,4-6"]), Some(6));
        assert_eq!(over(&["--packets", "4-"]), None);
        assert_eq!(over(&["--except", "5-"]), Some(4));
        assert_eq!(over(&["--except", "5-9"]), None);
        assert_eq!(over(&["--before", "5"]), None);
    }
}

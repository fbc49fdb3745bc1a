//! Chooses the times on an axis, and how they are shown.

use jiff::civil::{Date, DateTime, Time};
use jiff::{Span, ZonedDateTime};

use super::TimeSpan;
use super::text::{Face, width};

/// A time on an axis.
#[derive(Clone, Debug)]
pub(super) struct TimeTick {
    /// Nanoseconds since 1970.
    pub(super) at: i128,
    /// The text below the axis.
    pub(super) text: String,
    /// The date in a second line, where it changes.
    pub(super) date: Option<String>,
}

/// The times on an axis.
#[derive(Debug)]
pub(super) struct TimeTicks {
    pub(super) ticks: Vec<TimeTick>,
    /// What the axis shows, with the time zone.
    pub(super) label: String,
}

const MICROS: i128 = 1000;
const MILLIS: i128 = 1_000_000;
const SECOND: i128 = 1_000_000_000;
const MINUTE: i128 = 60 * SECOND;
const DAY: i128 = 86400 * SECOND;

/// The distance of ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Nanos(i128),
    Hours(i64),
    Days(i64),
    Months(i64),
    Years(i64),
}

impl Step {
    fn nanos(self) -> i128 {
        match self {
            Step::Nanos(nanos) => nanos,
            Step::Hours(hours) => i128::from(hours) * 60 * MINUTE,
            Step::Days(days) => i128::from(days) * DAY,
            Step::Months(months) => i128::from(months) * 30 * DAY,
            Step::Years(years) => i128::from(years) * 365 * DAY,
        }
    }

    /// Returns all steps, from short to long.
    fn all() -> impl Iterator<Item = Step> {
        let short = (0..9).flat_map(|power| [1, 2, 5].map(|factor| factor * 10_i128.pow(power)));
        let seconds = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800];
        let years = (0..5).flat_map(|power| [1, 2, 5].map(|factor| factor * 10_i64.pow(power)));
        short
            .map(Step::Nanos)
            .chain(seconds.map(|seconds| Step::Nanos(seconds * SECOND)))
            .chain([1, 2, 3, 6, 12].map(Step::Hours))
            .chain([1, 2, 7, 14].map(Step::Days))
            .chain([1, 2, 3, 6].map(Step::Months))
            .chain(years.map(Step::Years))
    }

    /// Returns the form of the texts, for `strftime`.
    fn format(self) -> &'static str {
        match self {
            Step::Nanos(nanos) if nanos < 10 * MILLIS => "%H:%M:%S.%3f",
            Step::Nanos(nanos) if nanos < 100 * MILLIS => "%H:%M:%S.%2f",
            Step::Nanos(nanos) if nanos < SECOND => "%H:%M:%S.%1f",
            Step::Nanos(nanos) if nanos < MINUTE => "%H:%M:%S",
            Step::Nanos(_) | Step::Hours(_) => "%H:%M",
            Step::Days(_) => "%-d %b",
            Step::Months(_) => "%b",
            Step::Years(_) => "%Y",
        }
    }

    /// Returns the form of the second line.
    fn date_format(self) -> Option<&'static str> {
        match self {
            Step::Nanos(_) | Step::Hours(_) => Some("%-d %b %Y"),
            Step::Days(_) | Step::Months(_) => Some("%Y"),
            Step::Years(_) => None,
        }
    }
}

impl TimeTicks {
    /// Chooses ticks for the time from `start` to `end` on an axis that is `pixels` wide, with text of `size`.
    pub(super) fn new(
        span: &TimeSpan,
        start: i128,
        end: i128,
        pixels: f64,
        size: f64,
    ) -> TimeTicks {
        let length = (end - start).max(1);
        let fits = |step: &Step| {
            let room = step.nanos() as f64 / length as f64 * pixels;
            let text = match step {
                Step::Nanos(nanos) if *nanos < MILLIS => "+000.0 ms",
                Step::Nanos(nanos) if *nanos < SECOND => "00:00:00.000",
                Step::Nanos(nanos) if *nanos < MINUTE => "00:00:00",
                Step::Nanos(_) | Step::Hours(_) => "00:00",
                Step::Days(_) => "00 May",
                Step::Months(_) => "May",
                Step::Years(_) => "0000",
            };
            room >= width(text, size, Face::Sans) + 1.5 * size
        };
        let step = Step::all().find(fits).unwrap_or(Step::Years(50_000));
        if step.nanos() < MILLIS {
            return relative(span, step.nanos(), start, end);
        }
        let times = match step {
            Step::Nanos(nanos) => even(span, nanos, start, end),
            _ => of_calendar(span, step, start, end),
        };
        let first = zoned(span, start);
        let single_day = first.date() == zoned(span, (end - 1).max(start)).date();
        let date_format = step
            .date_format()
            .filter(|_| !(single_day && matches!(step, Step::Nanos(_) | Step::Hours(_))));
        let mut last_date = None;
        let ticks = times.into_iter().map(|at| {
            let time = zoned(span, at);
            let date = date_format.map(|format| time.strftime(format).to_string());
            let date = date.filter(|date| last_date.as_ref() != Some(date));
            if date.is_some() {
                last_date.clone_from(&date);
            }
            TimeTick {
                at,
                text: time.strftime(step.format()).to_string(),
                date,
            }
        });
        let ticks = ticks.collect();
        let zone = span.zone_name();
        let label = match date_format.is_none() && !matches!(step, Step::Years(_)) {
            true => format!("Time on {} ({zone})", first.strftime("%-d %B %Y")),
            false => format!("Time ({zone})"),
        };
        TimeTicks { ticks, label }
    }
}

fn zoned(span: &TimeSpan, nanos: i128) -> ZonedDateTime {
    let time = jiff::Timestamp::from_nanosecond(nanos).unwrap_or_default();
    time.to_zoned_datetime(span.zone.clone())
}

/// Returns ticks that show the time since a moment near the start, for a span of less than some milliseconds.
fn relative(span: &TimeSpan, step: i128, start: i128, end: i128) -> TimeTicks {
    let (unit, name, base, format) = match step < MICROS {
        true => (1, "ns", MICROS, "%H:%M:%S.%6f"),
        false => (MICROS, "µs", MILLIS, "%H:%M:%S.%3f"),
    };
    let base = start.div_euclid(base) * base;
    let mut ticks = Vec::new();
    let mut at = start.div_euclid(step) * step;
    while at <= end {
        if at >= start {
            ticks.push(TimeTick {
                at,
                text: format!("+{} {name}", (at - base) / unit),
                date: None,
            });
        }
        at += step;
    }
    let moment = zoned(span, base)
        .strftime(&format!("%-d %B %Y, {format}"))
        .to_string();
    TimeTicks {
        ticks,
        label: format!("Time since {moment} ({})", span.zone_name()),
    }
}

/// Returns times whose local time of day is a multiple of the step.
fn even(span: &TimeSpan, step: i128, start: i128, end: i128) -> Vec<i128> {
    let offset = i128::from(zoned(span, start).offset().seconds()) * SECOND;
    let mut at = (start + offset).div_euclid(step) * step - offset;
    let mut times = Vec::new();
    while at <= end {
        if at >= start {
            times.push(at);
        }
        at += step;
    }
    times
}

/// Returns times that the local calendar and clock show as whole hours, days, months or years.
fn of_calendar(span: &TimeSpan, step: Step, start: i128, end: i128) -> Vec<i128> {
    let mut times: Vec<i128> = Vec::new();
    let mut civil = floor(zoned(span, start).datetime(), step);
    let increment = match step {
        Step::Hours(hours) => Span::new().hours(hours),
        Step::Days(days) => Span::new().days(days),
        Step::Months(months) => Span::new().months(months),
        Step::Years(years) => Span::new()
            .try_years(years)
            .unwrap_or(Span::new().years(9999)),
        Step::Nanos(_) => return times,
    };
    // A step that fits gives few ticks; the limit is for calendars that go wrong.
    for _ in 0..1000 {
        let Ok(time) = span.zone.to_timestamp(civil) else {
            break;
        };
        let at = time.as_nanosecond();
        if at > end {
            break;
        }
        if at >= start && times.last().is_none_or(|last| *last < at) {
            times.push(at);
        }
        let Ok(next) = civil.checked_add(increment) else {
            break;
        };
        civil = next;
    }
    times
}

/// Returns the last moment of the calendar at which a step begins.
fn floor(moment: DateTime, step: Step) -> DateTime {
    let (date, month) = (moment.date(), i64::from(moment.month()));
    let begin = |year: i64, month: i64| {
        let (year, month) = (i16::try_from(year), i8::try_from(month));
        let date = year
            .ok()
            .zip(month.ok())
            .map(|(year, month)| Date::new(year, month, 1));
        date.and_then(Result::ok).unwrap_or(date_of(moment))
    };
    let floored = match step {
        Step::Days(days) => {
            // Monday for weeks, and the same days whatever the start.
            let number = date.duration_since(Date::constant(1970, 1, 5)).as_hours() / 24;
            let back = Span::new().days(number.rem_euclid(days));
            date.checked_sub(back).unwrap_or(date)
        }
        Step::Months(months) => begin(moment.year().into(), month - (month - 1) % months),
        Step::Years(years) => {
            let year = i64::from(moment.year());
            begin(year - year.rem_euclid(years), 1)
        }
        Step::Hours(_) | Step::Nanos(_) => date,
    };
    floored.to_datetime(Time::midnight())
}

fn date_of(moment: DateTime) -> Date {
    moment.date()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use jiff::tz::TimeZone;
    use pcap_core::Timestamp;

    use super::*;

    /// Returns the texts of an axis of 700 pixels, with dates after a slash, and its name.
    fn texts(start: i64, length: Duration, zone: TimeZone) -> (String, String) {
        let span = TimeSpan {
            start: Timestamp::new(start, 0),
            interval: length,
            zone,
        };
        let ticks = TimeTicks::new(&span, span.at(0), span.at(1), 700.0, 12.0);
        let text = |tick: &TimeTick| match &tick.date {
            Some(date) => format!("{}/{date}", tick.text),
            None => tick.text.clone(),
        };
        let texts: Vec<String> = ticks.ticks.iter().map(text).collect();
        (texts.join(" "), ticks.label)
    }

    /// 2026-03-14 09:26:53 UTC.
    const START: i64 = 1_773_480_413;
    const DAY: u64 = 86_400;

    #[test]
    fn steps_are_those_of_clocks_and_calendars() {
        for (length, expected, label) in [
            (
                Duration::from_nanos(50),
                "+0 ns +10 ns +20 ns +30 ns +40 ns +50 ns",
                "Time since 14 March 2026, 09:26:53.000000 (UTC)",
            ),
            (
                Duration::from_secs(20),
                "09:26:55 09:27:00 09:27:05 09:27:10",
                "Time on 14 March 2026 (UTC)",
            ),
            (
                Duration::from_secs(3000),
                "09:30 09:35 09:40 09:45 09:50 09:55 10:00 10:05 10:10 10:15",
                "Time on 14 March 2026 (UTC)",
            ),
            (
                Duration::from_secs(DAY),
                "10:00/14 Mar 2026 12:00 14:00 16:00 18:00 20:00 22:00 00:00/15 Mar 2026 02:00 04:00 06:00 08:00",
                "Time (UTC)",
            ),
            (
                Duration::from_secs(30 * DAY),
                "16 Mar/2026 23 Mar 30 Mar 6 Apr 13 Apr",
                "Time (UTC)",
            ),
            (
                Duration::from_secs(400 * DAY),
                "Apr/2026 May Jun Jul Aug Sep Oct Nov Dec Jan/2027 Feb Mar Apr",
                "Time (UTC)",
            ),
            (
                Duration::from_secs(8000 * DAY),
                "2028 2030 2032 2034 2036 2038 2040 2042 2044 2046 2048",
                "Time (UTC)",
            ),
        ] {
            let found = texts(START, length, TimeZone::UTC);
            assert_eq!(found, (expected.to_owned(), label.to_owned()));
        }
    }

    #[test]
    fn local_hours_stay_round_when_summer_time_ends() {
        let berlin = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        // 2026-10-24 22:00 UTC, three hours before the change.
        let (texts, label) = texts(1_792_879_200, Duration::from_secs(DAY), berlin);
        assert_eq!(
            texts,
            "00:00 02:00 04:00 06:00 08:00 10:00 12:00 14:00 16:00 18:00 20:00 22:00"
        );
        assert_eq!(label, "Time on 25 October 2026 (CEST)");
    }

    #[test]
    fn any_span_has_few_ticks() {
        for start in [i64::MIN, -1, 0, START, 253_402_207_000, i64::MAX] {
            for power in 0..38 {
                let nanos = 10_u128.pow(power).min(u64::MAX.into()) as u64;
                let length = Duration::from_nanos(nanos);
                let (texts, _) = texts(start, length, TimeZone::UTC);
                assert!(
                    texts.split(' ').count() <= 50,
                    "{start} {length:?}: {texts}"
                );
            }
            let (texts, _) = texts(start, Duration::MAX, TimeZone::UTC);
            assert!(texts.split(' ').count() <= 50, "{start}: {texts}");
        }
    }
}

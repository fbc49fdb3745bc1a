//! The conditions that end a capture: dumpcap's `-a`, and the long forms of two of them.

use std::time::Duration;

use clap::{ArgAction, Args};

use crate::value_parsers;

/// The conditions that end a capture. The first that is met ends it.
#[derive(Args, Clone, Debug, Default)]
pub struct StopOptions {
    /// End the capture after a condition (duration:TIME, filesize:SIZE, files:N or packets:N)
    ///
    /// A bare TIME is in seconds, and a bare SIZE in thousands of bytes. With several conditions, the first that is met
    /// ends the capture. With a condition that changes files, filesize changes the file instead.
    #[arg(short = 'a', long = "autostop", value_name = "CONDITION", action = ArgAction::Append,
        value_parser = condition)]
    conditions: Vec<StopCondition>,
    /// End the capture after this number of packets
    #[arg(short = 'c', long = "limit", value_name = "N", value_parser = value_parsers::number(1_u64..))]
    count: Option<u64>,
    /// End the capture after this time, in seconds or with a unit: 0.5, 60s, 5m, 1h, 500ms
    #[arg(long, value_name = "TIME", value_parser = value_parsers::nonzero_seconds)]
    duration: Option<Duration>,
}

/// A condition of `-a`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCondition {
    /// This time has passed since the start.
    Duration(Duration),
    /// A file has this number of bytes, after compression.
    FileSize(u64),
    /// This number of files was written.
    Files(u64),
    /// This number of packets was captured.
    Packets(u64),
}

impl StopOptions {
    /// Returns the time after which the capture ends.
    #[must_use]
    pub fn duration(&self) -> Option<Duration> {
        let times = self
            .conditions
            .iter()
            .filter_map(|condition| match condition {
                StopCondition::Duration(time) => Some(*time),
                _ => None,
            });
        times.chain(self.duration).min()
    }

    /// Returns the number of packets after which the capture ends.
    #[must_use]
    pub fn packets(&self) -> Option<u64> {
        let counts = self
            .conditions
            .iter()
            .filter_map(|condition| match condition {
                StopCondition::Packets(count) => Some(*count),
                _ => None,
            });
        counts.chain(self.count).min()
    }

    /// Returns the number of bytes of a file after which the capture ends, or after which the file changes.
    #[must_use]
    pub fn file_size(&self) -> Option<u64> {
        let sizes = self
            .conditions
            .iter()
            .filter_map(|condition| match condition {
                StopCondition::FileSize(size) => Some(*size),
                _ => None,
            });
        sizes.min()
    }

    /// Returns the number of files after which the capture ends.
    #[must_use]
    pub fn files(&self) -> Option<u64> {
        let counts = self
            .conditions
            .iter()
            .filter_map(|condition| match condition {
                StopCondition::Files(count) => Some(*count),
                _ => None,
            });
        counts.min()
    }
}

/// Parses a condition of `-a`.
fn condition(text: &str) -> Result<StopCondition, String> {
    let (name, value) = text.split_once(':').unwrap_or((text, ""));
    match name {
        "duration" => value_parsers::nonzero_seconds(value).map(StopCondition::Duration),
        "filesize" => value_parsers::kilobytes(value).map(StopCondition::FileSize),
        "files" => value_parsers::count(value, "files").map(StopCondition::Files),
        "packets" => value_parsers::count(value, "packets").map(StopCondition::Packets),
        _ => Err(format!(
            "expected duration:TIME, filesize:SIZE, files:N or packets:N, found `{text}`"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        stop: StopOptions,
    }

    fn parse(line: &str) -> Result<StopOptions, clap::Error> {
        let words = ["program"].into_iter().chain(line.split_whitespace());
        Program::try_parse_from(words).map(|program| program.stop)
    }

    #[test]
    fn conditions_have_the_units_of_dumpcap() {
        let stop = parse("-a duration:90 -a filesize:10 -a files:3 -a packets:100").unwrap();
        assert_eq!(stop.duration(), Some(Duration::from_secs(90)));
        assert_eq!(stop.file_size(), Some(10_000));
        assert_eq!((stop.files(), stop.packets()), (Some(3), Some(100)));
        let stop = parse("-a duration:1.5m -a filesize:10MiB").unwrap();
        assert_eq!(stop.duration(), Some(Duration::from_secs(90)));
        assert_eq!(stop.file_size(), Some(10 << 20));
    }

    #[test]
    fn the_smallest_limit_applies() {
        let stop = parse("-c 5 -a packets:7 --duration 2s -a duration:1").unwrap();
        assert_eq!(
            (stop.packets(), stop.duration()),
            (Some(5), Some(Duration::from_secs(1)))
        );
        let stop = parse("").unwrap();
        assert_eq!((stop.packets(), stop.duration()), (None, None));
    }

    #[test]
    fn wrong_conditions_are_rejected() {
        for condition in [
            "",
            "packets",
            "packets:",
            "packets:0",
            "packets:x",
            "files:-1",
            "filesize:0",
            "duration:0",
            "duration:x",
            "event:1",
        ] {
            assert!(parse(&format!("-a={condition}")).is_err(), "{condition}");
        }
        assert!(parse("--duration 0").is_err());
    }
}

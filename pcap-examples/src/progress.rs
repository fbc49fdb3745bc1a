//! Progress bars and status lines, which are shown if standard error is a terminal.

use std::time::{Duration, Instant};

use indicatif::{
    HumanBytes, HumanCount, HumanDuration, ProgressBar, ProgressFinish, ProgressStyle,
};

use crate::escape;

/// How often a status line is updated.
const UPDATE_INTERVAL: Duration = Duration::from_millis(250);

/// Creates a progress bar that counts bytes. Without a length, it only shows the number of bytes so far. Dropping the
/// bar removes it from the terminal.
#[must_use]
pub fn byte_bar(length: Option<u64>) -> ProgressBar {
    let (bar, template) = match length {
        Some(length) => (
            ProgressBar::new(length),
            "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta} left",
        ),
        None => (
            ProgressBar::no_length(),
            "{spinner} {bytes} {bytes_per_sec}",
        ),
    };
    let bar = bar.with_finish(ProgressFinish::AndClear);
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// A line with the current packet counts, which each update overwrites.
#[derive(Debug)]
pub struct StatusLine {
    line: ProgressBar,
    shown: Instant,
    packets: u64,
    lost: &'static str,
    /// The part of the work that is done, and how long it has taken.
    progress: Option<(f64, Duration)>,
    note: String,
}

impl StatusLine {
    /// Creates a status line. If `shown` is `false`, it is never shown.
    #[must_use]
    pub fn new(shown: bool) -> StatusLine {
        let line = if shown {
            ProgressBar::no_length()
        } else {
            ProgressBar::hidden()
        };
        let style = ProgressStyle::with_template("{msg}");
        StatusLine {
            line: style.map_or(ProgressBar::hidden(), |style| line.with_style(style)),
            shown: Instant::now(),
            packets: 0,
            lost: "dropped",
            progress: None,
            note: String::new(),
        }
    }

    /// Sets the word for lost packets. Default: `dropped`.
    #[must_use]
    pub fn lost_label(self, lost: &'static str) -> StatusLine {
        StatusLine { lost, ..self }
    }

    /// Sets which part of the work is done, from 0 to 1, and how long it has taken. The next update also shows how much
    /// time is left.
    pub fn set_progress(&mut self, part: Option<f64>, elapsed: Duration) {
        self.progress = part.map(|part| (part.clamp(0.0, 1.0), elapsed));
    }

    /// Sets a text for the end of the line, such as the name of the current file.
    pub fn set_note(&mut self, note: impl AsRef<[u8]>) {
        self.note = format!(", {}", escape::controls(note.as_ref()));
    }

    /// Returns whether it is time for an update.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        !self.line.is_hidden() && now.duration_since(self.shown) >= UPDATE_INTERVAL
    }

    /// Returns how long to wait for packets before the next update. The time is unlimited if the line is not shown.
    #[must_use]
    pub fn update_interval(&self) -> Duration {
        if self.line.is_hidden() {
            Duration::MAX
        } else {
            UPDATE_INTERVAL
        }
    }

    /// Shows these counts, and the packet rate since the last update.
    pub fn show(&mut self, now: Instant, packets: u64, bytes: u64, lost: u64) {
        let seconds = now.duration_since(self.shown).as_secs_f64();
        let rate = (packets - self.packets) as f64 / seconds.max(0.001);
        let progress = self.progress.map_or(String::new(), |(part, elapsed)| {
            let left = Duration::try_from_secs_f64(elapsed.as_secs_f64() * (1.0 - part) / part);
            let left = left.map_or(String::new(), |left| {
                format!(" {} left,", HumanDuration(left))
            });
            format!("{:.0} %,{left} ", part * 100.0)
        });
        self.line.set_message(format!(
            "{progress}{}, {}, {} {}, {}/s{}",
            human_packets(packets),
            HumanBytes(bytes),
            HumanCount(lost),
            self.lost,
            human_packets(rate as u64),
            self.note,
        ));
        (self.shown, self.packets) = (now, packets);
    }

    /// Removes the line.
    pub fn clear(&self) {
        self.line.finish_and_clear();
    }
}

/// Returns a number of packets, with its digits in groups of three.
fn human_packets(count: u64) -> String {
    let unit = if count == 1 { "packet" } else { "packets" };
    format!("{} {unit}", HumanCount(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_packet_is_singular() {
        let texts = [0, 1, 1000].map(human_packets);
        assert_eq!(texts, ["0 packets", "1 packet", "1,000 packets"]);
    }
}

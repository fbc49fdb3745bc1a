//! Counts packets that were sent and packets that were not.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use pcap_examples::counted;
use pcap_examples::exit::Outcome;
use pcap_examples::json::{self, JsonOutput, Object};
use pcap_examples::stderr;

use crate::args::Args;
use crate::outlet::Outlet;

/// A snapshot of the counts, for SIGUSR1.
#[derive(Clone, Copy, Default)]
pub(crate) struct SentCounts {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) not_sent: u64,
    pub(crate) time: Duration,
}

impl SentCounts {
    /// Prints the counts on standard error.
    pub(crate) fn print(&self) {
        let seconds = self.time.as_secs_f64();
        stderr::print_line(format_args!(
            "{} sent, {}, in {seconds:.3} s; {} not sent",
            counted::packets(self.packets),
            counted::bytes(self.bytes),
            self.not_sent
        ));
    }
}

/// The counts of a replay.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) truncated: u64,
    pub(crate) not_sent: u64,
    pub(crate) errors: BTreeMap<String, u64>,
    pub(crate) first_error: Option<String>,
    pub(crate) max_delay: Duration,
    pub(crate) time: Duration,
    pub(crate) loops: u64,
}

impl Counts {
    /// Counts a packet that was sent.
    pub(crate) fn count_sent(&mut self, bytes: usize, is_truncated: bool) {
        self.packets += 1;
        self.bytes += bytes as u64;
        self.truncated += u64::from(is_truncated);
    }

    /// Counts a packet that was not sent.
    pub(crate) fn count_unsent(&mut self, bytes: usize, reason: &str, why: impl Display) {
        self.not_sent += 1;
        match self.errors.get_mut(reason) {
            Some(count) => *count += 1,
            None => {
                self.errors.insert(reason.to_owned(), 1);
            }
        }
        let number = self.processed_packets();
        self.first_error.get_or_insert_with(|| {
            format!("packet {number}, {}: {why}", counted::bytes(bytes as u64))
        });
    }

    /// Returns the number of packets processed so far: sent or not.
    pub(crate) fn processed_packets(&self) -> u64 {
        self.packets + self.not_sent
    }

    /// Returns an amount per second of the replay.
    fn rate(&self, number: f64) -> f64 {
        let seconds = self.time.as_secs_f64();
        if seconds > 0.0 { number / seconds } else { 0.0 }
    }

    /// Returns the line about the packets that were sent.
    fn sent(&self) -> String {
        let (packets, bytes) = (counted::packets(self.packets), counted::bytes(self.bytes));
        let seconds = self.time.as_secs_f64();
        let pps = counted::packets(self.rate(self.packets as f64).round() as u64);
        let mbps = self.rate(self.bytes as f64 * 8.0 / 1e6);
        format!("{packets} sent, {bytes}, in {seconds:.3} s: {pps}/s, {mbps:.3} Mbit/s")
    }

    /// Prints the summary. Returns the outcome of the replay.
    pub(crate) fn report(&self, args: &Args, outlets: &[Outlet], outcome: Outcome) -> Outcome {
        let seconds = self.time.as_secs_f64();
        let pps = self.rate(self.packets as f64);
        let mbps = self.rate(self.bytes as f64 * 8.0 / 1e6);
        if !args.quiet {
            stderr::print_line(format_args!("{}", self.sent()));
            if outlets.len() > 1 {
                for outlet in outlets {
                    stderr::print_line(format_args!(
                        "{} on {}",
                        counted::packets(outlet.packets),
                        outlet.device.name()
                    ));
                }
            }
            if self.truncated > 0 {
                stderr::print_line(format_args!("{} of them truncated", self.truncated));
            }
            if !args.fast {
                let delay = self.max_delay.as_secs_f64() * 1e3;
                stderr::print_line(format_args!("at most {delay:.3} ms late"));
            }
            if self.not_sent > 0 {
                let error = |(reason, count): (&String, &u64)| format!("{count} {reason}");
                let errors: Vec<_> = self.errors.iter().map(error).collect();
                stderr::print_line(format_args!(
                    "{} not sent: {}",
                    self.not_sent,
                    errors.join(", ")
                ));
            }
        }
        if !args.json {
            return outcome;
        }
        JsonOutput::Stdout.print_summary(outcome, |out| {
            Object::of_type(out, "summary")
                .plain("packets", self.packets)
                .plain("bytes", self.bytes)
                .plain("seconds", format_args!("{seconds:.9}"))
                .plain("pps", format_args!("{pps:.3}"))
                .plain("mbps", format_args!("{mbps:.6}"))
                .plain("cut", self.truncated)
                .plain("not_sent", self.not_sent)
                .member("errors", |out| {
                    let errors = self.errors.iter();
                    errors
                        .fold(Object::new(out), |object, (reason, count)| {
                            object.plain(reason, count)
                        })
                        .end();
                })
                .plain(
                    "late_seconds",
                    format_args!("{:.9}", self.max_delay.as_secs_f64()),
                )
                .plain("loops", self.loops)
                .member("devices", |out| {
                    json::list(out, outlets, |out, outlet| {
                        Object::new(out)
                            .text("name", outlet.device.name())
                            .plain("packets", outlet.packets)
                            .plain("bytes", outlet.bytes)
                            .end();
                    });
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_packet_per_second_is_singular() {
        let of = |packets| Counts {
            packets,
            bytes: 125_000,
            time: Duration::from_secs(2),
            ..Counts::default()
        };
        let texts = [2, 4].map(|packets| of(packets).sent());
        let expected = [
            "2 packets sent, 125000 bytes, in 2.000 s: 1 packet/s, 0.500 Mbit/s",
            "4 packets sent, 125000 bytes, in 2.000 s: 2 packets/s, 0.500 Mbit/s",
        ];
        assert_eq!(texts, expected);
    }
}

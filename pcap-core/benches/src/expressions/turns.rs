//! Measures two implementations that take turns on the same packets.

use std::time::Duration;

use pcap_core::Filter;

use super::count;
use super::libpcap::{Program, Sample};
use crate::Failure;

/// A comparison of CPU times per packet.
pub(super) struct Ratio {
    /// Nanoseconds of `Filter::matches`, the median.
    pub(super) ours: f64,
    /// Nanoseconds of `bpf_filter`, the median.
    pub(super) theirs: f64,
    /// The median of the turns' ratios.
    pub(super) ratio: f64,
    /// The number of accepted packets in a round.
    pub(super) accepted: u64,
}

/// Packets to filter, and how often.
pub(super) struct Turns<'a> {
    frames: Vec<&'a [u8]>,
    samples: Vec<Sample>,
    turns: usize,
    rounds: u64,
    untimed: u64,
}

impl<'a> Turns<'a> {
    /// Prepares turns of `rounds` timed rounds each, after `untimed` ones.
    pub(super) fn new(frames: Vec<&'a [u8]>, turns: usize, rounds: u64, untimed: u64) -> Turns<'a> {
        Turns {
            samples: frames.iter().map(|frame| Sample::new(frame)).collect(),
            frames,
            turns,
            rounds,
            untimed,
        }
    }

    /// Measures a filter. Fails if libpcap accepts other packets.
    pub(super) fn measure(&self, filter: &Filter, program: &Program) -> Result<Ratio, Failure> {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let mut counts = [0; 2];
        for _ in 0..self.turns {
            let run = |rounds| count(filter, &self.frames, rounds);
            ours.push(self.time(run, &mut counts[0]));
            // SAFETY: the frames are borrowed as long as `self`.
            let run = |rounds| unsafe { program.count(&self.samples, rounds) };
            theirs.push(self.time(run, &mut counts[1]));
            if counts[0] != counts[1] {
                let [ours, theirs] = counts;
                return Err(format!("accepted {ours} packets, and libpcap {theirs}").into());
            }
        }
        let ratios = ours.iter().zip(&theirs).map(|(ours, theirs)| theirs / ours);
        Ok(Ratio {
            ratio: median(ratios.collect()),
            ours: median(ours),
            theirs: median(theirs),
            accepted: counts[0] / self.rounds,
        })
    }

    /// Returns the nanoseconds per packet, and stores the number of accepted packets.
    fn time(&self, run: impl Fn(u64) -> u64, accepted: &mut u64) -> f64 {
        std::hint::black_box(run(self.untimed));
        let start = cpu_time();
        *accepted = run(self.rounds);
        let packets = self.rounds * self.frames.len() as u64;
        (cpu_time() - start).as_nanos() as f64 / packets as f64
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Returns the CPU time of this thread.
fn cpu_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: a local variable.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

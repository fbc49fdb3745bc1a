//! What a run cost.
//!
//! May import: `allocations`, `tally`.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Failure;
use crate::allocations::allocations;
use crate::tally::Tally;

impl Tally {
    pub(crate) fn to_json(self) -> Value {
        json!([self.packets, self.bytes, self.last])
    }

    pub(crate) fn from_json(value: &Value) -> Option<Tally> {
        let number = |index: usize| value[index].as_u64();
        Some(Tally {
            packets: number(0)?,
            bytes: number(1)?,
            last: number(2)?,
        })
    }
}

/// The unit of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Metric {
    /// Nanoseconds of CPU time per packet.
    Nanos,
    /// Allocations in the whole run.
    Allocations,
    /// Percentage of the sent packets that did not arrive.
    Lost,
    /// Microseconds: half are below, 99 of 100 are below, all are below.
    P50,
    P99,
    Max,
    /// Millions of packets per second of wall-clock time.
    Rate,
}

impl Metric {
    const ALL: [Metric; 7] = [
        Metric::Nanos,
        Metric::Allocations,
        Metric::Lost,
        Metric::P50,
        Metric::P99,
        Metric::Max,
        Metric::Rate,
    ];

    pub(crate) fn unit(self) -> &'static str {
        match self {
            Metric::Nanos => "ns/packet",
            Metric::Allocations => "allocations",
            Metric::Lost => "% lost",
            Metric::P50 => "µs, median",
            Metric::P99 => "µs, 99 %",
            Metric::Max => "µs, longest",
            Metric::Rate => "million/s",
        }
    }
}

/// The result of one run.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) tally: Tally,
    pub(crate) figures: BTreeMap<Metric, f64>,
}

impl Outcome {
    /// Returns the result with the percentiles of these times.
    pub(crate) fn of_times(mut times: Vec<Duration>) -> Outcome {
        times.sort();
        let micros = |share: usize| times[(times.len() - 1) * share / 100].as_nanos() as f64 / 1e3;
        let tally = Tally {
            packets: times.len() as u64,
            ..Tally::default()
        };
        let figures = [
            (Metric::P50, micros(50)),
            (Metric::P99, micros(99)),
            (Metric::Max, micros(100)),
        ];
        Outcome {
            tally,
            figures: figures.into(),
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let figure = |metric| self.figures.get(&metric);
        json!({ "tally": self.tally.to_json(), "figures": Metric::ALL.map(figure) })
    }

    pub(crate) fn from_json(text: &str) -> Option<Outcome> {
        let value: Value = serde_json::from_str(text).ok()?;
        let figures = Metric::ALL.into_iter().enumerate();
        let figures =
            figures.filter_map(|(n, metric)| Some((metric, value["figures"][n].as_f64()?)));
        Some(Outcome {
            tally: Tally::from_json(&value["tally"])?,
            figures: figures.collect(),
        })
    }
}

/// Returns the CPU time that this process has used: other processes on the machine do not count.
pub(crate) fn cpu_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the structure is a local variable for the result, and every system has this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Does the work, and returns its cost per packet: for `packets`, or those that it tallied.
pub(crate) fn measured(
    packets: Option<u64>,
    work: impl FnOnce() -> Result<Tally, Failure>,
) -> Result<Outcome, Failure> {
    let allocated = allocations();
    let (began, start) = (Instant::now(), cpu_time());
    let tally = work()?;
    let (took, clock) = (cpu_time() - start, began.elapsed());
    let allocated = allocations() - allocated;
    let packets = packets.unwrap_or(tally.packets).max(1);
    let figures = [
        (Metric::Nanos, took.as_nanos() as f64 / packets as f64),
        (Metric::Allocations, allocated as f64),
        (Metric::Rate, packets as f64 / clock.as_secs_f64() / 1e6),
    ];
    Ok(Outcome {
        tally,
        figures: figures.into(),
    })
}

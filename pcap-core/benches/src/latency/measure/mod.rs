//! The measurements: on Linux, as root.
//!
//! May import: `rows`; `peers`, `tally` and `work` of this program.

mod flood;
mod wait;

use std::io;
use std::time::Duration;

use pcap_core::stream::{AsyncCapture, Runtime};
use pcap_core::{Active, Capture, End, Next, Stop};

use super::Figures;
use super::rows::{Job, Reader};
use crate::Failure;
use crate::work::live::network::Network;

/// The deadline of `Reader::Deadlines`.
const DEADLINE: Duration = Duration::from_millis(100);

/// Measures in a private network. `begin` is called when everything is ready, and returns when the measurement must
/// start.
pub(super) fn run(
    job: Job,
    quick: bool,
    begin: impl FnOnce() -> io::Result<()>,
) -> Result<Figures, Failure> {
    let network = Network::new()?;
    match job {
        Job::Break(reader) => wait::breaks(reader, if quick { 100 } else { 10_000 }, begin),
        Job::Deadline(device, millis) => wait::deadlines(device, millis, quick, begin),
        Job::Idle(reader) => wait::idle(reader, None, quick, begin),
        Job::Down(reader) => wait::idle(reader, Some(&network), quick, begin),
        Job::Flood(reader) => flood::flood(reader, quick, begin),
        Job::Paced(reader) => flood::paced(reader, quick, begin),
        Job::Drain(reader) => flood::drain(reader, quick, begin),
    }
}

fn figures<const N: usize>(figures: [(&str, f64); N]) -> Figures {
    figures.map(|(name, value)| (name.to_owned(), value)).into()
}

/// A read that waits until it is broken; anything else is a failure.
type Read = Box<dyn FnMut() -> Result<(), Failure>>;

fn until_broken(reader: Reader, mut capture: Capture<Active>) -> Result<Read, Failure> {
    Ok(match reader {
        Reader::Next | Reader::Held => Box::new(move || {
            let idle = capture.next_packet()?.is_none();
            broken(idle && capture.ended() == Some(End::Break))
        }),
        Reader::ForEach => Box::new(move || {
            let done = capture.for_each(|_| ())?;
            broken(done.packets() == 0 && done.stop() == Stop::End(End::Break))
        }),
        Reader::Deadlines => Box::new(move || {
            loop {
                match capture.next_packet_timeout(DEADLINE)? {
                    Next::Timeout => {}
                    next => return broken(next == Next::End(End::Break)),
                }
            }
        }),
        Reader::Tokio => {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_io().build()?;
            let capture = runtime.block_on(async { capture.into_tokio() });
            let mut capture = capture.map_err(|error| error.to_string())?;
            Box::new(move || runtime.block_on(task(&mut capture)))
        }
        Reader::AsyncIo => {
            let mut capture = capture.into_async_io().map_err(|error| error.to_string())?;
            Box::new(move || async_io::block_on(task(&mut capture)))
        }
    })
}

async fn task<R: Runtime>(capture: &mut AsyncCapture<Active, R>) -> Result<(), Failure> {
    let idle = capture.next_packet().await?.is_none();
    broken(idle && capture.ended() == Some(End::Break))
}

fn broken(broken: bool) -> Result<(), Failure> {
    match broken {
        true => Ok(()),
        false => Err("there was a packet where nobody sends".into()),
    }
}

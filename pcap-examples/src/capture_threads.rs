//! Captures on one device with several threads. Linux distributes the packets among them.

use pcap_core::{Active, Capture, Inactive, Stats};

use crate::exit::Outcome;

/// Activates one capture per thread. Calls `opened` once with all captures, then `each` in each thread with its
/// number and its capture. If `each` fails in a thread, the other captures are broken.
///
/// Returns the first failure of `each`, and the sum of the statistics of all captures.
///
/// # Errors
///
/// Returns an error if the captures cannot be activated or `opened` fails.
#[cfg(target_os = "linux")]
pub fn run(
    options: &Capture<Inactive>,
    threads: usize,
    opened: impl FnOnce(&[Capture<Active>]) -> Outcome,
    each: impl Fn(usize, &mut Capture<Active>) -> Outcome + Sync,
) -> Outcome<(Outcome, Stats)> {
    use pcap_core::os::linux::{Fanout, FanoutMode};

    let group = Fanout::new(FanoutMode::Hash).activate(options, threads)?;
    opened(group.members())?;
    let (_, stats, failure) = group.run(each).into_parts();
    Ok((failure.map_or(Ok(()), Err), stats))
}

/// Returns an error: only Linux can distribute packets among captures.
///
/// # Errors
///
/// Always returns an error.
#[cfg(not(target_os = "linux"))]
pub fn run(
    _: &Capture<Inactive>,
    _: usize,
    _: impl FnOnce(&[Capture<Active>]) -> Outcome,
    _: impl Fn(usize, &mut Capture<Active>) -> Outcome + Sync,
) -> Outcome<(Outcome, Stats)> {
    let text = "cannot capture in several threads: only Linux distributes packets among them";
    Err(crate::exit::Failure::Text(text.into()))
}

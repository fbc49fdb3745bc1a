//! Captures on one device in several threads, if the system can distribute its packets among them.

use pcap_core::{Active, Capture, Inactive, Stats};

use crate::exit::Outcome;

/// Opens one capture per thread. Calls `opened` with all of them, then `each` with one in each thread. If one fails,
/// the others are broken. Returns the first failure, and the statistics of all together.
///
/// # Errors
///
/// If the captures cannot be activated, or `opened` fails.
#[cfg(target_os = "linux")]
pub fn run(
    options: &Capture<Inactive>,
    threads: usize,
    opened: impl FnOnce(&[Capture<Active>]) -> Outcome,
    each: impl Fn(&mut Capture<Active>) -> Outcome + Sync,
) -> Outcome<(Outcome, Stats)> {
    use pcap_core::os::linux::{Fanout, FanoutMode};

    let group = Fanout::new(FanoutMode::Hash).activate(options, threads)?;
    opened(group.members())?;
    let (_, stats, failure) = group.run(|_, capture| each(capture)).into_parts();
    Ok((failure.map_or(Ok(()), Err), stats))
}

/// Fails: only Linux distributes packets among captures.
///
/// # Errors
///
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn run(
    _: &Capture<Inactive>,
    _: usize,
    _: impl FnOnce(&[Capture<Active>]) -> Outcome,
    _: impl Fn(&mut Capture<Active>) -> Outcome + Sync,
) -> Outcome<(Outcome, Stats)> {
    let text = "cannot capture in several threads: only Linux distributes packets among them";
    Err(crate::exit::Failure::Text(text.into()))
}

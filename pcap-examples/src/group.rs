//! One device captured on by several threads, where the system can spread its packets over them.

use pcap_core::{Active, Capture, Inactive, Stats};

use crate::exit::Outcome;

/// Opens so many captures with these options, hands all of them to one closure, then each to the other
/// in a thread of its own. Returns how that went, and the statistics of all together: if one fails, the
/// others are ended by a break.
///
/// # Errors
///
/// If the system cannot do it, or the first closure fails.
#[cfg(target_os = "linux")]
pub fn in_threads(
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

/// Only Linux spreads packets over captures.
///
/// # Errors
///
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn in_threads(
    _: &Capture<Inactive>,
    _: usize,
    _: impl FnOnce(&[Capture<Active>]) -> Outcome,
    _: impl Fn(&mut Capture<Active>) -> Outcome + Sync,
) -> Outcome<(Outcome, Stats)> {
    let text = "cannot capture in several threads: only Linux spreads packets over them";
    Err(crate::exit::Failure::Text(text.into()))
}

//! Reads several interfaces in one thread. Among the packets that have arrived, the earliest comes first.

use std::time::Duration;

use pcap_core::{End, Next};
use pcap_examples::exit::{Failure, Outcome};

use crate::args::NAME;
use crate::source::Source;
use crate::wait::wait;

/// After this many packets, interfaces that had no packet are read again.
const RECHECK_INTERVAL: u32 = 64;

/// Which interfaces have a packet that was read but not used yet. The captures hold these packets.
pub(crate) struct Merge {
    has_packet: Vec<bool>,
    /// The interface whose packet was used last. It is likely to have another.
    last: Option<usize>,
    /// The number of packets until interfaces without a packet are read again.
    until_recheck: u32,
    /// Whether an interface has ended with an error, which was reported.
    pub(crate) has_failed: bool,
}

/// What [`Merge::next`] found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The interface with this number has the earliest packet: that of [`Capture::packet`](pcap_core::Capture::packet).
    Packet(usize),
    /// No interface has a packet now.
    Idle,
    /// A signal has broken the captures.
    Break,
    /// All interfaces have ended.
    End,
}

impl Merge {
    pub(crate) fn new(sources: usize) -> Merge {
        Merge {
            has_packet: vec![false; sources],
            last: None,
            until_recheck: 0,
            has_failed: false,
        }
    }

    /// Finds the earliest packet. Reports interfaces that end with an error; the others continue.
    pub(crate) fn next(&mut self, sources: &mut [Source<'_>]) -> Step {
        let must_recheck = self.until_recheck == 0;
        let mut earliest = None;
        let mut is_broken = false;
        let mut has_open = false;
        for (number, source) in sources.iter_mut().enumerate() {
            let is_due = must_recheck || self.has_packet[number] || self.last == Some(number);
            if source.has_ended || !is_due {
                has_open |= !source.has_ended;
                continue;
            }
            if !self.has_packet[number] {
                match source.capture.try_next_packet() {
                    Ok(Next::Packet(_)) => self.has_packet[number] = true,
                    Ok(Next::Timeout) => {}
                    Ok(Next::End(End::Break)) => is_broken = true,
                    Ok(Next::End(End::Eof)) => source.has_ended = true,
                    Err(error) => {
                        Failure::from(error).report(NAME);
                        self.has_failed = true;
                        source.has_ended = true;
                    }
                }
            }
            has_open |= !source.has_ended;
            if let Some(packet) = source.capture.packet().filter(|_| self.has_packet[number]) {
                let time = packet.timestamp();
                if earliest.is_none_or(|(earliest, _)| time < earliest) {
                    earliest = Some((time, number));
                }
            }
        }
        match earliest {
            _ if is_broken => Step::Break,
            Some((_, number)) => {
                self.until_recheck = match self.until_recheck {
                    0 => RECHECK_INTERVAL,
                    left => left - 1,
                };
                Step::Packet(number)
            }
            None if !has_open => Step::End,
            // Nothing was found among some of the interfaces: read all of them.
            None if !must_recheck => {
                self.until_recheck = 0;
                self.next(sources)
            }
            None => Step::Idle,
        }
    }

    /// Releases the packet of an interface, after it was used.
    pub(crate) fn release(&mut self, number: usize) {
        self.has_packet[number] = false;
        self.last = Some(number);
    }

    /// Waits until an interface may have a packet.
    pub(crate) fn wait(&self, sources: &[Source<'_>], timeout: Duration) {
        let open = sources.iter().filter(|source| !source.has_ended);
        wait(open.map(|source| &*source.capture), timeout);
    }

    /// Stops all captures from accepting packets.
    pub(crate) fn stop(&mut self, sources: &mut [Source<'_>]) -> Outcome {
        for source in sources.iter_mut().filter(|source| !source.has_ended) {
            source.capture.stop()?;
        }
        Ok(())
    }
}

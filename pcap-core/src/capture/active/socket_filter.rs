//! Controls which packets enter the buffer of a capture on a Linux packet socket, and tracks the ones that have to be
//! filtered again after a change.
//!
//! libpcap's own way to set a filter loses packets and prints to standard error, so this crate attaches its own
//! programs. One program contains the filter, the direction and the snaplen. The kernel replaces a program without
//! losing a packet, but the packets that the previous program accepted stay in the buffer.

use std::time::{Duration, Instant};

use crate::direction::Direction;
use crate::filter::{Devices, Frame, Insn, View};
use crate::linktype::Dlt;
use crate::sys::bpf_program;
use crate::sys::linux::packet_socket::{self, Description};
use crate::sys::linux::sock_filter::Refused;
use crate::sys::platform::BorrowedFd;

/// How long a processor may still run the previous program after it was replaced, with a wide margin.
const SETTLES_WITHIN: Duration = Duration::from_millis(100);

/// The packets in the buffer that a previous program may have accepted. The first of them certainly arrived before the
/// replacement. For the others, a processor may still have run the previous program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Old {
    certain: u64,
    doubtful: Doubtful,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doubtful {
    None,
    /// The next packets, this many.
    Next(u64),
    /// All packets read before this time, and the packets that are then in the buffer.
    Until(Instant),
    /// All packets read until the buffer is found empty after this time: their number is unknown.
    UntilEmpty(Instant),
}

/// The age of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// The attached program has accepted it.
    New,
    /// A previous program may have accepted it.
    Doubtful,
    /// A previous program has accepted it.
    Old,
}

impl Old {
    const NONE: Old = Old {
        certain: 0,
        doubtful: Doubtful::None,
    };

    /// Creates the state for an unknown number of packets.
    fn until_empty(timeout: Duration) -> Old {
        Old {
            certain: 0,
            doubtful: Doubtful::UntilEmpty(Instant::now() + timeout + SETTLES_WITHIN),
        }
    }

    /// Returns the age of the next packet, and removes it from the count.
    pub(super) fn next(&mut self) -> Age {
        if self.certain > 0 {
            self.certain -= 1;
            return Age::Old;
        }
        match &mut self.doubtful {
            Doubtful::None => return Age::New,
            Doubtful::Next(0) => {
                self.doubtful = Doubtful::None;
                return Age::New;
            }
            Doubtful::Next(left) => *left -= 1,
            Doubtful::Until(_) | Doubtful::UntilEmpty(_) => {}
        }
        Age::Doubtful
    }
}

/// The filter program of a capture on a packet socket, and the state of the packets in its buffer.
#[derive(Debug)]
pub(super) struct SocketFilter {
    description: Description,
    /// The bytes per packet that the capture delivers.
    pub(super) snaplen: u32,
    /// The bytes per packet that libpcap can deliver.
    pub(super) captured: u32,
    pub(super) direction: Direction,
    /// The attached program.
    program: Vec<Insn>,
    /// Whether the number of packets in the buffer is known.
    counts: bool,
    /// The maximum number of packets in the buffer that libpcap may have skipped silently since the direction changed.
    maybe_skipped: u64,
    /// Whether libpcap may have a filter of its own.
    pub(super) has_foreign_filter: bool,
    /// Whether packets may have arrived already.
    pub(super) is_open: bool,
    /// Whether the capture was stopped, so that no more packets enter the buffer.
    pub(super) is_closed: bool,
    pub(super) old: Old,
    /// The number of packets that were discarded because they could no longer be filtered.
    pub(super) discarded: u64,
}

impl SocketFilter {
    /// Creates the state for a packet socket that does not receive packets yet.
    pub(super) fn new(description: Description, snaplen: u32, captured: u32) -> SocketFilter {
        SocketFilter {
            description,
            snaplen,
            captured,
            direction: Direction::InOut,
            program: Vec::new(),
            counts: true,
            maybe_skipped: 0,
            has_foreign_filter: false,
            is_open: false,
            is_closed: false,
            old: Old::NONE,
            discarded: 0,
        }
    }

    /// Creates the state for a packet socket that other code has opened.
    pub(super) fn of_foreign(description: Description, captured: u32) -> SocketFilter {
        SocketFilter {
            counts: false,
            has_foreign_filter: true,
            is_open: true,
            ..SocketFilter::new(description, captured, captured)
        }
    }

    pub(super) fn devices(&self) -> Devices {
        self.description
            .hardware
            .map_or(Devices::Any, Devices::of_type)
    }

    pub(super) fn is_loopback(&self) -> bool {
        self.devices() == Devices::Loopback
    }

    /// Returns how the socket presents packets of a link type to a program.
    pub(super) fn view(&self, datalink: Dlt) -> View {
        let frame = match (self.description.cooked, datalink) {
            (true, Dlt::LINUX_SLL2) => Frame::Cooked2,
            (true, _) => Frame::Cooked,
            (false, Dlt::CAN_SOCKETCAN) => Frame::Changed,
            (false, _) => Frame::Same,
        };
        View {
            frame,
            devices: self.devices(),
            direction: self.direction,
        }
    }

    /// Attaches a program, which replaces the current one.
    pub(super) fn attach(
        &mut self,
        socket: BorrowedFd<'_>,
        program: Vec<Insn>,
    ) -> Result<(), Refused> {
        if !self.is_closed {
            attach(socket, &program)?;
        }
        self.program = program;
        Ok(())
    }

    /// Attaches the same program again, or the one of a capture that was stopped.
    pub(super) fn attach_again(&self, socket: BorrowedFd<'_>) -> Result<(), Refused> {
        match self.is_closed {
            true => Ok(packet_socket::attach_nothing(socket)?),
            false => attach(socket, &self.program),
        }
    }

    /// Notes that the program was replaced. `held` counts the packets in the buffer. With `exactly`, no packet that the
    /// new program accepts after this call is filtered again.
    pub(super) fn exchanged<E>(
        &mut self,
        exactly: bool,
        timeout: Duration,
        held: impl FnOnce() -> Result<u64, E>,
    ) -> Result<(), E> {
        if !self.is_open {
            return Ok(());
        }
        let now = Instant::now();
        self.old = if !self.counts {
            Old::until_empty(timeout)
        } else if exactly {
            packet_socket::settle();
            Old {
                certain: held()?.saturating_sub(self.maybe_skipped),
                doubtful: match self.maybe_skipped {
                    0 => Doubtful::None,
                    most => Doubtful::Next(most),
                },
            }
        } else {
            Old {
                certain: held()?.saturating_sub(self.maybe_skipped),
                doubtful: Doubtful::Until(now + SETTLES_WITHIN),
            }
        };
        Ok(())
    }

    /// Notes that libpcap will skip packets in the buffer by their direction. `held` counts the packets in the buffer,
    /// including those that libpcap has already skipped.
    pub(super) fn will_skip<E>(
        &mut self,
        timeout: Duration,
        held: impl FnOnce() -> Result<u64, E>,
    ) -> Result<(), E> {
        if !self.is_open || !self.counts {
            return Ok(());
        }
        packet_socket::settle();
        self.maybe_skipped = held()?;
        if self.maybe_skipped > 0 && self.has_old() {
            // It is unknown how many of these packets libpcap skips.
            self.old = Old::until_empty(timeout);
        }
        Ok(())
    }

    /// Returns whether libpcap delivers every packet that enters the buffer, so that the packets can be counted.
    pub(super) fn counts_exactly(&self) -> bool {
        self.counts && self.maybe_skipped == 0
    }

    /// Returns whether there are packets that a previous program may have accepted.
    pub(super) fn has_old(&self) -> bool {
        self.old != Old::NONE
    }

    /// Returns whether the packets that a previous program may have accepted can be counted now, before a read.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.old.doubtful, Doubtful::Until(time) if time <= Instant::now())
    }

    /// Notes the number of packets in the buffer at the time when the previous program was certainly no longer in use.
    pub(super) fn settled(&mut self, held: u64) {
        self.old.doubtful = Doubtful::Next(held.saturating_sub(self.old.certain));
    }

    /// Notes a read that found no packet.
    pub(super) fn found_empty(&mut self) {
        if matches!(self.old.doubtful, Doubtful::UntilEmpty(time) if time <= Instant::now()) {
            self.old = Old::NONE;
        }
    }
}

fn attach(socket: BorrowedFd<'_>, program: &[Insn]) -> Result<(), Refused> {
    // SAFETY: the program has as many instructions as it declares.
    unsafe { packet_socket::attach(socket, &raw(program)) }
}

/// Returns whether a program fits into the socket's memory limit after a short one has replaced the previous one.
pub(super) fn has_room(socket: BorrowedFd<'_>, short: &[Insn], program: &[Insn]) -> bool {
    // SAFETY: the programs have as many instructions as they declare.
    unsafe { packet_socket::has_room(socket, &raw(short), &raw(program)) }
}

/// Converts a program to the kernel's layout (asserted in insn.rs and sock_filter.rs).
fn raw(program: &[Insn]) -> bpf_program {
    bpf_program {
        // At most 4096.
        bf_len: program.len() as u32,
        bf_insns: program.as_ptr().cast_mut().cast(),
    }
}

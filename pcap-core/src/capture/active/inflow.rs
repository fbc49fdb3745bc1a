//! What gets into the buffer of a capture on a Linux packet socket, and what has to be judged again when that
//! changes.
//!
//! libpcap's own way to set a filter loses packets and prints to standard error, so this crate attaches its own
//! programs. One program holds the filter, the direction and the snaplen. The kernel exchanges programs without
//! losing a packet, but leaves those in the buffer that the former program accepted.

use std::time::{Duration, Instant};

use crate::direction::Direction;
use crate::filter::{Devices, Frame, Insn, View};
use crate::linktype::Dlt;
use crate::sys::bpf_program;
use crate::sys::linux::packet_socket::{self, Description};
use crate::sys::linux::sock_filter::Refused;
use crate::sys::platform::BorrowedFd;

/// How long a processor may still run the former program, with a wide margin.
const SETTLES_WITHIN: Duration = Duration::from_millis(100);

/// Which packets of the buffer a former program may have accepted: some that certainly came before the exchange, and
/// behind them some that a processor may have judged by the former program meanwhile.
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
    /// All that are read before this time, and then all that are in the buffer.
    Until(Instant),
    /// All that are read until the buffer is found empty after this time: it is not known how many there are.
    UntilEmpty(Instant),
}

/// How old a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Age {
    /// The program that is attached has accepted it.
    New,
    /// A former program may have accepted it.
    Doubtful,
    /// A former program has accepted it.
    Old,
}

impl Old {
    const NONE: Old = Old {
        certain: 0,
        doubtful: Doubtful::None,
    };

    /// Where it is not known how many there are.
    fn until_empty(timeout: Duration) -> Old {
        Old {
            certain: 0,
            doubtful: Doubtful::UntilEmpty(Instant::now() + timeout + SETTLES_WITHIN),
        }
    }

    /// The age of the next packet, which is taken from the buffer.
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

/// The inflow of a capture on a packet socket.
#[derive(Debug)]
pub(super) struct Inflow {
    description: Description,
    /// How many bytes of a packet the capture delivers.
    pub(super) snaplen: u32,
    /// How many bytes of a packet libpcap can deliver.
    pub(super) captured: u32,
    pub(super) direction: Direction,
    /// The program that is attached.
    program: Vec<Insn>,
    /// Whether it is known how many packets have got into the buffer.
    counts: bool,
    /// How many packets of the buffer libpcap may have left out at most, without a word, since the direction changed.
    left_out: u64,
    /// Whether libpcap may have a filter of its own.
    pub(super) has_foreign_filter: bool,
    /// Whether packets may have come already.
    pub(super) is_open: bool,
    /// Whether the capture was stopped, so that nothing is to get in any more.
    pub(super) is_closed: bool,
    pub(super) old: Old,
    /// How many packets of the buffer were discarded because nobody could judge them any more.
    pub(super) discarded: u64,
}

impl Inflow {
    /// For a packet socket that receives nothing yet.
    pub(super) fn new(description: Description, snaplen: u32, captured: u32) -> Inflow {
        Inflow {
            description,
            snaplen,
            captured,
            direction: Direction::InOut,
            program: Vec::new(),
            counts: true,
            left_out: 0,
            has_foreign_filter: false,
            is_open: false,
            is_closed: false,
            old: Old::NONE,
            discarded: 0,
        }
    }

    /// For a packet socket that was opened elsewhere.
    pub(super) fn of_foreign(description: Description, captured: u32) -> Inflow {
        Inflow {
            counts: false,
            has_foreign_filter: true,
            is_open: true,
            ..Inflow::new(description, captured, captured)
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

    /// How the socket shows packets of a link type.
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

    /// Attaches a program, in place of the one that is there.
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

    /// Attaches the same program again.
    pub(super) fn attach_again(&self, socket: BorrowedFd<'_>) -> Result<(), Refused> {
        match self.is_closed {
            true => Ok(()),
            false => attach(socket, &self.program),
        }
    }

    /// Takes note that the program was exchanged. `held` counts the packets in the buffer; with `exactly` no packet
    /// is to be judged again that the new program has accepted after this call.
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
                certain: held()?.saturating_sub(self.left_out),
                doubtful: match self.left_out {
                    0 => Doubtful::None,
                    most => Doubtful::Next(most),
                },
            }
        } else {
            Old {
                certain: held()?.saturating_sub(self.left_out),
                doubtful: Doubtful::Until(now + SETTLES_WITHIN),
            }
        };
        Ok(())
    }

    /// Takes note that libpcap will leave out packets of the buffer by their direction. `held` counts those packets,
    /// and those that it has left out before.
    pub(super) fn leaves_out<E>(
        &mut self,
        timeout: Duration,
        held: impl FnOnce() -> Result<u64, E>,
    ) -> Result<(), E> {
        if !self.is_open || !self.counts {
            return Ok(());
        }
        packet_socket::settle();
        self.left_out = held()?;
        if self.left_out > 0 && self.has_old() {
            // How many of these it leaves out is not known.
            self.old = Old::until_empty(timeout);
        }
        Ok(())
    }

    /// Whether libpcap hands over each packet that gets into the buffer, so that they can be counted.
    pub(super) fn counts_exactly(&self) -> bool {
        self.counts && self.left_out == 0
    }

    /// Whether there are packets that a former program may have accepted.
    pub(super) fn has_old(&self) -> bool {
        self.old != Old::NONE
    }

    /// Before a read: whether the packets that a former program may have accepted can be counted now.
    pub(super) fn is_settled(&self) -> bool {
        matches!(self.old.doubtful, Doubtful::Until(time) if time <= Instant::now())
    }

    /// Takes note of how many packets the buffer holds when that is so.
    pub(super) fn settled(&mut self, held: u64) {
        self.old.doubtful = Doubtful::Next(held.saturating_sub(self.old.certain));
    }

    /// After a read without packets.
    pub(super) fn found_empty(&mut self) {
        if matches!(self.old.doubtful, Doubtful::UntilEmpty(time) if time <= Instant::now()) {
            self.old = Old::NONE;
        }
    }
}

fn attach(socket: BorrowedFd<'_>, program: &[Insn]) -> Result<(), Refused> {
    // SAFETY: it has as many instructions as it says.
    unsafe { packet_socket::attach(socket, &raw(program)) }
}

/// Whether the socket has room for a program when a short one has taken the place of the former before.
pub(super) fn has_room(socket: BorrowedFd<'_>, short: &[Insn], program: &[Insn]) -> bool {
    // SAFETY: they have as many instructions as they say.
    unsafe { packet_socket::has_room(socket, &raw(short), &raw(program)) }
}

/// A program as the kernel takes it: laid out as the kernel has it (asserted in insn.rs and sock_filter.rs).
fn raw(program: &[Insn]) -> bpf_program {
    bpf_program {
        // At most 4096.
        bf_len: program.len() as u32,
        bf_insns: program.as_ptr().cast_mut().cast(),
    }
}

//! How the kernel chooses a member.

use crate::sys::linux::fanout as kernel;

/// By what the kernel chooses the member of a group that receives a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FanoutMode {
    /// By a hash of the addresses and ports: all packets of a flow, in both directions, come to one
    /// member. Fragments have no ports, so that those of a packet may come to another member than its
    /// flow: see [`Fanout::defragment`](super::Fanout::defragment).
    Hash,
    /// In turn, each the next.
    LoadBalance,
    /// By the processor that received it.
    Cpu,
    /// The first with room in its buffer; the others only if that is full.
    Rollover,
    /// At random.
    Random,
    /// By the queue of the device that received it.
    QueueMapping,
}

impl FanoutMode {
    pub(super) fn number(self) -> u16 {
        match self {
            FanoutMode::Hash => kernel::HASH,
            FanoutMode::LoadBalance => kernel::LOAD_BALANCE,
            FanoutMode::Cpu => kernel::CPU,
            FanoutMode::Rollover => kernel::ROLLOVER,
            FanoutMode::Random => kernel::RANDOM,
            FanoutMode::QueueMapping => kernel::QUEUE_MAPPING,
        }
    }
}

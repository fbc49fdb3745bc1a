//! The kernel's modes of choosing a member.

use crate::sys::linux::fanout as kernel;

/// How the kernel chooses the member of a group that receives a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FanoutMode {
    /// By a hash of the addresses and ports: one member receives all packets of a flow, in both directions. Fragments
    /// have no ports, so a different member may receive them: see [`Fanout::defragment`](super::Fanout::defragment).
    Hash,
    /// In turn (round-robin).
    LoadBalance,
    /// By the processor that received the packet.
    Cpu,
    /// The first member until its buffer is full, then the next member whose buffer has space.
    Rollover,
    /// At random.
    Random,
    /// By the device's receive queue in which the packet arrived.
    QueueMapping,
}

impl FanoutMode {
    #[inline]
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

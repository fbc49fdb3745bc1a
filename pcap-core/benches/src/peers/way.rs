//! How packets are read.

/// How packets are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// A closure or callback gets each.
    ForEach,
    /// With one call each.
    Next,
    /// As copies on the heap.
    Owned,
    /// As `ForEach`, with a large stdio buffer and without its locks, which only C leaves to its user.
    Tuned,
    /// With one call each by a task of tokio, or on async-io, which only `pcap-core` has.
    Tokio,
    AsyncIo,
    /// Block by block, with the reader of `pcap-core` for pcapng; other crates have no other way for this format.
    Blocks,
    /// The other calls of `pcap-core` that lend packets.
    TryForEach,
    Dispatch,
    Advance,
    TryNext,
    PacketsWith,
    /// Batch by batch: the packets are copied into memory that is used again.
    Batch,
    /// As `Batch`, and another thread looks at the packets.
    Channel,
}

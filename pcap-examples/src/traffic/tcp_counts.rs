//! Counts of TCP segments with certain flags or positions.

use std::ops::AddAssign;

/// Counts of TCP segments.
///
/// The definitions are those of tshark's `tcp.analysis` fields. A segment whose data was sent before is
///
/// - a spurious retransmission, if the other side had acknowledged all of it;
/// - a fast retransmission, if it begins at the latest acknowledgment, which was repeated at least twice, less than 20
///   milliseconds after that;
/// - out of order, if it follows the segment with the greatest sequence number within the round-trip time of the
///   handshake, or within three milliseconds if the handshake is unknown;
/// - otherwise a retransmission.
///
/// Keep-alive segments and probes of a closed window are none of these. The totals are those of tshark, except that
/// tshark calls some more segments fast retransmissions after acknowledgments of data that was not captured, and
/// counts differently if the accepting side of a connection begins anew. If the packets of a connection are counted by
/// several [`Traffic`](super::Traffic)s, each begins with unknown sequence numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpCounts {
    /// The number of connections, also of those that began before the capture. A SYN with another sequence number
    /// between the same endpoints begins a new connection. One that goes on after it was evicted counts again.
    pub connections: u64,
    /// The number of segments with SYN, but without ACK: each is an attempt to connect.
    pub syns: u64,
    /// The number of segments with SYN and ACK: each accepts a connection.
    pub syn_acks: u64,
    /// The number of segments with FIN.
    pub fins: u64,
    /// The number of segments with RST.
    pub resets: u64,
    /// The number of retransmissions, of all kinds.
    pub retransmissions: u64,
    /// The number of those that follow duplicate acknowledgments within 20 milliseconds.
    pub fast_retransmissions: u64,
    /// The number of those whose data had been acknowledged before.
    pub spurious_retransmissions: u64,
    /// The number of segments that arrived after later ones, but too soon to be retransmissions.
    pub out_of_order: u64,
    /// The number of segments after a gap: the segments before them were lost, or were not captured.
    pub gaps: u64,
    /// The number of acknowledgments that repeat the one before.
    pub duplicate_acks: u64,
    /// The number of segments whose sender can receive no more data.
    pub zero_windows: u64,
}

impl AddAssign for TcpCounts {
    fn add_assign(&mut self, other: TcpCounts) {
        let TcpCounts {
            connections,
            syns,
            syn_acks,
            fins,
            resets,
            retransmissions,
            fast_retransmissions,
            spurious_retransmissions,
            out_of_order,
            gaps,
            duplicate_acks,
            zero_windows,
        } = other;
        self.connections += connections;
        self.syns += syns;
        self.syn_acks += syn_acks;
        self.fins += fins;
        self.resets += resets;
        self.retransmissions += retransmissions;
        self.fast_retransmissions += fast_retransmissions;
        self.spurious_retransmissions += spurious_retransmissions;
        self.out_of_order += out_of_order;
        self.gaps += gaps;
        self.duplicate_acks += duplicate_acks;
        self.zero_windows += zero_windows;
    }
}

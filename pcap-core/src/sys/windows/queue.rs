//! Sends many packets with one call on Windows, using libpcap's send queues.

use crate::sys::linux::packet_socket::Sent;
use crate::sys::{self, platform};

/// The maximum number of packets in a queue of libpcap, and the maximum number of bytes if it has several packets.
/// Breaks are checked between two queues.
const MOST: usize = 64;
const MOST_BYTES: usize = 256 * 1024;

/// A send queue of libpcap.
struct Queue(*mut sys::pcap_send_queue);

impl Drop for Queue {
    fn drop(&mut self) {
        // SAFETY: the queue is from pcap_sendqueue_alloc, and is freed only once.
        unsafe { sys::pcap_sendqueue_destroy(self.0) };
    }
}

/// Sends packets with a send queue of libpcap. Returns how many packets it accepted.
///
/// # Safety
///
/// `pcap` is open and activated, and no other thread uses it.
pub(crate) unsafe fn transmit<'a>(
    pcap: *mut sys::pcap_t,
    packets: impl Iterator<Item = &'a [u8]> + Clone,
) -> Sent {
    const HEADER: usize = size_of::<sys::pcap_pkthdr>();
    let mut sent = Sent::default();
    if !platform::is_complete() {
        return sent;
    }
    let mut total = 0;
    let fits = |packet: &&[u8]| {
        total += HEADER + packet.len();
        total <= MOST_BYTES
    };
    let packets: Vec<&[u8]> = packets.take(MOST).take_while(fits).collect();
    let size: usize = packets.iter().map(|packet| HEADER + packet.len()).sum();
    if packets.len() < 2 {
        // A single packet is sent with less overhead by `inject`.
        return sent;
    }
    // SAFETY: takes a number.
    let queue = Queue(unsafe { sys::pcap_sendqueue_alloc(size as _) });
    if queue.0.is_null() {
        return sent;
    }
    for packet in &packets {
        // SAFETY: a structure of plain numbers, for which zero is a value.
        let mut header: sys::pcap_pkthdr = unsafe { std::mem::zeroed() };
        header.caplen = packet.len() as _;
        header.len = packet.len() as _;
        // SAFETY: the queue is open and has space, and the data has the length in the header. libpcap copies it.
        unsafe { sys::pcap_sendqueue_queue(queue.0, &header, packet.as_ptr()) };
    }
    // SAFETY: the caller's promise, and the queue is complete.
    let mut took = unsafe { sys::pcap_sendqueue_transmit(pcap, queue.0, 0) } as usize;
    for packet in packets {
        let Some(rest) = took.checked_sub(HEADER + packet.len()) else {
            break;
        };
        took = rest;
        sent.packets += 1;
        sent.bytes += packet.len();
    }
    sent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_is_not_taken_has_sent_nothing() {
        platform::init();
        // SAFETY: takes numbers.
        let pcap = unsafe { sys::pcap_open_dead(1, 65535) };
        let packets = [[1_u8; 60]; 3];
        // SAFETY: the handle is open; it sends nothing.
        let sent = unsafe { transmit(pcap, packets.iter().map(|packet| &packet[..])) };
        assert_eq!(sent, Sent::default());
        // SAFETY: open and ours.
        unsafe { sys::pcap_close(pcap) };
    }
}

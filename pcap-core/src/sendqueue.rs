//! A queue of packets to send with one call.

use std::ffi::c_int;
use std::fmt;
use std::ops::{Bound, Range, RangeBounds};

use crate::error::{Error, ErrorKind, Result};

/// A queue of packets that [`inject_queue`](crate::Capture::inject_queue) sends with one call, in the order in which
/// they were pushed.
///
/// On Linux, sending a queue avoids a system call for each packet. The system call is the smaller part of the cost of
/// sending a packet, so the gain is moderate; for long packets and slow devices, it is less.
///
/// All packets share one buffer, so pushing a packet does not allocate once the buffer is large enough. Sending does
/// not change the queue: it can be sent any number of times, on any capture. [`clear`](Self::clear) removes the packets
/// but keeps the buffer.
///
/// # Examples
///
/// ```no_run
/// use pcap_core::{Capture, SendQueue};
///
/// let capture = Capture::from_device("eth0").activate()?;
/// let mut queue = SendQueue::with_capacity(1000, 1000 * 60);
/// let mut frame = [0xff; 60]; // the destination is the broadcast address
/// frame[6..12].copy_from_slice(&[2, 0, 0, 0, 0, 1]); // the source
/// frame[12..14].copy_from_slice(&[0x88, 0xb5]); // an EtherType for local experiments
/// for number in 0..1000_u32 {
///     frame[14..18].copy_from_slice(&number.to_be_bytes());
///     queue.push(&frame)?;
/// }
/// assert_eq!(capture.inject_queue(&queue)?, 60_000);
/// # Ok::<(), pcap_core::Error>(())
/// ```
///
#[doc = manual!("pcap_inject")]
///
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct SendQueue {
    data: Vec<u8>,
    /// The end of each packet in `data`.
    ends: Vec<usize>,
}

impl SendQueue {
    /// Creates an empty queue. It does not allocate until the first packet is pushed.
    #[must_use]
    pub const fn new() -> SendQueue {
        SendQueue {
            data: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Creates an empty queue with capacity for the given number of packets and total number of bytes. If this much
    /// memory is not available, the capacity is smaller.
    #[must_use]
    #[inline]
    pub fn with_capacity(packets: usize, bytes: usize) -> SendQueue {
        let mut queue = SendQueue::new();
        // If this fails, the queue grows with each push.
        let _ = queue.ends.try_reserve_exact(packets);
        let _ = queue.data.try_reserve_exact(bytes);
        queue
    }

    /// Appends a complete packet, including its link-layer header.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the packet is empty, or is 2 GiB or longer. The limits of a
    ///   device, such as its MTU, are only checked when the packet is sent.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut queue = pcap_core::SendQueue::new();
    /// queue.push(&[0xff; 60])?;
    /// queue.push(&[0xff; 1514])?;
    /// assert_eq!((queue.len(), queue.bytes()), (2, 1574));
    /// assert!(queue.push(&[]).is_err());
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    #[inline]
    pub fn push(&mut self, packet: &[u8]) -> Result<()> {
        check(packet).map_err(|why| {
            Error::cannot(ErrorKind::InvalidArgument, "queue a packet", None, why)
        })?;
        self.data.extend_from_slice(packet);
        self.ends.push(self.data.len());
        Ok(())
    }

    /// Appends packets from an iterator, and returns how many were appended.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if a packet is empty, or is 2 GiB or longer. The packets
    ///   before it have been appended; the packets after it have not.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut queue = pcap_core::SendQueue::new();
    /// assert_eq!(queue.push_all([vec![0xff; 60], vec![0xff; 1514]])?, 2);
    /// # Ok::<(), pcap_core::Error>(())
    /// ```
    pub fn push_all<P: AsRef<[u8]>>(
        &mut self,
        packets: impl IntoIterator<Item = P>,
    ) -> Result<usize> {
        let before = self.len();
        for packet in packets {
            self.push(packet.as_ref())?;
        }
        Ok(self.len() - before)
    }

    /// Returns the number of packets.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether the queue is empty.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the total length of all packets, in bytes.
    #[must_use]
    #[inline]
    pub fn bytes(&self) -> usize {
        self.data.len()
    }

    /// Returns the packet at an index, or `None` if the index is out of bounds.
    #[must_use]
    #[inline]
    pub fn get(&self, number: usize) -> Option<&[u8]> {
        let end = *self.ends.get(number)?;
        let start = match number {
            0 => 0,
            _ => self.ends[number - 1],
        };
        Some(&self.data[start..end])
    }

    /// Returns an iterator over the packets, in order.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> + DoubleEndedIterator + Clone {
        self.part(0..self.len())
    }

    /// Removes all packets. The allocated memory is kept.
    #[inline]
    pub fn clear(&mut self) {
        self.data.clear();
        self.ends.clear();
    }

    /// Iterates over a range of packets, which must be in bounds.
    #[inline]
    pub(crate) fn part(
        &self,
        numbers: Range<usize>,
    ) -> impl ExactSizeIterator<Item = &[u8]> + DoubleEndedIterator + Clone {
        numbers.map(|number| self.get(number).unwrap_or_default())
    }

    /// Converts a range of indices. The error says that it is out of bounds.
    pub(crate) fn numbers(&self, range: &impl RangeBounds<usize>) -> Result<Range<usize>, String> {
        let start = match range.start_bound() {
            Bound::Included(&start) => Some(start),
            Bound::Excluded(&before) => before.checked_add(1),
            Bound::Unbounded => Some(0),
        };
        let end = match range.end_bound() {
            Bound::Included(&last) => last.checked_add(1),
            Bound::Excluded(&end) => Some(end),
            Bound::Unbounded => Some(self.len()),
        };
        let range = match (start, end) {
            (Some(start), Some(end)) if start <= end && end <= self.len() => return Ok(start..end),
            (Some(start), Some(end)) => format!("the range {start}..{end}"),
            // A bound overflows.
            _ => "the range".to_owned(),
        };
        let packets = self.len();
        Err(format!(
            "{range} is out of bounds for a queue of {packets} packets"
        ))
    }
}

/// Checks the length of a packet against the limits that apply to every device.
#[inline]
pub(crate) fn check(packet: &[u8]) -> Result<(), &'static str> {
    if packet.is_empty() {
        return Err("the packet is empty");
    }
    if c_int::try_from(packet.len()).is_err() {
        return Err("the packet has 2 GiB or more");
    }
    Ok(())
}

impl fmt::Debug for SendQueue {
    #[inline]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendQueue")
            .field("len", &self.len())
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}

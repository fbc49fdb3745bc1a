//! A queue of packets to send with one call.

use std::ffi::c_int;
use std::fmt;
use std::ops::{Bound, Range, RangeBounds};

use crate::error::{Error, ErrorKind, Result};

/// Packets to send with one call, [`inject_queue`](crate::Capture::inject_queue), in the order in
/// which they were pushed.
///
/// On Linux a queue saves the system call per packet, which is the smaller part of the cost of
/// sending one. It saves less for long packets and slow devices.
///
/// The packets lie one after the other in one buffer, so that a push does not allocate once the
/// buffer is large enough. Sending leaves the queue as it is: it can be sent again and again, on
/// any capture. [`clear`](Self::clear) keeps the buffer for other packets.
///
/// # Examples
///
/// ```no_run
/// use pcap_core::{Capture, SendQueue};
///
/// let capture = Capture::from_device("eth0").activate()?;
/// let mut queue = SendQueue::with_capacity(1000, 1000 * 60);
/// let mut frame = [0xff; 60]; // to everybody
/// frame[6..12].copy_from_slice(&[2, 0, 0, 0, 0, 1]); // from here
/// frame[12..14].copy_from_slice(&[0x88, 0xb5]); // a type for experiments
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
    /// Creates an empty queue. The first push allocates.
    #[must_use]
    pub const fn new() -> SendQueue {
        SendQueue {
            data: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// Creates an empty queue with room for a number of packets, and for a total number of bytes.
    /// If there is not enough memory, the queue starts smaller.
    #[must_use]
    pub fn with_capacity(packets: usize, bytes: usize) -> SendQueue {
        let mut queue = SendQueue::new();
        // On failure it grows with the pushes.
        let _ = queue.ends.try_reserve_exact(packets);
        let _ = queue.data.try_reserve_exact(bytes);
        queue
    }

    /// Appends a packet: all of it as it is to be sent, including the link-layer header.
    ///
    /// # Errors
    ///
    /// - [`InvalidArgument`](ErrorKind::InvalidArgument) if the packet is empty, or has 2 GiB or
    ///   more, as with [`inject`](crate::Capture::inject). Only sending shows whether a device
    ///   takes the packet.
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
    pub fn push(&mut self, packet: &[u8]) -> Result<()> {
        check(packet).map_err(|why| {
            Error::cannot(ErrorKind::InvalidArgument, "queue a packet", None, why)
        })?;
        self.data.extend_from_slice(packet);
        self.ends.push(self.data.len());
        Ok(())
    }

    /// Appends packets, and returns their number.
    ///
    /// # Errors
    ///
    /// Those of [`push`](Self::push), for the first invalid packet; those before it are in the
    /// queue.
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
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether the queue is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the number of bytes in all packets together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.data.len()
    }

    /// Returns a packet by its index; the first is 0.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&[u8]> {
        let end = *self.ends.get(number)?;
        let start = match number {
            0 => 0,
            _ => self.ends[number - 1],
        };
        Some(&self.data[start..end])
    }

    /// Returns an iterator over the packets, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> + DoubleEndedIterator + Clone {
        self.part(0..self.len())
    }

    /// Removes all packets. The allocated memory is kept.
    pub fn clear(&mut self) {
        self.data.clear();
        self.ends.clear();
    }

    /// Iterates over some of the packets, which must exist.
    pub(crate) fn part(
        &self,
        numbers: Range<usize>,
    ) -> impl ExactSizeIterator<Item = &[u8]> + DoubleEndedIterator + Clone {
        numbers.map(|number| self.get(number).unwrap_or_default())
    }

    /// Converts a range of indices, or reports that it is out of bounds.
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

/// Checks whether a packet can be sent at all, on any device.
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
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendQueue")
            .field("len", &self.len())
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}

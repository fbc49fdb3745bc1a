//! Packets to be sent one after the other: a send queue.

use std::ffi::c_int;
use std::fmt;
use std::ops::{Bound, Range, RangeBounds};

use crate::error::{Error, ErrorKind, Result};

/// Packets to send with one call, [`inject_queue`](crate::Capture::inject_queue), in the order in which
/// they were put in.
///
/// On Linux that saves the system call of each packet, which is the smaller part of what the system does
/// for one. Less is saved where packets are long, or the way to the device is.
///
/// They lie behind each other in one buffer, so that a packet costs no allocation once there is room.
/// Sending takes nothing out: a queue can be sent again and again, on any capture, and after
/// [`clear`](Self::clear) its room is used for other packets.
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
/// Manual page: [`pcap_inject(3PCAP)`](https://www.tcpdump.org/manpages/pcap_inject.3pcap.html).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SendQueue {
    data: Vec<u8>,
    /// Where in it each packet ends.
    ends: Vec<usize>,
}

impl SendQueue {
    /// An empty queue. It allocates when the first packet comes.
    #[must_use]
    pub const fn new() -> SendQueue {
        SendQueue {
            data: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// An empty queue with room for so many packets, and so many bytes of all of them together. More
    /// than there is memory for is not reserved.
    #[must_use]
    pub fn with_capacity(packets: usize, bytes: usize) -> SendQueue {
        let mut queue = SendQueue::new();
        // It grows as packets come, if that fails.
        let _ = queue.ends.try_reserve_exact(packets);
        let _ = queue.data.try_reserve_exact(bytes);
        queue
    }

    /// Puts a packet at the end: all of it as it is to be sent, link-layer header included.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](ErrorKind::InvalidArgument) for an empty packet or one of 2 GiB and more, as
    /// [`inject`](crate::Capture::inject) has it. Whether the device takes the packet is seen when it is
    /// sent.
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

    /// Puts packets at the end, and returns how many there were.
    ///
    /// # Errors
    ///
    /// As [`push`](Self::push), at the first packet that is refused; those before it are in the queue.
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

    /// How many packets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no packet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// How many bytes all packets have together.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.data.len()
    }

    /// A packet by its number, of which the first is 0.
    #[must_use]
    pub fn get(&self, number: usize) -> Option<&[u8]> {
        let end = *self.ends.get(number)?;
        let start = match number {
            0 => 0,
            _ => self.ends[number - 1],
        };
        Some(&self.data[start..end])
    }

    /// The packets, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> + DoubleEndedIterator + Clone {
        self.part(0..self.len())
    }

    /// Takes all packets out. The room stays.
    pub fn clear(&mut self) {
        self.data.clear();
        self.ends.clear();
    }

    /// Some of the packets, which have to be there.
    pub(crate) fn part(
        &self,
        numbers: Range<usize>,
    ) -> impl ExactSizeIterator<Item = &[u8]> + DoubleEndedIterator + Clone {
        numbers.map(|number| self.get(number).unwrap_or_default())
    }

    /// What a range means here, or why it means nothing.
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
        match (start, end) {
            (Some(start), Some(end)) if start <= end && end <= self.len() => Ok(start..end),
            _ => Err(format!(
                "the queue has {} packets, and not those from {:?} to {:?}",
                self.len(),
                range.start_bound(),
                range.end_bound()
            )),
        }
    }
}

/// Why a packet cannot be sent on any device.
pub(crate) fn check(packet: &[u8]) -> Result<(), &'static str> {
    if packet.is_empty() {
        return Err("there is nothing to send: the packet is empty");
    }
    if c_int::try_from(packet.len()).is_err() {
        return Err("a packet of 2 GiB or more cannot be sent");
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

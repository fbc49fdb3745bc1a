//! Many packets in one reusable buffer.

use std::fmt;
use std::iter::FusedIterator;
use std::ops::Range;
use std::slice;

use crate::packet::origin::Origin;
use crate::packet::{AsPacket, Packet, PacketHeader};

/// The default limits: as much as a reader of savefiles reads at once, so that it can hand over its buffer.
const PACKETS: usize = 4096;
const BYTES: usize = 1 << 20;

/// The size of a buffer when it first grows.
const SMALLEST: usize = 4096;

/// Copies of many packets in one buffer, which can be sent to another thread and used again.
///
/// [`Capture::read_batch`](crate::Capture::read_batch) fills a batch. Once its buffer has grown, a batch needs no more
/// allocations, however many packets pass through it. To hand packets to other threads, send the batches to them and
/// let them return the batches.
///
/// A reader of savefiles hands over its buffer of 256 KiB if a batch takes most of it, and otherwise copies packets.
///
/// A batch is full at 4096 packets or 1 MiB, unless it was created [with other limits](Self::with_limits).
///
/// # Examples
///
/// Two workers share the packets of a savefile. Four batches circulate:
///
/// ```
/// use pcap_core::{Capture, Dlt, PacketBatch};
/// use std::sync::{Mutex, mpsc};
/// use std::thread;
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let path = folder.path().join("a.pcap");
/// # let mut dumper = Capture::dead(Dlt::EN10MB)?.dump(&path)?;
/// # for n in 0..10_000 { dumper.write_now(&vec![0; n % 1500])?; }
/// # dumper.close()?;
/// let mut capture = Capture::from_file(&path)?;
/// let (full, filled) = mpsc::channel::<PacketBatch>();
/// let (empty, free) = mpsc::channel();
/// for _ in 0..4 {
///     empty.send(PacketBatch::new()).expect("the receiver exists");
/// }
/// let filled = Mutex::new(filled);
/// let work = || {
///     let empty = empty.clone();
///     let mut packets = 0;
///     loop {
///         let batch = filled.lock().expect("no worker panics").recv();
///         let Ok(batch) = batch else { return packets };
///         packets += batch.iter().filter(|packet| packet.wire_len() > 1000).count();
///         let _ = empty.send(batch); // unless reading has ended
///     }
/// };
/// let long = thread::scope(|scope| -> pcap_core::Result<usize> {
///     let workers = [scope.spawn(work), scope.spawn(work)];
///     while let Ok(mut batch) = free.recv() {
///         if !capture.read_batch(&mut batch)? {
///             break;
///         }
///         full.send(batch).expect("the workers wait for it");
///     }
///     drop(full);
///     Ok(workers.map(|worker| worker.join().expect("no worker panics")).iter().sum())
/// })?;
/// assert_eq!(long, 2994);
/// # Ok::<(), pcap_core::Error>(())
/// ```
#[derive(Clone)]
pub struct PacketBatch {
    /// The data of the packets, at `base..used`.
    bytes: Box<[u8]>,
    base: usize,
    used: usize,
    entries: Vec<Entry>,
    most_packets: usize,
    most_bytes: usize,
}

/// A packet, and where its data start after the base.
#[derive(Clone, Copy)]
struct Entry {
    header: PacketHeader,
    origin: Origin,
    start: usize,
}

impl Entry {
    #[inline]
    fn packet(self, bytes: &[u8]) -> Packet<'_> {
        let data = &bytes[self.start..][..self.header.caplen() as usize];
        Packet {
            header: self.header,
            origin: self.origin,
            data,
        }
    }
}

impl PacketBatch {
    /// Creates an empty batch. It allocates memory when it is filled.
    #[must_use]
    pub fn new() -> PacketBatch {
        PacketBatch::with_limits(PACKETS, BYTES)
    }

    /// Creates an empty batch that is full at this number of packets, or once its buffer contains this number of bytes.
    ///
    /// The buffer may contain other parts of a savefile between the packets. The last packet may exceed the number of
    /// bytes, so a batch takes at least one packet, even if the limits are 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use pcap_core::{Packet, PacketBatch, Timestamp};
    ///
    /// let mut batch = PacketBatch::with_limits(2, 1000);
    /// batch.push(Packet::whole(Timestamp::EPOCH, b"one"));
    /// assert!(!batch.is_full());
    /// batch.push(Packet::whole(Timestamp::EPOCH, b"two"));
    /// assert!(batch.is_full());
    /// ```
    #[must_use]
    pub fn with_limits(packets: usize, bytes: usize) -> PacketBatch {
        PacketBatch {
            bytes: Box::default(),
            base: 0,
            used: 0,
            entries: Vec::new(),
            most_packets: packets.max(1),
            most_bytes: bytes.max(1),
        }
    }

    /// Returns the number of packets.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether the batch contains no packet.
    #[inline]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns whether the batch has reached one of its limits.
    #[inline]
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full_with(self.used - self.base)
    }

    /// Returns whether the batch is full once it contains this number of bytes.
    #[inline]
    pub(crate) fn is_full_with(&self, bytes: usize) -> bool {
        self.entries.len() >= self.most_packets || bytes >= self.most_bytes
    }

    /// Returns the packet with an index, which starts at 0.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Packet<'_>> {
        Some(self.entries.get(index)?.packet(self.data()))
    }

    /// Returns an iterator over the packets.
    #[inline]
    pub fn iter(&self) -> BatchIter<'_> {
        BatchIter {
            bytes: self.data(),
            entries: self.entries.iter(),
        }
    }

    /// Adds a copy of a packet, even if the batch is full.
    #[inline]
    pub fn push(&mut self, packet: impl AsPacket) {
        let packet = packet.as_packet();
        self.place(packet, self.used - self.base);
        self.add(packet.data);
    }

    /// Adds a packet whose data will start at an index after the base. [`add`](Self::add) or
    /// [`exchange`](Self::exchange) provides them.
    #[inline]
    pub(crate) fn place(&mut self, packet: Packet<'_>, start: usize) {
        self.entries.push(Entry {
            header: packet.header,
            origin: packet.origin,
            start,
        });
    }

    /// Copies data of packets.
    #[inline]
    pub(crate) fn add(&mut self, data: &[u8]) {
        let end = self.used + data.len();
        if end > self.bytes.len() {
            self.grow(end);
        }
        self.bytes[self.used..end].copy_from_slice(data);
        self.used = end;
    }

    #[cold]
    fn grow(&mut self, least: usize) {
        let room = least.max(2 * self.bytes.len()).max(SMALLEST);
        let mut bytes = vec![0; room].into_boxed_slice();
        bytes[..self.used].copy_from_slice(&self.bytes[..self.used]);
        self.bytes = bytes;
    }

    /// Returns the size of the buffer.
    pub(crate) fn room(&self) -> usize {
        self.bytes.len()
    }

    /// Exchanges the buffer for one that contains the data of the packets in a range.
    pub(crate) fn exchange(
        &mut self,
        data: Range<usize>,
        exchange: impl FnOnce(Box<[u8]>) -> Box<[u8]>,
    ) {
        self.bytes = exchange(std::mem::take(&mut self.bytes));
        (self.base, self.used) = (data.start, data.end);
    }

    /// Returns the data of the packets.
    #[inline]
    fn data(&self) -> &[u8] {
        &self.bytes[self.base..self.used]
    }

    /// Removes all packets, and keeps the memory.
    #[inline]
    pub fn clear(&mut self) {
        (self.base, self.used) = (0, 0);
        self.entries.clear();
    }
}

impl Default for PacketBatch {
    fn default() -> PacketBatch {
        PacketBatch::new()
    }
}

impl fmt::Debug for PacketBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PacketBatch")
            .field("packets", &self.len())
            .field("bytes", &(self.used - self.base))
            .finish_non_exhaustive()
    }
}

impl<'a> IntoIterator for &'a PacketBatch {
    type Item = Packet<'a>;
    type IntoIter = BatchIter<'a>;

    #[inline]
    fn into_iter(self) -> BatchIter<'a> {
        self.iter()
    }
}

impl<P: AsPacket> Extend<P> for PacketBatch {
    fn extend<I: IntoIterator<Item = P>>(&mut self, packets: I) {
        packets.into_iter().for_each(|packet| self.push(packet));
    }
}

/// An iterator over the packets of a batch. See [`PacketBatch::iter`].
#[derive(Clone)]
#[must_use = "iterators are lazy"]
pub struct BatchIter<'a> {
    bytes: &'a [u8],
    entries: slice::Iter<'a, Entry>,
}

impl<'a> Iterator for BatchIter<'a> {
    type Item = Packet<'a>;

    #[inline]
    fn next(&mut self) -> Option<Packet<'a>> {
        Some(self.entries.next()?.packet(self.bytes))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl DoubleEndedIterator for BatchIter<'_> {
    #[inline]
    fn next_back(&mut self) -> Option<Self::Item> {
        Some(self.entries.next_back()?.packet(self.bytes))
    }
}

impl ExactSizeIterator for BatchIter<'_> {}

impl FusedIterator for BatchIter<'_> {}

impl fmt::Debug for BatchIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

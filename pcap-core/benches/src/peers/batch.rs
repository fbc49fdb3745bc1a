//! `pcap-core`, with batches: packets that are copied into memory which is used again, and may go to another thread.

use std::sync::mpsc::{channel, sync_channel};
use std::thread;

use pcap_core::{Capture, Readable, Stop, Timestamp};

use crate::Failure;
use crate::tally::Tally;

/// The maximum number of packets in a batch.
const PACKETS: u64 = 1024;

/// The number of batches that wait for the other thread.
const WAITING: usize = 4;

/// Copies of packets.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    /// The time, the length on the wire, and the end of the bytes.
    packets: Vec<(Timestamp, u32, usize)>,
}

impl Batch {
    /// Replaces the packets by the next ones, and returns whether there may be more.
    fn fill<S: Readable>(&mut self, capture: &mut Capture<S>) -> Result<bool, Failure> {
        self.bytes.clear();
        self.packets.clear();
        let read = capture.dispatch_up_to(PACKETS, |packet| {
            self.bytes.extend_from_slice(packet.data());
            let end = self.bytes.len();
            self.packets
                .push((packet.timestamp(), packet.wire_len(), end));
        })?;
        Ok(!matches!(read.stop(), Stop::End(_)))
    }

    /// Tallies the packets up to one of `mark` bytes, and returns whether there was one.
    fn add_to(&self, tally: &mut Tally, mark: usize) -> bool {
        let mut start = 0;
        for &(_, _, end) in &self.packets {
            let data = &self.bytes[start..end];
            if data.len() == mark {
                return true;
            }
            tally.add(data);
            start = end;
        }
        false
    }
}

/// Reads until the end, or until a packet of `mark` bytes arrives.
pub(crate) fn read<S: Readable>(capture: &mut Capture<S>, mark: usize) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let mut batch = Batch::default();
    loop {
        let more = batch.fill(capture)?;
        if batch.add_to(&mut tally, mark) || !more {
            return Ok(tally);
        }
    }
}

/// Does the same, but another thread tallies the batches and returns them.
pub(crate) fn through_a_channel<S: Readable>(
    capture: &mut Capture<S>,
    mark: usize,
) -> Result<Tally, Failure> {
    let (full, batches) = sync_channel::<Batch>(WAITING);
    let (empty, free) = channel();
    for _ in 0..WAITING {
        empty.send(Batch::default())?;
    }
    thread::scope(|scope| {
        let worker = scope.spawn(move || {
            let mut tally = Tally::default();
            for batch in batches {
                if batch.add_to(&mut tally, mark) {
                    break;
                }
                // The reader may have ended.
                let _ = empty.send(batch);
            }
            tally
        });
        // The worker ends at the mark.
        while let Ok(mut batch) = free.recv() {
            let more = batch.fill(capture)?;
            if full.send(batch).is_err() || !more {
                break;
            }
        }
        drop(full);
        worker
            .join()
            .map_err(|_| "the other thread panicked".into())
    })
}

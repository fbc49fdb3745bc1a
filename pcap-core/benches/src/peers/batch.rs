//! `pcap-core`, with batches: packets that are copied into memory which is used again, and may go to another thread.

use std::sync::mpsc::{channel, sync_channel};
use std::thread;

use pcap_core::{Capture, PacketBatch, Readable};

use crate::Failure;
use crate::tally::Tally;

/// The number of batches that wait for the other thread.
const WAITING: usize = 4;

/// Tallies the packets of a batch up to one of `mark` bytes, and returns whether there was one.
fn add(batch: &PacketBatch, tally: &mut Tally, mark: usize) -> bool {
    for packet in batch {
        if packet.data().len() == mark {
            return true;
        }
        tally.add(packet.data());
    }
    false
}

/// Reads until the end, or until a packet of `mark` bytes arrives.
pub(crate) fn read<S: Readable>(capture: &mut Capture<S>, mark: usize) -> Result<Tally, Failure> {
    let mut tally = Tally::default();
    let mut batch = PacketBatch::with_limits(
        std::env::var("BP").map_or(4096, |v| v.parse().unwrap()),
        256 * 1024,
    );
    while capture.read_batch(&mut batch)? {
        if add(&batch, &mut tally, mark) {
            break;
        }
    }
    Ok(tally)
}

/// Does the same, but another thread tallies the batches and returns them.
pub(crate) fn through_a_channel<S: Readable>(
    capture: &mut Capture<S>,
    mark: usize,
) -> Result<Tally, Failure> {
    let (full, batches) = sync_channel::<PacketBatch>(WAITING);
    let (empty, free) = channel();
    for _ in 0..WAITING {
        empty.send(PacketBatch::new())?;
    }
    thread::scope(|scope| {
        let worker = scope.spawn(move || {
            let mut tally = Tally::default();
            for batch in batches {
                if add(&batch, &mut tally, mark) {
                    break;
                }
                // The reader may have ended.
                let _ = empty.send(batch);
            }
            tally
        });
        // The worker ends at the mark.
        while let Ok(mut batch) = free.recv() {
            if !capture.read_batch(&mut batch)? || full.send(batch).is_err() {
                break;
            }
        }
        drop(full);
        worker
            .join()
            .map_err(|_| "the other thread panicked".into())
    })
}

//! Sends numbered packets.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::Result;

/// The number of bytes after the headers. The first eight are the number of the packet.
const PAYLOAD: usize = 214;
/// The number of packets between two readings of the clock.
const BATCH: u64 = 32;

/// A socket that sends numbered packets.
pub(crate) struct Numbered {
    socket: UdpSocket,
    data: Vec<u8>,
    /// The number of the next packet, which is how many were sent.
    number: u64,
}

impl Numbered {
    /// Creates the socket, on the device with the address 192.0.2.1.
    pub(crate) fn connect() -> Result<Numbered> {
        let socket = UdpSocket::bind("192.0.2.1:0").and_then(|socket| {
            socket.connect("192.0.2.2:9")?;
            Ok(socket)
        });
        let text = b"numbered packets of a flood, with text that can be compressed; ";
        Ok(Numbered {
            socket: socket.map_err(|e| format!("cannot create a socket: {e}"))?,
            data: text.iter().copied().cycle().take(PAYLOAD).collect(),
            number: 0,
        })
    }

    /// Sends the next packet. Returns whether it was sent: the kernel may have no memory.
    pub(crate) fn send(&mut self) -> bool {
        self.data[..8].copy_from_slice(&self.number.to_be_bytes());
        // Some payload that does not repeat.
        let noise = self.number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.data[64..72].copy_from_slice(&noise.to_be_bytes());
        let is_sent = self.socket.send(&self.data).is_ok();
        self.number += u64::from(is_sent);
        is_sent
    }
}

/// A thread that sends numbered packets until it is stopped.
pub(crate) struct Sender {
    sent: Arc<AtomicU64>,
    must_stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
    start: Instant,
}

impl Sender {
    /// Starts to send at this rate, in packets per second; 0 means as fast as possible.
    pub(crate) fn start(rate: u64) -> Result<Sender> {
        let mut socket = Numbered::connect()?;
        let sent = Arc::new(AtomicU64::new(0));
        let must_stop = Arc::new(AtomicBool::new(false));
        let (counter, stop) = (Arc::clone(&sent), Arc::clone(&must_stop));
        let thread = thread::spawn(move || {
            let start = Instant::now();
            while !stop.load(Ordering::Relaxed) {
                for _ in 0..BATCH {
                    socket.send();
                }
                counter.store(socket.number, Ordering::Relaxed);
                if rate > 0 {
                    let due = Duration::from_secs_f64(socket.number as f64 / rate as f64);
                    if let Some(early) = due.checked_sub(start.elapsed()) {
                        thread::sleep(early);
                    }
                }
            }
        });
        Ok(Sender {
            sent,
            must_stop,
            thread,
            start: Instant::now(),
        })
    }

    /// Returns the number of packets sent so far.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Stops sending. Returns the number of packets sent, and how many per second.
    pub(crate) fn stop(self) -> (u64, u64) {
        self.must_stop.store(true, Ordering::Relaxed);
        let _ = self.thread.join();
        let seconds = self.start.elapsed().as_secs_f64();
        let sent = self.sent.load(Ordering::Relaxed);
        (sent, (sent as f64 / seconds) as u64)
    }
}

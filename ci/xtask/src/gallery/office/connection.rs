//! TCP connections, as they are captured at the client.

use super::host::Socket;
use super::packet::{self, Segment};
use super::recording::{MICROSECOND, MILLISECOND, Recording};

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const PSH: u8 = 0x08;
const ACK: u8 = 0x10;

/// The data in a full segment over IPv4. With IPv6, there are 20 bytes less.
const FULL: usize = 1460;
/// The length of the option for timestamps in each segment.
const TIMESTAMPS: usize = 12;

/// The number of segments that a server sends before it waits for acknowledgments.
const BURST: usize = 10;

/// One side of a connection.
struct Side {
    socket: Socket,
    /// The next sequence number.
    next: u32,
    window: u16,
    /// The difference between the time of this capture and the clock of its timestamps, in milliseconds.
    clock: u32,
}

/// A connection. Each call continues it and advances its time.
pub(super) struct Connection {
    sides: [Side; 2],
    /// The time of the last packet.
    pub(super) time: u64,
    /// How long an answer of the server takes.
    round_trip: u64,
}

/// Who sends.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum By {
    /// The client, which is index 0.
    Client = 0,
    /// The server, which is index 1.
    Server = 1,
}

use By::{Client, Server};

impl By {
    fn other(self) -> By {
        if self == Client { Server } else { Client }
    }
}

impl Connection {
    /// Returns a connection before its first packet.
    pub(super) fn new(
        record: &mut Recording,
        time: u64,
        client: Socket,
        server: Socket,
        round_trip: u64,
    ) -> Connection {
        let sides = [(client, 502), (server, 509)].map(|(socket, window)| Side {
            socket,
            next: record.below(1 << 32) as u32,
            window,
            clock: record.below(1 << 31) as u32,
        });
        Connection {
            sides,
            time,
            round_trip,
        }
    }

    /// Establishes the connection.
    pub(super) fn open(&mut self, record: &mut Recording) {
        self.send(record, Client, SYN, b"");
        self.time = record.later(self.time, self.round_trip);
        self.send(record, Server, SYN | ACK, b"");
        self.time = record.later(self.time, 60 * MICROSECOND);
        self.send(record, Client, ACK, b"");
        self.time = record.later(self.time, 400 * MICROSECOND);
    }

    /// Tries to establish the connection to a port that is closed.
    pub(super) fn be_refused(&mut self, record: &mut Recording) {
        self.send(record, Client, SYN, b"");
        self.time = record.later(self.time, self.round_trip);
        // It has no number of its own.
        self.sides[1].next = 0;
        self.send(record, Server, RST | ACK, b"");
    }

    /// Sends data, which the other side acknowledges.
    pub(super) fn say(&mut self, record: &mut Recording, by: By, data: &[u8]) {
        self.transfer(record, by, data, &[]);
    }

    /// Sends data of several segments. Those with these numbers are lost on their way and sent again.
    pub(super) fn transfer(&mut self, record: &mut Recording, by: By, data: &[u8], lost: &[usize]) {
        let length = self.segment_size() - TIMESTAMPS;
        let segments: Vec<&[u8]> = data.chunks(length).collect();
        for (burst, chunk) in segments.chunks(BURST).enumerate() {
            // What the server answers has crossed the network with its acknowledgment.
            let pause = if burst == 0 {
                MILLISECOND
            } else {
                self.round_trip
            };
            self.time = record.later(self.time, pause);
            for (index, segment) in chunk.iter().enumerate() {
                let number = burst * BURST + index;
                let push = if number + 1 == segments.len() { PSH } else { 0 };
                self.send(record, by, ACK | push, segment);
                if lost.contains(&number) {
                    self.send_again(record, by, segment);
                } else if index % 2 == 1 || index + 1 == chunk.len() {
                    let is_far = by == Client && index < 2;
                    let delay = if is_far {
                        self.round_trip
                    } else {
                        40 * MICROSECOND
                    };
                    self.time = record.later(self.time, delay);
                    self.send(record, by.other(), ACK, b"");
                }
                self.time = record.later(self.time, 24 * MICROSECOND);
            }
        }
    }

    /// Returns the largest segment without options.
    fn segment_size(&self) -> usize {
        match self.sides[0].socket.0.ip.is_ipv4() {
            true => FULL,
            false => FULL - 20,
        }
    }

    /// Sends the last segment again, after its timeout.
    fn send_again(&mut self, record: &mut Recording, by: By, segment: &[u8]) {
        self.time = record.later(self.time, 210 * MILLISECOND);
        let side = &mut self.sides[by as usize];
        side.next = side.next.wrapping_sub(segment.len() as u32);
        self.send(record, by, ACK | PSH, segment);
        self.time = record.later(self.time, 50 * MICROSECOND);
        self.send(record, by.other(), ACK, b"");
    }

    /// Waits.
    pub(super) fn wait(&mut self, record: &mut Recording, time: u64) {
        self.time = record.later(self.time, time);
    }

    /// Closes the connection.
    pub(super) fn close(&mut self, record: &mut Recording, by: By) {
        self.send(record, by, FIN | ACK, b"");
        self.time = record.later(self.time, self.round_trip);
        self.send(record, by.other(), FIN | ACK, b"");
        self.time = record.later(self.time, 50 * MICROSECOND);
        self.send(record, by, ACK, b"");
    }

    /// Resets the connection.
    pub(super) fn reset(&mut self, record: &mut Recording, by: By) {
        self.send(record, by, RST | ACK, b"");
    }

    fn send(&mut self, record: &mut Recording, by: By, flags: u8, data: &[u8]) {
        let (from, to) = (&self.sides[by as usize], &self.sides[by.other() as usize]);
        let milliseconds = (self.time / MILLISECOND) as u32;
        let mut options = Vec::new();
        if flags & SYN != 0 {
            // The maximum size of segments, and selective acknowledgments.
            options.extend([2, 4]);
            options.extend((self.segment_size() as u16).to_be_bytes());
            options.extend([4, 2]);
        } else {
            options.extend([1, 1]);
        }
        let is_first = flags & ACK == 0;
        let echo = if is_first {
            0
        } else {
            milliseconds
                .wrapping_add(to.clock)
                .wrapping_sub((self.round_trip / MILLISECOND) as u32)
        };
        options.extend([8, 10]);
        options.extend(milliseconds.wrapping_add(from.clock).to_be_bytes());
        options.extend(echo.to_be_bytes());
        if flags & SYN != 0 {
            // The scale of windows.
            options.extend([1, 3, 3, 7]);
        }
        let is_reset = flags & RST != 0;
        let segment = Segment {
            flags,
            sequence: from.next,
            acknowledgment: if is_first { 0 } else { to.next },
            window: match flags {
                _ if is_reset => 0,
                _ if flags & SYN != 0 => 64_240,
                _ => from.window,
            },
            options: if is_reset { Vec::new() } else { options },
            data,
        };
        let bytes = packet::tcp(&from.socket, &to.socket, &segment);
        let (source, target) = (from.socket.0, to.socket.0);
        record.ip(self.time, &source, &target, packet::TCP, &bytes);
        let counts = (flags & (SYN | FIN) != 0) as u32;
        let side = &mut self.sides[by as usize];
        side.next = side.next.wrapping_add(data.len() as u32 + counts);
    }
}

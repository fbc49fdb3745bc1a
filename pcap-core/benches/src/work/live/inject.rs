//! Sending packets. Here they go one by one; what sends many at once is to be compared in this file too.

use std::io;
use std::os::fd::AsRawFd;

use super::network::FROM;
use super::sender::packet_socket;
use super::{Place, cannot};
use crate::Failure;
use crate::peers::{Peer, c, ours, pcap};
use crate::tally::{Outcome, Tally, measured};

const PACKETS: u64 = 300_000;
const FRAME: [u8; 64] = [0x5a; 64];

pub(super) fn inject(peer: Peer, place: &Place) -> Result<Outcome, Failure> {
    let times = place.many(PACKETS);
    let sent = |result: Result<(), Failure>| {
        result.map(|()| Tally {
            packets: times,
            ..Tally::default()
        })
    };
    match peer {
        Peer::Us => {
            let capture = ours::open(FROM, None)?;
            measured(None, || sent(ours::inject(&capture, &FRAME, times)))
        }
        Peer::C => {
            let capture = c::Live::open(FROM, None)?;
            measured(None, || sent(capture.inject(&FRAME, times)))
        }
        Peer::Pcap => {
            let mut capture = pcap::open(FROM, None)?;
            measured(None, || sent(pcap::inject(&mut capture, &FRAME, times)))
        }
        Peer::Floor => {
            let socket = packet_socket(FROM)?;
            measured(None, || {
                for _ in 0..times {
                    // SAFETY: the socket is open, and the frame that long.
                    let status = unsafe {
                        libc::send(socket.as_raw_fd(), FRAME.as_ptr().cast(), FRAME.len(), 0)
                    };
                    if status < 0 {
                        return Err(io::Error::last_os_error().into());
                    }
                }
                sent(Ok(()))
            })
        }
        _ => Err(cannot(peer)),
    }
}

//! Sending packets, one by one or many at once.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use pcap_core::os::linux::CaptureExt;
use pcap_core::{Active, Capture, Precision};

use super::network::FROM;
use super::sender::{AT_ONCE, packet_socket, send_many};
use super::{Place, cannot};
use crate::Failure;
use crate::outcome::{Outcome, measured};
use crate::peers::{Peer, Sending, c, ours, pcap};
use crate::tally::Tally;

const PACKETS: u64 = 300_000;
const FRAME: [u8; 64] = [0x5a; 64];

pub(super) fn inject(peer: Peer, sending: Sending, place: &Place) -> Result<Outcome, Failure> {
    let times = place.many(PACKETS);
    let sent = |result: Result<(), Failure>| {
        result.map(|()| Tally {
            packets: times,
            ..Tally::default()
        })
    };
    match peer {
        Peer::Us => {
            let capture = open(sending)?;
            measured(None, || {
                sent(match sending {
                    Sending::Single => ours::inject(&capture, &FRAME, times),
                    Sending::Queue | Sending::Bypass => {
                        ours::inject_queues(&capture, &FRAME, times)
                    }
                })
            })
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
            if sending == Sending::Bypass {
                bypass(&socket)?;
            }
            measured(None, || {
                let mut left = times;
                while left > 0 && sending != Sending::Single {
                    left -= send_many(&socket, &FRAME, left.min(AT_ONCE as u64) as usize)?;
                }
                for _ in 0..left {
                    // SAFETY: the socket is open, and the frame has this length.
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

/// Opens the sending capture. Times have microseconds: with nanoseconds Linux reads the clock for each sent packet,
/// and libpcap's default is microseconds.
fn open(sending: Sending) -> Result<Capture<Active>, Failure> {
    let capture = Capture::from_device(FROM).precision(Precision::Micro);
    let capture = capture.qdisc_bypass(sending == Sending::Bypass);
    capture.activate().map_err(|error| error.to_string().into())
}

/// Makes a socket bypass the queueing discipline of its interface.
fn bypass(socket: &OwnedFd) -> io::Result<()> {
    let on: libc::c_int = 1;
    // SAFETY: the socket is open, and the option an int.
    let status = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_PACKET,
            libc::PACKET_QDISC_BYPASS,
            (&raw const on).cast(),
            size_of_val(&on) as libc::socklen_t,
        )
    };
    if status < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

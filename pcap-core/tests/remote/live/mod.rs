//! Remote captures with a real daemon, which `PCAP_TEST_RPCAPD` names. Only for a libpcap with remote capture.

mod daemon;
mod filters;
mod opening;
mod packets;
#[cfg(unix)]
mod signals;

use std::net::UdpSocket;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pcap_core::remote::{Options, Source};
use pcap_core::{Capture, ErrorKind, Remote};

use crate::support::rpcapd::PORT;

const UNSUPPORTED: ErrorKind = ErrorKind::Unsupported;

fn host() -> Source {
    Source::remote("127.0.0.1", PORT, "").unwrap()
}

fn on(device: &str) -> Options {
    Options::new(host().with_device(device).unwrap())
}

/// Returns a socket that sends over `lo` to a port without listener; the tests only look at UDP packets.
fn sender() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect("127.0.0.1:9").unwrap();
    socket
}

/// Sends a packet. The error of an earlier packet, that nobody listens, is no failure of this one.
fn send(socket: &UdpSocket, payload: &[u8]) {
    while socket.send(payload).is_err() {}
}

/// Starts the daemon's capture, and waits until packets arrive: packets sent earlier do not.
fn begin(capture: &mut Capture<Remote>, socket: &UdpSocket) {
    let began = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !began.load(Ordering::Relaxed) {
                send(socket, b"begin");
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let next = capture.next_packet_timeout(Duration::from_secs(10));
        began.store(true, Ordering::Relaxed);
        next.unwrap().packet().expect("the daemon does not capture");
    });
    // Discard the packets sent meanwhile.
    let quiet = Duration::from_millis(400);
    while capture
        .next_packet_timeout(quiet)
        .unwrap()
        .packet()
        .is_some()
    {}
}

/// Returns the payload of a UDP packet over Ethernet.
fn payload(data: &[u8]) -> &[u8] {
    &data[14 + 20 + 8..]
}

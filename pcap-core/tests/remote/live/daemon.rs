//! Daemons that are killed or stopped.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use pcap_core::{ErrorKind, Next};

use super::{begin, on, payload, send, sender};
use crate::support::Netns;
use crate::support::alone;
use crate::support::rpcapd::Daemon;

#[test]
fn a_killed_daemons_packets_come_first() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    for _ in 0..3 {
        let mut daemon = Daemon::open_to_all();
        let mut capture = on("lo").filter("udp port 9").open().unwrap();
        let socket = sender();
        begin(&mut capture, &socket);
        (0..100u8).for_each(|n| send(&socket, &[n; 32]));
        // The first packet says that the daemon is sending; the others follow within its timeout.
        assert_eq!(
            payload(capture.next_packet().unwrap().unwrap().data()),
            [0; 32]
        );
        std::thread::sleep(Duration::from_millis(500));
        daemon.kill();
        let start = Instant::now();
        for n in 1..100 {
            let packet = capture.next_packet().unwrap().unwrap();
            assert_eq!(payload(packet.data()), [n; 32]);
        }
        let error = capture.next_packet().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Disappeared, "{error}");
        assert!(start.elapsed() < Duration::from_secs(1));
        for again in [
            capture.try_next_packet().unwrap_err(),
            capture.for_each(|_| {}).unwrap_err(),
            capture.stats().unwrap_err(),
            capture.set_filter("udp").unwrap_err(),
        ] {
            assert_eq!(again.to_string(), error.to_string());
        }
    }
}

// Shows: libpcap/start-remote-capture-fails
#[test]
fn a_daemon_killed_early_is_an_error() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let mut daemon = Daemon::open_to_all();
    let mut capture = on("lo").open().unwrap();
    daemon.kill();
    let error = capture.next_packet().unwrap_err();
    assert_eq!(error.operation(), Some("start"));
    assert!(matches!(error.kind(), ErrorKind::Io(_)), "{error:?}");
    // libpcap closed its socket; its number may belong to another file now, which must stay open.
    let sockets: Vec<_> = (0..20)
        .map(|_| UdpSocket::bind("127.0.0.1:0").unwrap())
        .collect();
    assert_eq!(
        capture.next_packet().unwrap_err().to_string(),
        error.to_string()
    );
    assert_eq!(capture.stats().unwrap_err().to_string(), error.to_string());
    drop(capture);
    for socket in &sockets {
        socket.local_addr().expect("the descriptor was closed");
    }
}

#[test]
fn a_stopped_daemon_holds_up_nothing() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let daemon = Daemon::open_to_all();
    let mut capture = on("lo").filter("udp port 9").open().unwrap();
    begin(&mut capture, &sender());
    daemon.pause(true);
    let start = Instant::now();
    let wait = Duration::from_millis(200);
    assert_eq!(capture.next_packet_timeout(wait).unwrap(), Next::Timeout);
    let handle = capture.break_handle();
    let breaker = std::thread::spawn(move || {
        std::thread::sleep(wait);
        handle.breakloop();
    });
    assert!(capture.next_packet().unwrap().is_none());
    breaker.join().unwrap();
    drop(capture);
    assert!(start.elapsed() < Duration::from_secs(1));
    daemon.pause(false);
}

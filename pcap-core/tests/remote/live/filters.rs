//! Filters, and the own traffic of a capture.

use std::time::{Duration, Instant};

use pcap_core::{Capture, Dlt, ErrorKind, Filter, Insn, Next, Stop};

use super::{UNSUPPORTED, begin, on, payload, send, sender};
use crate::support::Netns;
use crate::support::alone;
use crate::support::rpcapd::Daemon;

// Shows: libpcap/remote-filter-changes-lets
#[test]
fn a_changed_filter_lets_nothing_else_in() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let mut capture = on("lo")
        .own_packets(true)
        .filter("udp port 9")
        .open()
        .unwrap();
    let socket = sender();
    begin(&mut capture, &socket);
    let odd = [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 20];
    for read_ahead in [true, false] {
        capture.set_filter("udp port 9").unwrap();
        (0..20u8).for_each(|n| send(&socket, &vec![n; 10 + usize::from(n % 2) * 100]));
        // The daemon has sent all of them before the first read: the others are read with it, or lie in the socket.
        std::thread::sleep(Duration::from_millis(400));
        if read_ahead {
            let first = capture.next_packet().unwrap().unwrap();
            assert_eq!(payload(first.data()), [0; 10]);
        } else {
            let done =
                capture.for_each_up_to(1, |first| assert_eq!(payload(first.data()), [0; 10]));
            assert_eq!(done.unwrap().packets(), 1);
        }
        capture.set_filter("udp port 9 and greater 120").unwrap();
        send(&socket, &[20; 110]);
        let mut seen = Vec::new();
        while seen.last() != Some(&20) {
            seen.push(payload(capture.next_packet().unwrap().unwrap().data())[0]);
        }
        assert_eq!(seen, odd, "{read_ahead}");
    }
    // A program that rejects all packets, and then one that accepts all.
    let none = Filter::from_instructions(Dlt::EN10MB, &[Insn::new(6, 0, 0, 0)]).unwrap();
    capture.set_filter(&none).unwrap();
    send(&socket, b"no");
    assert_eq!(
        capture
            .next_packet_timeout(Duration::from_millis(300))
            .unwrap(),
        Next::Timeout
    );
    let error = capture.set_filter("tcp prot 1").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterSyntax);
    let wrong = Filter::compile(Dlt::RAW, "tcp").unwrap();
    assert_eq!(
        capture.set_filter(&wrong).unwrap_err().kind(),
        ErrorKind::LinktypeMismatch
    );
}

/// The daemon's kernel removes the tag before its filter sees the packet; libpcap inserts it again.
#[test]
fn a_filter_takes_packets_of_vlans() {
    let _alone = alone();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let _daemon = Daemon::open_to_all();
    let left = Capture::from_device("left").activate().unwrap();
    let send = |vlan: &[u8], last| {
        let mut frame = vec![2; 12];
        frame.extend(vlan);
        frame.extend([8, 0, 0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0]);
        frame.extend([192, 0, 2, last, 192, 0, 2, 9]);
        frame.extend([0; 8]);
        left.inject(&frame).unwrap();
        frame
    };
    let mut capture = on("right").filter("src host 192.0.2.1").open().unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    let wait = Duration::from_millis(300);
    while capture.next_packet_timeout(wait).unwrap() == Next::Timeout {
        assert!(Instant::now() < end, "the daemon does not capture");
        send(&[], 1);
    }
    while capture.next_packet_timeout(wait).unwrap() != Next::Timeout {}
    for vlan in [&[][..], &[0x81, 0, 0, 5]] {
        send(vlan, 2);
        let wanted = send(vlan, 1);
        let next = capture.next_packet_timeout(Duration::from_secs(3)).unwrap();
        assert_eq!(next.packet().map(|p| p.data().to_vec()), Some(wanted));
    }
}

// Shows: libpcap/remote-capture-without-filter, libpcap/remote-filter-changes-lets
#[test]
fn a_capture_does_not_see_its_own_traffic() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    // A filter that was compiled and not set has no effect, although libpcap would use it.
    let mut capture = on("lo").open().unwrap();
    capture.compile("tcp port 1").unwrap();
    let socket = sender();
    let mut own = 0;
    let end = Instant::now() + Duration::from_millis(1500);
    let mut others = 0;
    while Instant::now() < end {
        send(&socket, b"x");
        if let Next::Packet(packet) = capture
            .next_packet_timeout(Duration::from_millis(20))
            .unwrap()
        {
            match packet.data()[23] {
                6 => own += 1,
                _ => others += 1,
            }
        }
    }
    assert!(own < 20 && others > 20, "{own} {others}");
    // Filters can be changed locally as long as the daemon has none.
    capture.set_filter("udp port 9").unwrap();
    capture.set_filter("udp port 10").unwrap();
    drop(capture);

    let mut capture = on("lo").filter("udp port 9").open().unwrap();
    capture.set_filter("udp port 9 or udp port 10").unwrap();
    begin(&mut capture, &socket);
    assert_eq!(capture.set_filter("udp").unwrap_err().kind(), UNSUPPORTED);
    send(&socket, b"still");
    assert_eq!(
        payload(capture.next_packet().unwrap().unwrap().data()),
        b"still"
    );
    drop(capture);

    let mut capture = on("lo").own_packets(true).filter("tcp").open().unwrap();
    let done = capture.for_each_up_to(100, |_| {}).unwrap();
    assert_eq!(done.stop(), Stop::Count);
}

//! Remote captures of daemons that violate the protocol: small servers in the tests.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use pcap_core::remote::{Auth, Options, Source};
use pcap_core::{Capture, Dlt, ErrorKind, Remote};

use crate::protocol::{
    AUTH, ERROR, FILTER, OPEN, PACKET, START, STATS, answer, message, packet, request,
};

/// Opens a capture of a server that accepts any user and sends these bytes as the packets.
fn capture(snaplen: u32, sent: Vec<u8>) -> (Capture<Remote>, JoinHandle<()>) {
    let control = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = control.local_addr().unwrap().port();
    let daemon = std::thread::spawn(move || {
        let (mut control, _) = control.accept().unwrap();
        answer(&mut control, AUTH, &[]);
        answer(&mut control, OPEN, &[0, 0, 0, 1, 0, 0, 0, 0]);
        let data = TcpListener::bind("127.0.0.1:0").unwrap();
        let [high, low] = data.local_addr().unwrap().port().to_be_bytes();
        answer(&mut control, START, &[0, 0, 1, 0, high, low, 0, 0]);
        let (mut data, _) = data.accept().unwrap();
        data.write_all(&sent).unwrap();
        // Until the peer closes the connection.
        let _ = control.read_to_end(&mut Vec::new());
    });
    let source = Source::remote("127.0.0.1", port, "lo").unwrap();
    // An extra request excludes the capture's own connection.
    let capture = Options::new(source)
        .own_packets(true)
        .snaplen(snaplen)
        .open()
        .unwrap();
    assert_eq!(capture.datalink(), Dlt::EN10MB);
    (capture, daemon)
}

// CVE-2026-18238: libpcap's check before 1.10.7 includes the length of the header.
// Shows: libpcap/daemon-send-packet-up
#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn a_packet_has_all_the_bytes_that_it_states() {
    let whole = packet(64, &[7; 64]);
    let empty = packet(0, b"");
    for short in [packet(84, &[8; 64]), packet(64, &[8; 44]), packet(1, b"")] {
        let (mut capture, daemon) = capture(64, [&whole[..], &empty, &short, &whole].concat());
        assert_eq!(capture.next_packet().unwrap().unwrap().data(), [7; 64]);
        assert_eq!(capture.next_packet().unwrap().unwrap().caplen(), 0);
        for _ in 0..2 {
            let error = capture.next_packet().unwrap_err();
            assert_eq!(error.operation(), Some("read from"), "{error}");
        }
        drop(capture);
        daemon.join().unwrap();
    }
}

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn impossible_lengths_are_lasting_errors() {
    let good = packet(3, b"abc");
    for bad in [
        packet(85, &[0; 64]),
        packet(u32::MAX, &[0; 10]),
        message(PACKET, &[0; 85]),
    ] {
        let (mut capture, daemon) = capture(64, [&good[..], &bad, &good].concat());
        assert_eq!(capture.next_packet().unwrap().unwrap().data(), b"abc");
        let error = capture.next_packet().unwrap_err();
        assert_eq!(error.operation(), Some("read from"));
        assert_eq!(
            capture.next_packet().unwrap_err().to_string(),
            error.to_string()
        );
        drop(capture);
        daemon.join().unwrap();
    }
}

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn other_messages_are_skipped() {
    let sent = [
        message(ERROR, b"what"),
        message(0x55, b""),
        packet(3, b"abc"),
    ]
    .concat();
    let (mut capture, daemon) = capture(64, sent);
    assert_eq!(capture.next_packet().unwrap().unwrap().data(), b"abc");
    drop(capture);
    daemon.join().unwrap();
}

// Shows: libpcap/daemon-say-anything-sent
#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn no_error_repeats_the_password() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let source = Source::remote("127.0.0.1", listener.local_addr().unwrap().port(), "lo").unwrap();
    let daemon = std::thread::spawn(move || {
        drop(listener.accept().unwrap());
        let (mut stream, _) = listener.accept().unwrap();
        let mut sent = [0; 512];
        let n = stream.read(&mut sent).unwrap();
        // Without the header and the length of the user's name.
        stream.write_all(&message(ERROR, &sent[16..n])).unwrap();
    });
    let error = Options::new(source.clone()).open().unwrap_err();
    let aborted = ErrorKind::Io(std::io::ErrorKind::ConnectionAborted);
    assert_eq!(error.kind(), aborted, "{error}");
    let auth = Auth::password("mallory", "xyzzy");
    let error = Options::new(source).auth(auth).open().unwrap_err();
    assert!(error.text().contains("mallory"), "{error}");
    assert!(!format!("{error:?}").contains("xyzzy"), "{error:?}");
    daemon.join().unwrap();
}

/// A daemon that knows the password may include it in any reply.
#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn a_password_repeated_later_is_hidden() {
    let control = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = control.local_addr().unwrap().port();
    // The last one is truncated by the end of libpcap's buffer.
    let said = [
        b"no: xyzzyxyzzy ".repeat(16).as_slice(),
        b"1234567xyzzyxyzzy",
    ]
    .concat();
    let daemon = std::thread::spawn(move || {
        for start in [false, true] {
            let (mut control, _) = control.accept().unwrap();
            answer(&mut control, AUTH, &[]);
            answer(&mut control, OPEN, &[0, 0, 0, 1, 0, 0, 0, 0]);
            let data = TcpListener::bind("127.0.0.1:0").unwrap();
            if start {
                let [high, low] = data.local_addr().unwrap().port().to_be_bytes();
                answer(&mut control, START, &[0, 0, 1, 0, high, low, 0, 0]);
                let _data = data.accept().unwrap();
                for kind in [FILTER, STATS] {
                    request(&mut control, kind);
                    control.write_all(&message(ERROR, &said)).unwrap();
                }
            } else {
                request(&mut control, START);
                control.write_all(&message(ERROR, &said)).unwrap();
            }
            let _ = control.read_to_end(&mut Vec::new());
        }
    });
    let source = Source::remote("127.0.0.1", port, "lo").unwrap();
    let remote = Options::new(source)
        .own_packets(true)
        .auth(Auth::password("mallory", "xyzzyxyzzy"));
    let mut capture = remote.open().unwrap();
    let start = capture.next_packet().unwrap_err();
    let again = capture.next_packet().unwrap_err();
    drop(capture);
    let mut capture = remote.open().unwrap();
    capture.try_next_packet().unwrap();
    let filter = capture.set_filter("udp").unwrap_err();
    let stats = capture.stats().unwrap_err();
    drop(capture);
    for error in [start, again, filter, stats] {
        assert!(error.text().contains("no: ***"), "{error}");
        assert!(!format!("{error:?} {error}").contains("xyz"), "{error:?}");
    }
    daemon.join().unwrap();
}

/// The packets have their own connection, which stays open.
#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn a_question_after_the_end_says_so() {
    let control = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = control.local_addr().unwrap().port();
    let daemon = std::thread::spawn(move || {
        let (mut control, _) = control.accept().unwrap();
        answer(&mut control, AUTH, &[]);
        answer(&mut control, OPEN, &[0, 0, 0, 1, 0, 0, 0, 0]);
        let data = TcpListener::bind("127.0.0.1:0").unwrap();
        let [high, low] = data.local_addr().unwrap().port().to_be_bytes();
        answer(&mut control, START, &[0, 0, 1, 0, high, low, 0, 0]);
        let (mut data, _) = data.accept().unwrap();
        drop(control);
        data.write_all(&packet(3, b"abc")).unwrap();
        let _ = data.read_to_end(&mut Vec::new());
    });
    let source = Source::remote("127.0.0.1", port, "lo").unwrap();
    let mut capture = Options::new(source).own_packets(true).open().unwrap();
    assert_eq!(capture.next_packet().unwrap().unwrap().data(), b"abc");
    let aborted = ErrorKind::Io(std::io::ErrorKind::ConnectionAborted);
    let stats = capture.stats().unwrap_err();
    let filter = capture.set_filter("udp").unwrap_err();
    for error in [stats, filter] {
        assert_eq!(error.kind(), aborted, "{error}");
    }
    drop(capture);
    daemon.join().unwrap();
}

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn a_daemons_words_steer_no_terminal() {
    let control = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = control.local_addr().unwrap().port();
    let daemon = std::thread::spawn(move || {
        let (mut control, _) = control.accept().unwrap();
        request(&mut control, AUTH);
        let text = b"no\r\nall is well \x1b[2J \xc3\xa9.\n";
        control.write_all(&message(ERROR, text)).unwrap();
        let _ = control.read_to_end(&mut Vec::new());
    });
    let source = Source::remote("127.0.0.1", port, "lo").unwrap();
    let error = Options::new(source).open().unwrap_err();
    assert_eq!(error.text(), "no\\r\\nall is well \\u{1b}[2J é");
    assert!(!error.to_string().contains(char::is_control));
    daemon.join().unwrap();
}

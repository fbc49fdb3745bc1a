//! Remote captures of daemons that violate the protocol: small servers in the tests.

use std::io::{Read, Write};

use pcap_core::remote::{Auth, Options};
use pcap_core::{ErrorKind, Linktype};

use crate::protocol::{
    AUTH, ERROR, FILTER, PACKET, START, STATS, accept, capture, daemon, message, packet, request,
    start, wait_for_close,
};

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
        let (mut capture, daemon) = capture([&whole[..], &empty, &short, &whole].concat());
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
        let (mut capture, daemon) = capture([&good[..], &bad, &good].concat());
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
    let (mut capture, daemon) = capture(sent);
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
    let (source, daemon) = daemon(|listener| {
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
    // The last one is truncated by the end of libpcap's buffer.
    let said = [
        b"no: xyzzyxyzzy ".repeat(16).as_slice(),
        b"1234567xyzzyxyzzy",
    ]
    .concat();
    let (source, daemon) = daemon(move |listener| {
        for starts in [false, true] {
            let mut control = accept(&listener, Linktype::ETHERNET);
            if starts {
                let _data = start(&mut control);
                for kind in [FILTER, STATS] {
                    request(&mut control, kind);
                    control.write_all(&message(ERROR, &said)).unwrap();
                }
            } else {
                request(&mut control, START);
                control.write_all(&message(ERROR, &said)).unwrap();
            }
            wait_for_close(&mut control);
        }
    });
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
    let (source, daemon) = daemon(move |listener| {
        let mut control = accept(&listener, Linktype::ETHERNET);
        let mut data = start(&mut control);
        drop(control);
        data.write_all(&packet(3, b"abc")).unwrap();
        wait_for_close(&mut data);
    });
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
    let (source, daemon) = daemon(move |listener| {
        let (mut control, _) = listener.accept().unwrap();
        request(&mut control, AUTH);
        let text = b"no\r\nall is well \x1b[2J \xc3\xa9.\n";
        control.write_all(&message(ERROR, text)).unwrap();
        wait_for_close(&mut control);
    });
    let error = Options::new(source).open().unwrap_err();
    assert_eq!(error.text(), "no\\r\\nall is well \\u{1b}[2J é");
    assert!(!error.to_string().contains(char::is_control));
    daemon.join().unwrap();
}

//! Captures that are converted, moved or given away.

use std::time::Duration;

use pcap_core::{Active, AnyCapture, Capture, ErrorKind, Live, Packet, Timestamp, sys};

use super::drain;
use crate::support::files;
use crate::support::wire::{frame, number, send, wire};

/// Both states keep their calls.
#[test]
fn any_capture_is_the_live_one_it_was_made_from() {
    let Some((_net, left, right)) = wire() else {
        return;
    };
    let mut any = AnyCapture::from(right);
    assert!(any.is_live() && any.as_savefile().is_none() && any.as_savefile_mut().is_none());
    let live = any.as_active_mut().unwrap();
    live.set_nonblock(true);
    assert!(any.as_active().unwrap().is_nonblock());
    send(&left, 0..3);
    let packet = any.next_packet_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(number(packet.packet().unwrap().data()), 0);
    assert_eq!(any.stats().unwrap().unwrap().received, 3);
    assert!(format!("{any:?}").contains("Active"));
}

#[test]
fn generic_code_takes_any_live_capture() {
    fn received<S: Live>(capture: &mut Capture<S>) -> u64 {
        assert!(capture.warnings().is_empty());
        assert!(capture.next_packet().unwrap().is_some());
        capture.stats().unwrap().received
    }
    #[cfg(feature = "remote")]
    let _ = received::<pcap_core::Remote>;
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    send(&left, 0..1);
    assert_eq!(received(&mut right), 1);
}

#[test]
fn the_pcap_t_is_that_of_the_capture() {
    let Some((_net, _left, right)) = wire() else {
        return;
    };
    let pcap: *mut sys::pcap_t = right.as_ptr();
    // SAFETY: it is open as long as the capture.
    let size = unsafe { sys::pcap_bufsize(pcap) };
    assert_eq!(usize::try_from(size).unwrap(), right.bufsize());
}

// Shows: libpcap/handle-used-thread-time
#[test]
fn a_capture_moves_with_its_read_ahead() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    send(&left, 0..50);
    assert_eq!(number(right.next_packet().unwrap().unwrap().data()), 0);
    let rest = std::thread::spawn(move || drain(&mut right))
        .join()
        .unwrap();
    assert_eq!(rest, (1..50).collect::<Vec<_>>());
}

// Shows: parity/get-set-list-link
#[test]
fn any_offers_two_link_types_at_first() {
    use pcap_core::Dlt;
    let Some((_net, left, _right)) = wire() else {
        return;
    };
    let any = Capture::from_device("any").activate().unwrap();
    let datalinks = any.datalinks().unwrap();
    assert!(datalinks.contains(&Dlt::LINUX_SLL) && datalinks.contains(&Dlt::LINUX_SLL2));
    let other = match any.datalink() {
        Dlt::LINUX_SLL => Dlt::LINUX_SLL2,
        _ => Dlt::LINUX_SLL,
    };
    let mut any = Capture::from_device("any")
        .datalink(other)
        .filter("ether proto 0x88b5")
        .activate()
        .unwrap();
    assert_eq!(any.datalink(), other);
    send(&left, 0..1);
    assert!(any.next_packet().unwrap().is_some());
    let error = any.set_datalink(Dlt::LINUX_SLL).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);

    let failed = Capture::from_device("left").datalink(Dlt::PPP).activate();
    assert!(failed.unwrap_err().to_string().contains("link type"));
}

/// Only unsafe code can create a second owner of a `pcap_t`, or this does not compile; and packets read ahead are not
/// lost.
// Shows: libpcap/safe-conversion-raw-t, parity/safe-conversion-raw-pointer
#[test]
#[deny(unused_unsafe)]
fn raw_handles_are_given_away_once() {
    let Some((_net, left, mut right)) = wire() else {
        return;
    };
    send(&left, 0..10);
    assert_eq!(number(right.next_packet().unwrap().unwrap().data()), 0);
    let handle = right.break_handle();
    let (pcap, ahead) = right.into_raw();
    handle.breakloop(); // no longer has an effect
    let numbers: Vec<u32> = ahead.iter().map(|p| number(p.data())).collect();
    // SAFETY: the handle was just given away, open and activated.
    let mut right = unsafe { Capture::<Active>::from_raw(pcap) }.unwrap();
    let rest = drain(&mut right);
    assert_eq!([numbers, rest].concat(), (1..10).collect::<Vec<_>>());
}

// Shows: parity/open-dump-standard-output, parity/dumper-outlives-capture
#[test]
fn a_dumper_outlives_its_capture() {
    let Some((net, left, mut right)) = wire() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    let mut dumper = right.dump(&path).unwrap();
    send(&left, 0..2);
    dumper.write(right.next_packet().unwrap().unwrap()).unwrap();
    let last = right.next_packet().unwrap().unwrap().into_owned();
    // The device no longer exists.
    right.close().unwrap();
    drop(left);
    net.ip("link del right".split(' '));
    dumper.write(&last).unwrap();
    let time = Timestamp::new(1, 2);
    dumper.write(Packet::new(time, 1514, b"one's own")).unwrap();
    dumper.close().unwrap();
    let mut savefile = Capture::from_file(&path).unwrap();
    let packets = files::read_all(&mut savefile).unwrap();
    assert_eq!(packets.len(), 3);
    assert_eq!(packets[0].data(), frame(0, 60));
    assert_eq!(packets[1], last);
    assert_eq!(
        (packets[2].timestamp(), packets[2].wire_len()),
        (time, 1514)
    );
}

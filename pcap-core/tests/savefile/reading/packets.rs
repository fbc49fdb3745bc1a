//! Packets and captures that are kept, moved or converted.

use std::time::{Duration, Instant};

use pcap_core::{
    Activated, AnyCapture, Capture, Dlt, End, Next, PacketOwned, SavefileFormat, Stop, Timestamp,
    sys,
};

use super::{MANY, done, truncated_pings};
use crate::support::files::{self, Order, Pcap, both, number, open, open_file, ping, pings, ways};

/// Other bindings transmute between the states of a capture: here each state keeps its own type.
// Shows: libpcap/callback-registered-type-gets, parity/callback-type-gets-pointer
#[test]
fn any_capture_is_the_savefile_it_was_made_from() {
    let mut any = AnyCapture::from(open_file(&pings(2)));
    assert!(any.as_active().is_none() && any.as_active_mut().is_none());
    assert!(!any.is_live());
    assert_eq!(any.stats().unwrap(), None);
    assert_eq!(any.as_savefile().unwrap().format_version(), (2, 4));
    any.as_savefile_mut().unwrap().follow(true).unwrap();
    assert!(any.as_savefile().unwrap().is_followed());
    any.as_savefile_mut().unwrap().follow(false).unwrap();
    assert_eq!(any.snaplen(), 262_144);
    any.set_filter("icmp[6:2] = 1").unwrap();
    assert_eq!(any.next_packet().unwrap().unwrap().data(), ping(1));
    any.break_handle().breakloop();
    assert!(any.next_packet().unwrap().is_none());
    assert_eq!(any.ended(), Some(End::Break));
    assert!(any.next_packet().unwrap().is_none());
    assert_eq!(any.ended(), Some(End::Eof));
    assert!(format!("{any:?}").contains("Offline"));
}

#[test]
fn the_pcap_t_is_that_of_the_capture() {
    fn check<S: Activated>(capture: &Capture<S>) {
        let pcap: *mut sys::pcap_t = capture.as_ptr();
        // SAFETY: it is open as long as the capture is borrowed.
        let datalink = unsafe { sys::pcap_datalink(pcap) };
        assert_eq!(datalink, capture.datalink().value());
        // SAFETY: as above.
        let snaplen = unsafe { sys::pcap_snapshot(pcap) };
        assert_eq!(i64::from(snaplen), i64::from(capture.snaplen()));
    }
    check(&open(pings(1)));
    check(&AnyCapture::from(open_file(&pings(1))));
    check(&Capture::dead(Dlt::RAW).unwrap());
}

#[test]
fn a_capture_moves_to_another_thread() {
    for mut capture in ways(MANY) {
        for n in 0..5 {
            assert!(capture.advance().unwrap());
            capture = std::thread::spawn(move || {
                // The packet that was read there is lent here.
                assert_eq!(capture.packet().unwrap().data(), ping(2 * n));
                assert!(capture.advance().unwrap());
                assert_eq!(capture.packet().unwrap().data(), ping(2 * n + 1));
                capture
            })
            .join()
            .unwrap();
        }
        let rest = capture.for_each(|_| {}).unwrap();
        assert_eq!(rest, done(u64::from(MANY) - 10, End::Eof));
    }
}

#[test]
fn empty_and_largest_packets_are_packets() {
    let large: Vec<u8> = (0..262_144u32).map(|n| (n % 251) as u8).collect();
    let file = Pcap::native()
        .packet(1, 1, b"")
        .packet(2, 2, &large)
        .packet(3, 3, b"");
    for mut capture in both(file.bytes()) {
        let packets: Vec<PacketOwned> = capture.packets().map(Result::unwrap).collect();
        assert_eq!(packets.len(), 3);
        assert_eq!(packets[0].data(), b"");
        assert_eq!(packets[1].data(), large);
        assert_eq!(packets[2].data(), b"");
    }
}

/// A callback's data lies in libpcap's buffer, so kept packets are copies.
// Shows: libpcap/callback-gets-lies-kernels
#[test]
fn owned_packets_outlive_the_capture() {
    let mut capture = open(pings(5));
    let packets: Vec<PacketOwned> = capture.packets().map(Result::unwrap).collect();
    drop(capture);
    let thread = std::thread::spawn(move || packets.iter().map(|p| number(p.data())).sum::<u16>());
    assert_eq!(thread.join().unwrap(), 10);
}

#[test]
#[cfg_attr(emulated, ignore = "measures time")]
fn a_large_file_is_read_in_bounded_time() {
    // Not a benchmark: a call that looked at all of it again for each packet would take minutes.
    let start = Instant::now();
    for mut capture in ways(60_000) {
        assert_eq!(capture.for_each(|_| {}).unwrap().packets(), 60_000);
    }
    for mut capture in ways(60_000) {
        assert_eq!(capture.packets().count(), 60_000);
    }
    assert!(start.elapsed() < Duration::from_secs(30));
}

// Shows: parity/reads-copy-reads, parity/copied-packets-stay-valid
#[test]
fn owned_packets_stay_valid() {
    for mut capture in ways(300) {
        let mut kept: Vec<PacketOwned> = Vec::new();
        let mut slices: Vec<Box<[u8]>> = Vec::new();
        while capture.advance().unwrap() {
            let lent = capture.packet().unwrap();
            // Until the next read it is the same, whatever else is called.
            let again = capture.packet().unwrap();
            let _ = (capture.datalink(), capture.snaplen(), capture.ended());
            assert_eq!(lent, again);
            assert_eq!(lent.data(), ping(kept.len() as u16));
            slices.push(lent.into_owned().into_data());
            kept.push(lent.into_owned());
        }
        drop(capture);
        // All of them are unchanged, in another thread, too.
        std::thread::spawn(move || {
            for (n, (packet, slice)) in kept.iter().zip(&slices).enumerate() {
                assert_eq!(packet.data(), ping(n as u16));
                assert_eq!(**slice, ping(n as u16));
            }
            assert_eq!(kept.len(), 300);
        })
        .join()
        .unwrap();
    }
}

// Shows: parity/read-savefile-path-open, parity/savefiles-version-byte-order
// Shows: parity/1-96-truncated-pings
#[test]
fn ninety_six_truncated_pings_then_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = files::file(folder.path(), "pings.pcap", &truncated_pings());
    let mut capture = Capture::from_file(&path).unwrap();
    assert_eq!(capture.is_swapped(), Order::Big.is_swapped());
    assert_eq!(capture.snaplen(), 96);
    assert_eq!(capture.format_version(), (2, 4));
    assert_eq!(capture.savefile_format(), SavefileFormat::Pcap);
    assert_eq!(capture.ended(), None);
    for n in 0..96 {
        let packet = capture.next_packet().unwrap().expect("a ping");
        assert_eq!((packet.caplen(), packet.wire_len()), (96, 98));
        assert!(packet.header().is_truncated());
        assert_eq!(packet.data(), &ping(n)[..96]);
        let time = Timestamp::new(1_000_000_000 + i64::from(n), 999_999_000);
        assert_eq!(packet.timestamp(), time);
        assert_eq!(capture.ended(), None);
    }
    for _ in 0..100 {
        assert_eq!(capture.next_packet().unwrap(), None);
        assert_eq!(capture.ended(), Some(End::Eof));
        assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Eof));
        assert!(!capture.advance().unwrap());
        assert_eq!(capture.packet(), None);
        let done = capture
            .for_each(|_| panic!("a packet after the end"))
            .unwrap();
        assert_eq!((done.packets(), done.stop()), (0, Stop::End(End::Eof)));
    }
}

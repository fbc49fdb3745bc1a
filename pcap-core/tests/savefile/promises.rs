//! What users of other bindings rely on in savefiles and dumpers (`docs/parity.md`).

use crate::support::files;

use std::fs::{self, File};
use std::io::{self, Read};
use std::time::Duration;

use crate::support::files::{
    MICRO, NANO, Order, Pcap, number, open, open_file, ping, pings, read_all, ways,
};
use pcap_core::{
    Capture, Dlt, Done, End, ErrorKind, Next, Packet, PacketHeader, PacketOwned, Precision, Stop,
    Timestamp,
};

// Shows: parity/hand-packets-closure-number, parity/capture-1-takes-returns
#[test]
fn dispatch_takes_all_that_is_there() {
    for mut capture in ways(1500) {
        let mut seen = Vec::new();
        assert_eq!(
            capture.dispatch_up_to(0, |_| panic!("none")).unwrap(),
            Done::new(0, Stop::Count)
        );
        let all = capture
            .dispatch(|packet| seen.push(number(packet.data())))
            .unwrap();
        assert_eq!(all, Done::new(1500, End::Eof));
        assert_eq!(seen, (0..1500).collect::<Vec<_>>());
        for _ in 0..10 {
            let nothing = capture.dispatch(|_| panic!("none")).unwrap();
            assert_eq!(nothing, Done::new(0, End::Eof));
        }
    }
    // Also for a file without packets.
    for mut capture in ways(0) {
        let nothing = capture.dispatch(|_| panic!("none")).unwrap();
        assert_eq!(nothing, Done::new(0, End::Eof));
    }
}

// Shows: parity/loop-runs-count-error
#[test]
fn a_loop_runs_to_the_count_or_an_error() {
    let mut bytes = pings(10);
    bytes.truncate(bytes.len() - 1);
    for mut capture in files::both(&bytes) {
        let mut seen = Vec::new();
        let done = capture
            .for_each_up_to(4, |packet| seen.push(number(packet.data())))
            .unwrap();
        assert_eq!((done.packets(), done.stop()), (4, Stop::Count));
        let error = capture
            .for_each_up_to(100, |packet| seen.push(number(packet.data())))
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::SavefileTruncated, "{error}");
        assert_eq!(seen, (0..9).collect::<Vec<_>>());
    }
}

/// Also a packet of which only the header is left, with its wire length.
// Shows: parity/dump-read-returned, parity/header-handed-back-dump
#[test]
fn a_packet_goes_to_a_dump_as_it_is() {
    let file = Pcap::native()
        .packet(1, 999_999, b"whole")
        .record([2, 1, 4, 70_000], b"cut!")
        .record([3, 0, 0, 60], b"")
        .snaplen(96);
    let folder = tempfile::tempdir().unwrap();
    let [lent, kept, parts] = ["lent", "kept", "parts"].map(|name| folder.path().join(name));
    let mut capture = open(file.bytes());
    let mut dumpers = [&lent, &kept, &parts].map(|path| capture.dump(path).unwrap());
    let mut count = 0;
    while let Some(packet) = capture.next_packet().unwrap() {
        dumpers[0].write(packet).unwrap();
        dumpers[1].write(packet.into_owned()).unwrap();
        let header: PacketHeader = *packet.header();
        dumpers[2]
            .write(Packet::new(
                header.timestamp(),
                header.wire_len(),
                packet.data(),
            ))
            .unwrap();
        count += 1;
    }
    assert_eq!(count, 3);
    for dumper in dumpers {
        dumper.close().unwrap();
    }
    for path in [lent, kept, parts] {
        assert_eq!(fs::read(&path).unwrap(), file.bytes(), "{path:?}");
    }
}

// Shows: parity/dump-read-returned, parity/reads-feed-writes
#[test]
fn reads_feed_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pcap");
    for magic in [MICRO, NANO] {
        let file = (0..300).fold(Pcap::new(Order::NATIVE, magic), |file, n| {
            file.packet(u32::from(n), u32::from(n) * 3333, &ping(n))
        });
        // From one into the other, with each read, until the end.
        let mut reader = open_file(&file.bytes());
        let mut writer = reader.dump(&path).unwrap();
        for _ in 0..100 {
            let packet = reader.next_packet().unwrap().unwrap();
            writer.write(packet).unwrap();
        }
        reader
            .for_each_up_to(100, |packet| writer.write(packet).unwrap())
            .unwrap();
        for packet in reader.packets() {
            writer.write(packet.unwrap()).unwrap();
        }
        writer.close().unwrap();
        assert_eq!(fs::read(&path).unwrap(), file.bytes());
    }
}

/// Reads a savefile from standard input and writes its packets to standard output, like a filter in a shell.
// Shows: parity/standard-stream
#[test]
fn a_dash_is_a_standard_stream() {
    if files::in_child() {
        let mut capture = Capture::from_file("-").unwrap();
        capture.set_filter("icmp[6:2] & 1 = 1").unwrap();
        let mut dumper = capture.dump("-").unwrap();
        while let Some(packet) = capture.next_packet().unwrap() {
            dumper.write(packet).unwrap();
        }
        dumper.close().unwrap();
        drop(capture);
        // Both are unchanged: no more input, and output is still possible.
        assert_eq!(io::stdin().lock().read(&mut [0; 1]).unwrap(), 0);
        print!("and more");
        std::process::exit(0);
    }
    let folder = tempfile::tempdir().unwrap();
    let input = files::file(folder.path(), "in.pcap", &pings(9));
    let output = files::child(a_dash_is_a_standard_stream)
        .stdin(File::open(&input).unwrap())
        .output()
        .unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let odd = [1, 3, 5, 7].iter().fold(Pcap::native(), |file, &n| {
        file.packet(1_700_000_000 + u32::from(n), n.into(), &ping(n))
    });
    // The test program's own output comes first.
    let expected = [&odd.bytes()[..], b"and more"].concat();
    assert!(output.stdout.ends_with(&expected), "{:?}", output.stdout);
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

// Shows: parity/end-file-error
#[test]
fn the_end_of_a_file_is_not_an_error() {
    for capture in [0, 3].into_iter().flat_map(ways) {
        let mut capture = capture;
        for packet in capture.packets() {
            packet.unwrap();
        }
        for _ in 0..3 {
            assert!(capture.next_packet().unwrap().is_none());
            assert_eq!(capture.ended(), Some(End::Eof));
            assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Eof));
            let next = capture.next_packet_timeout(Duration::from_secs(60));
            assert_eq!(next.unwrap(), Next::End(End::Eof));
            let done = capture.for_each_up_to(1, |_| ()).unwrap();
            assert_eq!(done.stop(), Stop::End(End::Eof));
            assert!(capture.packets().next().is_none());
        }
        // A break at the end is a break, and then it is the end again.
        capture.break_handle().breakloop();
        assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Break));
        assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Eof));
    }
}

// Shows: parity/activated-handle-cannot-activated
#[test]
#[cfg_attr(emulated, ignore = "qemu-user has no packet sockets")]
fn an_inactive_handle_outlives_activation() {
    let device = "no such device";
    let inactive = Capture::from_device(device).snaplen(77).promisc(true);
    for _ in 0..3 {
        let failed = inactive.activate().unwrap_err();
        // A missing capability is reported first.
        let mut kinds = vec![ErrorKind::NoSuchDevice, ErrorKind::PermissionDenied];
        if cfg!(windows) {
            // Without a driver.
            kinds.push(ErrorKind::Unsupported);
        }
        assert!(kinds.contains(&failed.kind()), "{failed}");
    }
    // With its options.
    let text = format!("{inactive:?}");
    assert!(text.contains("77") && text.contains(device), "{text}");
}

// Shows: parity/nanoseconds-scaled-rightly, parity/nanoseconds-stored-file
#[test]
fn nanoseconds_are_scaled_rightly() {
    let fractions = [0, 1, 9, 999, 1000, 123_456, 999_999];
    let folder = tempfile::tempdir().unwrap();
    for (magic, precision, unit) in [
        (MICRO, Precision::Micro, 1000),
        (NANO, Precision::Nano, 1_u32),
    ] {
        for order in Order::BOTH {
            let file = fractions.iter().fold(Pcap::new(order, magic), |file, &n| {
                file.packet(1_700_000_000, n, b"x")
            });
            for mut capture in files::both(file.bytes()) {
                assert_eq!(capture.precision(), precision);
                let read: Vec<_> = capture
                    .packets_with(|packet| packet.timestamp())
                    .map(Result::unwrap)
                    .collect();
                let expected = fractions.map(|n| Timestamp::new(1_700_000_000, (n * unit).into()));
                assert_eq!(read, expected, "{precision:?} {order:?}");
                let micros = read.iter().map(|time| time.subsec_micros());
                assert!(micros.eq(fractions.map(|n| n * unit / 1000)));
            }
            // And scaled back, into either kind of file.
            for (into, nanos) in [(Precision::Micro, 1000), (Precision::Nano, 1)] {
                let path = folder.path().join("a.pcap");
                let dead = Capture::dead_with(Dlt::EN10MB, 0, into).unwrap();
                let mut dumper = dead.dump(&path).unwrap();
                for packet in open(file.bytes()).packets() {
                    dumper.write(packet.unwrap()).unwrap();
                }
                dumper.close().unwrap();
                let read = read_all(&mut Capture::from_file(&path).unwrap()).unwrap();
                let read: Vec<_> = read.iter().map(|p| p.timestamp().subsec_nanos()).collect();
                assert_eq!(read, fractions.map(|n| n * unit / nanos * nanos));
            }
        }
    }
}

//! Reading packets, and what ends a wait for them.

use std::net::UdpSocket;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pcap_core::remote::{self, Auth, Options, Source};
use pcap_core::{AnyCapture, Capture, Dlt, End, Next, Precision, Remote, Stop, Timestamp};

use super::{begin, host, on, payload, send, sender};
use crate::support::alone;
use crate::support::rpcapd::{Daemon, PORT};
use crate::support::{Netns, wait_until};

fn nanos(time: Timestamp) -> i64 {
    time.secs() * 1_000_000_000 + i64::from(time.subsec_nanos())
}

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn the_daemons_devices_open_by_name() {
    let _alone = alone();
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let _daemon = Daemon::open_to_all();
    let devices = remote::devices(&host(), &Auth::Null).unwrap();
    let find = |name: &str| {
        let name = format!("rpcap://127.0.0.1:{PORT}/{name}");
        devices
            .iter()
            .find(|d| d.name() == name)
            .unwrap_or_else(|| panic!("{devices:?}"))
    };
    let lo = find("lo");
    assert!(lo.is_loopback() && lo.is_up());
    assert!(
        lo.addresses()
            .iter()
            .any(|a| a.address.ip() == Some([127, 0, 0, 1].into())),
        "{lo:?}"
    );
    for name in ["left", "lo"] {
        let source: Source = find(name).name().parse().unwrap();
        assert_eq!(source.device(), Some(name));
        let capture = Options::new(source).open().unwrap();
        assert_eq!(capture.datalink(), Dlt::EN10MB);
        assert_eq!(capture.name(), find(name).name());
        assert_eq!(
            (capture.snaplen(), capture.precision()),
            (262_144, Precision::Micro)
        );
    }
}

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn packets_are_those_seen_beside_it() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    for udp in [false, true] {
        let mut there = on("lo")
            .filter("udp port 9")
            .snaplen(100)
            .udp(udp)
            .open()
            .unwrap();
        let mut here = Capture::from_device("lo")
            .filter("udp port 9")
            .snaplen(100)
            .activate()
            .unwrap();
        let socket = sender();
        begin(&mut there, &socket);
        while here
            .next_packet_timeout(Duration::from_millis(300))
            .unwrap()
            .packet()
            .is_some()
        {}
        for n in 0..100u8 {
            send(&socket, &vec![n; usize::from(n) * 3]);
        }
        for n in 0..100 {
            let there = there.next_packet().unwrap().unwrap();
            let here = here.next_packet().unwrap().unwrap();
            assert_eq!(
                (there.data(), there.wire_len()),
                (here.data(), here.wire_len()),
                "{n}"
            );
            let apart = nanos(there.timestamp()) - nanos(here.timestamp());
            assert!(apart.abs() < 50_000_000, "{apart} ns");
        }
        assert_eq!(there.try_next_packet().unwrap(), Next::Timeout);
        let stats = there.stats().unwrap();
        assert!(stats.received >= 100, "{stats:?}");
        assert_eq!(there.close().unwrap(), stats);
    }
}

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn every_reading_call_reads_a_remote_capture() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let mut capture = on("lo").filter("udp port 9").open().unwrap();
    assert_eq!(capture.stats().unwrap(), pcap_core::Stats::default());
    let socket = sender();
    begin(&mut capture, &socket);
    let mut numbers = Vec::new();
    (0..50u8).for_each(|n| send(&socket, &[n]));
    let mut note = |data: &[u8]| numbers.push(payload(data)[0]);
    note(capture.next_packet().unwrap().unwrap().data());
    assert!(capture.advance().unwrap());
    note(capture.packet().unwrap().data());
    let done = capture.for_each_up_to(10, |p| note(p.data())).unwrap();
    assert_eq!((done.packets(), done.stop()), (10, Stop::Count));
    for packet in capture.packets().take(10) {
        note(packet.unwrap().data());
    }
    let flow = capture.try_for_each(|packet| {
        note(packet.data());
        match payload(packet.data())[0] {
            30 => ControlFlow::Break("thirty"),
            _ => ControlFlow::Continue(()),
        }
    });
    assert_eq!(flow.unwrap(), ControlFlow::Break("thirty"));
    let mut rest = 0;
    while rest < 19 {
        rest += capture.dispatch(|p| note(p.data())).unwrap().packets();
    }
    assert_eq!(numbers, (0..50).collect::<Vec<_>>());
    capture.set_nonblock(true);
    let start = Instant::now();
    let done = capture.dispatch(|_| {}).unwrap();
    assert_eq!((done.packets(), done.stop()), (0, Stop::Empty));
    assert!(start.elapsed() < Duration::from_millis(20));
}

// Shows: libpcap/remote-handles-refuse-non
#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn a_deadline_holds_and_a_try_is_prompt() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let mut capture = on("lo")
        .filter("udp port 9")
        .timeout(Duration::from_secs(20))
        .open()
        .unwrap();
    for millis in [0, 1, 50, 300] {
        let wait = Duration::from_millis(millis);
        // The first read starts the capture.
        capture.try_next_packet().unwrap();
        let start = Instant::now();
        assert_eq!(capture.next_packet_timeout(wait).unwrap(), Next::Timeout);
        let took = start.elapsed();
        assert!(
            took >= wait && took < wait + Duration::from_millis(100),
            "{millis}: {took:?}"
        );
    }
    let start = Instant::now();
    for _ in 0..100 {
        assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout);
    }
    assert!(start.elapsed() < Duration::from_millis(100));
    assert!(capture.selectable_fd().is_some());
}

// Shows: libpcap/remote-handles-refuse-non
#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn a_break_ends_a_read_and_it_goes_on() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let mut capture = on("lo")
        .filter("udp port 9")
        .timeout(Duration::from_secs(20))
        .open()
        .unwrap();
    capture.try_next_packet().unwrap();
    for _ in 0..3 {
        let handle = capture.break_handle();
        let breaker = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(100));
            let now = Instant::now();
            handle.breakloop();
            now
        });
        assert!(capture.next_packet().unwrap().is_none());
        let late = breaker.join().unwrap().elapsed();
        assert_eq!(capture.ended(), Some(End::Break));
        assert!(late < Duration::from_millis(100), "{late:?}");
    }
    // A break before a read ends that read, and no other.
    capture.break_handle().breakloop();
    assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Break));
    assert_eq!(capture.try_next_packet().unwrap(), Next::Timeout);
    drop(capture);

    let mut capture = on("lo").filter("udp port 9").open().unwrap();
    capture.break_handle().breakloop();
    assert_eq!(capture.try_next_packet().unwrap(), Next::End(End::Break));
    let socket = sender();
    begin(&mut capture, &socket);
    send(&socket, b"on");
    assert_eq!(
        payload(capture.next_packet().unwrap().unwrap().data()),
        b"on"
    );
}

/// Returns a capture that has started while another thread opened sockets.
fn started_beside_new_sockets() -> Capture<Remote> {
    let mut capture = on("lo").filter("udp port 9").open().unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let others = std::thread::spawn({
        let stop = Arc::clone(&stop);
        move || {
            let mut sockets = Vec::new();
            while !stop.load(Ordering::Relaxed) && sockets.len() < 500 {
                sockets.push(UdpSocket::bind("127.0.0.1:0").unwrap());
                std::thread::sleep(Duration::from_micros(100));
            }
        }
    });
    std::thread::sleep(Duration::from_millis(5));
    capture.try_next_packet().unwrap();
    stop.store(true, Ordering::Relaxed);
    others.join().unwrap();
    capture
}

/// If several sockets are new, the library does not guess which one is libpcap's: reads then wait inside libpcap, up
/// to half the timeout.
// Shows: libpcap/remote-handles-refuse-non
#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn an_unknown_socket_loses_nothing() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    // On a busy machine, the other thread may open none while a capture starts.
    let mut capture = std::iter::repeat_with(started_beside_new_sockets)
        .take(50)
        .find(|capture| capture.selectable_fd().is_none())
        .expect("another new socket");

    let socket = sender();
    begin(&mut capture, &socket);
    (0..50u8).for_each(|n| send(&socket, &[n]));
    for n in 0..50 {
        assert_eq!(payload(capture.next_packet().unwrap().unwrap().data()), [n]);
    }
    let wait = Duration::from_millis(200);
    let start = Instant::now();
    assert_eq!(capture.next_packet_timeout(wait).unwrap(), Next::Timeout);
    let took = start.elapsed();
    assert!(
        took >= wait && took < wait + Duration::from_millis(150),
        "{took:?}"
    );
    let handle = capture.break_handle();
    let breaker = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(120));
        handle.breakloop();
        Instant::now()
    });
    assert!(capture.next_packet().unwrap().is_none());
    assert!(breaker.join().unwrap().elapsed() < Duration::from_millis(150));
}

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn stop_delivers_the_rest_and_ends() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let mut capture = on("lo").filter("udp port 9").open().unwrap();
    let socket = sender();
    begin(&mut capture, &socket);
    (0..20u8).for_each(|n| send(&socket, &[n]));
    capture.stop().unwrap();
    let mut numbers = Vec::new();
    let done = capture.for_each(|packet| numbers.push(payload(packet.data())[0]));
    assert_eq!(done.unwrap().stop(), Stop::End(End::Eof));
    assert_eq!(numbers, (0..20).collect::<Vec<_>>());
    assert!(capture.stats().unwrap().received >= 20);
}

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn any_capture_may_be_a_remote_one() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let mut any = AnyCapture::from(on("lo").filter("udp port 9").open().unwrap());
    assert!(any.as_active().is_none() && any.as_savefile().is_none());
    assert!(any.as_remote().unwrap().warnings().is_empty());
    let text = format!("{any:?}");
    assert!(text.contains("Remote { device: "), "{text}");
    let socket = sender();
    begin(any.as_remote_mut().unwrap(), &socket);
    send(&socket, b"one");
    assert_eq!(payload(any.next_packet().unwrap().unwrap().data()), b"one");
    assert!(any.stats().unwrap().unwrap().received >= 1);
    // Only libpcap can wait for its packets.
    #[cfg(feature = "async-io")]
    {
        let error = any.into_async_io().err().unwrap();
        assert_eq!(error.kind(), super::UNSUPPORTED);
        let mut any: AnyCapture = error.take().unwrap();
        send(&socket, b"two");
        assert_eq!(payload(any.next_packet().unwrap().unwrap().data()), b"two");
    }
}

#[test]
#[cfg(have_pcap_remoteact_list)] // calls a function of such a libpcap
fn a_pcap_t_opened_elsewhere_reads_on() {
    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let source = std::ffi::CString::new(host().with_device("lo").unwrap().to_string()).unwrap();
    let mut errbuf = [0; 256];
    let no_auth = std::ptr::null_mut();
    // SAFETY: the source is a C string, and the buffer has the size that libpcap requires.
    let pcap = unsafe {
        pcap_sys::pcap_open(
            source.as_ptr(),
            65_535,
            0,
            100,
            no_auth,
            errbuf.as_mut_ptr(),
        )
    };
    let pcap = std::ptr::NonNull::new(pcap).unwrap();
    // SAFETY: just opened, and has no other owner.
    let mut capture = unsafe { Capture::<pcap_core::Remote>::from_raw(pcap) }.unwrap();
    capture.set_filter("udp port 9").unwrap();
    let socket = sender();
    begin(&mut capture, &socket);
    (0..20u8).for_each(|n| send(&socket, &[n]));
    for n in 0..20 {
        assert_eq!(payload(capture.next_packet().unwrap().unwrap().data()), [n]);
    }
    assert!(capture.selectable_fd().is_none());
    let wait = Duration::from_millis(300);
    assert_eq!(capture.next_packet_timeout(wait).unwrap(), Next::Timeout);
}

#[test]
#[cfg(have_pcap_remoteact_list)] // calls a function of such a libpcap
fn a_pcap_t_that_cannot_be_taken_over_is_closed() {
    use crate::support::refused::{apart, refuse};

    let _alone = alone();
    let Some(_net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let source = std::ffi::CString::new(host().with_device("lo").unwrap().to_string()).unwrap();
    apart(|| {
        let mut errbuf = [0; 256];
        let no_auth = std::ptr::null_mut();
        // SAFETY: the source is a C string, and the buffer has the size that libpcap requires.
        let pcap = unsafe {
            pcap_sys::pcap_open(source.as_ptr(), 96, 0, 100, no_auth, errbuf.as_mut_ptr())
        };
        let pcap = std::ptr::NonNull::new(pcap).unwrap();
        refuse(libc::SYS_eventfd2, &[], libc::EMFILE);
        // SAFETY: just opened, and has no other owner.
        let error = unsafe { Capture::<pcap_core::Remote>::from_raw(pcap) }.unwrap_err();
        assert!(
            error.to_string().starts_with("cannot take over "),
            "{error}"
        );
        assert!(
            matches!(error.kind(), pcap_core::ErrorKind::Io(_)),
            "{error:?}"
        );
    });
}

#[test]
#[cfg_attr(
    not(have_pcap_remoteact_list),
    ignore = "needs a libpcap with remote capture"
)]
fn the_remote_device_becomes_promiscuous() {
    let _alone = alone();
    let Some(net) = Netns::new() else { return };
    let _daemon = Daemon::open_to_all();
    let promiscuity = || net.ip(["-d", "link", "show", "lo"]);
    for (on_or_off, count) in [(false, "promiscuity 0"), (true, "promiscuity 1")] {
        let options = on("lo").filter("udp port 9").promisc(on_or_off);
        let mut capture = options.open().unwrap();
        begin(&mut capture, &sender());
        wait_until(count, || promiscuity().contains(count));
        drop(capture);
        wait_until("the end", || promiscuity().contains("promiscuity 0"));
    }
}

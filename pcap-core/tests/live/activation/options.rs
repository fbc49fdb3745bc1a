//! The effect of each option.

use std::ffi::CStr;
use std::time::Duration;

use pcap_core::{Capture, Device, Dlt, ErrorKind, Next, Precision, TstampType};

use super::{ethernet, net};
use crate::support::wire::{frame, send, wire};
use crate::support::{Netns, own_descriptors, wait_until};

#[test]
fn protocol_0_is_all() {
    let Some(_net) = net() else { return };
    use pcap_core::os::linux::CaptureExt;
    let options = Capture::from_device("right").protocol(0x88b6).protocol(0);
    let mut right = options.immediate_mode(true).activate().unwrap();
    let left = Capture::from_device("left").activate().unwrap();
    left.inject(&ethernet(0x88b5, &[7])).unwrap();
    let next = right.next_packet_timeout(Duration::from_secs(5)).unwrap();
    assert_eq!(next.packet().expect("a packet").data()[14], 7);
}

// Shows: libpcap/bad-options-ignored-corrected, parity/inactive-handle-snaplen
// Shows: parity/ask-monitor-mode-timestamp, parity/answers-options-thrown-away
#[test]
fn every_option_is_taken() {
    let Some(_net) = net() else { return };
    use pcap_core::os::linux::CaptureExt;
    let mut right = Capture::from_device("right")
        .snaplen(128)
        .promisc(true)
        .timeout(Duration::from_micros(10))
        .immediate_mode(true)
        .buffer_size(1 << 20)
        .tstamp_type(TstampType::HOST)
        .precision(Precision::Micro)
        .datalink(Dlt::EN10MB)
        .nonblock(true)
        .filter("ether proto 0x88b5 or ether proto 0x88b6")
        .protocol(0x88b5)
        .activate()
        .unwrap();
    assert_eq!(right.snaplen(), 128);
    assert_eq!(right.precision(), Precision::Micro);
    assert!(right.is_nonblock());
    let left = Capture::from_device("left").activate().unwrap();
    left.inject(&ethernet(0x88b6, &[])).unwrap(); // another protocol
    left.inject(&ethernet(0x88b5, &[7])).unwrap();
    let packet = right.next_packet_timeout(Duration::from_secs(5)).unwrap();
    let packet = packet.packet().expect("a packet");
    assert_eq!(packet.data()[14], 7);
    assert_eq!(packet.timestamp().subsec_nanos() % 1000, 0, "microseconds");
    assert_eq!(right.try_next_packet().unwrap(), Next::Timeout);
    assert!(!Capture::from_device("right").can_set_rfmon().unwrap());
}

/// Returns the time stamp types that libpcap lists for a device.
fn tstamp_types_by_libpcap(device: &CStr) -> Vec<TstampType> {
    let mut errbuf = [0; pcap_sys::PCAP_ERRBUF_SIZE as usize];
    // SAFETY: the name is a C string, and the buffer has the required size.
    let pcap = unsafe { pcap_sys::pcap_create(device.as_ptr(), errbuf.as_mut_ptr()) };
    assert!(!pcap.is_null());
    let mut list = std::ptr::null_mut();
    // SAFETY: the handle is open, and the pointer is a local variable.
    let count = unsafe { pcap_sys::pcap_list_tstamp_types(pcap, &mut list) };
    let mut types = Vec::new();
    if count > 0 {
        // SAFETY: libpcap allocated a list of this length.
        let numbers = unsafe { std::slice::from_raw_parts(list, count as usize) };
        types.extend(numbers.iter().map(|&number| TstampType::new(number)));
        // SAFETY: allocated by `pcap_list_tstamp_types`, and not used afterwards.
        unsafe { pcap_sys::pcap_free_tstamp_types(list) };
    }
    // SAFETY: the handle is open and owned by this function.
    unsafe { pcap_sys::pcap_close(pcap) };
    types
}

// Shows: parity/ask-monitor-mode-timestamp
#[test]
fn the_timestamp_types_are_those_of_libpcap() {
    let Some(_net) = net() else { return };
    for device in [c"right", c"lo", c"any"] {
        let types = Capture::from_device(device.to_str().unwrap()).tstamp_types();
        let types = types.unwrap();
        assert_eq!(types, tstamp_types_by_libpcap(device), "{device:?}");
    }
    let types = Capture::from_device("right").tstamp_types().unwrap();
    assert!(types.contains(&TstampType::HOST), "{types:?}");
}

// Shows: parity/open-device-call
#[test]
fn a_device_opens_in_one_call() {
    let Some(_net) = net() else { return };
    let capture = Capture::open_live("right", 0, true, Duration::from_millis(1)).unwrap();
    assert_eq!(capture.name(), "right");
    assert_eq!(capture.snaplen(), 262_144);
    assert_eq!(capture.precision(), Precision::Nano);
}

/// libpcap does not lock its list of devices in monitor mode.
// Shows: libpcap/list-devices-take-out, parity/ask-monitor-mode-timestamp
#[test]
fn monitor_mode_asked_by_many_threads() {
    let Some(_net) = net() else { return };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let device = Capture::from_device("right");
                    assert!(!device.can_set_rfmon().unwrap());
                    let failed = device.rfmon(true).activate().unwrap_err();
                    assert_eq!(failed.kind(), ErrorKind::RfmonNotSupported, "{failed}");
                }
            });
        }
    });
}

/// libpcap waits for a reply with its last sequence number, whichever thread sent that request.
// Shows: libpcap/questions-linuxs-netfilter
#[test]
#[cfg_attr(thread_sanitizer, ignore = "runs in its own process")]
fn netfilter_activates_in_many_threads() {
    // A group is free again once nobody has a copy of its socket, including programs that other tests start.
    own_descriptors();
    let Some(_net) = net() else { return };
    if let Err(error) = Capture::from_device("nflog:1").activate() {
        eprintln!("skipped, this kernel does not have nflog: {error}");
        return;
    }
    let (done, all) = std::sync::mpsc::channel();
    for group in 0..8 {
        let done = done.clone();
        std::thread::spawn(move || {
            for _ in 0..100 {
                let capture = Capture::from_device(format!("nflog:{group}")).activate();
                if let Err(error) = capture.and_then(|capture| capture.close()) {
                    return done.send(Err(error)).unwrap();
                }
            }
            done.send(Ok(())).unwrap();
        });
    }
    for _ in 0..8 {
        all.recv_timeout(Duration::from_secs(60))
            .expect("a thread waits for another one's reply")
            .expect("closing one capture ended another");
    }
}

/// Child processes must not inherit the raw socket: it would give them the right to capture.
#[test]
fn the_socket_stays_in_its_process() {
    use std::os::fd::AsRawFd;
    let Some(_net) = net() else { return };
    let right = Capture::from_device("right").activate().unwrap();
    let fd = right.selectable_fd().unwrap().as_raw_fd();
    // SAFETY: takes only numbers.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFD) };
    assert_ne!(flags & libc::FD_CLOEXEC, 0);
}

#[test]
fn the_descriptor_is_the_packet_socket() {
    use std::os::fd::AsRawFd;
    let Some(_net) = net() else { return };
    let right = Capture::from_device("right").snaplen(100);
    for capture in [right.clone(), right.immediate_mode(true)] {
        let capture = capture.activate().unwrap();
        let fd = capture.fileno().unwrap().as_raw_fd();
        let (mut domain, mut length) = (0, size_of::<libc::c_int>() as libc::socklen_t);
        let (option, value) = (libc::SO_DOMAIN, (&raw mut domain).cast());
        // SAFETY: the number and its length are local variables for the result.
        let status = unsafe { libc::getsockopt(fd, libc::SOL_SOCKET, option, value, &mut length) };
        assert_eq!((status, domain), (0, libc::AF_PACKET));
        let size = capture.bufsize();
        assert!((100..=2 << 20).contains(&size), "{size}");
    }
}

/// Without a filter, libpcap alone makes Linux copy whole packets into its buffer.
#[test]
fn a_small_snaplen_holds_more_packets() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    let kept = |snaplen: u32| {
        let right = Capture::from_device("right").snaplen(snaplen);
        let mut right = right.buffer_size(1 << 20).activate().unwrap();
        for _ in 0..4000 {
            left.inject(&[0xff; 1500]).unwrap();
        }
        let mut kept = 0;
        while let Next::Packet(packet) = right
            .next_packet_timeout(Duration::from_millis(300))
            .unwrap()
        {
            let caplen = if snaplen == 0 { 1500 } else { snaplen };
            assert_eq!((packet.caplen(), packet.wire_len()), (caplen, 1500));
            kept += 1;
        }
        kept
    };
    let (whole, cut) = (kept(0), kept(100));
    assert!(whole < 1000 && cut > 3 * whole, "{whole} whole, {cut} cut");
}

/// Linux removes the tag, and libpcap inserts it again.
#[test]
fn a_snaplen_changes_only_the_data() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = Capture::from_device("left").activate().unwrap();
    let plain = ethernet(0x88b5, &[7; 60]);
    let mut tagged = plain.clone();
    tagged.splice(12..12, [0x81, 0, 0, 5]);
    for snaplen in (1..=24).chain([60, 77, 78, 79, 262_144]) {
        let right = Capture::from_device("right").snaplen(snaplen);
        let mut right = right.activate().unwrap();
        for sent in [&plain, &tagged] {
            left.inject(sent).unwrap();
            let packet = right.next_packet().unwrap().unwrap();
            let kept = sent.len().min(snaplen as usize);
            assert_eq!(packet.data(), &sent[..kept], "snaplen {snaplen}");
            assert_eq!(packet.wire_len() as usize, sent.len(), "snaplen {snaplen}");
        }
    }
}

#[test]
fn requested_options_can_be_read_back() {
    let Some(_net) = net() else { return };
    let timeout = Duration::from_millis(7);
    let capture = Capture::from_device("right").timeout(timeout).promisc(true);
    let capture = capture.activate().unwrap();
    assert_eq!(capture.timeout(), Some(timeout));
    assert_eq!(capture.is_promisc(), Some(true));
    let capture = Capture::from_device("right").activate().unwrap();
    assert_eq!(capture.timeout(), Some(Duration::from_millis(100)));
    assert_eq!(capture.is_promisc(), Some(false));
    // A raw handle has no recorded options.
    let (pcap, _) = capture.into_raw();
    // SAFETY: the handle is open, activated, and has no other owner.
    let capture = unsafe { Capture::<pcap_core::Active>::from_raw(pcap) }.unwrap();
    assert_eq!((capture.timeout(), capture.is_promisc()), (None, None));
}

// Shows: parity/network-number-netmask-device, parity/interface-without-address-opens
#[test]
fn an_interface_without_address_opens() {
    let Some((net, left, mut right)) = wire() else {
        return;
    };
    assert!(!net.ip(["addr", "show", "dev", "right"]).contains("inet"));
    assert_eq!(Device::find("right").unwrap().net_and_mask().unwrap(), None);
    // It reads, filters and sends.
    right
        .set_filter("ether proto 0x88b5 and ether[14:4] = 2")
        .unwrap();
    send(&left, 0..4);
    assert_eq!(right.next_packet().unwrap().unwrap().data(), frame(2, 60));
    right.set_filter("tcp port 80 or ip6 or arp").unwrap();
    assert_eq!(right.inject(&frame(0, 60)).unwrap(), 60);
    let again = Capture::from_device("right").filter("ip host 10.0.0.1");
    again.activate().unwrap();
}

/// Returns the device's promiscuity counter, which promiscuous captures increment.
fn promiscuity(net: &Netns, device: &str) -> u32 {
    let text = net.ip(["-d", "link", "show", "dev", device]);
    let (_, rest) = text.split_once("promiscuity ").expect("a counter");
    let digits = rest.split(' ').next().unwrap_or_default();
    digits.parse().expect("a number")
}

// Shows: parity/open-device-call
#[test]
fn the_defaults_are_whole_and_not_promisc() {
    let Some((net, _left, right)) = wire() else {
        return;
    };
    assert_eq!(right.snaplen(), 262_144);
    assert_eq!(promiscuity(&net, "right"), 0);
    let all = Capture::from_device("right").promisc(true);
    let all = all.activate().unwrap();
    assert_eq!(promiscuity(&net, "right"), 1);
    assert!(all.warnings().is_empty());
    all.close().unwrap();
    // A program that another test has just forked may still hold the socket.
    let ends = || {
        wait_until("the device is not promiscuous", || {
            promiscuity(&net, "right") == 0
        })
    };
    ends();
    // The short form takes the same two as arguments.
    let time = Duration::from_millis(1);
    let short = Capture::open_live("right", 0, true, time).unwrap();
    assert_eq!((short.snaplen(), promiscuity(&net, "right")), (262_144, 1));
    drop(short);
    ends();
    let short = Capture::open_live("right", 99, false, time).unwrap();
    assert_eq!((short.snaplen(), promiscuity(&net, "right")), (99, 0));
}

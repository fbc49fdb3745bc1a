//! Activating captures: the effect of each option, and the error of each failure. On veth pairs in network namespaces.

use crate::support;

use std::ffi::CStr;
use std::time::Duration;

use crate::support::{Netns, own_descriptors};
use pcap_core::{Capture, Dlt, ErrorKind, Filter, Insn, Next, Precision, TstampType, WarningKind};

fn net() -> Option<Netns> {
    let net = Netns::new()?;
    net.veth("left", "right");
    Some(net)
}

/// A broadcast frame with this type and payload.
fn frame(ethertype: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0xff; 12];
    frame.extend(ethertype.to_be_bytes());
    frame.extend(payload);
    frame.resize(frame.len().max(60), 0);
    frame
}

/// libpcap 1.10.3 crashes on a second attempt with the same handle.
// Shows: libpcap/1-10-3-crashes
#[test]
fn a_failed_activation_can_be_tried_again() {
    let Some(net) = net() else { return };
    let capture = Capture::from_device("later").snaplen(100);
    let failed = capture.activate().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::NoSuchDevice);
    assert!(
        failed.to_string().starts_with("cannot activate `later`: "),
        "{failed}"
    );
    assert!(capture.activate().is_err());
    net.ip("link add later type veth peer name other".split(' '));
    let failed = capture.activate().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::InterfaceNotUp, "{failed}");
    assert!(failed.to_string().contains("not up"), "{failed}");
    net.ip("link set later up".split(' '));
    let capture = capture.activate().unwrap();
    assert_eq!(capture.snaplen(), 100);
}

/// Ignoring the result of an option's setter would accept bad values silently.
// Shows: libpcap/bad-options-ignored-corrected, parity/inactive-handle-snaplen
// Shows: parity/answers-options-thrown-away
#[test]
fn a_bad_option_is_an_error_that_names_it() {
    let Some(_net) = net() else { return };
    let device = || Capture::from_device("right");
    let failures = [
        (device().snaplen(262_145), "snaplen 262145"),
        (device().buffer_size(0), "buffer_size 0"),
        (device().buffer_size(3 << 30), "buffer_size 3221225472"),
        (device().timeout(Duration::from_secs(1 << 40)), "timeout"),
        (
            device().tstamp_type(TstampType::ADAPTER),
            "tstamp_type adapter",
        ),
        (device().tstamp_type(TstampType::new(77)), "tstamp_type 77"),
    ];
    for (capture, words) in failures {
        let failed = capture.activate().unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::InvalidOption, "{failed}");
        assert!(failed.to_string().contains(words), "{failed}");
        assert!(failed.to_string().contains("`right`"), "{failed}");
    }
    let failed = device().rfmon(true).activate().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::RfmonNotSupported, "{failed}");
    let failed = device().filter("tcp prot 80").activate().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::FilterSyntax, "{failed}");
    let raw = Filter::compile(Dlt::RAW, "tcp").unwrap();
    let failed = device().filter(&raw).activate().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::LinktypeMismatch, "{failed}");
    let failed = Capture::from_device("ri\0ght").activate().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::InvalidArgument, "{failed}");
}

/// libpcap gives the reason in a second text beside the code; the error contains both.
// Shows: libpcap/codes-text-static-buffer
#[test]
fn no_rights_is_an_error_with_the_remedy() {
    let Some(_net) = net() else { return };
    // Capabilities belong to a thread.
    let failed = std::thread::spawn(|| {
        support::drop_rights();
        Capture::from_device("right").activate().unwrap_err()
    });
    let failed = failed.join().unwrap();
    assert_eq!(failed.kind(), ErrorKind::PermissionDenied);
    let libpcap = pcap_core::version();
    let reason = if (libpcap.major(), libpcap.minor()) < (1, 11) {
        "Operation not permitted"
    } else {
        "CAP_NET_RAW may be required"
    };
    assert!(failed.to_string().contains(reason), "{failed}");
    assert!(
        failed.to_string().contains("setcap cap_net_raw"),
        "{failed}"
    );
}

/// Promiscuous mode on `any` causes a warning in newer versions of libpcap, which is not a failure.
// Shows: libpcap/texts-cut-255-bytes, libpcap/positive-answer-success-warning
// Shows: parity/tell-warnings-activation-errors, parity/warnings-activation-taken-failures
#[test]
fn a_warning_is_no_failure() {
    let Some(_net) = net() else { return };
    let any = Capture::from_device("any")
        .promisc(true)
        .activate()
        .unwrap();
    let warning = &any.warnings()[0];
    assert_eq!(warning.kind(), WarningKind::PromiscNotSupported);
    assert!(warning.text().contains("romiscuous"), "{warning:?}");
    // libpcap loses its text if non-blocking mode is set before the activation.
    let any = Capture::from_device("any").promisc(true).nonblock(true);
    let any = any.activate().unwrap();
    assert_eq!(any.warnings().len(), 1);
    assert!(any.is_nonblock());
    // Without a warning, libpcap leaves its text buffer unchanged.
    let left = Capture::from_device("left")
        .promisc(true)
        .activate()
        .unwrap();
    assert!(left.warnings().is_empty());
}

#[test]
fn protocol_0_is_all() {
    let Some(_net) = net() else { return };
    use pcap_core::os::linux::CaptureExt;
    let options = Capture::from_device("right").protocol(0x88b6).protocol(0);
    let mut right = options.immediate_mode(true).activate().unwrap();
    let left = Capture::from_device("left").activate().unwrap();
    left.inject(&frame(0x88b5, &[7])).unwrap();
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
    left.inject(&frame(0x88b6, &[])).unwrap(); // another protocol
    left.inject(&frame(0x88b5, &[7])).unwrap();
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

/// With netmask 0, for unknown, `ip broadcast` would compile and miss broadcasts.
// Shows: libpcap/netmask-0-unknown-ip, parity/set-filter-optimized-right
// Shows: parity/netmask-0-unknown-ip
#[test]
fn ip_broadcast_uses_the_devices_netmask() {
    let Some(net) = net() else { return };
    net.ip("addr add 10.1.2.3/24 dev right".split(' '));
    let mut right = Capture::from_device("right")
        .filter("ip broadcast")
        .activate()
        .unwrap();
    let left = Capture::from_device("left").activate().unwrap();
    let mut payload = [0; 20];
    payload[0] = 0x45;
    for last in [7, 255] {
        payload[16..20].copy_from_slice(&[10, 1, 2, last]);
        left.inject(&frame(0x0800, &payload)).unwrap();
    }
    let packet = right.next_packet().unwrap().unwrap();
    assert_eq!(packet.data()[33], 255);
    // A device without an IPv4 address has no netmask, and the error says so.
    let error = Capture::from_device("left")
        .filter("ip broadcast")
        .activate()
        .unwrap_err();
    assert!(error.to_string().contains("netmask"), "{error}");
}

/// `vlan 5` compiled on a live Linux capture uses kernel extensions, and never matches the bytes of a savefile.
/// Compiled without a device, it misses tags that the kernel removes.
// Shows: libpcap/vlan-5-compiled-live
#[test]
fn live_filters_are_right_offline() {
    let Some(_net) = net() else { return };
    let left = Capture::from_device("left").activate().unwrap();
    let mut right = Capture::from_device("right").activate().unwrap();
    let live = right.compile("vlan 5").unwrap();
    assert!(live.uses_kernel_extensions());
    let dead = Filter::compile(Dlt::EN10MB, "vlan 5").unwrap();
    assert!(!dead.uses_kernel_extensions());

    let tagged = |id: u8| frame(0x8100, &[0, id, 0x88, 0xb5, id]);
    for filter in [&live, &dead] {
        assert!(filter.matches(&tagged(5)));
        assert!(!filter.matches(&tagged(6)));
        right.set_filter(filter).unwrap();
        for id in [6, 5, 7] {
            left.inject(&tagged(id)).unwrap();
        }
        let packet = right.next_packet().unwrap().unwrap();
        assert_eq!(packet.data(), tagged(5));
        let more = right
            .next_packet_timeout(Duration::from_millis(300))
            .unwrap();
        assert_eq!(more, Next::Timeout);
    }
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

/// A device name may contain any bytes; an error about it is still valid text.
// Shows: libpcap/texts-cut-255-bytes
#[test]
fn an_error_about_odd_names_is_a_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let Some(_net) = net() else { return };
    let failed = Capture::from_device(OsStr::from_bytes(b"gone\xff")).activate();
    let failed = failed.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::NoSuchDevice, "{failed}");
    assert!(failed.to_string().contains("`gone\u{fffd}`"), "{failed}");
}

// Shows: parity/go-without-filter-fails
#[test]
fn packets_read_ahead_are_filtered_again() {
    let Some(_net) = net() else { return };
    let left = Capture::from_device("left").activate().unwrap();
    let mut right = Capture::from_device("right").activate().unwrap();
    for n in 0..40 {
        left.inject(&frame(0x88b5, &[n])).unwrap();
    }
    assert_eq!(right.next_packet().unwrap().unwrap().data()[14], 0);
    right.set_filter("ether[14] >= 38").unwrap();
    assert_eq!(right.next_packet().unwrap().unwrap().data()[14], 38);
    // A filter that cannot be set leaves the current one in place.
    assert!(right.set_filter("nonsense here").is_err());
    left.inject(&frame(0x88b5, &[1])).unwrap();
    left.inject(&frame(0x88b5, &[99])).unwrap();
    assert_eq!(right.next_packet().unwrap().unwrap().data()[14], 39);
    assert_eq!(right.next_packet().unwrap().unwrap().data()[14], 99);
}

/// libpcap has stored the new filter before it fails to attach it on a device that is down.
#[test]
fn a_filter_on_a_down_device_keeps_the_old() {
    let Some(net) = net() else { return };
    let mut right = Capture::from_device("right")
        .filter("ether proto 0x88b5")
        .activate()
        .unwrap();
    net.ip(["link", "set", "right", "down"]);
    let first = right.set_filter("ether proto 0x88b6");
    net.ip(["link", "set", "right", "up"]);
    support::wait_until("it runs", || {
        net.ip(["-o", "link", "show", "dev", "right"])
            .contains(" state UP ")
    });
    let kept: u16 = if first.is_err() { 0x88b5 } else { 0x88b6 };
    let left = Capture::from_device("left").activate().unwrap();
    for ethertype in [0x88b5, 0x88b6] {
        left.inject(&frame(ethertype, &[])).unwrap();
    }
    let packet = right.next_packet().unwrap().unwrap();
    assert_eq!(packet.data()[12..14], kept.to_be_bytes());
    let more = right
        .next_packet_timeout(Duration::from_millis(300))
        .unwrap();
    assert_eq!(more, Next::Timeout);
}

/// A filter for another link type reads the wrong bytes.
#[test]
fn a_new_link_type_drops_the_filter() {
    let Some(_net) = net() else { return };
    let accept = [Insn::new(0x06, 0, 0, 100)];
    let instructions = Filter::from_instructions(Dlt::EN10MB, &accept).unwrap();
    let mut right = Capture::from_device("right")
        .filter(&instructions)
        .activate()
        .unwrap();
    let error = right.set_datalink(Dlt::DOCSIS).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LinktypeMismatch, "{error}");
    assert_eq!(right.datalink(), Dlt::EN10MB);
    right.set_filter("ether multicast").unwrap();
    let error = right.set_datalink(Dlt::DOCSIS).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FilterSyntax, "{error}");
    assert_eq!(right.datalink(), Dlt::EN10MB);
    right.set_filter("").unwrap();
    right.set_datalink(Dlt::DOCSIS).unwrap();
    assert_eq!(right.datalink(), Dlt::DOCSIS);
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

/// Activating without a filter is opt-in, and reported.
// Shows: parity/go-without-filter-fails
#[test]
fn best_effort_reports_what_it_leaves_out() {
    let Some(_net) = net() else { return };
    let capture = Capture::from_device("right")
        .filter("foobar")
        .datalink(Dlt::USB_LINUX);
    let error = capture.activate().unwrap_err();
    assert_ne!(error.kind(), ErrorKind::NoSuchDevice);

    let mut right = capture.activate_best_effort().unwrap();
    let warnings = right.warnings().to_vec();
    let kinds: Vec<_> = warnings.iter().map(|warning| warning.kind()).collect();
    assert_eq!(kinds, [WarningKind::LeftOut; 2], "{warnings:?}");
    assert!(warnings[0].text().contains("link type"), "{warnings:?}");
    assert!(warnings[1].text().contains("`foobar`"), "{warnings:?}");
    assert_eq!(right.datalink(), Dlt::EN10MB);
    // All packets arrive.
    let left = Capture::from_device("left").activate().unwrap();
    let sent = frame(0x88b5, b"anything");
    left.inject(&sent).unwrap();
    assert_eq!(right.next_packet().unwrap().unwrap().data(), sent);

    // What is available is set; what no capture can work without is an error.
    let capture = Capture::from_device("right").filter("udp");
    assert!(
        capture
            .activate_best_effort()
            .unwrap()
            .warnings()
            .is_empty()
    );
    let error = Capture::from_device("nowhere")
        .activate_best_effort()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSuchDevice);
    let capture = Capture::from_device("right").snaplen(300_000);
    let error = capture.activate_best_effort().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
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
    let plain = frame(0x88b5, &[7; 60]);
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

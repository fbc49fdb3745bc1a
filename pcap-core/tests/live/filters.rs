//! Filters on live captures lose no packet that passes and arrives after the call, and decide as `Filter::matches`
//! does: on Ethernet, the loopback device, `any` and tun, with and without immediate mode.

use crate::support::files;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

use crate::support::Netns;
use pcap_core::{
    Active, Capture, Direction, Dlt, End, ErrorKind, Filter, FilterLocation, Inactive, Insn, Next,
    PacketOwned, Stop, WarningKind,
};

/// Returns an Ethernet frame with an experimental EtherType and a number.
fn frame(number: u32, length: usize) -> Vec<u8> {
    let mut frame = vec![0xff; length];
    frame[12..14].copy_from_slice(&[0x88, 0xb5]);
    frame[14..18].copy_from_slice(&number.to_be_bytes());
    frame
}

/// Returns an Ethernet frame with a UDP datagram to a port.
fn datagram(port: u16) -> Vec<u8> {
    let mut frame = vec![0; 60];
    frame[..6].fill(0xff);
    frame[12..16].copy_from_slice(&[8, 0, 0x45, 0]);
    frame[16..18].copy_from_slice(&46_u16.to_be_bytes());
    frame[22..24].copy_from_slice(&[9, 17]);
    frame[26..34].copy_from_slice(&[192, 0, 2, 1, 192, 0, 2, 2]);
    frame[34..36].copy_from_slice(&40_000_u16.to_be_bytes());
    frame[36..38].copy_from_slice(&port.to_be_bytes());
    frame[38..40].copy_from_slice(&26_u16.to_be_bytes());
    frame
}

/// Returns the same frame with a VLAN tag.
fn tagged(vlan: u8) -> Vec<u8> {
    let mut frame = datagram(7);
    frame.splice(12..12, [0x81, 0x00, 0x00, vlan]);
    frame
}

fn inject(capture: &Capture<Active>, frames: impl IntoIterator<Item = Vec<u8>>) {
    for frame in frames {
        assert_eq!(capture.inject(&frame).unwrap(), frame.len());
    }
}

/// Reads all packets that have arrived, and checks that none was dropped.
fn rest(capture: &mut Capture<Active>) -> Vec<PacketOwned> {
    capture.stop().unwrap();
    let mut packets = Vec::new();
    let done = capture
        .for_each(|packet| packets.push(packet.into_owned()))
        .unwrap();
    assert_eq!(done.stop(), Stop::End(End::Eof));
    assert_eq!(capture.stats().unwrap().dropped, 0);
    packets
}

fn index(device: &str) -> u32 {
    let name = std::ffi::CString::new(device).unwrap();
    // SAFETY: a C string.
    unsafe { libc::if_nametoindex(name.as_ptr()) }
}

/// Returns the settings that filters depend on.
fn modes() -> [(bool, u32); 4] {
    [(false, 0), (true, 0), (false, 20), (true, 20)]
}

/// Returns options with a short packet-buffer timeout.
fn on(device: &str) -> Capture<Inactive> {
    Capture::from_device(device).timeout(Duration::from_millis(5))
}

fn options(device: &str, immediate: bool, snaplen: u32) -> Capture<Inactive> {
    on(device).immediate_mode(immediate).snaplen(snaplen)
}

/// A filter, and how to send packets that pass it and that fail it.
struct Row {
    filter: String,
    passes: fn(&Ends),
    fails: fn(&Ends),
}

/// The sending ends: into the captured device, and out of it.
struct Ends {
    into: Capture<Active>,
    out: Capture<Active>,
}

/// Three times as many as the slots of immediate mode.
const MANY: u32 = 150;

fn rows(index: u32) -> Vec<Row> {
    let into: fn(&Ends) = |ends| inject(&ends.into, (0..MANY).map(|n| frame(n, 60)));
    let out: fn(&Ends) = |ends| inject(&ends.out, (0..MANY).map(|n| frame(n, 60)));
    let dns: fn(&Ends) = |ends| inject(&ends.into, (0..MANY).map(|_| datagram(53)));
    let dns_out: fn(&Ends) = |ends| inject(&ends.out, (0..MANY).map(|_| datagram(53)));
    let vlan: fn(&Ends) = |ends| inject(&ends.into, (0..MANY).map(|_| tagged(5)));
    let other: fn(&Ends) = |ends| inject(&ends.into, (0..MANY).map(|_| tagged(6)));
    let row = |filter: &str, passes, fails| Row {
        filter: filter.to_owned(),
        passes,
        fails,
    };
    vec![
        row("outbound", out, into),
        row("inbound", into, out),
        row("udp and outbound", dns_out, dns),
        row(&format!("ifindex {index} and udp"), dns, into),
        row("vlan 5", vlan, other),
        row("vlan 5 and udp port 7", vlan, dns),
        row("udp port 53", dns, into),
        // The kernel shows the first part packets without their tags.
        row("udp port 7 or vlan 9", vlan, into),
        row("ether[17] & 1 = 1 or ether[17] & 1 = 0", into, |_| ()),
        // Runs in the process.
        row("(1 << ether[12]) = 0 and ether[12:2] = 0x88b5", into, dns),
    ]
}

// Shows: libpcap/filter-kernel-evaluate-outbound
#[test]
fn a_filter_set_at_activation_loses_nothing() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let ends = Ends {
        into: on("left").activate().unwrap(),
        out: on("right").activate().unwrap(),
    };
    for (immediate, snaplen) in modes() {
        for row in rows(index("right")) {
            let what = format!("{} immediate {immediate} snaplen {snaplen}", row.filter);
            let options = options("right", immediate, snaplen);
            let mut capture = options.filter(row.filter.as_str()).activate().unwrap();
            (row.passes)(&ends);
            (row.fails)(&ends);
            let packets = rest(&mut capture);
            assert_eq!(packets.len() as u32, MANY, "{what}");
            let longest = packets.iter().map(|packet| packet.caplen()).max();
            assert!(
                snaplen == 0 || longest == Some(snaplen),
                "{what}: {longest:?}"
            );
            assert_eq!(capture.stats().unwrap().discarded, 0, "{what}");
        }
    }
}

#[test]
fn a_filter_set_while_running_loses_nothing() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let ends = Ends {
        into: on("left").activate().unwrap(),
        out: on("right").activate().unwrap(),
    };
    for (immediate, snaplen) in modes() {
        for row in rows(index("right")) {
            let what = format!("{} immediate {immediate} snaplen {snaplen}", row.filter);
            let mut capture = options("right", immediate, snaplen).activate().unwrap();
            // Packets from before the call lie in the buffer, and are returned only if they pass.
            (row.fails)(&ends);
            match capture.set_filter(row.filter.as_str()) {
                Err(error) if immediate && snaplen > 0 && error.to_string().contains("snaplen") => {
                    continue;
                }
                set => set.unwrap(),
            }
            (row.passes)(&ends);
            (row.fails)(&ends);
            let packets = rest(&mut capture);
            assert_eq!(packets.len() as u32, MANY, "{what}");
        }
    }
}

/// Packets in the buffer that can be filtered are; the others are counted.
// Shows: libpcap/filter-kernel-evaluate-outbound
#[test]
fn the_buffer_is_judged_or_counted() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    for (filter, snaplen, delivered) in [
        ("ether[150] = 255", 0, MANY),
        ("ether[90] = 255", 100, MANY),
        // Truncated before the tested byte.
        ("ether[150] = 255", 100, 0),
        // Only the kernel can evaluate it.
        ("inbound", 0, 0),
    ] {
        let mut capture = on("right").snaplen(snaplen).activate().unwrap();
        inject(&left, (0..MANY).map(|n| frame(n, 200)));
        capture.set_filter(filter).unwrap();
        let before = capture.stats().unwrap();
        assert_eq!(before.received, u64::from(MANY), "{filter}");
        let packets = rest(&mut capture);
        assert_eq!(
            packets.len() as u32,
            delivered,
            "{filter} snaplen {snaplen}"
        );
        let discarded = capture.stats().unwrap().discarded;
        assert_eq!(
            discarded,
            u64::from(MANY - delivered),
            "{filter} snaplen {snaplen}"
        );
    }
}

#[test]
fn packets_read_ahead_are_counted_too() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    let mut right = on("right").activate().unwrap();
    inject(&left, (0..10).map(|n| frame(n, 60)));
    assert!(right.next_packet().unwrap().is_some());
    right.set_filter("inbound").unwrap();
    inject(&left, (10..15).map(|n| frame(n, 60)));
    assert_eq!(rest(&mut right).len(), 5);
    assert_eq!(right.stats().unwrap().discarded, 9);
}

/// Swaps filters that all accept the packets, while packets arrive.
// Shows: libpcap/setfilter-loses-packets-exchanges
#[test]
fn swapping_loses_nothing() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    const SENT: u32 = 20_000;
    for immediate in [false, true] {
        let options = options("right", immediate, 64).buffer_size(16 << 20);
        let mut right = options.activate().unwrap();
        let left = on("left").activate().unwrap();
        // The buffer has room for that many packets.
        let room = if immediate { 100 } else { 1000 };
        let delivered = Arc::new(AtomicU32::new(0));
        let sender = thread::spawn({
            let delivered = delivered.clone();
            move || {
                for n in 0..SENT {
                    // If the reader has ended, the test has failed.
                    while n - delivered.load(SeqCst) >= room && Arc::strong_count(&delivered) > 1 {
                        thread::sleep(Duration::from_micros(50));
                    }
                    inject(&left, [frame(n, 100)]);
                }
            }
        });
        let filters = [
            "",
            "ether proto 0x88b5",
            "ether[12:2] = 0x88b5 and not ip",
            "greater 60",
            // Runs in the process, not in the kernel.
            "(1 << ether[12]) = 0",
        ];
        let mut numbers = Vec::new();
        let mut swaps = 0_usize;
        let mut read = |right: &mut Capture<Active>, time| {
            while let Next::Packet(packet) = right.next_packet_timeout(time).unwrap() {
                let number = packet.data()[14..18].try_into().unwrap();
                numbers.push(u32::from_be_bytes(number));
                delivered.fetch_add(1, SeqCst);
                if numbers.len() % 16 == 0 {
                    break;
                }
            }
        };
        while !sender.is_finished() {
            read(&mut right, Duration::from_millis(1));
            right.set_filter(filters[swaps % filters.len()]).unwrap();
            swaps += 1;
        }
        sender.join().unwrap();
        right.stop().unwrap();
        while let Some(packet) = right.next_packet().unwrap() {
            let number = packet.data()[14..18].try_into().unwrap();
            numbers.push(u32::from_be_bytes(number));
        }
        let stats = right.stats().unwrap();
        assert_eq!((stats.dropped, stats.discarded), (0, 0), "{swaps} swaps");
        assert!(
            numbers.iter().copied().eq(0..SENT),
            "{} after {swaps} swaps",
            numbers.len()
        );
    }
}

/// With traffic in both directions, a filter for one never returns a packet of the other.
#[test]
fn swapping_directions_is_exact() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    const SENT: u32 = 5000;
    let mut right = on("right").buffer_size(16 << 20).activate().unwrap();
    let ends = [("left", 0x0000_0000), ("right", 0x8000_0000)];
    let senders = ends.map(|(device, mark)| {
        let sender = on(device).activate().unwrap();
        thread::spawn(move || {
            for n in 0..SENT {
                inject(&sender, [frame(n | mark, 60)]);
                if n % 10 == 0 {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        })
    });
    let mut delivered = 0;
    for swap in 0.. {
        if senders.iter().all(|sender| sender.is_finished()) {
            break;
        }
        let outbound = swap % 2 == 0;
        right
            .set_filter(if outbound { "outbound" } else { "inbound" })
            .unwrap();
        for _ in 0..5 {
            if let Next::Packet(packet) = right
                .next_packet_timeout(Duration::from_millis(20))
                .unwrap()
            {
                assert_eq!(packet.data()[14] & 0x80 != 0, outbound);
                delivered += 1;
            }
        }
    }
    for sender in senders {
        sender.join().unwrap();
    }
    assert!(delivered > 0);
    let outbound = right.compile("outbound").unwrap();
    right.set_filter(&outbound).unwrap();
    // Packets were dropped if this thread was not scheduled for a while: the sender does not wait.
    right.stop().unwrap();
    assert_eq!(right.for_each(|_| ()).unwrap().packets(), 0);
}

// Shows: libpcap/outbound-loopback-device-matches
#[test]
fn lo_delivers_each_packet_once() {
    let Some(_net) = Netns::new() else { return };
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = socket.local_addr().unwrap().port();
    for (immediate, snaplen) in modes() {
        for filter in ["", "inbound", &format!("udp port {port}")] {
            let options = options("lo", immediate, snaplen);
            let mut capture = options.filter(filter).activate().unwrap();
            for _ in 0..50 {
                socket
                    .send_to(b"twenty bytes of data", socket.local_addr().unwrap())
                    .unwrap();
            }
            assert_eq!(
                rest(&mut capture).len(),
                50,
                "`{filter}` immediate {immediate}"
            );
            assert_eq!(capture.stats().unwrap().received, 50);
        }
    }
}

#[test]
fn any_delivers_packets_of_lo_once() {
    let Some(_net) = Netns::new() else { return };
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    for dlt in [Dlt::LINUX_SLL, Dlt::LINUX_SLL2] {
        for (direction, expected) in [
            (Direction::InOut, 20),
            (Direction::In, 20),
            (Direction::Out, 0),
        ] {
            let options = on("any").datalink(dlt).direction(direction);
            let mut capture = options.activate().unwrap();
            for _ in 0..20 {
                let to = socket.local_addr().unwrap();
                socket.send_to(b"x", to).unwrap();
            }
            assert_eq!(rest(&mut capture).len(), expected, "{dlt} {direction:?}");
            let received = capture.stats().unwrap().received;
            assert_eq!(received, expected as u64, "{dlt} {direction:?}");
        }
    }
}

/// A tag that a program on this host writes stays in the packet; the kernel removes others. libpcap returns both
/// alike.
#[test]
fn written_tags_pass_filters_for_them() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let ends = [
        on("left").activate().unwrap(),
        on("right").activate().unwrap(),
    ];
    for running in [false, true] {
        for (filter, [from_wire, own]) in [
            ("ether[12:2] = 0x8100", [0, MANY]),
            ("udp port 7", [MANY, 0]),
            ("vlan 5", [MANY, MANY]),
        ] {
            let mut capture = match running {
                false => on("right").filter(filter).activate().unwrap(),
                true => {
                    let mut capture = on("right").activate().unwrap();
                    capture.set_filter(filter).unwrap();
                    capture
                }
            };
            for end in &ends {
                inject(end, (0..MANY).map(|_| tagged(5)));
            }
            let delivered = rest(&mut capture).len() as u32;
            assert_eq!(delivered, from_wire + own, "{filter} running {running}");
        }
    }
}

// Shows: libpcap/outbound-loopback-device-matches
#[test]
fn outbound_on_lo_is_refused() {
    let Some(_net) = Netns::new() else { return };
    for filter in [
        "outbound",
        "not inbound",
        "udp and outbound",
        "outbound and not port 7",
    ] {
        let error = on("lo").filter(filter).activate().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{filter}");
        assert!(error.to_string().contains("loopback"), "{error}");
    }
    // A filter that accepts nothing is intended.
    let nothing = Filter::from_listing(Dlt::EN10MB, "1,6 0 0 0").unwrap();
    on("lo").filter(&nothing).activate().unwrap();
    let mut capture = on("lo").filter("outbound or udp").activate().unwrap();
    let error = capture.set_filter("outbound").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let error = capture.set_direction(Direction::Out).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let capture = on("lo").filter("outbound").activate_best_effort().unwrap();
    assert_eq!(capture.warnings()[0].kind(), WarningKind::LeftOut);
}

/// Sends datagrams through `lo` and frames through a veth pair, and captures on `any`.
#[test]
fn filters_on_any_lose_nothing() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    let right = index("right");
    for dlt in [Dlt::LINUX_SLL, Dlt::LINUX_SLL2] {
        for immediate in [false, true] {
            for (filter, expected) in [
                // Each frame is seen leaving `left` and arriving at `right`.
                ("ether proto 0x88b5".to_owned(), 2 * MANY),
                ("ether proto 0x88b5 and inbound".to_owned(), MANY),
                ("ether proto 0x88b5 and outbound".to_owned(), MANY),
                (format!("ifindex {right}"), MANY),
                ("len = 46 or len = 62 or len = 66".to_owned(), 2 * MANY),
                (String::new(), 2 * MANY),
            ] {
                for running in [false, true] {
                    let what = format!("{dlt} `{filter}` immediate {immediate} running {running}");
                    let options = on("any").datalink(dlt).immediate_mode(immediate);
                    let mut capture = match running {
                        false => options.filter(filter.as_str()).activate().unwrap(),
                        true => {
                            let mut capture = options.activate().unwrap();
                            capture.set_filter(filter.as_str()).unwrap();
                            capture
                        }
                    };
                    inject(&left, (0..MANY).map(|n| frame(n, 60)));
                    assert_eq!(rest(&mut capture).len() as u32, expected, "{what}");
                }
            }
        }
    }
}

/// Creates a tun device and sets it up; the returned file writes its packets.
fn tun(net: &Netns) -> File {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/net/tun")
        .expect("/dev/net/tun");
    #[repr(C)]
    struct Request {
        name: [u8; 16],
        flags: i16,
        rest: [u8; 22],
    }
    let mut request = Request {
        name: [0; 16],
        flags: 0x1001, // IFF_TUN | IFF_NO_PI
        rest: [0; 22],
    };
    request.name[..4].copy_from_slice(b"tun0");
    const TUNSETIFF: libc::c_ulong = 0x4004_54ca;
    // SAFETY: the request is the structure that TUNSETIFF takes.
    let status = unsafe { libc::ioctl(file.as_raw_fd(), TUNSETIFF as _, &mut request) };
    assert_eq!(status, 0, "{}", std::io::Error::last_os_error());
    net.ip(["addr", "add", "192.0.2.1/24", "dev", "tun0"]);
    net.ip(["link", "set", "tun0", "up"]);
    file
}

#[test]
fn filters_on_tun_lose_nothing() {
    let Some(net) = Netns::new() else { return };
    let mut tun = tun(&net);
    let socket = UdpSocket::bind("192.0.2.1:9").unwrap();
    for immediate in [false, true] {
        for (filter, expected) in [
            ("inbound", 100),
            ("outbound", 50),
            ("udp", 150),
            ("", 150),
            ("udp dst port 53", 100),
        ] {
            let options = on("tun0").immediate_mode(immediate).filter(filter);
            let mut capture = options.activate().unwrap();
            for _ in 0..100 {
                tun.write_all(&datagram(53)[14..]).unwrap();
            }
            for _ in 0..50 {
                socket.send_to(b"out", "192.0.2.7:7").unwrap();
            }
            assert_eq!(
                rest(&mut capture).len(),
                expected,
                "`{filter}` immediate {immediate}"
            );
        }
    }
}

// Shows: libpcap/immediate-mode-packet-slot
#[test]
fn immediate_mode_holds_500_packets() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    let mut tun = tun(&net);
    let capture = |device| on(device).immediate_mode(true).activate().unwrap();
    let mut any = capture("any");
    let mut right = capture("right");
    inject(&left, (0..250).map(|n| frame(n, 60)));
    assert_eq!(rest(&mut any).len(), 500);
    assert_eq!(rest(&mut right).len(), 250);
    let mut right = capture("right");
    inject(&left, (0..500).map(|n| frame(n, 60)));
    assert_eq!(rest(&mut right).len(), 500);
    let mut there = capture("tun0");
    for _ in 0..500 {
        tun.write_all(&datagram(53)[14..]).unwrap();
    }
    assert_eq!(rest(&mut there).len(), 500);
}

/// The longest packets are whole in immediate mode.
#[test]
fn immediate_mode_delivers_64_kib_whole() {
    let Some(_net) = Netns::new() else { return };
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    for device in ["lo", "any"] {
        let options = on(device).immediate_mode(true).filter("udp");
        let mut capture = options.activate().unwrap();
        socket
            .send_to(&[7; 65_507], socket.local_addr().unwrap())
            .unwrap();
        let packets = rest(&mut capture);
        assert_eq!(packets.len(), 1);
        assert_eq!(packets[0].caplen(), packets[0].wire_len(), "{device}");
    }
}

/// Programs that the kernel would evaluate differently run in the process.
// Shows: libpcap/kernel-libpcaps-interpreter-differ
#[test]
fn programs_mean_the_same_live_as_on_bytes() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    let program = |text: &str| Filter::from_listing(Dlt::EN10MB, text).unwrap();
    let compile = |text: &str| Filter::compile(Dlt::EN10MB, text).unwrap();
    let here = Some(FilterLocation::UserSpace);
    let there = Some(FilterLocation::Kernel);
    for (filter, location) in [
        // ld #1; ldx #33; lsh x; jeq #2
        (
            program("6,0 0 0 1,1 0 0 33,108 0 0 0,21 0 1 2,6 0 0 65535,6 0 0 0"),
            here,
        ),
        // ld #2; ldx #32; rsh x; jeq #2
        (
            program("6,0 0 0 2,1 0 0 32,124 0 0 0,21 0 1 2,6 0 0 65535,6 0 0 0"),
            here,
        ),
        // ld #1; ldx #31; lsh x; jeq #0x80000000
        (
            program("6,0 0 0 1,1 0 0 31,108 0 0 0,21 0 1 2147483648,6 0 0 65535,6 0 0 0"),
            there,
        ),
        // ldx #0xfff00000; ldb [x+0]; jeq #255
        (
            program("5,1 0 0 4293918720,80 0 0 0,21 0 1 255,6 0 0 65535,6 0 0 0"),
            here,
        ),
        // ldx #0x7fffffff; ldb [x+1]; jeq #255
        (
            program("5,1 0 0 2147483647,80 0 0 1,21 0 1 255,6 0 0 65535,6 0 0 0"),
            here,
        ),
        // ldx #14; ldb [x+0]; jeq #0
        (
            program("5,1 0 0 14,80 0 0 0,21 0 1 0,6 0 0 65535,6 0 0 0"),
            there,
        ),
        (compile("(1 << ether[14]) = 2"), here),
        (compile("(1 << ether[14]) = 0"), here),
        (compile("(4 >> ether[14]) = 0"), here),
        (compile("(4 >> (ether[14] & 15)) = 0"), there),
        (compile("ether[ether[14]] = 255"), there),
        (compile("ether[ether[14:4]] = 255"), here),
        (
            compile("tcp[tcpflags] & tcp-syn != 0 or ether proto 0x88b5"),
            there,
        ),
        (compile("ip6 protochain 6 or ether proto 0x88b5"), here),
    ] {
        let mut right = on("right").filter(&filter).activate().unwrap();
        assert_eq!(right.filter_location(), location, "{filter}");
        let frames: Vec<_> = (0..40).map(|n| frame(n << 24 | n, 60)).collect();
        inject(&left, frames.clone());
        let expected: Vec<_> = frames
            .into_iter()
            .filter(|data| filter.matches(data))
            .collect();
        let delivered: Vec<_> = rest(&mut right).iter().map(|p| p.data().to_vec()).collect();
        assert_eq!(delivered, expected, "{filter}");
    }
}

/// The same on cooked captures, whose header the kernel does not have.
// Shows: libpcap/kernel-libpcaps-interpreter-differ
#[test]
fn programs_on_any_mean_the_same() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    for (dlt, header) in [(Dlt::LINUX_SLL, 16_u32), (Dlt::LINUX_SLL2, 20)] {
        let program = |text: &str| Filter::from_listing(dlt, text).unwrap();
        let compile = |text: &str| Filter::compile(dlt, text).unwrap();
        // Frames with a payload of 40 to 49 bytes.
        let length = header + 45;
        let mut filters: Vec<Filter> = ["=", "!=", ">", ">=", "<", "<="]
            .iter()
            .map(|comparison| compile(&format!("len {comparison} {length}")))
            .collect();
        filters.extend([
            compile(&format!("greater {length}")),
            compile(&format!("less {length}")),
            compile("inbound"),
            compile("outbound"),
            compile("ether proto 0x88b5 and inbound"),
            program(&format!(
                "5,1 0 0 {},72 0 0 0,21 0 1 34997,6 0 0 65535,6 0 0 0",
                header - 2
            )),
            program(&format!(
                "5,1 0 0 {},80 0 0 0,21 0 1 255,6 0 0 65535,6 0 0 0",
                header + 5
            )),
            program(&format!(
                "5,1 0 0 4,80 0 0 {header},21 0 1 255,6 0 0 65535,6 0 0 0"
            )),
            // ldx len; txa; jgt
            program(&format!(
                "5,129 0 0 0,135 0 0 0,37 0 1 {length},6 0 0 65535,6 0 0 0"
            )),
            // ld len; ret a
            program("2,128 0 0 0,22 0 0 0"),
        ]);
        let mut capture = on("any").datalink(dlt).activate().unwrap();
        inject(&left, [frame(0, 60)]);
        let first = rest(&mut capture).remove(0);
        // Loads each header field in each size: a packet passes if it has the first frame's value.
        for offset in 0..header {
            for (code, size) in [(0x20_u16, 4), (0x28, 2), (0x30, 1)] {
                let at = offset as usize;
                let value = first.data()[at..at + size]
                    .iter()
                    .fold(0, |v, b| v << 8 | u32::from(*b));
                let test = [
                    Insn::new(code, 0, 0, offset),
                    Insn::new(0x15, 0, 1, value),
                    Insn::new(0x06, 0, 0, 65_535),
                    Insn::new(0x06, 0, 0, 0),
                ];
                filters.push(Filter::from_instructions(dlt, &test).unwrap());
            }
        }
        let mut capture = on("any").datalink(dlt).activate().unwrap();
        inject(&left, (0..10).map(|n| frame(n, 54 + n as usize)));
        let all = rest(&mut capture);
        assert_eq!(all.len(), 20);
        for filter in filters {
            let options = on("any").datalink(dlt);
            let mut capture = options.filter(&filter).activate().unwrap();
            inject(&left, (0..10).map(|n| frame(n, 54 + n as usize)));
            let passes = |p: &&PacketOwned| filter.matches(p.data());
            let expected: Vec<_> = all.iter().filter(passes).collect();
            let delivered = rest(&mut capture);
            let same = delivered.len() == expected.len()
                && delivered
                    .iter()
                    .zip(expected)
                    .all(|(a, b)| a.data() == b.data());
            assert!(same, "{dlt} {:?}\n{filter}", capture.filter_location());
        }
    }
}

/// With little memory for filters, the process runs them, on whole packets.
// Shows: libpcap/filter-kernel-evaluate-outbound, libpcap/filter-runs-process-sees
#[test]
fn filters_without_room_run_here() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    net.sysctl("net/core/optmem_max", "20480");
    let left = on("left").activate().unwrap();
    let hosts = (0..1000_u32).map(|n| Ipv4Addr::from(0xc000_0200 + 7 * n));
    let long = Filter::any_of(Dlt::EN10MB, hosts).unwrap();
    for (immediate, snaplen) in modes() {
        let mut capture = options("right", immediate, snaplen)
            .filter(&long)
            .activate()
            .unwrap();
        assert_eq!(capture.filter_location(), Some(FilterLocation::UserSpace));
        let from = |host: [u8; 4]| {
            let mut frame = datagram(53);
            frame[26..30].copy_from_slice(&host);
            frame
        };
        inject(&left, (0..MANY).map(|_| from([192, 0, 2, 7])));
        inject(&left, (0..MANY).map(|_| from([192, 0, 2, 6])));
        let packets = rest(&mut capture);
        assert_eq!(
            packets.len() as u32,
            MANY,
            "immediate {immediate} snaplen {snaplen}"
        );
        let longest = if snaplen == 0 { 60 } else { snaplen };
        assert!(
            packets
                .iter()
                .all(|p| p.caplen() == longest && p.wire_len() == 60)
        );
    }
    // Two programs that fit, but not both at once.
    let hosts = (0..100_u32).map(|n| Ipv4Addr::from(0xc000_0200 + 7 * n));
    let half = Filter::any_of(Dlt::EN10MB, hosts).unwrap();
    let mut capture = on("right").filter(&half).activate().unwrap();
    for _ in 0..3 {
        assert_eq!(capture.filter_location(), Some(FilterLocation::Kernel));
        capture.set_filter(&half).unwrap();
    }
    // And one that only the kernel can evaluate.
    net.sysctl("net/core/optmem_max", "4096");
    let expression = long_outbound();
    let error = on("right")
        .filter(expression.as_str())
        .activate()
        .unwrap_err();
    assert!(error.to_string().contains("optmem_max"), "{error}");
    let error = capture.set_filter(expression.as_str()).unwrap_err();
    assert!(error.to_string().contains("only the kernel"), "{error}");
    assert_eq!(capture.filter_location(), Some(FilterLocation::Kernel));
    let options = on("right").filter(expression.as_str());
    let capture = options.activate_best_effort().unwrap();
    assert_eq!(capture.warnings()[0].kind(), WarningKind::LeftOut);
    assert_eq!(capture.filter_location(), None);
}

/// Returns a filter that only the kernel can evaluate, too long for little memory.
fn long_outbound() -> String {
    let many: Vec<_> = (0..240).map(|n| format!("host 192.0.2.{n}")).collect();
    format!("outbound and ({})", many.join(" or "))
}

#[test]
fn a_filter_that_is_refused_leaves_the_former() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    net.sysctl("net/core/optmem_max", "4096");
    let short = |immediate| {
        let options = options("right", immediate, 30);
        options.filter("udp port 53").activate().unwrap()
    };
    let foreign = || {
        let (raw, _) = short(false).into_raw();
        // SAFETY: an activated handle without another owner.
        unsafe { Capture::<Active>::from_raw(raw) }.unwrap()
    };
    let refused = long_outbound();
    // Could run in the process if it saw more of each packet.
    let cut = refused.replace("outbound", "ip");
    for (case, filter) in [&refused, &refused, &cut, &refused].into_iter().enumerate() {
        let mut capture = match case {
            0 => short(false),
            3 => foreign(),
            _ => short(true),
        };
        capture.set_filter(filter.as_str()).unwrap_err();
        inject(&left, (0..MANY).map(|n| frame(n, 70)));
        inject(&left, (0..MANY).map(|_| datagram(53)));
        let lengths: Vec<_> = rest(&mut capture).iter().map(|p| p.wire_len()).collect();
        assert!(lengths == [60; MANY as usize], "case {case}");
    }
}

#[test]
fn a_direction_that_is_refused_changes_nothing() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let ends = [on("left"), on("right")].map(|end| end.activate().unwrap());
    let tests: Vec<_> = (0..30).map(|n| format!("ether[14] = {n}")).collect();
    let filter = format!("outbound or inbound and not ({})", tests.join(" or "));
    // The largest memory in which the filter fits alone, but not with the direction.
    let refused = (300..4096).step_by(4).find_map(|memory| {
        net.sysctl("net/core/optmem_max", &memory.to_string());
        let mut capture = on("right").filter(filter.as_str()).activate().ok()?;
        capture.set_direction(Direction::Out).err()?;
        Some(capture)
    });
    let mut capture = refused.expect("no size between the two");
    for end in &ends {
        inject(end, (0..MANY).map(|n| frame(n | 0xff00_0000, 60)));
    }
    assert_eq!(rest(&mut capture).len() as u32, 2 * MANY);
}

#[test]
fn the_buffer_is_judged_after_a_turn() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    let mut capture = Capture::from_device("right").activate().unwrap();
    capture.set_direction(Direction::In).unwrap();
    inject(&left, (0..MANY).map(|n| frame(n, 60)));
    capture.set_filter("outbound").unwrap();
    assert_eq!(rest(&mut capture).len(), 0);
    assert_eq!(capture.stats().unwrap().discarded, u64::from(MANY));
}

/// The direction applies to packets in the buffer, with and without a filter, and after the inflow has been stopped.
#[test]
fn a_direction_concerns_the_buffer() {
    use Direction::{In, InOut, Out};
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let [left, right] = [on("left"), on("right")].map(|end| end.activate().unwrap());
    let send = || {
        inject(&left, (0..20).map(|n| frame(n, 60)));
        inject(&right, (0..30).map(|n| frame(n, 60)));
    };
    let index = index("right");
    for filter in ["", &format!("ifindex {index}"), "(1 << ether[14]) != 9"] {
        for (before, after, first, then) in [
            (InOut, In, 20, 20),
            (InOut, Out, 30, 30),
            (In, Out, 0, 30),
            (In, In, 20, 20),
            (Out, InOut, 30, 50),
        ] {
            for stopped in [false, true] {
                let options = Capture::from_device("right").direction(before);
                let mut capture = options.filter(filter).activate().unwrap();
                send();
                if stopped {
                    capture.stop().unwrap();
                }
                capture.set_direction(after).unwrap();
                send();
                let expected = first + if stopped { 0 } else { then };
                let what = format!("{filter} {before:?} {after:?} {stopped}");
                assert_eq!(rest(&mut capture).len(), expected, "{what}");
            }
        }
    }
}

// Shows: libpcap/filter-runs-process-sees
#[test]
fn a_cut_too_short_is_refused_while_running() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let mut capture = options("right", true, 30).activate().unwrap();
    let error = capture.set_filter("ether[ether[14:4]] = 0").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidOption);
    assert!(error.to_string().contains("30 bytes"), "{error}");
    // This one reads only what is there.
    capture.set_filter("(1 << ether[20]) = 0").unwrap();
    assert_eq!(capture.filter_location(), Some(FilterLocation::UserSpace));
}

/// A capture that was opened elsewhere.
#[test]
fn filters_on_raw_handles_lose_nothing() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    for filter in [
        "udp port 53",
        "inbound and udp port 53",
        "udp port 53 and (1 << ether[22]) = 512",
    ] {
        let (raw, _) = on("right").filter("arp").activate().unwrap().into_raw();
        // SAFETY: an activated handle without another owner.
        let mut right: Capture<Active> = unsafe { Capture::<Active>::from_raw(raw) }.unwrap();
        right.set_filter("").unwrap();
        assert_eq!(right.filter_location(), Some(FilterLocation::Kernel));
        inject(&left, (0..MANY).map(|n| frame(n, 60)));
        assert_eq!(right.for_each_up_to(100, |_| ()).unwrap().packets(), 100);
        right.set_filter(filter).unwrap();
        inject(&left, (0..MANY).map(|_| datagram(53)));
        let passing = rest(&mut right)
            .iter()
            .filter(|p| p.data() == datagram(53))
            .count();
        assert_eq!(passing as u32, MANY, "{filter}");
    }
}

/// Called by the test below, in its own process.
#[test]
fn filters_that_the_kernel_refuses() {
    if !files::in_child() {
        return;
    }
    let net = Netns::new().expect("root");
    net.veth("left", "right");
    net.sysctl("net/core/optmem_max", "4096");
    let hosts = (0..1000_u32).map(|n| Ipv4Addr::from(0xc000_0200 + 7 * n));
    let long = Filter::any_of(Dlt::EN10MB, hosts).unwrap();
    let mut right = on("right").filter(&long).activate().unwrap();
    right.set_filter("(1 << ether[14]) = 2").unwrap();
    right.set_filter(&long).unwrap();
    let many: Vec<_> = (0..200).map(|n| format!("host 192.0.2.{n}")).collect();
    let expression = format!("outbound and ({})", many.join(" or "));
    right.set_filter(expression.as_str()).unwrap_err();
}

// Shows: libpcap/setfilter-loses-packets-exchanges
#[test]
fn libpcap_prints_nothing_to_stderr() {
    let Some(_net) = Netns::new() else { return };
    let output = files::child(filters_that_the_kernel_refuses)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_locked_filter_is_an_error() {
    use pcap_core::os::linux::SocketFilterExt;
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let left = on("left").activate().unwrap();
    let mut right = on("right").activate().unwrap();
    right.fileno().unwrap().lock_filter().unwrap();
    let error = right.set_filter("ip").unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::Io(std::io::ErrorKind::PermissionDenied)
    );
    inject(&left, (0..10).map(|n| frame(n, 60)));
    // Packets that have arrived can still be read to the end.
    right.stop().unwrap();
    thread::sleep(Duration::from_millis(50));
    let done = right.for_each(|_| ()).unwrap();
    assert_eq!((done.packets(), done.stop()), (10, Stop::End(End::Eof)));
}

/// Reproducible random numbers.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, most: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as u32 % most
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u32) as usize]
    }
}

/// Returns a random valid program.
fn random(numbers: &mut Numbers, dlt: Dlt) -> Filter {
    let interesting = [
        0, 1, 2, 4, 5, 8, 10, 12, 14, 15, 16, 18, 20, 22, 31, 32, 33, 46, 60, 0x88b5,
    ];
    let far = [
        0x7fff_ffff,
        0x8000_0000,
        0xfff0_0000,
        0xffe0_0000,
        0xffff_f000,
        0xffff_ffff,
    ];
    loop {
        let mut program = vec![Insn::new(0x02, 0, 0, 0), Insn::new(0x02, 0, 0, 1)];
        let length = 3 + numbers.below(10);
        for left in (0..length).rev() {
            let k = match numbers.below(8) {
                0 => numbers.of(&far),
                _ => numbers.of(&interesting),
            };
            let small = numbers.below(48);
            let (jt, jf) = (numbers.below(left + 1) as u8, numbers.below(left + 1) as u8);
            program.push(match numbers.below(12) {
                0 | 1 => Insn::new(numbers.of(&[0x20, 0x28, 0x30]), 0, 0, small),
                2 | 3 => Insn::new(
                    numbers.of(&[0x40, 0x48, 0x50]),
                    0,
                    0,
                    numbers.of(&[small, k]),
                ),
                4 => Insn::new(0xb1, 0, 0, small),
                5 => Insn::new(numbers.of(&[0x00, 0x01]), 0, 0, k),
                6 => Insn::new(numbers.of(&[0x80, 0x81, 0x07, 0x87]), 0, 0, 0),
                7 => Insn::new(
                    numbers.of(&[0x60, 0x61, 0x02, 0x03]),
                    0,
                    0,
                    numbers.below(2),
                ),
                8 => Insn::new(
                    numbers.of(&[0x0c, 0x1c, 0x2c, 0x3c, 0x4c, 0x5c, 0x6c, 0x7c, 0x9c, 0xac]),
                    0,
                    0,
                    0,
                ),
                9 => Insn::new(
                    numbers.of(&[0x04, 0x14, 0x24, 0x34, 0x44, 0x54, 0x64, 0x74, 0x94, 0xa4]),
                    0,
                    0,
                    1 + k % 31,
                ),
                _ => Insn::new(
                    numbers.of(&[0x15, 0x25, 0x35, 0x45, 0x1d, 0x2d, 0x3d, 0x4d]),
                    jt,
                    jf,
                    numbers.of(&[small, k]),
                ),
            });
        }
        program.push(Insn::new(numbers.of(&[0x06, 0x06, 0x16]), 0, 0, 65_535));
        program.push(Insn::new(0x06, 0, 0, 0));
        if let Ok(filter) = Filter::from_instructions(dlt, &program) {
            return filter;
        }
    }
}

/// `LIVE_FILTER_PROGRAMS` sets the number of programs, `LIVE_FILTER_SEED` the seed.
// Shows: libpcap/kernel-libpcaps-interpreter-differ
#[test]
fn random_programs_mean_the_same() {
    let Some(net) = Netns::new() else { return };
    net.veth("left", "right");
    let number = |name, default| std::env::var(name).map_or(default, |n| n.parse().unwrap());
    let mut numbers = Numbers(number("LIVE_FILTER_SEED", 1));
    let programs = number("LIVE_FILTER_PROGRAMS", 30);
    let left = on("left").activate().unwrap();
    let frames: Vec<_> = (0..12_u32)
        .map(|n| {
            let mut frame = frame(n * 0x0305_0711, 60 + n as usize);
            for (at, byte) in frame.iter_mut().enumerate().skip(18) {
                *byte = numbers.below(40 + at as u32) as u8;
            }
            frame
        })
        .collect();
    for (device, dlt) in [
        ("right", Dlt::EN10MB),
        ("any", Dlt::LINUX_SLL),
        ("any", Dlt::LINUX_SLL2),
    ] {
        let (mut in_kernel, mut some) = (0, 0);
        for _ in 0..programs {
            let filter = random(&mut numbers, dlt);
            let options = on(device).datalink(dlt).direction(Direction::In);
            let mut all = options.clone().activate().unwrap();
            let mut capture = options.filter(&filter).activate().unwrap();
            inject(&left, frames.clone());
            let all = rest(&mut all);
            assert_eq!(all.len(), frames.len());
            let passes = |packet: &&PacketOwned| filter.matches(packet.data());
            // The length identifies the frame.
            let expected: Vec<_> = all.iter().filter(passes).map(|p| p.wire_len()).collect();
            let delivered: Vec<_> = rest(&mut capture).iter().map(|p| p.wire_len()).collect();
            let location = capture.filter_location();
            assert_eq!(delivered, expected, "{dlt} {location:?}\n{filter}");
            in_kernel += u32::from(location == Some(FilterLocation::Kernel));
            some += u32::from(!expected.is_empty());
        }
        assert!(
            in_kernel > 0 && some > 0,
            "{device}: {in_kernel} in the kernel, {some} pass some"
        );
    }
}

//! Filters on `lo`, `any` and tun, with immediate mode, and for packets with tags.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd;
use std::time::Duration;

use pcap_core::{Direction, Dlt};

use super::{MANY, datagram, frame, index, inject, modes, on, options, rest, tagged};
use crate::support::Netns;

/// A packet-buffer timeout for packets that are sent one by one. Each timeout uses up a block of the buffer.
const LONG: Duration = Duration::from_millis(100);

// Shows: libpcap/outbound-loopback-device-matches
#[test]
fn lo_delivers_each_packet_once() {
    let Some(_net) = Netns::new() else { return };
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = socket.local_addr().unwrap().port();
    for (immediate, snaplen) in modes() {
        for filter in ["", "inbound", &format!("udp port {port}")] {
            let options = options("lo", immediate, snaplen).timeout(LONG);
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
            let mut capture = options.timeout(LONG).activate().unwrap();
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
            let mut capture = options.timeout(LONG).activate().unwrap();
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

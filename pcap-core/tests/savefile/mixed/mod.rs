//! pcapng savefiles with several link types.

mod filters;
mod switch;
#[cfg(unix)]
mod tools;
#[cfg(unix)]
mod waits;

use pcap_core::{Capture, Linktype, Offline, PacketOwned};

use crate::support::files::{Order, Pcapng, open, open_file, ping, read_all, tcp, udp};

/// The link type of Ethernet in a file.
const ETHERNET: u16 = 1;
/// The link type of raw IP in a file.
const RAW: u16 = 101;
/// The link type of the loopback device of BSD, whose packets begin with a number in the byte order of the section.
const NULL: u16 = 0;
/// The link type of USB, whose packets libpcap converts.
const USB: u16 = 189;
/// The link type of 802.11.
const WLAN: u16 = 105;

/// Returns an Ethernet interface, one of raw IP, and a packet of each in turn.
fn two_linktypes() -> Vec<u8> {
    Pcapng::new(Order::NATIVE)
        .interface(ETHERNET, 0, &[])
        .interface(RAW, 0, &[])
        .packet(0, 1, 98, &ping(0))
        .packet(1, 2, 84, &ping(1)[14..])
        .packet(0, 3, 54, &tcp(2))
        .packet(1, 4, 32, &udp()[14..])
        .bytes()
}

fn other_order() -> Order {
    match Order::NATIVE {
        Order::Little => Order::Big,
        Order::Big => Order::Little,
    }
}

/// Opens a file in this mode through a reader and from a file.
fn mixed(bytes: &[u8]) -> [Capture<Offline>; 2] {
    let mut both = [open(bytes), open_file(bytes)];
    for capture in &mut both {
        capture.mix_linktypes().unwrap();
    }
    both
}

/// Returns the interfaces and the link types of packets.
fn origins(packets: &[PacketOwned]) -> Vec<(u32, u16)> {
    let number = |linktype: Linktype| linktype.value() as u16;
    let origin = |packet: &PacketOwned| {
        let linktype = packet.linktype().map(number);
        packet.interface().zip(linktype).expect("an interface")
    };
    packets.iter().map(origin).collect()
}

// Shows: libpcap/pcapng-second-link-type
#[test]
fn each_packet_has_its_link_type() {
    for mut capture in mixed(&two_linktypes()) {
        let packets = read_all(&mut capture).unwrap();
        let expected = [(0, ETHERNET), (1, RAW), (0, ETHERNET), (1, RAW)];
        assert_eq!(origins(&packets), expected);
        assert_eq!(packets[1].data(), &ping(1)[14..]);
        // The capture's own link type is that of the first interface.
        assert_eq!(capture.linktype(), Linktype::ETHERNET);
        assert_eq!(capture.interfaces().len(), 2);
        assert!(capture.warnings().is_empty());
    }
}

/// libpcap counts interfaces without packets, too.
#[test]
fn an_unused_link_type_is_no_error() {
    let file = Pcapng::new(Order::NATIVE)
        .interface(ETHERNET, 262_144, &[])
        .interface(RAW, 262_144, &[])
        .packet(0, 1, 98, &ping(0))
        .packet(0, 2, 98, &ping(1));
    for mut capture in mixed(&file.bytes()) {
        capture.set_filter("icmp").unwrap();
        assert_eq!(read_all(&mut capture).unwrap().len(), 2);
    }
}

#[test]
fn sections_may_differ_in_everything() {
    let [one, two] = Order::BOTH.map(|order| {
        let file = Pcapng::new(order).interface(RAW, 60, &[]);
        file.packet(0, 1, 32, &udp()[14..]).bytes()
    });
    let bytes = [two_linktypes(), one, two_linktypes(), two].concat();
    for mut capture in mixed(&bytes) {
        capture.set_filter("udp").unwrap();
        let packets = read_all(&mut capture).unwrap();
        assert_eq!(origins(&packets), [(1, RAW), (0, RAW), (1, RAW), (0, RAW)]);
    }
}

/// A captured length above the snaplen stays an error.
#[test]
fn a_packet_above_its_own_snaplen_is_refused() {
    let file = Pcapng::new(Order::NATIVE)
        .interface(ETHERNET, 100, &[])
        .interface(RAW, 60, &[])
        .packet(1, 1, 60, &ping(0)[..60])
        .packet(1, 2, 61, &ping(1)[..61]);
    for mut capture in mixed(&file.bytes()) {
        let (packets, error) = crate::support::files::until_error(&mut capture);
        assert_eq!(packets.len(), 1);
        assert!(error.text().contains("the snaplen 60, found 61"), "{error}");
    }
}

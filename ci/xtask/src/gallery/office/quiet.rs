//! What is on a network even if nobody works: a laptop arrives, and devices tell each other that they exist.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::host::{
    DESKTOP, Host, LAPTOP, LAPTOP6, PRINTER, ROUTER, ROUTER6, SERVER, SWITCH_MAC, TIME,
};
use super::messages;
use super::packet::{self, ICMP, ICMPV6, octets, words};
use super::recording::{MICROSECOND, MILLISECOND, Recording, SECOND};

/// Records what happens from a time on. The switch goes on for a while.
pub(super) fn record(record: &mut Recording, start: u64, duration: u64) {
    switch(record, start, duration);
    addresses(record, start + 3 * SECOND);
    neighbors(record, start + 5 * SECOND);
    clock(record, start + 11 * SECOND);
    pings(record, start + 20 * SECOND);
    logs(record, start + 31 * SECOND);
    lookups(record, start + 44 * SECOND);
}

/// Records spanning tree frames, and the name of the switch.
fn switch(record: &mut Recording, start: u64, duration: u64) {
    let mut bridge = vec![0x80, 0x01];
    bridge.extend(SWITCH_MAC);
    let mut stp = vec![0x42, 0x42, 3, 0, 0, 2, 2, 0x3c];
    stp.extend(&bridge);
    stp.extend([0; 4]);
    stp.extend(&bridge);
    stp.extend([0x80, 0x04, 0, 0, 0x14, 0, 2, 0, 0x0f, 0, 0]);
    let mut at = start + 417 * MILLISECOND;
    while at < start + duration {
        let length = stp.len() as u16;
        let multicast = [0x01, 0x80, 0xc2, 0, 0, 0];
        let frame = packet::ethernet(multicast, SWITCH_MAC, None, length, &stp);
        record.frame(at, frame);
        at = record.later(at, 2 * SECOND);
    }
    let mut lldp = vec![2, 7, 4];
    lldp.extend(SWITCH_MAC);
    lldp.extend(b"\x04\x03\x07p4\x06\x02\x00\x78\x0a\x12switch.example.com");
    lldp.extend([0, 0]);
    for number in 0..duration / (30 * SECOND) {
        let multicast = [0x01, 0x80, 0xc2, 0, 0, 0x0e];
        let frame = packet::ethernet(multicast, SWITCH_MAC, None, 0x88cc, &lldp);
        let at = start + 1_250 * MILLISECOND + number * 30 * SECOND;
        record.frame(at, frame);
    }
}

/// Records how the laptop gets its IPv4 address.
fn addresses(record: &mut Recording, start: u64) {
    const DISCOVER: u8 = 1;
    const OFFER: u8 = 2;
    const REQUEST: u8 = 3;
    const ACK: u8 = 5;
    let nobody = Host {
        ip: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        ..LAPTOP
    };
    let everyone = Host {
        ip: IpAddr::V4(Ipv4Addr::BROADCAST),
        ..LAPTOP
    };
    let name = (12, b"laptop".to_vec());
    let wanted = (50, octets(LAPTOP.ip));
    let server = (54, octets(ROUTER.ip));
    let settings = vec![
        server.clone(),
        (51, 3600_u32.to_be_bytes().to_vec()),
        (1, vec![255, 255, 255, 0]),
        (3, octets(ROUTER.ip)),
        (6, octets(ROUTER.ip)),
        (15, b"example.com".to_vec()),
    ];
    let asked = vec![server, wanted, name.clone()];
    let mut at = start;
    for (kind, options) in [
        (DISCOVER, vec![name]),
        (OFFER, settings.clone()),
        (REQUEST, asked),
        (ACK, settings),
    ] {
        let message = messages::dhcp(kind, LAPTOP.mac, LAPTOP.ip, &options);
        match kind {
            DISCOVER | REQUEST => record.udp(at, &(nobody, 68), &(everyone, 67), &message),
            _ => record.udp(at, &(ROUTER, 67), &(LAPTOP, 68), &message),
        }
        at = record.later(at, 3 * MILLISECOND);
    }
    // The laptop checks that nobody has its address, and announces it.
    for _ in 0..3 {
        record.frame(at, packet::arp(1, &nobody, &LAPTOP));
        at = record.later(at, 300 * MILLISECOND);
    }
    record.frame(at, packet::arp(1, &LAPTOP, &LAPTOP));
    at = record.later(at, 40 * MILLISECOND);
    for (asking, asked) in [(LAPTOP, ROUTER), (LAPTOP, SERVER), (DESKTOP, PRINTER)] {
        record.frame(at, packet::arp(1, &asking, &asked));
        at = record.later(at, 180 * MICROSECOND);
        record.frame(at, packet::arp(2, &asked, &asking));
        at = record.later(at, 400 * MILLISECOND);
    }
}

/// Records how the laptop gets its IPv6 address.
fn neighbors(record: &mut Recording, start: u64) {
    let group = |last: u16, high: u16| Host {
        ip: IpAddr::V6(Ipv6Addr::new(
            0xff02,
            0,
            0,
            0,
            0,
            u16::from(high > 0),
            high,
            last,
        )),
        ..LAPTOP6
    };
    let link_local = |host: Host, last: u16| Host {
        ip: IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, last)),
        ttl: 255,
        ..host
    };
    let (laptop, router) = (link_local(LAPTOP6, 0x17), link_local(ROUTER6, 1));
    let unspecified = Host {
        ip: IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        ..laptop
    };
    let mut send = |at: u64, from: Host, to: Host, kind: u8, rest: Vec<u8>| {
        let message = packet::icmpv6(&from, &to, kind, &rest);
        record.ip(at, &from, &to, ICMPV6, &message);
    };
    let target = |host: &Host| [vec![0; 4], octets(host.ip)].concat();
    let mac = |option: u8, host: &Host| [&[option, 1], &host.mac[..]].concat();
    let at = start;
    // Nobody has the address of the link; a router answers.
    send(at, unspecified, group(0x17, 0xff00), 135, target(&laptop));
    let solicitation = [vec![0; 4], mac(1, &laptop)].concat();
    let at = at + 1_000_214 * MICROSECOND;
    send(at, laptop, group(2, 0), 133, solicitation);
    let mut advertisement = vec![64, 0, 0x07, 0x08, 0, 0, 0, 0, 0, 0, 0, 0];
    advertisement.extend(mac(1, &router));
    advertisement.extend([3, 4, 64, 0xc0]);
    advertisement.extend(86_400_u32.to_be_bytes());
    advertisement.extend(14_400_u32.to_be_bytes());
    advertisement.extend([0; 4]);
    advertisement.extend(&octets(ROUTER6.ip)[..8]);
    advertisement.extend([0; 8]);
    let at = at + 2_310 * MICROSECOND;
    send(at, router, group(1, 0), 134, advertisement);
    let at = at + 310_402 * MICROSECOND;
    send(at, unspecified, group(0x17, 0xff00), 135, target(&LAPTOP6));
    let at = at + 1_202_771 * MICROSECOND;
    let laptop6 = Host {
        ttl: 255,
        ..LAPTOP6
    };
    let router6 = Host {
        ttl: 255,
        ..ROUTER6
    };
    let question = [target(&router6), mac(1, &laptop6)].concat();
    send(at, laptop6, group(1, 0xff00), 135, question);
    let mut answer = vec![0xe0, 0, 0, 0];
    answer.extend(octets(router6.ip));
    answer.extend(mac(2, &router6));
    send(at + 412 * MICROSECOND, router6, laptop6, 136, answer);
}

/// Records how the laptop sets its clock.
fn clock(record: &mut Recording, start: u64) {
    let name = "time.example.com";
    let at = lookup(record, start, &LAPTOP, name, Some(TIME.ip));
    // Seconds since 1900.
    let seconds = (start / SECOND + 2_208_988_800) as u32;
    record.udp(at, &(LAPTOP, 123), &(TIME, 123), &messages::ntp(3, seconds));
    let at = record.later(at, 17 * MILLISECOND);
    record.udp(at, &(TIME, 123), &(LAPTOP, 123), &messages::ntp(4, seconds));
}

/// Records a query for the IPv4 address of a name and the answer, and returns a time after it.
pub(super) fn lookup(
    record: &mut Recording,
    at: u64,
    client: &Host,
    name: &str,
    answer: Option<IpAddr>,
) -> u64 {
    let (id, port) = (record.below(65_536) as u16, 32_768 + record.below(28_000));
    let kind = match answer {
        Some(ip) if ip.is_ipv6() => messages::AAAA,
        _ => messages::A,
    };
    let (client, router) = ((*client, port as u16), (ROUTER, 53));
    record.udp(at, &client, &router, &messages::dns_query(id, name, kind));
    let at = record.later(at, 11 * MILLISECOND);
    record.udp(
        at,
        &router,
        &client,
        &messages::dns_answer(id, name, answer),
    );
    record.later(at, MILLISECOND)
}

/// Records pings of the router and of the file server.
fn pings(record: &mut Recording, start: u64) {
    for (target, delay) in [(ROUTER, 0), (SERVER, 5 * SECOND)] {
        for number in 1..=4 {
            let mut rest = words(&[0x1f2e, number]);
            rest.extend(0x10..0x48);
            let at = start + delay + u64::from(number) * 1_001 * MILLISECOND;
            let request = packet::icmp(8, 0, &rest);
            record.ip(at, &LAPTOP, &target, ICMP, &request);
            let at = record.later(at, 420 * MICROSECOND);
            record.ip(at, &target, &LAPTOP, ICMP, &packet::icmp(0, 0, &rest));
        }
    }
}

/// Records messages that the router logs on the file server, and one that nobody receives.
fn logs(record: &mut Recording, start: u64) {
    for (delay, line) in [
        (
            0,
            "<30>May  4 09:00:31 router dhcpd: lease 192.0.2.23 to laptop",
        ),
        (
            2,
            "<86>May  4 09:00:33 router sshd[412]: session opened for admin",
        ),
        (9, "<28>May  4 09:00:40 router kernel: gre1: carrier lost"),
        (12, "<30>May  4 09:00:43 router kernel: gre1: carrier found"),
    ] {
        let at = start + delay * SECOND + 90_417 * MICROSECOND;
        record.udp(at, &(ROUTER, 514), &(SERVER, 514), line.as_bytes());
    }
    let at = start + 6 * SECOND;
    let (from, to) = ((DESKTOP, 40_162), (PRINTER, 161));
    let question =
        b"\x30\x26\x02\x01\x01\x04\x06public\xa0\x19\x02\x01\x07\x02\x01\x00\x02\x01\x00\
                     \x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x03\x00\x05\x00";
    let datagram = packet::udp(&from, &to, question);
    let packet = record.packet(&DESKTOP, &PRINTER, packet::UDP, &datagram);
    record.frame(at, packet::frame(&DESKTOP, &PRINTER, &packet));
    // The packet that caused the error follows the unused field.
    let rest = [&[0; 4][..], &packet].concat();
    let at = record.later(at, 600 * MICROSECOND);
    record.ip(at, &PRINTER, &DESKTOP, ICMP, &packet::icmp(3, 3, &rest));
}

/// Records lookups of names that exist, and of some that do not.
fn lookups(record: &mut Recording, start: u64) {
    for (delay, client, name, answer) in [
        (0, LAPTOP, "wpad.example.com", None),
        (1, LAPTOP, "files.example.com", Some(SERVER.ip)),
        (2, DESKTOP, "printer.example.com", Some(PRINTER.ip)),
        (5, DESKTOP, "wpad.example.com", None),
        (9, LAPTOP, "calendar.example.com", None),
    ] {
        lookup(record, start + delay * SECOND, &client, name, answer);
    }
}

//! Long lists of hosts, ports and networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::time::{Duration, Instant};

use pcap_core::{Capture, Dlt, Endpoint, ErrorKind, Filter, FilterTerm, Packet, Timestamp};

use super::{any_of, ipv4};
use crate::support::random::Random;

fn hosts(count: u32) -> Vec<Ipv4Addr> {
    // Spread over all addresses, without neighbors.
    (0..count)
        .map(|n| Ipv4Addr::from(n.wrapping_mul(0x9e37_79b1)))
        .collect()
}

// Shows: parity/filter-instructions-instructions
#[test]
fn a_thousand_hosts_fit_into_the_kernel() {
    let list = hosts(1000);
    let start = Instant::now();
    let filter = Filter::any_of(Dlt::EN10MB, list.iter().copied()).unwrap();
    let took = start.elapsed();
    println!(
        "1000 hosts: {took:?}, {} instructions",
        filter.instructions().len()
    );
    assert!(took < Duration::from_millis(500), "{took:?}");
    assert!(filter.instructions().len() < 2500);

    let elsewhere = Ipv4Addr::new(192, 0, 2, 1);
    for host in list {
        assert!(filter.matches(&ipv4(host, elsewhere)), "{host}");
        assert!(filter.matches(&ipv4(elsewhere, host)), "{host}");
        for neighbour in [u32::from(host) ^ 1, u32::from(host).wrapping_add(2)] {
            assert!(!filter.matches(&ipv4(neighbour.into(), elsewhere)));
            assert!(!filter.matches(&ipv4(elsewhere, neighbour.into())));
        }
    }
}

#[test]
fn long_lists_have_the_promised_length() {
    let length = |terms: Vec<FilterTerm>| any_of(Dlt::EN10MB, &terms).instructions().len();
    let v4 = hosts(1000).into_iter();
    assert!(length(v4.map(FilterTerm::source).collect()) < 1250);

    let mut random = Random(7);
    let mut v6 = |mask: u128| -> Vec<FilterTerm> {
        (0..1000)
            .map(|_| {
                let bits = u128::from(random.next()) << 64 | u128::from(random.next());
                Ipv6Addr::from(bits & mask | 0x2001_0db8 << 96).into()
            })
            .collect()
    };
    let (apart, together) = (length(v6(u128::MAX)), length(v6(u128::from(u64::MAX))));
    println!("1000 hosts of IPv6: {apart} instructions, of one network {together}");
    assert!(apart < 15_500 && together < 8_000);

    // Without gaps they are one range.
    let ports: Vec<FilterTerm> = (1000..=60_000_u16).map(FilterTerm::from).collect();
    assert!(length(ports) < 50);
}

#[test]
fn ports_of_addresses_are_looked_up_together() {
    let mut random = Random(0x5eed_0005);
    let v6 = |host: Ipv4Addr| host.to_ipv6_mapped();
    // Each host with its own ports: some of a thousand hosts with the same, and of another thousand with any.
    let pairs: Vec<SocketAddr> = (0..2000)
        .map(|n| {
            let host = Ipv4Addr::from(n % 1500 * 5);
            let port = if n < 1000 { 443 } else { random.next() as u16 };
            match n % 2 {
                0 => (host, port).into(),
                _ => (v6(host), port).into(),
            }
        })
        .collect();
    let filter = Filter::any_of(Dlt::EN10MB, &pairs).unwrap();
    println!("{} instructions", filter.instructions().len());
    assert!(filter.instructions().len() < 20_000);
    let same: Vec<SocketAddr> = (0..1000_u32)
        .map(|n| (Ipv4Addr::from(n * 9), 443).into())
        .collect();
    let same = Filter::any_of(Dlt::EN10MB, same).unwrap();
    println!(
        "{} instructions with the same port",
        same.instructions().len()
    );
    assert!(same.instructions().len() < 2500);

    let mut frames = 0;
    for n in 0..30_000_u32 {
        let pair = random.pick(&pairs);
        let other = random.pick(&pairs);
        let port = random.pick(&[pair.port(), pair.port(), 443, other.port()]);
        let (host, away) = (pair.ip(), random.next() as u16);
        let expected = pairs.contains(&SocketAddr::new(host, port));
        let mut frame = match host {
            IpAddr::V4(host) if n % 2 == 0 => ipv4(host, Ipv4Addr::BROADCAST),
            IpAddr::V4(host) => ipv4(Ipv4Addr::BROADCAST, host),
            IpAddr::V6(host) if n % 2 == 0 => ipv6(host, Ipv6Addr::LOCALHOST),
            IpAddr::V6(host) => ipv6(Ipv6Addr::LOCALHOST, host),
        };
        let at = if host.is_ipv4() { 34 } else { 54 };
        let ports = if n % 2 == 0 {
            [port, away]
        } else {
            [away, port]
        };
        frame[at..at + 4].copy_from_slice(&ports.map(u16::to_be_bytes).concat());
        assert_eq!(filter.matches(&frame), expected, "{pair} {port}");
        frames += u32::from(expected);
        // The port of the peer is not that of the host.
        let ports = if n % 2 == 0 { [7, port] } else { [port, 7] };
        frame[at..at + 4].copy_from_slice(&ports.map(u16::to_be_bytes).concat());
        let expected = pairs.contains(&SocketAddr::new(host, 7));
        assert_eq!(
            filter.matches(&frame),
            expected,
            "{pair} {port}, other side"
        );
    }
    assert!((5000..29_000).contains(&frames), "{frames}");

    let host = Ipv4Addr::new(192, 0, 2, 1);
    let term = FilterTerm::from((host, 24));
    assert_ne!(term, FilterTerm::from(SocketAddrV4::new(host, 24)));
    let scoped = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, 7, 9);
    assert_eq!(FilterTerm::from(scoped).to_string(), "[::1]:80");
    assert_eq!(
        FilterTerm::source(SocketAddr::from(scoped)).endpoint(),
        Endpoint::HostPort(Ipv6Addr::LOCALHOST.into(), 80)
    );
}

fn ipv6(source: Ipv6Addr, destination: Ipv6Addr) -> Vec<u8> {
    let mut frame = vec![2; 12];
    frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 6, 64]);
    frame.extend(source.octets());
    frame.extend(destination.octets());
    frame.extend([0; 20]);
    frame
}

/// Compares lists too long for libpcap's compiler with a search in the list. `bits` is the size of an address, `from`
/// the shortest prefix length.
fn networks_are_looked_up_rightly(
    count: usize,
    bits: u32,
    from: usize,
    term: fn(u128, u8) -> FilterTerm,
    packet: fn(u128, u128) -> Vec<u8>,
) {
    let mut random = Random(0x5eed_0003);
    let all = u128::MAX >> (128 - bits);
    let address = |random: &mut Random| {
        // Some words are the same in many addresses.
        let words = [random.next(), random.next()].map(u128::from);
        let common = (words[0] & words[1]) & 0x0007_ffff_ffff << 64 | 5 << 96;
        let word = words[0] << 64 | words[1];
        (if random.one_in(2) && bits == 128 {
            common | words[1]
        } else {
            word
        }) & all
    };
    let nets: Vec<(u128, u128)> = (0..count)
        .map(|_| {
            let prefix = from + random.below(bits as usize + 1 - from);
            let host = all.checked_shr(prefix as u32).unwrap_or(0);
            let first = address(&mut random) & !host;
            (first, first | host)
        })
        .collect();
    let terms = nets.iter().map(|(first, last)| {
        let prefix = bits - (last - first).count_ones();
        term(*first, prefix as u8)
    });
    let start = Instant::now();
    let filter = Filter::any_of(Dlt::EN10MB, terms).unwrap();
    let took = start.elapsed();
    println!(
        "{count} networks: {took:?}, {} instructions",
        filter.instructions().len()
    );
    let mut sorted = nets.clone();
    sorted.sort_unstable();
    let mut ends: Vec<u128> = sorted.iter().map(|net| net.1).collect();
    for at in 1..ends.len() {
        ends[at] = ends[at].max(ends[at - 1]);
    }
    let contains = |address: u128| {
        let before = sorted.partition_point(|net| net.0 <= address);
        before > 0 && ends[before - 1] >= address
    };
    let (mut wanted, mut not) = (0, 0);
    for _ in 0..40_000 {
        let net = random.pick(&nets);
        let near = [
            net.0,
            net.1,
            net.0.wrapping_sub(1) & all,
            net.1.wrapping_add(1) & all,
        ];
        let bit = net.0 ^ 1 << random.below(bits as usize);
        let [a, b] = [
            random.pick(&[near[0], near[1], near[2], near[3], bit]),
            address(&mut random),
        ];
        let (a, b) = if random.one_in(2) { (a, b) } else { (b, a) };
        let expected = contains(a) || contains(b);
        assert_eq!(filter.matches(&packet(a, b)), expected, "{a:x} {b:x}");
        wanted += u32::from(expected);
        not += u32::from(!expected);
    }
    assert!(wanted > 5000 && not > 1000, "{wanted} {not}");
}

#[test]
fn a_hundred_thousand_networks_are_right() {
    networks_are_looked_up_rightly(
        100_000,
        32,
        16,
        |first, prefix| (Ipv4Addr::from(first as u32), prefix).into(),
        |a, b| ipv4((a as u32).into(), (b as u32).into()),
    );
}

#[test]
fn many_networks_of_ipv6_are_looked_up_rightly() {
    networks_are_looked_up_rightly(
        20_000,
        128,
        24,
        |first, prefix| (Ipv6Addr::from(first), prefix).into(),
        |a, b| {
            let mut frame = vec![2; 12];
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0, 0, 0, 59, 64]);
            frame.extend(a.to_be_bytes());
            frame.extend(b.to_be_bytes());
            frame
        },
    );
}

/// A savefile's packets, read by the capture.
#[test]
fn a_savefile_takes_a_list_of_any_length() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.pcap");
    let mut dumper = Capture::dead(Dlt::EN10MB).unwrap().dump(&path).unwrap();
    let list = hosts(6000);
    let elsewhere = Ipv4Addr::new(192, 0, 2, 1);
    for host in &list {
        for source in [*host, Ipv4Addr::from(u32::from(*host) ^ 1)] {
            let time = Timestamp::EPOCH;
            dumper
                .write(Packet::whole(time, &ipv4(source, elsewhere)))
                .unwrap();
        }
    }
    dumper.close().unwrap();
    let filter = Filter::any_of(Dlt::EN10MB, list.iter().copied()).unwrap();
    assert!(filter.instructions().len() > 4096);
    let mut capture = Capture::from_file(&path).unwrap();
    capture.set_filter(&filter).unwrap();
    let mut sources = Vec::new();
    let done = capture.for_each(|packet| sources.push(packet.data()[26..30].to_vec()));
    assert_eq!(done.unwrap().packets(), 6000);
    assert!(sources.iter().zip(&list).all(|(a, b)| *a == b.octets()));

    let raw = Filter::any_of(Dlt::RAW, list).unwrap();
    let error = capture.set_filter(&raw).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LinktypeMismatch);
}

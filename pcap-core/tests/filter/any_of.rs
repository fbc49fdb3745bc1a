//! List filters decide every packet as libpcap's own program does, including damaged and truncated ones, and are
//! compiled quickly.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::time::{Duration, Instant};

use crate::support::persuade::{Random, persuaded};
use pcap_core::{
    Capture, CompileOptions, Dlt, Endpoint, ErrorKind, Filter, FilterTerm, Insn, Packet, Timestamp,
};

impl Random {
    /// From a small set, so that lists and packets often match.
    fn v4(&mut self) -> Ipv4Addr {
        let small = (self.below(4) as u32) << 24 | self.below(3) as u32;
        let special = [0, u32::MAX, 0x7fff_ffff, 0x8000_0000];
        let bits = if self.one_in(8) {
            self.pick(&special)
        } else {
            small
        };
        bits.into()
    }

    fn v6(&mut self) -> Ipv6Addr {
        let words: [u32; 4] = std::array::from_fn(|_| {
            if self.one_in(6) {
                u32::MAX
            } else {
                self.below(3) as u32
            }
        });
        words
            .iter()
            .fold(0_u128, |bits, word| bits << 32 | u128::from(*word))
            .into()
    }

    fn port(&mut self) -> u16 {
        let small = self.below(6) as u16;
        self.pick(&[small, small, 80, 443, u16::MAX])
    }

    fn endpoint(&mut self) -> Endpoint {
        match self.below(8) {
            0 => self.v4().into(),
            1 => {
                let prefix = self.below(33) as u8;
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                (Ipv4Addr::from(u32::from(self.v4()) & mask), prefix).into()
            }
            2 => self.v6().into(),
            3 => {
                let prefix = self.below(129) as u8;
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                (Ipv6Addr::from(u128::from(self.v6()) & mask), prefix).into()
            }
            4 => self.port().into(),
            5 => SocketAddr::from((self.v4(), self.port())).into(),
            6 => SocketAddr::from((self.v6(), self.port())).into(),
            _ => {
                let (a, b) = (self.port(), self.port());
                (a.min(b)..=a.max(b)).into()
            }
        }
    }

    fn terms(&mut self, most: usize) -> Vec<FilterTerm> {
        let count = 1 + self.below(most);
        (0..count)
            .map(|_| {
                let endpoint = self.endpoint();
                match self.below(4) {
                    0 => FilterTerm::source(endpoint),
                    1 => FilterTerm::destination(endpoint),
                    _ => endpoint.into(),
                }
            })
            .collect()
    }
}

/// Returns the expression that the filter is equivalent to.
fn expression(terms: &[FilterTerm]) -> String {
    let class = |term: &FilterTerm| match term.endpoint() {
        Endpoint::Host(IpAddr::V4(_)) | Endpoint::Net(IpAddr::V4(_), _) => 0,
        Endpoint::Host(_) | Endpoint::Net(..) => 1,
        Endpoint::HostPort(..) => 3,
        _ => 2,
    };
    let mut parts = Vec::new();
    for wanted in 0..4 {
        for (side, other) in [("src", "dst "), ("dst", "src ")] {
            for term in terms.iter().filter(|term| class(term) == wanted) {
                if term.to_string().starts_with(other) {
                    continue;
                }
                let (endpoint, keyword) = match term.endpoint() {
                    it @ Endpoint::Host(_) => (it, "host"),
                    it @ Endpoint::Net(..) => (it, "net"),
                    it @ Endpoint::Port(_) => (it, "port"),
                    Endpoint::HostPort(host, port) => {
                        parts.push(format!("({side} host {host} and {side} port {port})"));
                        continue;
                    }
                    it => (it, "portrange"),
                };
                parts.push(format!("{side} {keyword} {endpoint}"));
            }
        }
    }
    parts.join(" or ")
}

fn libpcap(dlt: Dlt, terms: &[FilterTerm]) -> Filter {
    let expression = expression(terms);
    let options = CompileOptions::new().optimize(false);
    options
        .compile(dlt, &expression)
        .unwrap_or_else(|e| panic!("{dlt} {e}"))
}

fn any_of(dlt: Dlt, terms: &[FilterTerm]) -> Filter {
    Filter::any_of(dlt, terms).unwrap_or_else(|e| panic!("{dlt} {e}"))
}

#[track_caller]
fn same(ours: &Filter, theirs: &Filter, packet: &[u8]) -> bool {
    let wire = packet.len() as u32 + 10;
    let answer = ours.run(packet, wire);
    let mut expected = theirs.run(packet, wire);
    let libpcap = pcap_core::version();
    if answer == 0 && (libpcap.major(), libpcap.minor()) >= (1, 11) {
        // The filter does not load the words of an address that a network's mask ignores. If the packet ends before
        // them, it is rejected.
        let whole = |with| [packet, &[with; 64]].concat();
        let cut = [0, 0xff].map(whole);
        if cut
            .iter()
            .all(|p| ours.run(p, wire) == expected && theirs.run(p, wire) == expected)
        {
            expected = 0;
        }
    }
    assert_eq!(
        answer,
        expected,
        "{} {packet:02x?}\n{}\n{ours}",
        ours.datalink(),
        theirs.expression().unwrap_or("")
    );
    answer != 0
}

/// Returns a packet with this EtherType and payload, in a random encapsulation of the link type.
fn framed(dlt: Dlt, ethertype: u16, payload: &[u8], random: &mut Random) -> Vec<u8> {
    let kind = ethertype.to_be_bytes();
    let v6 = ethertype == 0x86dd;
    #[cfg(unix)]
    let (inet, inet6) = (libc::AF_INET, libc::AF_INET6);
    #[cfg(windows)]
    let (inet, inet6) = (2, 23);
    let family = if v6 { inet6 } else { inet } as u32;
    let mut frame = match dlt {
        Dlt::EN10MB => [&[2; 12][..], &kind].concat(),
        Dlt::LINUX_SLL => [&[0; 14][..], &kind].concat(),
        Dlt::LINUX_SLL2 => [&kind[..], &[0; 18]].concat(),
        Dlt::NULL => family.to_ne_bytes().to_vec(),
        Dlt::LOOP => family.to_be_bytes().to_vec(),
        Dlt::PPP => vec![0xff, 3, 0, if v6 { 0x57 } else { 0x21 }],
        Dlt::IEEE802_11_RADIO => {
            // A radiotap header, a data frame's (of two lengths, one with padding), LLC and SNAP.
            let mut frame = vec![0, 0, 12, 0, 2, 0, 0, 0, 0, 0, 0, 0];
            let quality = random.one_in(2);
            if random.one_in(3) {
                frame[8] = 0x20;
            }
            frame.push(if quality { 0x88 } else { 0x08 });
            frame.extend(vec![0; if quality { 25 } else { 23 }]);
            if quality && frame[8] == 0x20 {
                frame.extend([0; 2]);
            }
            frame.extend([0xaa, 0xaa, 3, 0, 0, 0]);
            frame.extend(kind);
            frame
        }
        _ => Vec::new(),
    };
    frame.extend(payload);
    frame
}

/// Returns a plausible packet, sometimes damaged, and mostly truncated.
fn packet(dlt: Dlt, random: &mut Random) -> Vec<u8> {
    let ports = [random.port(), random.port()]
        .map(u16::to_be_bytes)
        .concat();
    let protocol = random.pick(&[6, 17, 132, 6, 17, 1, 58, 44]);
    let (ethertype, payload) = match random.below(10) {
        0..4 => {
            let options = random.pick(&[0, 0, 4, 40]);
            let fragment = random.pick(&[0, 0, 0, 0x40, 0x20, 1]);
            let mut packet = vec![0x45 + options / 4, 0, 0, 0, 0, 0, fragment, 0, 64, protocol];
            if fragment == 1 {
                packet[6..8].copy_from_slice(&[0, 7]);
            }
            packet.extend([0, 0]);
            packet.extend(random.v4().octets());
            packet.extend(random.v4().octets());
            packet.extend(vec![1; options.into()]);
            packet.extend(&ports);
            packet.extend([0; 16]);
            (0x0800, packet)
        }
        4..8 => {
            let mut packet = vec![0x60, 0, 0, 0, 0, 0, protocol, 64];
            packet.extend(random.v6().octets());
            packet.extend(random.v6().octets());
            packet.extend(&ports);
            packet.extend([0; 16]);
            (0x86dd, packet)
        }
        _ => {
            let mut packet = vec![0, 1, 8, 0, 6, 4, 0, 1, 2, 2, 2, 2, 2, 2];
            packet.extend(random.v4().octets());
            packet.extend([2; 6]);
            packet.extend(random.v4().octets());
            (random.pick(&[0x0806, 0x8035]), packet)
        }
    };
    let mut frame = framed(dlt, ethertype, &payload, random);
    if dlt == Dlt::EN10MB && random.one_in(8) {
        frame.splice(12..12, [0x81, 0, 0, 5]);
    }
    for _ in 0..random.pick(&[0, 0, 0, 1, 3]) {
        let at = random.below(frame.len());
        frame[at] = random.next() as u8;
    }
    if random.one_in(2) {
        frame.truncate(random.below(frame.len() + 1));
    }
    frame
}

const DLTS: [Dlt; 10] = [
    Dlt::EN10MB,
    Dlt::RAW,
    Dlt::LINUX_SLL,
    Dlt::LINUX_SLL2,
    Dlt::NULL,
    Dlt::LOOP,
    Dlt::PPP,
    Dlt::IEEE802_11_RADIO,
    Dlt::IPV4,
    Dlt::IPV6,
];

// Shows: parity/filter-instructions-instructions
#[test]
fn the_answer_for_every_packet_is_libpcaps() {
    let mut random = Random(0x5eed_0001);
    for dlt in DLTS {
        let (mut wanted, mut cut) = (0, 0);
        for _ in 0..150 {
            let terms = random.terms(12);
            let (ours, theirs) = (any_of(dlt, &terms), libpcap(dlt, &terms));
            for _ in 0..100 {
                let packet = packet(dlt, &mut random);
                if same(&ours, &theirs, &packet) {
                    wanted += 1;
                    // Each length of an accepted packet.
                    for length in 0..packet.len() {
                        cut += u32::from(same(&ours, &theirs, &packet[..length]));
                    }
                }
            }
        }
        println!("{dlt}: {wanted} accepted, {cut} of them truncated");
        assert!(
            wanted > 1000 && cut > 1000,
            "{dlt}: the packets are too dull"
        );
        assert!(wanted < 13_000, "{dlt}: too few packets match");
    }
}

/// Every possible link type number: libpcap has no filters for many of them, and the results never differ from its
/// own.
#[test]
fn every_link_type_is_right_or_refused() {
    let mut random = Random(0x5eed_0002);
    let (mut right, mut odd, mut met) = (Vec::new(), Vec::new(), 0);
    for dlt in (0..320).map(Dlt::new) {
        let mut filters = Vec::new();
        for _ in 0..6 {
            let terms = random.terms(6);
            match Filter::any_of(dlt, &terms) {
                Ok(ours) => filters.push((ours, libpcap(dlt, &terms))),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
                    if error.text().contains("does not support the code") {
                        odd.push(dlt);
                    }
                }
            }
        }
        let mut wanted = 0;
        for (ours, theirs) in &filters {
            for n in 0..400 {
                let from = if n % 2 == 0 { ours } else { theirs };
                let mut packet = persuaded(from.instructions(), &mut random);
                wanted += u32::from(same(ours, theirs, &packet));
                packet.truncate(random.below(packet.len() + 1));
                wanted += u32::from(same(ours, theirs, &packet));
            }
        }
        if !filters.is_empty() {
            right.push(dlt);
            met += u32::from(wanted > 20);
        }
    }
    println!(
        "{} link types, {met} of them with packets: {right:?}",
        right.len()
    );
    assert!(DLTS.iter().all(|dlt| right.contains(dlt)));
    odd.dedup();
    println!("with unsupported code: {odd:?}");
    // libpcap assumes that every packet of these is both IPv4 and IPv6.
    let known = |dlt: &Dlt| {
        let name = dlt.to_string();
        name.starts_with("JUNIPER_") || name.starts_with("BACNET_")
    };
    assert!(odd.iter().all(known));
    assert!(DLTS.iter().all(|dlt| right.contains(dlt)));
    assert!(right.len() > 40 && met as usize > right.len() - 10);
}

fn hosts(count: u32) -> Vec<Ipv4Addr> {
    // Spread over all addresses, without neighbors.
    (0..count)
        .map(|n| Ipv4Addr::from(n.wrapping_mul(0x9e37_79b1)))
        .collect()
}

fn ipv4(source: Ipv4Addr, destination: Ipv4Addr) -> Vec<u8> {
    let mut frame = vec![2; 12];
    frame.extend([8, 0, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 17, 0, 0]);
    frame.extend(source.octets());
    frame.extend(destination.octets());
    frame.extend([0; 20]);
    frame
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

#[test]
fn the_empty_list_and_everything() {
    let nothing = Filter::any_of(Dlt::EN10MB, [] as [FilterTerm; 0]).unwrap();
    assert_eq!(nothing.instructions(), [Insn::new(6, 0, 0, 0)]);
    assert!(!nothing.matches(&ipv4(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST)));

    let all = Filter::any_of(Dlt::EN10MB, [(Ipv4Addr::UNSPECIFIED, 0)]).unwrap();
    assert!(all.matches(&ipv4(Ipv4Addr::LOCALHOST, Ipv4Addr::BROADCAST)));
    assert_eq!((all.expression(), all.runs_on_bytes()), (None, true));

    // No packet of the link type has such an address.
    let v4 = Filter::any_of(Dlt::IPV6, [Ipv4Addr::LOCALHOST]).unwrap();
    assert_eq!(v4.instructions(), nothing.instructions());
}

#[test]
fn what_is_no_term_is_an_error_that_names_it() {
    let address = Ipv4Addr::new(192, 0, 2, 1);
    for (term, object) in [
        (FilterTerm::from((address, 33)), "192.0.2.1/33"),
        (FilterTerm::from((address, 24)), "192.0.2.1/24"),
        (
            FilterTerm::source((Ipv6Addr::LOCALHOST, 129)),
            "src ::1/129",
        ),
        (
            FilterTerm::destination((Ipv6Addr::LOCALHOST, 127)),
            "dst ::1/127",
        ),
        (FilterTerm::from(Endpoint::Ports(2, 1)), "2-1"),
    ] {
        let error = Filter::any_of(Dlt::EN10MB, [FilterTerm::from(80), term]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert_eq!(error.object(), Some(object), "{error}");
    }
    let long = Filter::any_of(Dlt::EN10MB, std::iter::repeat(80)).unwrap_err();
    assert_eq!(long.kind(), ErrorKind::FilterTooLong, "{long}");
    let unknown = Filter::any_of(Dlt::USB_LINUX, [80]).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Unsupported, "{unknown}");
}

#[test]
fn terms_are_read_and_printed() {
    for text in [
        "192.0.2.1",
        "src 192.0.2.0/24",
        "0.0.0.0/0",
        "2001:db8::/32",
        "dst ::/0",
        "::ffff:192.0.2.1",
        "0",
        "dst 65535",
        "src 6000-6063",
        "7-7",
        "192.0.2.1:443",
        "src [2001:db8::1]:443",
        "dst [::ffff:192.0.2.1]:0",
    ] {
        let term: FilterTerm = text.parse().unwrap();
        assert_eq!(term.to_string(), text);
        any_of(Dlt::EN10MB, &[term]);
    }
    for text in [
        "",
        " ",
        "src",
        "src ",
        "dst  80",
        "80 ",
        "65536",
        "-1",
        "+80",
        "1-",
        "-",
        "1-65536",
        "9-8",
        "192.0.2",
        "192.0.2.1/",
        "192.0.2.1/33",
        "192.0.2.1/+8",
        "192.0.2.0/300",
        "10.0.0.1/8",
        "::1/129",
        "fe80::1%eth0",
        "[fe80::1%2]:80",
        "192.0.2.1:",
        "192.0.2.1:+80",
        "192.0.2.1:65536",
        "192.0.2.0/24:80",
        "2001:db8::1:443/",
        "[192.0.2.1]:80",
        "[2001:db8::1]",
        "example.org:80",
        "src dst 192.0.2.1:80",
        "example.org",
        "http",
        "host 1.2.3.4",
        "1.2.3.4\0",
        "SRC 80",
        "\u{e9}",
    ] {
        let error = text.parse::<FilterTerm>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{text:?}");
    }
}

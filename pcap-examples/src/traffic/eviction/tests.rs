use etherparse::PacketBuilder;
use pcap_core::{Dlt, Packet, Timestamp};

use crate::traffic::{Conversation, Counts, Layer, Traffic, TrafficLimits};

/// Limits with this number of conversations.
fn limits(conversations: usize) -> TrafficLimits {
    TrafficLimits {
        conversations,
        hosts: 16,
        ..TrafficLimits::default()
    }
}

/// A generator of numbers that look random (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % limit
    }
}

/// Returns a frame of UDP from a host of a great network to 11.0.0.1, with this length.
fn udp(from: u32, mac: u16, length: usize) -> Vec<u8> {
    let [high, low] = mac.to_be_bytes();
    let step = PacketBuilder::ethernet2([2, 0, 0, 0, high, low], [2, 0, 1, 0, 0, 0])
        .ipv4((0x0a00_0000 + from).to_be_bytes(), [11, 0, 0, 1], 64)
        .udp(5, 6);
    let mut frame = Vec::new();
    step.write(&mut frame, &vec![0; length - 42]).unwrap();
    frame
}

fn count(traffic: &mut Traffic, milliseconds: u64, frame: &[u8]) {
    let time = Timestamp::from_micros(1_700_000_000, 1000 * milliseconds as i64);
    traffic.count(Dlt::EN10MB, Packet::whole(time, frame));
}

/// The packets and bytes of a layer: those of all conversations, and those that are omitted.
fn sums(traffic: &Traffic, layer: Layer) -> [Counts; 2] {
    let mut listed = Counts::default();
    for one in traffic.conversations(layer) {
        listed += one.both();
    }
    let mut sent = Counts::default();
    for one in traffic.endpoints(layer) {
        sent += one.sent;
    }
    assert_eq!(sent, listed, "{layer:?}");
    let omitted = traffic.omitted().conversations;
    let omitted = omitted.iter().find(|(of, _)| *of == layer);
    [
        listed,
        omitted.map(|&(_, counts)| counts).unwrap_or_default(),
    ]
}

/// Checks that no packet of the whole is missing in the counts.
fn assert_same_sums(traffic: &Traffic, whole: &Traffic) {
    assert_eq!(traffic.totals(), whole.totals());
    for layer in Layer::ALL {
        let [mut all, omitted] = sums(traffic, layer);
        all += omitted;
        assert_eq!(all, sums(whole, layer)[0], "{layer:?}");
    }
    let flags = |traffic: &Traffic| {
        let tcp = traffic.tcp();
        (tcp.syns, tcp.syn_acks, tcp.fins, tcp.resets)
    };
    assert_eq!(flags(traffic), flags(whole));
    let bytes = |traffic: &Traffic| {
        let hosts = traffic.hosts_over_time();
        let rows = hosts.hosts.iter().map(|host| &host.bytes);
        rows.chain([&hosts.others]).flatten().sum::<u64>()
    };
    assert_eq!(bytes(traffic), bytes(whole));
}

/// Checks that no more is kept in memory than the limit of conversations allows.
fn assert_bounded(traffic: &Traffic, limit: usize) {
    let found = traffic.finished();
    let records = &found.records;
    assert!(records.list.len() <= 3 * limit, "{}", records.list.len());
    assert!(records.connections.len() <= limit);
    assert!(!found.contexts.is_full());
    assert!(found.hosts.len() <= limit);
}

fn greatest(traffic: &Traffic, layer: Layer) -> Conversation {
    traffic.conversations(layer).swap_remove(0)
}

const HEAVY: Counts = Counts {
    packets: 1000,
    bytes: 1_500_000,
};

#[test]
fn a_great_conversation_after_many_small_ones_is_listed() {
    let mut traffic = Traffic::new(limits(100));
    for host in 0..300 {
        count(&mut traffic, host.into(), &udp(host, host as u16, 60));
    }
    for _ in 0..1000 {
        count(&mut traffic, 500, &udp(0x0200_0000, 5000, 1500));
    }
    for layer in [Layer::Udp, Layer::Ipv4, Layer::Ethernet] {
        assert_eq!(greatest(&traffic, layer).both(), HEAVY, "{layer:?}");
        let [mut all, omitted] = sums(&traffic, layer);
        assert!(omitted.packets >= 100, "{layer:?}: {omitted:?}");
        all += omitted;
        assert_eq!(all.packets, 1300, "{layer:?}");
    }
    let endpoint = &traffic.endpoints(Layer::Ipv4)[1];
    assert_eq!(endpoint.endpoint.to_string(), "12.0.0.0");
    assert_eq!(endpoint.sent, HEAVY);
    let hosts = traffic.hosts_over_time().hosts;
    let hosts: Vec<_> = hosts.iter().map(|host| host.host.to_string()).collect();
    assert_eq!(hosts[..2], ["11.0.0.1", "12.0.0.0"]);
}

#[test]
fn new_conversations_appear_among_equal_ones() {
    let mut traffic = Traffic::new(limits(100));
    for host in 0..1000 {
        count(&mut traffic, 0, &udp(host, host as u16, 60));
    }
    let newest = udp(0x0300_0000, 7, 60);
    count(&mut traffic, 0, &newest);
    let list = traffic.conversations(Layer::Udp);
    assert!((50..=100).contains(&list.len()), "{}", list.len());
    assert!(list.iter().any(|one| one.a.to_string() == "13.0.0.0:5"));
    // The packets of an evicted conversation still count between its addresses and in Ethernet.
    let mut traffic = Traffic::new(limits(100));
    for port in 0..1000_u16 {
        let mut frame = udp(1, 1, 60);
        frame[34..36].copy_from_slice(&port.to_be_bytes());
        count(&mut traffic, 0, &frame);
    }
    for layer in [Layer::Ipv4, Layer::Ethernet] {
        let list = traffic.conversations(layer);
        assert_eq!((list.len(), list[0].both().packets), (1, 1000));
        assert_eq!(list[0].a_to_b.packets, 1000);
    }
    assert_eq!(traffic.omitted().conversations.len(), 1);
}

#[test]
fn an_evicted_conversation_begins_anew() {
    let mut traffic = Traffic::new(limits(10));
    count(&mut traffic, 1, &udp(9999, 1, 60));
    for host in 0..100 {
        count(&mut traffic, 2, &udp(host, 1, 100));
    }
    assert_eq!(sums(&traffic, Layer::Ethernet)[0].packets, 101);
    count(&mut traffic, 3, &udp(9999, 1, 1000));
    let again = greatest(&traffic, Layer::Udp);
    assert_eq!((again.both().packets, again.both().bytes), (1, 1000));
    assert_eq!(again.first, again.last);
}

#[test]
fn a_great_conversation_in_an_endless_flood_is_exact() {
    const LIMIT: usize = 200;
    let mut traffic = Traffic::new(limits(LIMIT));
    let mut whole = Traffic::new(TrafficLimits::default());
    let mut random = Random(3);
    for number in 0..12_000 {
        let host = random.below(1 << 24) as u32;
        let mac = random.below(5000) as u16;
        let mut frame = udp(host, mac, 60);
        frame[34..36].copy_from_slice(&(random.below(1 << 16) as u16).to_be_bytes());
        // It begins when there is no place for it.
        if number > 1000 && number % 11 == 0 {
            frame = udp(0x0200_0000, 5000, 1500);
        }
        for traffic in [&mut traffic, &mut whole] {
            count(traffic, number, &frame);
        }
        if number % 1000 == 0 {
            assert_bounded(&traffic, LIMIT);
        }
    }
    for layer in [Layer::Udp, Layer::Ipv4, Layer::Ethernet] {
        assert_eq!(greatest(&traffic, layer), greatest(&whole, layer));
        assert_eq!(greatest(&traffic, layer).both(), HEAVY);
    }
    assert_same_sums(&traffic, &whole);
}

/// Returns a frame with an IP packet, perhaps in as many tunnels: IP in IP, or Ethernet in VXLAN.
fn any_frame(random: &mut Random, hosts: u64, tunnels: u64) -> Vec<u8> {
    let host = |random: &mut Random| [10, 0, 0, random.below(hosts) as u8];
    let port = |random: &mut Random| 5000 + random.below(hosts) as u16;
    let mac = |random: &mut Random| [2, 0, 0, 0, 0, random.below(hosts.min(8)) as u8];
    let link = PacketBuilder::ethernet2(mac(random), mac(random));
    let (from, to) = (host(random), host(random));
    let ports = [port(random), port(random)];
    let payload = vec![7; random.below(100) as usize];
    let mut frame = Vec::new();
    match random.below(8) {
        0 if tunnels > 0 => {
            let inner = any_frame(random, hosts, tunnels - 1).split_off(14);
            let step = link.ipv4(from, to, 64);
            step.write(&mut frame, 4.into(), &inner).unwrap();
            // The inner packet may be one of IPv6, which has its own number.
            frame[23] = if inner.first() == Some(&0x60) { 41 } else { 4 };
        }
        1 if tunnels > 0 => {
            let mut inner = vec![8, 0, 0, 0, 0, 0, 1, 0];
            inner.extend(any_frame(random, hosts, tunnels - 1));
            let step = link.ipv4(from, to, 64).udp(ports[0], 4789);
            step.write(&mut frame, &inner).unwrap();
        }
        2 => {
            let v6 = |host: [u8; 4]| [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, host[3]];
            let step = link.ipv6(v6(from), v6(to), 64).udp(ports[0], ports[1]);
            step.write(&mut frame, &payload).unwrap();
        }
        3 => {
            let step = link.ipv4(from, to, 64).icmpv4_echo_request(1, 2);
            step.write(&mut frame, &payload).unwrap();
        }
        4 => {
            let step = link.ipv4(from, to, 64).udp(ports[0], ports[1]);
            step.write(&mut frame, &payload).unwrap();
        }
        5 => {
            // No addresses but those of Ethernet.
            frame.extend(mac(random));
            frame.extend(mac(random));
            frame.extend([0x88, 0xb5]);
            frame.extend(payload);
        }
        kind => {
            let step = link.ipv4(from, to, 64);
            let mut step = step.tcp(ports[0], ports[1], random.below(200) as u32, 1000);
            step = match (kind, random.below(3)) {
                (6, 0) => step.syn(),
                (6, 1) => step.rst(),
                (6, _) => step.syn().ack(5),
                _ => step.ack(random.below(200) as u32),
            };
            step.write(&mut frame, &payload).unwrap();
        }
    }
    frame
}

#[test]
fn sums_are_exact_in_tunnels_and_after_merging() {
    let mut evicted = [false; Layer::ALL.len()];
    for seed in 1..7 {
        let mut random = Random(seed * 77);
        let limit = [0, 1, 2, 7, 30, 100][seed as usize % 6];
        let hosts = [4, 20, 200][seed as usize % 3];
        let mut whole = Traffic::new(TrafficLimits::default());
        let mut single = Traffic::new(limits(limit));
        let mut parts = vec![Traffic::new(limits(limit))];
        for number in 0..1500 {
            let frame = any_frame(&mut random, hosts, 2);
            if random.below(400) == 0 {
                parts.push(Traffic::new(limits(limit)));
            }
            for traffic in [&mut whole, &mut single, parts.last_mut().unwrap()] {
                count(traffic, number * 3, &frame);
            }
            if random.below(100) == 0 {
                assert_bounded(&single, limit);
            }
        }
        assert_same_sums(&single, &whole);
        for (layer, _) in single.omitted().conversations {
            evicted[layer as usize] = true;
        }
        let mut merged = Traffic::new(limits(limit));
        for part in parts {
            merged.merge(part);
            assert_bounded(&merged, limit);
        }
        assert_same_sums(&merged, &whole);
        assert_bounded(&merged, limit);
    }
    // Nothing here is SCTP.
    assert_eq!(evicted, [true, true, true, true, true, false]);
}

#[test]
fn merging_keeps_the_greatest() {
    let mut small = Traffic::new(limits(100));
    for host in 0..100 {
        count(&mut small, 0, &udp(host, host as u16, 60));
    }
    let mut great = Traffic::new(limits(100));
    for host in 1000..1040 {
        count(&mut great, 0, &udp(host, host as u16, 500));
    }
    for [first, second] in [[&small, &great], [&great, &small]] {
        let mut merged = first.clone();
        merged.merge(second.clone());
        for layer in [Layer::Udp, Layer::Ipv4, Layer::Ethernet] {
            let list = merged.conversations(layer);
            let bytes: Vec<_> = list.iter().map(|one| one.both().bytes).collect();
            assert_eq!(bytes[..40], [500; 40], "{layer:?}");
            assert!((50..=200).contains(&bytes.len()), "{layer:?}");
            let [mut all, omitted] = sums(&merged, layer);
            all += omitted;
            assert_eq!(all.packets, 140);
        }
    }
}

#[test]
fn connections_stay_apart_and_keep_their_counts() {
    let mut traffic = Traffic::new(limits(20));
    let frame = |port: u16, sequence: u32, is_request: bool, payload: usize| {
        let step = PacketBuilder::ethernet2([2; 6], [4; 6])
            .ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64)
            .tcp(port, 80, sequence, 1000);
        let step = if is_request { step.syn() } else { step.ack(1) };
        let mut frame = Vec::new();
        step.write(&mut frame, &vec![0; payload]).unwrap();
        frame
    };
    // Two connections between the same endpoints.
    for sequence in [1000, 9000] {
        count(&mut traffic, 0, &frame(50, sequence, true, 0));
        for _ in 0..3 {
            count(&mut traffic, 100, &frame(50, sequence + 1, false, 1000));
        }
    }
    for port in 1000..1100 {
        count(&mut traffic, 200, &frame(port, 5, true, 0));
    }
    count(&mut traffic, 900, &frame(50, 9001, false, 1000));
    let list = traffic.conversations(Layer::Tcp);
    let of = |number: usize| {
        let tcp = list[number].tcp.unwrap();
        (list[number].both().packets, tcp.syns, tcp.retransmissions)
    };
    assert_eq!([of(0), of(1)], [(5, 1, 3), (4, 1, 2)]);
    let tcp = traffic.tcp();
    assert_eq!(
        (tcp.connections, tcp.syns, tcp.retransmissions),
        (102, 102, 5)
    );
}
